"""Corners in which numbers once went wrong without a word: pairs, empty choices, names of several models, rows of nobody.

One table of rows by organisation and day, read as events (no row is nothing) and as a monthly return (no row is not
reported). RA1 and RA3 are in London, RB1 in the North West, XX9 is listed nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from metrics import Grain, MetricsLayer, Request, Top
from metrics.catalogue import load
from metrics.query.errors import PeriodError, QueryError
from metrics.warehouse.tables import metadata
from metrics.warehouse.writing import writing
from tests.query import events, small

DEFINITIONS = """
tables:
  - name: r
    title: R
    columns: {id: integer, org: text, on_day: date, kind: text, n: integer}
    primary_key: [id]
models:
  - {name: happened, title: Happened, table: r, provenance: operational, grain: day, time: {column: on_day},
     organisation: org, dimensions: [{name: kind, column: kind, title: Kind, labels: {a: Alpha, b: Beta}}]}
  - {name: returned, title: Returned, table: r, provenance: operational, absent_rows: not_reported, grain: month,
     time: {column: on_day}, organisation: org}
  - {name: others, title: Others, table: r, provenance: operational, grain: day, time: {column: on_day},
     organisation: org, filter: n > 100, dimensions: [{name: kind, column: kind, title: Kind, labels: {x: Alpha}}]}
metrics:
""" + "".join(
    [
        events.metric("seen", "type: simple, model: happened, measure: {words: w, expr: id, agg: count}"),
        events.metric("amount", "type: simple, model: happened, measure: {words: w, expr: n}"),
        events.metric("big", "type: simple, model: others, measure: {words: w, expr: id, agg: count}"),
        events.metric("told", "type: simple, model: returned, measure: {words: w, expr: n}"),
        events.metric("less_big", "type: derived, formula: seen - big"),
        events.metric("each", "type: derived, paired: true, formula: told / seen", "ratio"),
        events.metric("level", "type: snapshot, over_time: mean, model: happened, measure: {words: w, expr: n}"),
    ]
)
Rows = list[tuple[str | None, str, str, int | None]]
Build = Callable[[Rows], MetricsLayer]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    def made(rows: Rows) -> MetricsLayer:
        folder, url = tmp_path / "definitions", f"duckdb:///{tmp_path / 'warehouse'}"
        folder.mkdir()
        (folder / "definitions.yml").write_text(DEFINITIONS, encoding="utf-8")
        table = load(folder).table("r")
        assert table is not None
        frame = pl.DataFrame(
            [(number, org, date.fromisoformat(day), kind, n) for number, (org, day, kind, n) in enumerate(rows)],
            schema={"id": pl.Int64, "org": pl.String, "on_day": pl.Date, "kind": pl.String, "n": pl.Int64},
            orient="row",
        )
        with writing(url, fresh=True) as writer:
            for name, rows_of in small._organisations().items():
                own = metadata.tables[name]
                loaded = "load_id" in own.c and "load_id" not in rows_of.columns
                writer.insert(own, small._with_load(rows_of) if loaded else rows_of)
            table.create(writer.connection)
            writer.insert(table, frame)
        return MetricsLayer.open(url, definitions=folder, today=lambda: date(2024, 12, 1))

    return made


def _rows(layer: MetricsLayer, request: Request, *columns: str) -> list[tuple[object, ...]]:
    return layer.ask(request).frame.select(columns).rows()


MONTH = {"grain": Grain.MONTH}


def test_days_within_a_month_are_not_lost_from_a_monthly_return(build: Build) -> None:
    layer = build([("RA1", "2024-01-01", "a", 10), ("RA1", "2024-02-28", "a", 20)])
    with pytest.raises(PeriodError, match="2024-02-28, which is not the first day of a month"):
        layer.ask(Request.of("told", **MONTH))
    assert _rows(layer, Request.of("amount", **MONTH), "value") == [(10,), (20,)]


def test_a_pair_is_not_made_of_one_month_and_of_three(build: Build) -> None:
    rows: Rows = []
    for month in ("04", "05", "06"):
        rows += [("RA1", f"2024-{month}-01", "a", 1)]
        rows += [("RB1", f"2024-{month}-01", "a", 1000 if month == "04" else None)]
    layer = build([*rows, ("RA1", "2024-07-01", "a", 1)])
    asked = Request.of(
        "each", grain=Grain.QUARTER, period_from=date(2024, 4, 1), period_to=date(2024, 6, 30),
        where={"organisation": "RB1"},
    )  # fmt: skip
    assert _rows(layer, asked, "value", "status") == [(None, "no data")]  # never 1,000 / 3, final


def test_pairs_have_one_row_for_each_subtotal(build: Build) -> None:
    layer = build([("RA1", "2024-09-01", "a", 1), (None, "2024-09-01", "a", 2), ("RB1", "2024-09-01", "a", 4)])
    asked = Request.of("each", by=("region", "icb"), totals=True, subtotals=(("region",),), **MONTH)
    rows = _rows(layer, asked, "region", "icb", "over")
    assert len(rows) == len(set(rows))


def test_a_name_of_two_models_is_not_guessed(build: Build) -> None:
    layer = build([("RA1", "2024-09-01", "a", 1), ("RA1", "2024-09-02", "x", 500)])
    assert _rows(layer, Request.of("seen", where={"kind": "Alpha"}, **MONTH), "value") == [(1,)]
    with pytest.raises(QueryError, match="is several of 'kind' here: a of happened, x of others"):
        layer.ask(Request.of("seen", "big", where={"kind": "Alpha"}, **MONTH))


def test_an_empty_choice_is_no_choice_of_what_is_missing(build: Build) -> None:
    del build
    for written in ([], {"in": []}, {"not_in": []}):
        with pytest.raises(ValueError, match="names no value"):
            Request.of("seen", where={"kind": written})


def test_rows_of_nobody_have_their_figure(build: Build) -> None:
    layer = build([(org, f"2024-{month}-01", "a", 2) for org in ("RA1", None) for month in ("08", "09")])
    asked = Request.of("told", by=("organisation",), totals=True, period_from=date(2024, 9, 1), **MONTH)
    assert set(_rows(layer, asked, "organisation", "is_total", "value", "status")) == {
        (None, False, 2, "final"), ("RA1", False, 2, "final"), (None, True, 4, "final"),
    }  # fmt: skip


def test_a_member_of_one_input_is_nothing_in_the_other(build: Build) -> None:
    layer = build([("RA1", "2024-09-01", "a", 1), ("RA1", "2024-09-02", "b", 500)])
    rows = _rows(layer, Request.of("less_big", by=("kind",), totals=True, **MONTH), "kind", "value")
    assert sorted(rows, key=str) == [("a", 1), ("b", 0), (None, 1)]


def test_a_mean_over_nights_counts_those_that_it_shows_as_nothing(build: Build) -> None:
    layer = build([("RA1", "2024-09-01", "a", 20), ("RA1", "2024-09-10", "a", 10)])
    days = Request.of("level", grain=Grain.DAY, period_from=date(2024, 9, 1), period_to=date(2024, 9, 10))
    shown = [value for (value,) in _rows(layer, days, "value")]
    assert shown == [20, *[0] * 8, 10]
    assert _rows(layer, Request.of("level", **MONTH), "value") == [(pytest.approx(sum(shown) / 10),)]


def test_a_row_of_england_stays_where_nobody_else_has_one(build: Build) -> None:
    layer = build([("ENG", "2024-06-01", "a", 1), ("RA1", "2024-06-02", "a", 1)])
    asked = Request.of("seen", grain=Grain.DAY, period_from=date(2024, 6, 1), period_to=date(2024, 6, 2))
    assert _rows(layer, asked, "value") == [(1,), (1,)]


def test_to_date_reaches_back_to_a_week_or_longer(build: Build) -> None:
    layer = build([("RA1", "2024-06-01", "a", 1)])
    with pytest.raises(QueryError, match="week or longer"):
        layer.ask(Request.of("seen", grain=Grain.DAY, to_date=Grain.HOUR))


def test_a_code_that_is_listed_nowhere_can_be_ranked_and_asked_for(build: Build) -> None:
    layer = build([("RA1", "2024-09-01", "a", 1), ("XX9", "2024-09-01", "a", 8), ("XX9", "2024-09-02", "a", 8)])
    top = Request.of("seen", by=("organisation",), top=Top(1, "organisation", remainder=False), **MONTH)
    assert _rows(layer, top, "organisation", "value") == [("XX9", 2)]
    assert _rows(layer, Request.of("seen", where={"organisation": "XX9"}, **MONTH), "value") == [(2,)]


def test_a_window_of_means_is_their_mean(build: Build) -> None:
    layer = build([("RA1", "2024-09-01", "a", 20), ("RA1", "2024-09-02", "a", 10)])
    result = layer.ask(Request.of("level", grain=Grain.DAY, window="2 days", period_from=date(2024, 9, 2)))
    assert result.frame["value"].to_list() == [15]  # the mean of both nights
