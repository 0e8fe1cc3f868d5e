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
from tests.records import arrival, arrive, raise_alert, rows_like

AT = datetime(2026, 11, 2, 14, 20)  # noqa: DTZ001 - UTC, as the tables hold it; a Monday
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
FIRST = 10**12


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
    midnight = replace(now, clock=replace(now.clock, now=datetime(2026, 11, 3, tzinfo=UTC)))
    chart = today_ed.arrivals(midnight)
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
    ready = "ready_on is not null and discharged_at is null and ward_code is not null"
    assert found["No criteria to reside"] == str(counted(now, ready, "fact_spell"))
    assert sum(int(row[2]) for row in beds.sectors.rows) == occupied


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
