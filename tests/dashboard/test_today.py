"""What the Today page shows, held against SQL by hand over the same records."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from dashboard.viewmodels import today, today_alerts, today_beds, today_clinics, today_ed, today_systems
from dashboard.viewmodels.now import Chosen, Now
from metrics import MetricsLayer
from metrics.warehouse.changing import changing
from metrics.warehouse.settings import embedded_url
from metrics.warehouse.tables.operational.digital import fact_outage
from metrics.warehouse.tables.operational.flow import fact_ed_attendance
from tests.records import admit, arrival, arrive, raise_alert, rows_like

AT = datetime(2026, 11, 2, 14, 20)  # noqa: DTZ001 - UTC, as the tables hold it; a Monday
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
FIRST = 10**12


def only(url: str, question: str) -> object:
    """Returns the one value that a question by hand is answered with."""
    with MetricsLayer.open(url).warehouse.snapshot().engine.connect() as connection:  # type: ignore[attr-defined]
        return connection.execute(sa.text(question)).scalar_one()


@pytest.fixture(scope="module")
def url(trust_home: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A copy of the simulated trust, on whose Monday some patients have arrived."""
    folder = tmp_path_factory.mktemp("today") / "warehouse"
    shutil.copytree(trust_home / "warehouse", folder)
    found = embedded_url(folder)
    by_ambulance = {"arrival_mode": "ambulance"}
    waits = [10 * MINUTE, 4 * 60 * MINUTE, 4 * 60 * MINUTE + SECOND, 12 * 60 * MINUTE, 12 * 60 * MINUTE + SECOND]
    arrive(
        found,
        *(arrival(FIRST + place, AT - wait) for place, wait in enumerate(waits)),
        arrival(FIRST + 10, AT - 15 * MINUTE, **by_ambulance),
        arrival(FIRST + 11, AT - 16 * MINUTE, **by_ambulance, seen_at=AT - MINUTE),
        arrival(FIRST + 12, AT - 31 * MINUTE, **by_ambulance, site_code="ZZ102"),
        arrival(FIRST + 13, AT - 61 * MINUTE, **by_ambulance),
        arrival(FIRST + 14, AT - 62 * MINUTE, **by_ambulance, handed_over_at=AT - 40 * MINUTE),
        arrival(FIRST + 15, AT - 90 * MINUTE, seen_at=AT - 60 * MINUTE, decided_at=AT - 5 * MINUTE),
        arrival(FIRST + 16, AT - 95 * MINUTE, departed_at=AT, disposal="discharged", changed_at=AT),
    )
    ward = {"ward_code": only(found, "select min(ward_code) from dim_ward where site_code = 'ZZ101'")}
    admit(
        found,
        {"spell_id": FIRST, "admitted_at": AT - 300 * MINUTE, **ward},
        {"spell_id": FIRST + 1, "admitted_at": AT - 30 * HOUR, **ward, "ready_on": date(2026, 11, 1)},
        {"spell_id": FIRST + 2, "admitted_at": AT - 29 * HOUR, **ward, "ready_on": date(2026, 11, 2)},
    )
    raise_alert(found, FIRST, AT - 50 * MINUTE, severity="medium")
    raise_alert(found, FIRST + 1, AT - 20 * MINUTE)
    raise_alert(found, FIRST + 2, AT - 200 * MINUTE, acknowledged_at=AT - 190 * MINUTE)
    return found


@pytest.fixture(scope="module")
def now(url: str) -> Now:
    layer = MetricsLayer.open(url)
    clock = layer.clock()
    assert clock is not None
    return Now(layer, clock)


def counted(now: Now, condition: str, table: str = "fact_ed_attendance") -> int:
    with now.layer.warehouse.snapshot().engine.connect() as connection:  # type: ignore[attr-defined]
        found: int = connection.execute(sa.text(f"select count(*) from {table} where {condition}")).scalar_one()
        return found


def values(tiles: tuple[today.Tile, ...]) -> dict[str, str]:
    return {each.label: each.value for each in tiles}


def test_now_is_the_newest_instant_that_the_records_hold(now):
    assert now.clock.now == AT.replace(tzinfo=UTC)
    assert today.head(now, {"ZZ1": "Sample Trust"}).as_of == "2 November 2026, 14:20"
    assert now.clock.simulated
    assert "simulated" in today.head(now, {"ZZ1": "Sample Trust"}).title


def test_before_a_feed_goes_on_now_is_the_end_of_the_last_day(trust_warehouse):
    clock = MetricsLayer.open(trust_warehouse).clock()
    assert clock is not None
    assert clock.now == datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC)


def test_who_is_in_the_department_is_in_one_band(now):
    found = values(today_ed.build(now).tiles)
    open_ = "departed_at is null"
    assert found["In the department"] == str(counted(now, open_))
    assert found["Up to 4 hours"] == str(counted(now, f"{open_} and arrived_at >= '2026-11-02 10:20:00'"))
    assert found["4 to 12 hours"] == "2"  # a second over four hours, and twelve hours to the second
    assert found["Over 12 hours"] == str(counted(now, f"{open_} and arrived_at < '2026-11-02 02:20:00'"))
    bands = sum(int(found[each]) for each in today_ed.BANDS)
    assert bands == int(found["In the department"])


def test_ambulances_count_from_arrival_until_they_hand_over(now):
    tile = next(each for each in today_ed.build(now).tiles if each.label == "Ambulances waiting")
    assert (tile.value, tile.note) == ("4", "3 over 15, 2 over 30, 1 over 60 minutes")


def test_a_site_shows_its_own(now):
    north = replace(now, chosen=Chosen(site="ZZ102"))
    tile = next(each for each in today_ed.build(north).tiles if each.label == "Ambulances waiting")
    assert (tile.value, tile.note) == ("1", "1 over 15, 1 over 30, 0 over 60 minutes")
    rows = {row[0]: row for row in today_ed.build(now).sites.rows}
    assert rows["Sample North Hospital"][7:] == ("1", "1, 1, 0")
    total = rows.pop("All sites")
    for column in range(1, 8):
        assert sum(int(row[column]) for row in rows.values()) == int(total[column])


def test_arrivals_by_hour_have_the_hours_that_have_begun_beside_what_is_usual(now):
    chart = today_ed.arrivals(now)
    assert len(chart.hours) == 24
    came = {each.label: each.arrivals for each in chart.hours}
    # 14:10, 14:05 and 14:04; 13:49, 13:19, 13:18; 12:50 and 12:45; 10:20 and 10:19:59; 02:20 and 02:19:59
    assert {hour: count for hour, count in came.items() if count} == {
        "02:00": 2, "10:00": 2, "12:00": 2, "13:00": 3, "14:00": 3,
    }  # fmt: skip
    assert came["11:00"] == 0
    assert came["15:00"] is None
    assert [each.label for each in chart.hours if each.running] == ["14:00"]
    mondays = ", ".join(f"'{date(2026, 11, 2) - timedelta(weeks=back)}'" for back in range(1, 14) if back != 9)
    # The August bank holiday, nine weeks before, is no ordinary Monday. Its hours stand in London's time.
    at_nine = counted(
        now, f"arrived_on in ({mondays}) and hour(timezone('Europe/London', timezone('UTC', arrived_at))) = 9"
    )
    assert next(each.mean for each in chart.hours if each.label == "09:00") == pytest.approx(at_nine / 12)
    assert chart.title.startswith("Arrivals by hour: 12 patients on 2 November 2026 up to 14:20")


def test_a_day_that_has_just_begun_has_its_hours_though_nobody_came(now):
    midnight = datetime(2026, 11, 3)  # noqa: DTZ001
    chart = today_ed.arrivals(newest_at(at(now, midnight), fact_ed_attendance=midnight - 10 * MINUTE))
    assert [each.arrivals for each in chart.hours] == [0, *[None] * 23]
    assert all(each.mean is not None for each in chart.hours)


def test_beds_are_patients_now_and_beds_of_the_last_midnight(now):
    beds = today_beds.build(now)
    found = values(beds.tiles)
    occupied = counted(now, "discharged_at is null and ward_code is not null", "fact_spell")
    assert found["Beds occupied"] == str(occupied)
    with now.layer.warehouse.snapshot().engine.connect() as connection:  # type: ignore[attr-defined]
        opened, escalation = connection.execute(
            sa.text(
                "select sum(beds_available_core + beds_available_escalation), sum(beds_available_escalation) "
                "from fact_bed_snapshot where period = '2026-10-31'"
            )
        ).one()
    assert found["Escalation beds"] == str(escalation)
    assert found["Beds available"].replace("\N{MINUS SIGN}", "-") == str(opened - occupied)
    ready = "ready_on < '2026-11-02' and discharged_at is null and ward_code is not null"
    assert found["No criteria to reside"] == str(counted(now, ready, "fact_spell"))
    assert sum(int(row[2]) for row in beds.sectors.rows) == occupied


def test_beds_say_at_which_midnight_open_beds_were_counted(now):
    assert "those of the midnight that ended 31 October 2026" in today_beds.build(now).note


def at(now: Now, when: datetime) -> Now:
    return replace(now, clock=replace(now.clock, now=when.replace(tzinfo=UTC)))


def test_wards_of_which_nothing_came_for_a_day_are_not_reported(now):
    last = AT - 300 * MINUTE
    assert values(today_beds.build(at(now, last + 24 * HOUR)).tiles)["Beds occupied"].isdecimal()
    silent = today_beds.build(at(now, last + 24 * HOUR + SECOND))
    assert set(values(silent.tiles).values()) == {"Not reported"}
    assert silent.note == "No record of the wards is newer than 2 November 2026, 09:20."
    assert not silent.sectors.rows


def test_departments_of_which_nothing_came_for_half_a_day_are_not_reported(now):
    assert values(today_ed.build(at(now, AT + 12 * HOUR)).tiles)["In the department"].isdecimal()
    silent = today_ed.build(at(now, AT + 12 * HOUR + SECOND))
    assert set(values(silent.tiles).values()) == {"Not reported"}
    assert silent.note == "No record of the emergency departments is newer than 2 November 2026, 14:20."


def newest_at(now: Now, **tables: datetime | None) -> Now:
    """Returns it as where tables' newest records were written at other instants; None is none at all."""
    newest = {**now.clock.newest, **{name: at and at.replace(tzinfo=UTC) for name, at in tables.items()}}
    return replace(now, clock=replace(now.clock, newest={name: at for name, at in newest.items() if at}))


def test_what_was_never_recorded_is_not_reported_and_is_not_none(now):
    beds = today_beds.build(newest_at(now, fact_spell=None))
    assert (set(values(beds.tiles).values()), beds.note) == ({"Not reported"}, "No record of the wards is held.")
    ed = today_ed.build(newest_at(now, fact_ed_attendance=None))
    assert set(values(ed.tiles).values()) == {"Not reported"}
    assert ed.note == "No record of the emergency departments is held."
    assert today_ed.arrivals(newest_at(now, fact_ed_attendance=None)).title == "Arrivals by hour: not reported"


def test_silence_is_measured_in_time_and_not_by_the_clock_on_the_wall(now):
    before = datetime(2026, 10, 24, 23, 30)  # noqa: DTZ001 - UTC; the clocks go back at 1 on the 25th
    told = newest_at(at(now, before + 12 * HOUR), fact_ed_attendance=before)
    assert not today_ed.build(told).note
    assert today_ed.build(at(told, before + 12 * HOUR + SECOND)).note


def test_hours_after_the_newest_attendance_are_not_known_and_its_own_is_not_whole(now):
    night = datetime(2026, 11, 2, 23, 30)  # noqa: DTZ001
    told = today_ed.arrivals(newest_at(at(now, night), fact_ed_attendance=datetime(2026, 11, 2, 9, 5)))  # noqa: DTZ001
    assert [each.arrivals is None for each in told.hours] == [False] * 10 + [True] * 14
    assert [each.label for each in told.hours if each.running] == ["09:00"]
    assert told.title.endswith("up to 09:05")
    assert told.summary.startswith("No record of the emergency departments is newer than 2 November 2026, 09:05. ")
    nine = sum(each.mean or 0 for each in told.hours[:9])
    assert f"by the end of the last whole hour: {round(nine)}, and" in told.summary
    almost = today_ed.arrivals(newest_at(at(now, night), fact_ed_attendance=night - 3 * HOUR))
    assert almost.hours[23].arrivals == 0


def test_a_day_of_which_no_attendance_came_yet_is_not_reported_after_a_silence(now):
    noon = at(now, datetime(2026, 11, 3, 12))  # noqa: DTZ001
    told = today_ed.arrivals(newest_at(noon, fact_ed_attendance=datetime(2026, 11, 2, 20)))  # noqa: DTZ001
    assert [each.arrivals for each in told.hours] == [None] * 24
    assert told.title == "Arrivals by hour: not reported"
    assert told.summary == "No record of the emergency departments is newer than 2 November 2026, 20:00."


def test_clinics_of_the_day_by_service_add_up(now):
    clinics = today_clinics.build(now)
    booked = counted(now, "appointment_on = '2026-11-02'", "fact_appointment")
    cancelled = counted(now, "appointment_on = '2026-11-02' and attended in ('2', '4')", "fact_appointment")
    found = values(clinics.tiles)
    assert (found["Booked"], found["Cancelled"]) == (str(booked), str(cancelled))
    assert found["Still to come"] == str(booked - cancelled)
    *services, total = clinics.services.rows
    assert [sum(int(row[column]) for row in services) for column in range(1, 6)] == [int(each) for each in total[1:]]


def test_a_day_without_clinics_says_so_and_when_the_next_are(now):
    sunday = replace(now, clock=replace(now.clock, now=datetime(2026, 11, 1, 9, tzinfo=UTC)))
    clinics = today_clinics.build(sunday)
    booked = counted(now, "appointment_on = '2026-11-02'", "fact_appointment")
    assert clinics.none == (
        f"No clinics on Sunday 1 November 2026. Next: Monday 2 November 2026, {booked} appointments booked."
    )


def test_alerts_that_nobody_acknowledged_stand_first_the_urgent_above(now):
    alerts = today_alerts.build(now)
    assert values(alerts.tiles)["Not acknowledged"] == "2"
    assert [(row[2], row[4], row[5]) for row in alerts.listed.rows[:3]] == [
        ("High", "20 min", "Not acknowledged"),
        ("Medium", "50 min", "Not acknowledged"),
        ("High", "3 h 20 min", "Acknowledged"),
    ]


def test_a_system_that_is_down_is_listed_with_since_when(url, trust_home, tmp_path):
    folder = tmp_path / "warehouse"
    shutil.copytree(trust_home / "warehouse", folder)
    own = embedded_url(folder)
    with changing(own) as changes:
        row = rows_like(changes, fact_outage, [{
            "outage_id": FIRST, "is_planned": False, "started_on": AT.date(), "started_at": AT - 40 * MINUTE,
            "ended_at": None, "minutes": None, "changed_at": AT,
        }])  # fmt: skip
        changes.insert(fact_outage, row)
    layer = MetricsLayer.open(own)
    clock = layer.clock()
    assert clock is not None
    systems = today_systems.build(Now(layer, replace(clock, now=AT.replace(tzinfo=UTC))))
    assert values(systems.tiles)["Systems down"] == "1"
    ((_, since, planned),) = systems.down.rows
    assert (since, planned) == ("2 November 2026, 13:40", "not planned")


def test_interfaces_are_those_of_the_newest_hour_held(now):
    last = replace(now, clock=replace(now.clock, now=datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC)))
    systems = today_systems.build(last)
    with now.layer.warehouse.snapshot().engine.connect() as connection:  # type: ignore[attr-defined]
        hour = connection.execute(sa.text("select max(hour_at) from fact_interface_hour where sent > 0")).scalar_one()
        rows = connection.execute(
            sa.text("select sum(sent), sum(failed), sum(queued) from fact_interface_hour where hour_at = :hour"),
            {"hour": hour},
        ).one()
    shown = pl.DataFrame(systems.interfaces.rows, orient="row")
    assert tuple(shown[f"column_{place}"].str.replace(",", "").cast(pl.Int64).sum() for place in (1, 2, 4)) == tuple(
        rows
    )


def test_what_a_link_asks_that_is_not_there_is_said(now):
    chosen, messages = today.read({"site": "ZZ999", "clinic": "110"}, now.clock.sites, {"110": "Trauma"})
    assert chosen == Chosen(None, "110")
    assert messages == ("The link's site 'ZZ999' is not known here. All sites are shown.",)


def test_every_part_names_metrics_of_the_catalogue(now):
    named = {each for metrics in today.PARTS.values() for each in metrics}
    assert named == {each.id for each in now.layer.catalogue if each.id.startswith("today_")}


def test_what_is_usual_is_kept_for_the_records_their_hour_and_the_site(now):
    names = []

    def kept(each):
        replace(each, keep=lambda name, make: names.append(name) or make()).usual("arrivals", pl.DataFrame)

    others = [
        now,
        replace(now, chosen=Chosen(site="ZZ101")),
        replace(now, clock=replace(now.clock, now=now.clock.now + HOUR)),
        replace(now, clock=replace(now.clock, written_at=now.clock.written_at + SECOND)),
    ]
    for each in (*others, replace(now, clock=replace(now.clock, now=now.clock.now + SECOND))):
        kept(each)
    assert len(set(names)) == len(others)
    assert names[-1] == names[0]


def test_the_newest_record_is_said_by_its_time_alone_on_the_day_that_runs_and_never_later_than_now(now):
    def told(each, when):
        return newest_at(each, fact_ed_attendance=when).newest_words(fact_ed_attendance)

    assert told(now, AT - MINUTE) == "; newest record 14:19"
    assert told(now, AT + MINUTE) == "; newest record 14:20"
    assert told(now, AT - 15 * HOUR) == "; newest record 1 November 2026, 23:20"
    assert told(now, None) == ""
    assert told(replace(now, chosen=Chosen(site="ZZ101")), AT) == "; newest record of all sites 14:20"
