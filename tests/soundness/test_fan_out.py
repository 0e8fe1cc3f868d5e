"""A join never counts a row twice, and never loses one.

    visits            patients
    visit  patient    patient  age band
    1      10         10       0-17
    2      10         10       18-64      <- the same patient again
    3      11

Three visits. Joined as it stands, the second row of patient 10 makes them five; an inner join loses visit 3.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from metrics import Grain, MetricsLayer, Request
from metrics.catalogue.loading import check
from metrics.query.errors import FanOutError
from tests.query import events

VISITS = events.visits(
    [
        (1, 10, "2026-04-01T09:00:00", "A", 0, 0),
        (2, 10, "2026-04-01T10:00:00", "A", 0, 1),
        (3, 11, "2026-04-01T11:00:00", "A", 0, 0),
    ]
)


def _layer(folder: Path, patients: list[tuple[int, str | None, int | None]]) -> MetricsLayer:
    tables = {"visits": VISITS, "patients": events.patients(patients)}
    return events.build(f"duckdb:///{folder / 'warehouse'}", tables, folder / "definitions")


def test_a_table_with_two_rows_for_a_key_is_refused_before_it_multiplies(tmp_path: Path) -> None:
    layer = _layer(tmp_path, [(10, "0-17", 1), (10, "18-64", 1)])
    with pytest.raises(FanOutError, match="patients"):
        layer.ask(Request.of("visits", by=("age_band",), grain=Grain.MONTH))
    assert layer.ask(Request.of("visits", grain=Grain.FINANCIAL_YEAR)).frame["value"].to_list() == [3]  # needs no join


def test_rows_that_join_to_nothing_stay(tmp_path: Path) -> None:
    layer = _layer(tmp_path, [(10, "0-17", 1)])
    frame = layer.ask(
        Request.of("visits", "missed_rate", by=("age_band",), grain=Grain.FINANCIAL_YEAR, totals=True)
    ).frame
    assert frame.filter(pl.col("metric") == "visits").select("age_band", "value", "is_total").rows() == [
        (None, 1, False), ("0-17", 2, False), (None, 3, True),
    ]  # fmt: skip
    assert frame.filter("is_total")["value"].to_list() == [3, pytest.approx(1 / 3)]


def test_a_join_on_less_than_the_key_is_found_without_a_warehouse(tmp_path: Path) -> None:
    text = events.DEFINITIONS.replace("primary_key: [patient]", "primary_key: [patient, decile]")
    (tmp_path / "definitions.yml").write_text(text + events.METRICS, encoding="utf-8")
    _, findings = check(tmp_path)
    assert "would count each of the model's as often" in next(
        each.message for each in findings if each.severity == "error"
    )
