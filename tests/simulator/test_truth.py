"""Each initiative does what the truth file says, seen by simply looking at the right chart, where there is one."""

from __future__ import annotations

import json
from datetime import date, timedelta

import polars as pl
import pytest
from scipy.stats import t as student

from benchmarks.effects.__main__ import MEASURES as OWN_MEASURES
from benchmarks.effects.looks import RIGHT
from benchmarks.effects.reading import series_of, signal, step
from dashboard.viewmodels.series import Series
from metrics import Grain, MetricsLayer
from metrics.catalogue.loading import SHIPPED
from metrics.warehouse.settings import embedded_url
from metrics.warehouse.tables.dimensions import ref_organisation
from metrics.warehouse.tables.operational import metadata
from metrics.warehouse.tables.operational.provenance import meta_operational
from metrics.warehouse.writing import writing
from sample_data.published.reference import rebuild_reference
from sample_data.simulator.dimensions import dimensions, organisation
from sample_data.simulator.folder import tally_of
from sample_data.simulator.loading import provenance
from sample_data.simulator.measures import MEASURES
from sample_data.simulator.scenario import Initiative, Kind, Lever, Scenario, usual_initiatives
from sample_data.simulator.truth import Tally, truth, truth_json
from tests.simulator.scenarios import short

AFTER = pl.col("after")


def live(world, identity: str) -> Initiative:
    return next(each for each in world.scenario.initiatives if each.id == identity)


def change(rows: pl.DataFrame, day: str, initiative: Initiative, value: pl.Expr, *, settled: int = 0) -> float:
    """Returns value after over value before, less 1; the days in which it settles are left out."""
    start = initiative.go_live
    rows = rows.filter(~pl.col(day).is_between(start, start + timedelta(days=settled), closed="left"))
    both = dict(rows.group_by(after=pl.col(day) >= start).agg(value.alias("value")).iter_rows())
    return both[True] / both[False] - 1


def beside(
    rows: pl.DataFrame, column: str, day: str, initiative: Initiative, value: pl.Expr, *, settled: int = 0
) -> float:
    """Returns the change of those it reaches over that of those it does not: what both share cancels out."""
    reach = initiative.services or initiative.sites
    mine, others = rows.filter(pl.col(column).is_in(reach)), rows.filter(~pl.col(column).is_in(reach))
    return (1 + change(mine, day, initiative, value, settled=settled)) / (
        1 + change(others, day, initiative, value, settled=settled)
    ) - 1


COUNTED = sorted({table for measure in MEASURES.values() for table in measure.tables})
SAID = {  # how far a reading may lie from the truth at the most, where the truth file states more
    "INI01": 0.06, "INI02": 0.05, "INI03": 0.07, "INI04": 0.05, "INI05": 0.16, "INI06": 0.06, "INI07": 0.35,
    "INI09": 0.02, "INI11": 0.05, "INI12": 0.06, "INI13": 0.12,
}  # fmt: skip


@pytest.fixture(scope="module")
def tally(world) -> Tally:
    """What the effects show in, of the shared months."""
    found = Tally(world.scenario)
    for table in COUNTED:
        found.add(table, world.all(table))
    return found


@pytest.fixture(scope="module")
def layer(world, tally, tmp_path_factory) -> MetricsLayer:
    """The metrics layer over a warehouse of what the charts are made of, and the measures that a trust would add."""
    url = embedded_url(tmp_path_factory.mktemp("effects") / "warehouse")
    rows = {table: world.all(table) for table in COUNTED}
    with writing(url) as writer:
        writer.changed = True
        metadata.create_all(writer.connection)
        for name, frame in {**rows, **dimensions(world.scenario)}.items():
            writer.insert(metadata.tables[name], frame)
        writer.insert(meta_operational, provenance(world.scenario, sum(map(len, rows.values())), tally))
        writer.replace(ref_organisation, organisation(), by=["source", "org_code"])
        rebuild_reference(writer)
    today = world.scenario.last_day + timedelta(days=1)
    return MetricsLayer.open(url, definitions=(SHIPPED, OWN_MEASURES), today=lambda: today)


def shown(layer: MetricsLayer, initiative: Initiative, *, others: bool = False) -> Series:
    """Returns the series of the right chart: by week, or by month where it is counted so."""
    look = RIGHT[initiative.lever]
    native = layer.catalogue.model_of(layer.catalogue.metric(look.metric)).grain
    return series_of(layer, look, initiative, Grain.MONTH if native == "month" else Grain.WEEK, others=others)


@pytest.mark.parametrize("identity", SAID)
def test_the_right_chart_shows_the_effect_within_its_stated_uncertainty(world, tally, layer, identity):
    """The step of the mean line at the go-live, without what grows or settles; nothing but this one chart."""
    initiative = live(world, identity)
    said = next(each for each in truth(world.scenario, tally) if each["initiative"] == identity)
    low, high = said["uncertainty"]["interval_95"]
    assert low < said["size_in_measure"] < high
    found = step(shown(layer, initiative), RIGHT[initiative.lever], initiative).change
    assert low <= found <= high
    assert found == pytest.approx(said["size_in_measure"], abs=SAID[identity])


@pytest.mark.parametrize(
    ("identity", "weeks"),
    [("INI01", 1), ("INI02", 1), ("INI03", 1), ("INI04", 8), ("INI07", 1), ("INI09", 1), ("INI13", 1)],
)
def test_the_right_chart_signals_soon(world, layer, identity, weeks):
    """Limits are those of the weeks before, frozen; the first special cause on the side of the effect."""
    initiative = live(world, identity)
    found = signal(shown(layer, initiative), RIGHT[initiative.lever], initiative)
    assert found.periods is not None
    assert found.periods <= weeks


@pytest.mark.parametrize("identity", ["INI01", "INI02", "INI03", "INI04", "INI06", "INI07", "INI13"])
def test_the_same_chart_of_the_others_shows_none_of_it(world, layer, identity):
    initiative = live(world, identity)
    found = step(shown(layer, initiative, others=True), RIGHT[initiative.lever], initiative)
    assert abs(found.change) < abs(initiative.effect) / 3
    assert abs(found.change) < 3 * found.error


def test_take_up_that_grows_by_itself_is_lost_on_the_one_chart(world, tally, layer):
    """The step holds a year's growth too; only beside services without the campaign is it the effect."""
    initiative = live(world, "INI10")
    said = next(each for each in truth(world.scenario, tally) if each["initiative"] == "INI10")
    _, high = said["uncertainty"]["interval_95"]
    assert step(shown(layer, initiative), RIGHT[initiative.lever], initiative).change > high


def test_stated_errors_are_those_of_the_months_that_are_compared():
    """By hand: three months before, four after; of reminders the months from the go-live's on."""
    initiative = Initiative("X", "x", Lever.DNA, -0.2, date(2024, 4, 15), "x")
    scenario = Scenario(date(2024, 1, 1), date(2024, 8, 31), 1, 1.0, (initiative,))
    missed = {1: 100, 2: 140, 3: 120, 4: 500, 5: 90, 6: 110, 7: 100, 8: 80}
    tally = Tally(scenario)
    for month, count in missed.items():
        tally.add(
            "fact_appointment",
            pl.DataFrame({
                "appointment_on": [date(2024, month, 3)] * 1000,
                "attended": ["3"] * count + ["5"] * (1000 - count),
                "service_code": ["100"] * 1000,
            }),
        )  # fmt: skip
    said = truth(scenario, tally)[0]["uncertainty"]
    assert (said["before"], said["after"]) == (["2024-01", "2024-03"], ["2024-05", "2024-08"])
    # Variances of the shares: 0.0004 about 0.12, and 0.000166... about 0.095.
    before, after = 0.0004 / 0.12**2 / 3, 0.0005 / 3 / 0.095**2 / 4
    error = 0.8 * (before + after) ** 0.5
    assert said["standard_error"] == pytest.approx(error, abs=5e-5)
    freedom = (before + after) ** 2 / (before**2 / 2 + after**2 / 3)
    apart = float(student.ppf(0.975, freedom)) * error
    assert said["interval_95"] == pytest.approx([-0.2 - apart, -0.2 + apart], abs=6e-5)


def test_an_error_is_never_less_than_counts_imply():
    """Months that happen to be alike are no surer than so many appointments can be."""
    initiative = Initiative("X", "x", Lever.DNA, 0.0, date(2024, 4, 1), "x")
    scenario = Scenario(date(2024, 1, 1), date(2024, 6, 30), 1, 1.0, (initiative,))
    tally = Tally(scenario)
    for month in range(1, 7):
        days, came = [date(2024, month, 3)] * 400, ["3"] * 40 + ["5"] * 360
        tally.add(
            "fact_appointment", pl.DataFrame({"appointment_on": days, "attended": came, "service_code": ["100"] * 400})
        )
    said = truth(scenario, tally)[0]["uncertainty"]
    assert said["standard_error"] == pytest.approx((2 * 0.9 / 120) ** 0.5, abs=5e-5)


def test_who_comes_back_stays_whatever_same_day_care_does():
    """Of 60 who stay a month 15 come back within one: the lever reaches three quarters of them."""
    initiative = Initiative("X", "x", Lever.OVERNIGHT, -0.2, date(2024, 4, 1), "x", sites=("ZZ101",))
    scenario = Scenario(date(2024, 1, 1), date(2024, 7, 31), 1, 1.0, (initiative,))
    tally = Tally(scenario)
    for month in range(1, 8):
        day = date(2024, month, 3)
        came = pl.DataFrame({"arrived_on": [day] * 100, "disposal": ["admitted"] * 60 + ["same_day"] * 40})
        tally.add("fact_ed_attendance", came.with_columns(site_code=pl.lit("ZZ101")))
        left = pl.DataFrame({"discharged_on": [day] * 80, "readmit_30d": [True] * 15 + [False] * 60 + [None] * 5})
        tally.add("fact_spell", left.with_columns(site_code=pl.lit("ZZ101")))
        tally.add("fact_spell", left.with_columns(site_code=pl.lit("ZZ102")))
    assert truth(scenario, tally)[0]["size_in_measure"] == -0.15
    assert truth(scenario)[0]["size_in_measure"] == -0.2


def test_nothing_is_stated_of_fewer_than_three_months():
    initiative = Initiative("X", "x", Lever.DNA, -0.2, date(2024, 3, 1), "x")
    scenario = Scenario(date(2024, 1, 1), date(2024, 8, 31), 1, 1.0, (initiative,))
    assert truth(scenario, Tally(scenario))[0]["uncertainty"] is None
    assert truth(scenario)[0]["uncertainty"] is None


def test_rows_in_pieces_give_the_same_truth(world, tally):
    pieces = Tally(world.scenario)
    for table in COUNTED:
        rows = world.all(table)
        for start in reversed(range(0, len(rows), 100_000)):
            pieces.add(table, rows[start : start + 100_000])
    assert truth_json(world.scenario, pieces) == truth_json(world.scenario, tally)


def test_rows_in_files_give_the_same_truth(world, tally, tmp_path):
    for table in COUNTED:
        folder = tmp_path / "tables" / table
        folder.mkdir(parents=True)
        for name, rows in (("2025-03", world.final), ("open", world.still)):
            if table in rows:
                rows[table].write_parquet(folder / f"{name}.parquet")
    assert truth_json(world.scenario, tally_of(world.scenario, tmp_path)) == truth_json(world.scenario, tally)


def test_letters_wait_less_by_more_than_the_work_falls():
    """Drawn letter by letter, in a line of one service without holidays."""
    import numpy as np

    from sample_data.simulator.documents import letter_days

    def drawn(factor: float) -> float:
        random = np.random.default_rng(3)
        written = np.repeat(7 * np.arange(120)[:, None] + np.arange(5)[None, :], 300)
        ready = written + np.floor(random.exponential(1.5 * factor, len(written)) + random.random(len(written)))
        sent, chance = np.full(len(written), -1.0), 1 - np.exp(-1 / (3.8 * factor))
        for day in range(7 * 150):
            if day % 7 < 5:
                lying = np.flatnonzero((sent < 0) & (ready <= day) & (written > day - 250) & (written <= day))
                sent[lying[random.random(len(lying)) < chance]] = day
        return float((sent - written).mean()) + (13 - 13.375) / 24

    assert letter_days(1.0) == pytest.approx(drawn(1.0), abs=0.03)
    assert letter_days(0.65) == pytest.approx(drawn(0.65), abs=0.03)
    assert letter_days(0.65) / letter_days(1.0) - 1 == pytest.approx(-0.3727, abs=1e-4)


def test_fewer_are_out_of_date_where_training_is_in_the_roster(world):
    """Courses of a year; of those for three, the lapsed ones take longer than the record to be worked off."""
    initiative = live(world, "INI12")
    rows = world.final["fact_training"].filter(pl.col("course").is_in(["data_security", "fire_safety"]))
    # A month is counted at its end; half a year until the newly lapsed are as many as the renewed.
    rows = rows.with_columns(counted=pl.col("period").dt.month_end())
    reached = pl.col("staff_group").is_in(initiative.staff_groups)
    late = 1 - pl.col("in_date_n").sum() / pl.col("required_n").sum()
    mine, others = (change(rows.filter(who), "counted", initiative, late, settled=150) for who in (reached, ~reached))
    assert (1 + mine) / (1 + others) - 1 == pytest.approx(-0.40, abs=0.06)


def test_what_does_nothing_shows_nothing(world):
    """The waiting room's assistant: stays of those who go home, when the department is no fuller than before."""
    rows = world.final["fact_ed_attendance"].filter(
        (pl.col("department_type") == "1") & (pl.col("disposal") == "discharged")
    )
    minutes = (pl.col("departed_at") - pl.col("seen_at")).dt.total_minutes()
    found = beside(rows, "site_code", "arrived_on", live(world, "INI08"), minutes.mean())
    assert found == pytest.approx(0.0, abs=0.04)


def test_the_hub_shortens_the_wait_of_those_who_are_ready():
    """In the mechanism itself: the daily chance to leave is that of a wait a quarter shorter."""
    import numpy as np

    from sample_data.simulator.beds import INPATIENT, leaving
    from sample_data.simulator.component import Today
    from sample_data.simulator.days import day_of, number_of

    hub = Initiative("X", "x", Lever.DELAY, -0.25, date(2024, 1, 1), "x", sites=("ZZ102",))
    scenario = Scenario(date(2024, 1, 1), date(2024, 12, 31), 1, 1.0, (hub,))
    inside = np.zeros(40_000, INPATIENT)
    inside["site"], inside["delayed"] = np.arange(40_000) % 2, True
    left = np.zeros(2)
    for number in range(number_of(date(2024, 2, 5)), number_of(date(2024, 3, 4))):
        inside["ready"], inside["first"] = number - 5, number - 9
        goes, _ = leaving(Today(day_of(number), scenario), inside, np.zeros(len(inside)))
        left += np.bincount(inside["site"][goes], minlength=2)
    assert left[0] / left[1] - 1 == pytest.approx(-0.25, abs=0.01)


def test_the_truth_file_says_all_of_it():
    first, last = date(2024, 1, 1), date(2026, 12, 31)
    scenario = Scenario(first, last, 1, 1.0, usual_initiatives(first, last))
    entries = json.loads(truth_json(scenario))
    assert len(entries) == 13
    assert [entry["initiative"] for entry in entries if entry["relative_size"] == 0] == ["INI08"]
    assert all(first < date.fromisoformat(entry["go_live"]) < last for entry in entries)
    assert all(date.fromisoformat(entry["go_live"]).weekday() == 0 for entry in entries)
    assert {entry["kind"] for entry in entries} == {"step", "ramp"}


def test_a_ramp_grows_in_a_straight_line():
    ramp = Initiative("X", "x", Lever.REFERRALS, -0.1, date(2024, 1, 1), "x", Kind.RAMP, 10)
    assert [round(ramp.at(date(2024, 1, day)), 3) for day in (1, 5, 10, 20)] == [0.99, 0.95, 0.9, 0.9]
    assert ramp.at(date(2023, 12, 31)) == 1


def test_ten_times_the_size_has_ten_times_the_rows():
    from sample_data.simulator.engine import simulate

    def rows(scale: float) -> dict[str, int]:
        batches = simulate(short(date(2024, 3, 1), date(2024, 3, 31), seed=2, scale=scale))
        return {name: frame.height for batch in batches for name, frame in batch.tables.items()}

    small, large = rows(0.2), rows(2.0)
    for name in ("fact_ed_attendance", "fact_appointment", "fact_referral", "fact_document"):
        assert large[name] / small[name] == pytest.approx(10, rel=0.08), name
