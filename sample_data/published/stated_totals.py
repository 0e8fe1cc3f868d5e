"""What a publication's stated total is a total of, so that the facts can be added up and compared.

A measure is one or more columns of a fact table joined by `+`, and after them, where the total is of a
part, the values that choose the part: `attendances`, `over_4h+over_4h_booked`,
`attendances [department=type1]`, `pathways [part=Part_2, commissioning=english]`. A name that holds no
column of the table (`incomplete_with_estimates`) is a total that the facts cannot be added up to.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.reading import PublishedTotal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

_FORM = re.compile(r"(?P<columns>[a-z0-9_]+(?:\+[a-z0-9_]+)*)(?: \[(?P<where>[^\]]+)\])?")


def measure_name(*columns: str, **where: str) -> str:
    """Returns the name of a total: `measure_name("attendances", department="type1")`."""
    chosen = ", ".join(f"{column}={value}" for column, value in where.items())
    return "+".join(columns) + (f" [{chosen}]" if chosen else "")


def parts_of(measure: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Returns a measure's columns and the values that choose its part; another name stands for itself."""
    match = _FORM.fullmatch(measure)
    if match is None:
        return (measure,), {}
    chosen = (pair.partition("=") for pair in (match["where"] or "").split(", ") if pair)
    return tuple(match["columns"].split("+")), {column: value for column, _, value in chosen}


def sum_of(facts: pl.DataFrame, measure: str) -> dict[date, float] | None:
    """Returns the facts' own sum of a measure in each period; None when the table lacks its columns.

    A period in which nothing is reported is left out.

    Args:
        facts: a fact table with `period` and the measure's columns.
        measure: a name as `measure_name` gives it.
    """
    columns, where = parts_of(measure)
    if not {*columns, *where} <= set(facts.columns):
        return None
    part = facts.filter(pl.col(column) == value for column, value in where.items()) if where else facts
    reported = part.filter(pl.any_horizontal(pl.col(column).is_not_null() for column in columns))
    sums = reported.group_by("period").agg(pl.sum_horizontal([pl.col(column).sum() for column in columns]).alias("sum"))
    return {period: float(value) for period, value in sums.select("period", "sum").iter_rows()}


def totals_of(row: Mapping[str, float | None], period: date, stated_in: str) -> tuple[PublishedTotal, ...]:
    """Returns one stated total for each measure of the row that has a figure."""
    return tuple(
        PublishedTotal(period, measure, float(value), stated_in) for measure, value in row.items() if value is not None
    )
