"""The SQL of an Ossie document gives the engine's numbers, on real data and on random ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics import MetricsLayer
from metrics.catalogue import Catalogue, Metric, Model, Place, Table
from metrics.interchange import ossie, ossie_reading
from metrics.query.errors import UnknownDimensionError
from metrics.query.request import Request


def ansi(thing: dict[str, Any]) -> str:
    return next(each["expression"] for each in thing["expression"]["dialects"] if each["dialect"] == "ANSI_SQL")


def query(document: Any, metric: str, dataset: str, where: str, by: str) -> str:
    """Returns what a reader of the document would run: the dataset with its fields, then the metric's expression."""
    (model,) = document["semantic_model"]
    held = next(each for each in model["datasets"] if each["name"] == dataset)
    fields = ", ".join(f'{ansi(field)} AS "{field["name"]}"' for field in held["fields"])
    expression = next(ansi(each) for each in model["metrics"] if each["name"] == metric)
    rows = f'(SELECT {fields} FROM {held["source"]} WHERE {where}) AS "{dataset}"'
    return f"SELECT {by} AS member, {expression} AS value FROM {rows} GROUP BY {by}"


def samples(catalogue: Catalogue) -> Iterator[tuple[Metric, Model]]:
    """Yields one metric of each type and model that has organisations, and no alternates that would answer instead."""
    seen: set[tuple[str, str]] = set()
    for metric in catalogue:
        model = catalogue.model_of(metric)
        plain = metric.type in ("simple", "ratio", "snapshot", "index") and not metric.alternates
        if plain and model.organisation is not None and (model.name, metric.type) not in seen:
            seen.add((model.name, metric.type))
            yield metric, model


def test_organisations_have_the_engines_numbers(shipped_warehouse: str) -> None:
    layer = MetricsLayer.open(shipped_warehouse, today=lambda: date(2026, 11, 1))
    engine = layer.warehouse.snapshot().engine
    document = ossie.export(layer.catalogue).document
    with engine.connect() as connection:
        codes = connection.execute(
            sa.text("SELECT current_code FROM dim_organisation_identity WHERE current_code <> org_code")
        )
        merged = {code for (code,) in codes}  # whose numbers are those of several codes
    compared, metrics = 0, 0
    for metric, model in samples(layer.catalogue):
        last = layer.last_day(metric.id)
        asked = Request((metric.id,), by=("organisation",), period_from=last, period_to=last)
        try:
            first = layer.ask(asked).frame["period"].max()
        except UnknownDimensionError:
            continue  # England only
        if not isinstance(first, date):
            continue
        # As of the day before the period, no organisation had merged into another during it.
        asked = Request(
            (metric.id,), by=("organisation",), period_from=first, period_to=first, as_at=first - timedelta(1)
        )
        expected = dict(layer.ask(asked).frame.select("organisation", "value").iter_rows())
        where = f"{model.time.column} = DATE '{first}'"
        text = query(document, metric.id, model.name, where, model.organisation or "")
        with engine.connect() as connection:
            found = dict(tuple(row) for row in connection.execute(sa.text(text.replace(":", "\\:"))))
        for organisation, value in expected.items():
            if organisation in merged:
                continue
            number = found.get(organisation)
            expected_value = None if value is None else pytest.approx(value, rel=1e-9)
            assert (None if number is None else float(number)) == expected_value, (metric.id, organisation)
            compared += 1
        metrics += 1
    assert metrics > 40
    assert compared > 3_500


Row = dict[str, Any]
Read = Callable[[Row], Any]


@dataclass(frozen=True)
class Written:
    """An expression, and what it gives of a row, worked out by hand."""

    text: str
    read: Read = field(repr=False)


def _both(one: Any, other: Any, how: Callable[[Any, Any], Any]) -> Any:
    return None if one is None or other is None else how(one, other)


VALUES = (
    Written("a", lambda row: row["a"]),
    Written("b", lambda row: row["b"]),
    Written("a + b", lambda row: _both(row["a"], row["b"], lambda x, y: x + y)),
    Written("a - coalesce(b, 0)", lambda row: _both(row["a"], row["b"] or 0, lambda x, y: x - y)),
    Written("a * 2 - b", lambda row: _both(row["a"], row["b"], lambda x, y: x * 2 - y)),
    Written("a / b", lambda row: _both(row["a"], row["b"], lambda x, y: x / y if y else None)),
    Written("case when kind = 'x' then a else 0 end", lambda row: row["a"] if row["kind"] == "x" else 0),
    Written("1", lambda _: 1),
)
CONDITIONS = (
    Written("kind = 'x'", lambda row: _both(row["kind"], "x", lambda x, y: x == y)),
    Written("kind in ('x', 'y') and b > 1", lambda row: row["kind"] in ("x", "y") and (row["b"] or 0) > 1),
    Written("kind = 'y' or a is null", lambda row: row["kind"] == "y" or row["a"] is None),
    Written("not kind = 'x'", lambda row: _both(row["kind"], "x", lambda x, y: x != y)),
    Written("a between 1 and 3", lambda row: _both(row["a"], 0, lambda x, _: 1 <= x <= 3)),
)


@dataclass(frozen=True)
class Part:
    value: Written
    condition: Written | None
    agg: str

    def definition(self) -> dict[str, Any]:
        kept = {} if self.condition is None else {"filter": self.condition.text}
        return {"words": "w", "expr": self.value.text, "agg": self.agg, **kept}

    def over(self, rows: list[Row], *, zero: bool) -> float | None:
        """Returns the aggregate of the rows; a sum is `0` when rows are there but none passes."""
        kept = [row for row in rows if self.condition is None or self.condition.read(row) is True]
        values = [value for value in (self.value.read(row) for row in kept) if value is not None]
        if self.agg == "count":
            return float(len(values))
        if self.agg == "count_distinct":
            return float(len(set(values)))
        if values:
            return {"sum": sum, "min": min, "max": max, "mean": lambda some: sum(some) / len(some)}[self.agg](values)
        others = len(kept) < len(rows)
        return 0.0 if self.agg == "sum" and self.condition is not None and zero and others else None


rows = st.lists(
    st.fixed_dictionaries(
        {
            "member": st.sampled_from(["m", "n"]),
            "a": st.none() | st.integers(0, 5),
            "b": st.none() | st.integers(0, 3),
            "kind": st.none() | st.sampled_from(["x", "y", "z"]),
        }
    ),
    max_size=12,
)
condition = st.none() | st.sampled_from(CONDITIONS)
ratio_parts = st.builds(Part, st.sampled_from(VALUES), condition, st.sampled_from(["sum", "count"]))
parts = st.builds(
    Part, st.sampled_from(VALUES), condition, st.sampled_from(["sum", "count", "count_distinct", "min", "max", "mean"])
)


def catalogue_of(metric: dict[str, Any], keep: Written | None) -> Catalogue:
    table = Table.model_validate(
        {
            "name": "t",
            "title": "T",
            "columns": {"member": "text", "a": "integer", "b": "integer", "kind": "text", "on_day": "date"},
        }
    )
    model = Model.model_validate(
        {
            "name": "t_rows", "title": "T", "table": "t", "provenance": "operational", "grain": "day",
            "time": {"column": "on_day"}, "organisation": None,
            "dimensions": [{"name": "member", "column": "member", "title": "Member"}],
            **({"filter": keep.text} if keep else {}),
        }
    )  # fmt: skip
    said = {
        "id": "m", "title": "M", "description": "d", "capability": "operations", "unit": "count", "owner": "o",
        "direction": "neutral", "source": "s", "model": "t_rows",
    }  # fmt: skip
    found = Metric.model_validate({**said, **metric})
    place = Place(Path("t.yml"), 1)
    places = {"table:t": place, "model:t_rows": place, "metric:m": place}
    return Catalogue({"t_rows": model}, {"m": found}, places, {"m": ""}, {"t": table})


def answers(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, held: list[Row]) -> dict[str, float | None]:
    """Returns member to value, as DuckDB computes it from the document."""
    connection.execute("CREATE OR REPLACE TABLE t (member VARCHAR, a BIGINT, b BIGINT, kind VARCHAR, on_day DATE)")
    for row in held:
        values = [row[name] for name in ("member", "a", "b", "kind")]
        connection.execute("INSERT INTO t VALUES (?, ?, ?, ?, DATE '2026-01-01')", values)
    text = query(ossie.export(catalogue).document, "m", "t_rows", "TRUE", "member")
    return dict(connection.execute(text).fetchall())


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def kept_by(keep: Written | None, held: list[Row], member: str) -> list[Row]:
    return [row for row in held if row["member"] == member and (keep is None or keep.read(row) is True)]


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(part=parts, keep=condition, held=rows)
def test_a_measure_is_the_one_counted_by_hand(
    database: duckdb.DuckDBPyConnection, part: Part, keep: Written | None, held: list[Row]
) -> None:
    catalogue = catalogue_of({"type": "simple", "measure": part.definition()}, keep)
    found = answers(database, catalogue, held)
    for member in {row["member"] for row in held}:
        assert found[member] == pytest.approx(part.over(kept_by(keep, held, member), zero=True))


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(upper=ratio_parts, lower=ratio_parts, keep=condition, held=rows)
def test_a_ratio_is_the_one_counted_by_hand(
    database: duckdb.DuckDBPyConnection, upper: Part, lower: Part, keep: Written | None, held: list[Row]
) -> None:
    catalogue = catalogue_of(
        {"type": "ratio", "numerator": upper.definition(), "denominator": lower.definition()}, keep
    )
    document = ossie.export(catalogue).document
    assert ossie_reading.definitions(document).metrics == (catalogue.metrics["m"],)
    assert ossie_reading.parts(document)["m"].denominator is not None
    found = answers(database, catalogue, held)
    for member in {row["member"] for row in held}:
        reported = [
            row
            for row in kept_by(keep, held, member)
            if upper.value.read(row) is not None and lower.value.read(row) is not None
        ]
        above, below = upper.over(reported, zero=True), lower.over(reported, zero=True)
        expected = None if above is None or not below else above / below
        assert found[member] == pytest.approx(expected), (reported, above, below)
