"""Any request gives what a slow, obvious loop over the rows gives."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import Filter, Grain, MetricsLayer, Request
from tests.query import small
from tests.query.test_engine import DEFINITIONS
from tests.soundness import oracle
from tests.soundness.oracle import Place

MONTHS = [date(2023 + (3 + i) // 12, (3 + i) % 12 + 1, 1) for i in range(15)]  # April 2023 to June 2024
ORGANISATIONS = ("RA1", "RA2", "RA3", "RB1", "NX1")
MERGED = date(2024, 7, 1)


def _places(as_at: date) -> dict[str, Place]:
    alpha, beta = ("QA1", "Y56"), ("QB1", "Y62")
    return {
        "RA1": Place("RA1", *alpha), "RA2": Place("RA3" if as_at >= MERGED else "RA2", *alpha),
        "RA3": Place("RA3", *alpha), "RB1": Place("RB1", *beta), "NX1": Place("NX1", None, None),
    }  # fmt: skip


def _attendances(dice: random.Random) -> list[oracle.Row]:
    rows = []
    for month in MONTHS:
        for org in ORGANISATIONS:
            for department in ("type1", "other"):
                if dice.random() < 0.8:
                    seen = None if dice.random() < 0.1 else dice.randrange(0, 50)
                    late = None if seen is None or dice.random() < 0.3 else dice.randrange(0, seen + 1)
                    rows.append({"period": month, "org_code": org, "department": department, "attendances": seen,
                                 "over_4h": late})  # fmt: skip
    return rows


def _bands(dice: random.Random) -> list[oracle.Row]:
    rows = []
    for month in MONTHS:
        for org in ORGANISATIONS:
            for service in ("100", "110"):
                for week in (0, 1, 17, 18, 51, 52, 104):
                    if dice.random() < 0.5:
                        rows.append({  # noqa: PERF401 - the loop shows the grain
                                     "period": month, "org_code": org, "part": "Part_2", "service_code": service,
                                     "commissioning": "english", "weeks_from": week,
                                     "weeks_to": None if week == 104 else week + 1,
                                     "pathways": dice.randrange(1, 30)})  # fmt: skip
    return rows


@pytest.fixture(scope="module", params=[1, 2, 3])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    dice = random.Random(request.param)  # noqa: S311 - a repeatable table, not a secret
    ae, bands = _attendances(dice), _bands(dice)
    folder = tmp_path_factory.mktemp(f"oracle{request.param}")
    facts = {
        "fact_ae_month": pl.DataFrame(ae, infer_schema_length=None),
        "fact_rtt_band_month": pl.DataFrame(bands, infer_schema_length=None),
    }
    layer = small.build(f"duckdb:///{folder / 'warehouse'}", facts, DEFINITIONS, folder / "definitions")
    return layer, ae, bands


LEVELS = st.sampled_from([(), ("region",), ("icb",), ("organisation",), ("region", "organisation")])
FILTERS = st.sampled_from([{}, {"region": {"Y56"}}, {"organisation": {"RA1", "RB1"}}, {"icb": {"QB1"}}])
REQUESTS = st.fixed_dictionaries(
    {
        "levels": LEVELS,
        "extra": st.booleans(),
        "grain": st.sampled_from([Grain.MONTH, Grain.QUARTER, Grain.FINANCIAL_YEAR]),
        "where": FILTERS,
        "as_at": st.sampled_from([date(2024, 6, 1), date(2024, 12, 1)]),
        "totals": st.booleans(),
    }
)


@settings(max_examples=70, deadline=None)
@given(asked=REQUESTS)
def test_flows_and_ratios_equal_the_loop(
    world: tuple[MetricsLayer, list[oracle.Row], list[oracle.Row]], asked: dict[str, Any]
) -> None:
    layer, ae, _ = world
    by = (*asked["levels"], *(("department",) if asked["extra"] else ()))
    _compare(layer, ae, by, asked, {"attendances": lambda rows, _: oracle.total(rows, "attendances"),
                                    "within_four_hours": lambda rows, _: oracle.ratio(rows)})  # fmt: skip


@settings(max_examples=70, deadline=None)
@given(asked=REQUESTS)
def test_snapshots_and_percentiles_equal_the_loop(
    world: tuple[MetricsLayer, list[oracle.Row], list[oracle.Row]], asked: dict[str, Any]
) -> None:
    layer, _, bands = world
    by = (*asked["levels"], *(("service",) if asked["extra"] else ()))
    rows = [{**row, "service": row["service_code"]} for row in bands]

    def over_52(rows: list[oracle.Row], last: set[date]) -> float | None:
        held = oracle.at_last(rows, last)
        whole = sum(row["pathways"] for row in held)
        return sum(row["pathways"] for row in held if row["weeks_from"] >= 52) / whole if whole else None

    _compare(layer, rows, by, asked, {
        "waiting": lambda rows, last: oracle.total(oracle.at_last(rows, last), "pathways"),
        "over_52": over_52,
        "median_wait": lambda rows, last: oracle.median(oracle.at_last(rows, last)),
    })  # fmt: skip


def _compare(
    layer: MetricsLayer, rows: list[oracle.Row], by: tuple[str, ...], asked: dict[str, Any], answers: dict[str, Any]
) -> None:
    request = Request(
        metrics=tuple(answers), by=by, grain=asked["grain"], as_at=asked["as_at"], totals=asked["totals"],
        where=tuple(Filter(name, tuple(sorted(values))) for name, values in asked["where"].items()),
    )  # fmt: skip
    frame = layer.ask(request).frame
    places = _places(asked["as_at"])
    held: dict[date, set[date]] = {}
    for row in rows:
        held.setdefault(oracle.bucket(row["period"], asked["grain"]), set()).add(row["period"])
    for names, part in ((by, frame.filter(~pl.col("is_total"))), ((), frame.filter(pl.col("is_total")))):
        if names == () and by and not asked["totals"]:
            assert part.is_empty()
            continue
        groups = oracle.grouped(rows, names, asked["grain"], places, asked["where"])
        for metric, answer in answers.items():
            given = {
                (row["period"], *(row[name] for name in names)): row["value"]
                for row in part.filter(pl.col("metric") == metric).iter_rows(named=True)
            }
            if names == () and by == () and part.is_empty():
                continue
            for key, members in groups.items():
                expected = answer(members, held[key[0]])
                assert key in given, (metric, key)
                if expected is None:
                    assert given[key] is None, (metric, key)
                else:
                    assert given[key] == pytest.approx(expected, rel=1e-12, abs=1e-12), (metric, key)
            for key, value in given.items():
                assert value is None or key in groups, (metric, key)
            # Dense: every series has every period.
            assert len(given) == len({key[0] for key in given}) * len({key[1:] for key in given})
