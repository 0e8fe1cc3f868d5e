"""Why a number moved, on a warehouse that can be checked by hand; and one month of the published data."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from metrics import Against, Filter, Grain, MetricsLayer
from metrics.query.errors import QueryError, UnknownDimensionError
from metrics.query.forms import Quotient, Sum, form_of
from tests.query import small

DEFINITIONS = """
models:
  - {name: ae, title: A&E, table: fact_ae_month, publication: by_hand, provenance: published, grain: month,
     dimensions: [{name: department, column: department, title: Department}]}
  - name: rtt
    title: RTT
    table: fact_rtt_band_month
    publication: by_hand
    provenance: published
    grain: month
    dimensions: [{name: service, column: service_code, title: Treatment function, lookup: dim_service}]
    bins: {lower: weeks_from, upper: weeks_to}
metrics:
  - &simple {id: attendances, title: Attendances, type: simple, description: d, capability: demand, model: ae,
     measure: {words: w, expr: attendances}, unit: count, direction: neutral, owner: o, source: s, interpretation: i}
  - {<<: *simple, id: late, measure: {words: w, expr: over_4h}}
  - {<<: *simple, id: busiest, measure: {words: w, expr: attendances, agg: max}}
  - {<<: *simple, id: within_four_hours, type: ratio, measure: null, unit: percent,
     numerator: {words: seen in time, expr: attendances - over_4h},
     denominator: {words: all who report, expr: attendances, filter: over_4h is not null}}
  - {<<: *simple, id: late_share, type: derived, model: null, measure: null, formula: 1 - within_four_hours,
     unit: percent}
  - {<<: *simple, id: seen_in_time, type: derived, model: null, measure: null, formula: attendances - late}
  - {<<: *simple, id: late_per_hundred, type: derived, model: null, measure: null, formula: 100 * late / attendances,
     unit: ratio}
  - {<<: *simple, id: odd, type: derived, model: null, measure: null, formula: late * attendances}
  - {<<: *simple, id: median_wait, type: percentile, percentile: 0.5, model: rtt,
     measure: {words: w, expr: pathways}, unit: weeks}
"""

AE = small.ae(
    [
        ("2024-04", "RA1", 100, 40), ("2024-04", "RB1", 100, 20),
        ("2024-05", "RA1", 200, 60), ("2024-05", "RB1", 100, 20), ("2024-05", "NX1", 50, 0),
        ("2024-06", "RA1", 200, 60), ("2024-06", "NX1", 50, 0),
        ("2024-07", "RA1", 200, 60), ("2024-07", "RB1", 100, 20), ("2024-07", "NX1", 50, 0),
    ]
)  # fmt: skip

BANDS = pl.DataFrame(
    [(date(2024, month, 1), "RA1", "Part_2", "100", "english", 0, 1, 10) for month in (4, 5)],
    schema={"period": pl.Date, "org_code": pl.String, "part": pl.String, "service_code": pl.String,
            "commissioning": pl.String, "weeks_from": pl.Int64, "weeks_to": pl.Int64, "pathways": pl.Int64},
    orient="row",
)  # fmt: skip
MAY, JUNE = date(2024, 5, 1), date(2024, 6, 1)


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("why")
    facts = {"fact_ae_month": AE, "fact_rtt_band_month": BANDS}
    return small.build(f"duckdb:///{folder / 'warehouse'}", facts, DEFINITIONS, folder / "definitions")


def effects(frame: pl.DataFrame) -> dict[tuple[str, str | None], tuple[float | None, ...]]:
    rows = frame.select("kind", "member", "rate", "mix", "coverage", "effect").iter_rows()
    return {row[:2]: row[2:] for row in rows}


def test_a_ratio_by_region_has_rate_mix_and_coverage(layer: MetricsLayer) -> None:
    found = layer.why("within_four_hours", period=MAY, by=["region"])
    assert (found.before.period, found.now.period) == (date(2024, 4, 1), MAY)
    assert (found.before.value, found.now.value) == (140 / 200, 270 / 350)
    assert found.method == "ratio"
    region = found.splits["region"]
    # Who reports both times goes from 140/200 to 220/300, of which the middle is 43/60.
    assert effects(region.frame) == {
        ("member", "Y56"): pytest.approx((7 / 12 * 0.1, 1 / 6 * (0.65 - 43 / 60), 0, 7 / 120 - 1 / 90)),
        ("member", "Y62"): pytest.approx((0, -1 / 6 * (0.8 - 43 / 60), 0, -1 / 72)),
        ("unknown", None): pytest.approx((0, 0, (50 - 220 / 300 * 50) / 350, (50 - 220 / 300 * 50) / 350)),
    }
    assert region.change == pytest.approx(270 / 350 - 140 / 200)
    assert region.reporters.rows() == [("NX1", "Nowhere Clinic", False, True)]
    assert dict(region.frame.select("member", "name").iter_rows())["Y56"] == "London"


def test_who_did_not_report_is_named_and_is_no_real_change(layer: MetricsLayer) -> None:
    found = layer.why("within_four_hours", period=JUNE)
    assert found.now.status == "missing"
    by_organisation = found.splits["organisation"]
    assert by_organisation.reporters.rows() == [("RB1", "Beta One NHS Trust", True, False)]
    # 190/250 without RB1, on both sides; with it May was 270/350.
    assert effects(by_organisation.frame)["member", "RB1"] == pytest.approx(
        (0, 0, 190 / 250 - 270 / 350, 190 / 250 - 270 / 350)
    )
    others = by_organisation.frame.filter(pl.col("member") != "RB1")
    assert others.select(pl.col("rate", "mix", "coverage").abs().sum()).row(0) == pytest.approx((0, 0, 0))


def test_a_sum_has_the_difference_of_each_member(layer: MetricsLayer) -> None:
    found = layer.why("attendances", period=MAY, by=["region", "department"])
    assert (found.method, found.change) == ("sum", 150)
    assert effects(found.splits["region"].frame) == {
        ("member", "Y56"): (None, None, 0, 100), ("member", "Y62"): (None, None, 0, 0),
        ("unknown", None): (None, None, 50, 50),
    }  # fmt: skip
    assert effects(found.splits["department"].frame) == {("member", "type1"): (None, None, 50, 150)}


def test_every_dimension_of_the_cell_is_split_and_no_other(layer: MetricsLayer) -> None:
    assert list(layer.why("attendances", period=MAY).splits) == ["region", "icb", "organisation", "department"]
    within = layer.why("attendances", period=MAY, at={"icb": "QA1"})
    assert list(within.splits) == ["organisation", "department"]
    assert within.change == 100
    assert layer.why("attendances", period=MAY, where=(Filter("trust", ("RA1",)),)).splits.keys() == {"department"}
    with pytest.raises(UnknownDimensionError):
        layer.why("attendances", period=MAY, by=["service"])


def test_the_other_period_can_be_chosen(layer: MetricsLayer) -> None:
    july = date(2024, 7, 1)
    assert layer.why("attendances", period=july, against=date(2024, 4, 30), by=[]).before.period == date(2024, 4, 1)
    assert layer.why("attendances", period=july, against=2, by=[]).before.period == MAY
    assert layer.why("attendances", by=[]).now.period == july  # the newest final one
    last_year = layer.why("attendances", period=july, against=Against.LAST_YEAR)
    assert last_year.change is None
    assert last_year.reason == (
        "There is no value to compare (July 2023: no data). The newest before is of June 2024: ask for that."
    )
    assert set(last_year.not_split.values()) == {last_year.reason}
    with pytest.raises(QueryError, match="no earlier period"):
        layer.why("attendances", period=MAY, against=MAY)


def test_a_reporter_of_part_of_a_quarter_is_no_real_change(layer: MetricsLayer) -> None:
    found = layer.why("attendances", period=date(2024, 7, 1), grain=Grain.QUARTER, by=["organisation"])
    assert found.now.status == "incomplete"  # July alone is held
    reporters = found.splits["organisation"].reporters
    assert {code: (before, now) for code, _, before, now in reporters.iter_rows()} == {
        "NX1": (False, True), "RB1": (False, True),
    }  # fmt: skip
    assert found.splits["organisation"].frame["effect"].sum() == 350 - 800


def test_a_derived_sum_adds_up_its_inputs_and_their_members(layer: MetricsLayer) -> None:
    found = layer.why("seen_in_time", period=MAY, by=["region"])
    assert found.inputs is not None
    assert found.inputs.select("term", "effect").rows() == [("attendances", 150), ("late", -20)]
    assert found.change == 130
    assert effects(found.splits["region"].frame)["member", "Y56"][-1] == 80
    assert effects(found.splits["region"].frame)["unknown", None] == (None, None, 50, 50)


def test_a_derived_complement_has_the_opposite_effects(layer: MetricsLayer) -> None:
    of_ratio = effects(layer.why("within_four_hours", period=MAY, by=["region"]).splits["region"].frame)
    split = layer.why("late_share", period=MAY, by=["region"]).splits["region"]
    assert effects(split.frame) == {key: pytest.approx([-part for part in parts]) for key, parts in of_ratio.items()}
    assert dict(split.frame.select("member", "now").iter_rows())["Y56"] == pytest.approx(0.3)


def test_a_derived_quotient_has_effects_of_inputs_and_of_members(layer: MetricsLayer) -> None:
    found = layer.why("late_per_hundred", period=MAY, by=["region"])
    assert found.inputs is not None
    # 60/200 to 80/350: (80 - 60) at the mean of 1/200 and 1/350, and the rest.
    late = 100 * 20 * (1 / 200 + 1 / 350) / 2
    assert dict(found.inputs.select("term", "effect").iter_rows()) == {
        "attendances": pytest.approx(100 * (80 / 350 - 60 / 200) - late), "late": pytest.approx(late),
    }  # fmt: skip
    of_ratio = effects(layer.why("within_four_hours", period=MAY, by=["region"]).splits["region"].frame)
    of_quotient = effects(found.splits["region"].frame)
    for key, parts in of_ratio.items():  # the late are all that are not within four hours
        assert of_quotient[key] == pytest.approx([-100 * part for part in parts])


@pytest.mark.parametrize(
    ("metric", "reason"),
    [("median_wait", "A percentile is not made up"), ("busiest", "greatest value belongs to one member"),
     ("odd", "neither a sum of metrics nor one divided by another")],
)  # fmt: skip
def test_what_cannot_be_shared_out_says_why(layer: MetricsLayer, metric: str, reason: str) -> None:
    found = layer.why(metric, period=MAY)
    assert found.change is not None
    assert found.method is None
    assert found.splits == {}
    assert reason in (found.reason or "")
    assert all(reason in each for each in found.not_split.values())
    assert found.not_split


@pytest.mark.parametrize(
    ("formula", "form"),
    [
        ("a - 2 * b + 1", Sum({"a": 1, "b": -2}, 1)),
        ("-(a + b) / 4", Sum({"a": -0.25, "b": -0.25}, 0)),
        ("a / (b + c)", Quotient(Sum({"a": 1}), Sum({"b": 1, "c": 1}))),
        ("1 - 100 * (a / b)", Quotient(Sum({"a": 1}), Sum({"b": 1}), -100, 1)),
        ("a * b", None),
        ("a / b / c", None),
        ("a / b + c", None),
    ],
)
def test_a_formula_is_a_sum_or_a_quotient_or_neither(formula: str, form: Sum | Quotient | None) -> None:
    assert form_of(formula) == form


def test_the_published_four_hour_share_by_region_from_sql_of_its_own(shipped_warehouse: str) -> None:
    layer = MetricsLayer.open(shipped_warehouse)
    march, february = date(2026, 3, 1), date(2026, 2, 1)
    query = """
        select o.region_code, coalesce(i.current_code, f.org_code), f.period,
            sum(f.attendances + coalesce(f.attendances_booked, 0) - f.over_4h - coalesce(f.over_4h_booked, 0)),
            sum(f.attendances + coalesce(f.attendances_booked, 0))
        from fact_ae_month f
        left join dim_organisation_identity i on i.org_code = f.org_code and current_date between i.valid_from and i.valid_to
        left join dim_organisation o on o.org_code = coalesce(i.current_code, f.org_code)
        where f.period in ('2026-02-01', '2026-03-01') and f.over_4h is not null
        group by all"""
    with layer.warehouse.engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(sa.text(query))]
    both = {org for _, org, period, _, _ in rows if period == february} & {
        org for _, org, period, _, _ in rows if period == march
    }

    def summed(period: date, part: int, region: str | None = None, *, like: bool) -> float:
        return float(sum(row[part] for row in rows if row[2] == period and region in (None, row[0])
                         and (not like or row[1] in both)))  # fmt: skip

    whole = {at: summed(at, 3, like=True) / summed(at, 4, like=True) for at in (february, march)}
    expected = {}
    for region in sorted({row[0] for row in rows}):
        r0, r1 = (summed(at, 3, region, like=True) / summed(at, 4, region, like=True) for at in (february, march))
        w0, w1 = (summed(at, 4, region, like=True) / summed(at, 4, like=True) for at in (february, march))
        coverage = {}
        for at in (february, march):
            late = [summed(at, part, region, like=False) - summed(at, part, region, like=True) for part in (3, 4)]
            coverage[at] = (late[0] - whole[at] * late[1]) / summed(at, 4, like=False)
        mix = (w1 - w0) * ((r0 + r1) / 2 - (whole[february] + whole[march]) / 2)
        expected[region] = ((w0 + w1) / 2 * (r1 - r0), mix, coverage[march] - coverage[february])
    found = layer.why("ae_four_hour", period=march, by=["region"])
    frame = found.splits["region"].frame
    assert frame.height == 7
    for region, rate, mix, coverage in frame.select("member", "rate", "mix", "coverage").iter_rows():
        assert (rate, mix, coverage) == pytest.approx(expected[region], abs=1e-12)
    # As published: 1,875,561 of 2,432,272 in March 2026.
    assert (found.now.numerator, found.now.denominator) == (1_875_561, 2_432_272)
    assert frame["effect"].sum() == pytest.approx(1_875_561 / 2_432_272 - (found.before.value or 0), abs=1e-12)
    assert found.splits["region"].reporters["code"].to_list() == sorted({row[1] for row in rows} - both)
