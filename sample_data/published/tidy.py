"""Small frames that several readers need alike: the organisations of a file, rows of an indicator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import polars as pl

from sample_data.published.reading import Rejection, UnreadableFileError

ENGLAND = "ENG"

INDICATOR_SCHEMA: Mapping[str, pl.DataType] = {
    "period": pl.Date(),
    "org_code": pl.String(),
    "indicator": pl.String(),
    "value": pl.Float64(),
    "lower": pl.Float64(),
    "upper": pl.Float64(),
    "numerator": pl.Float64(),
    "denominator": pl.Float64(),
    "band": pl.String(),
}


def year_start(year: int) -> date:
    """Returns 1 April of the year: the period of everything published once a year."""
    return date(year, 4, 1)


def organisations_of(frame: pl.DataFrame, code: str, name: str | None = None, **others: str) -> pl.DataFrame:
    """Returns one row a code with the name that the file gives it (else null), other columns by `target=source`."""
    columns = {"org_code": pl.col(code), "name": pl.col(name) if name else pl.lit(None)}
    columns |= {target: pl.col(source) for target, source in others.items()}
    named = frame.select(source.cast(pl.String).alias(target) for target, source in columns.items())
    return named.filter(pl.col("org_code").is_not_null()).unique("org_code", keep="first", maintain_order=True)


def england_named() -> pl.DataFrame:
    """Returns the row that names England, for readings whose facts hold it."""
    return pl.DataFrame({"org_code": [ENGLAND], "name": ["England"], "org_type": ["england"]})


def indicator_rows(frame: pl.DataFrame, indicator: str, period: date, **columns: pl.Expr) -> pl.DataFrame:
    """Returns rows of `fact_published_indicator` for one indicator; rows without value and band left out.

    Args:
        frame: has `org_code`.
        indicator: its name.
        period: first day of the year it describes.
        columns: expressions for `value`, `lower`, `upper`, `numerator`, `denominator`, `band`.
    """
    given = {"period": pl.lit(period), "org_code": pl.col("org_code"), "indicator": pl.lit(indicator)} | columns
    rows = frame.select(
        given.get(column, pl.lit(None)).cast(dtype).alias(column) for column, dtype in INDICATOR_SCHEMA.items()
    )
    return rows.filter(pl.col("value").is_not_null() | pl.col("band").is_not_null())


def refuse_rows(path: Path, frame: pl.DataFrame, wrong: pl.Expr, column: str, problem: str, *, hint: str = "") -> None:
    """Checks that no row is wrong. The frame has a column `row`: where each row stands in the file.

    Raises:
        UnreadableFileError: names the first wrong row, the column and its value.
    """
    found = frame.filter(wrong)
    if found.height:
        first = found.row(0, named=True)
        told = f"'{first[column]}' {problem}" + (f" ({found.height} such rows)." if found.height > 1 else ".")
        raise UnreadableFileError(path, told, row=first["row"], column=column, hint=hint)


def rejections_of(rows: pl.DataFrame, column: str, reason: str) -> tuple[Rejection, ...]:
    """Returns a rejection for every row of the frame, which has `row` and `column`."""
    return tuple(Rejection(row["row"], column, row[column], reason) for row in rows.iter_rows(named=True))


def duplicates_refused(path: Path, frame: pl.DataFrame, keys: Iterable[str], *, column: str | None = None) -> None:
    """Checks that no two rows share their keys. The frame has a column `row`; `column` is the first key in the file.

    Raises:
        UnreadableFileError: names the second of the first pair.
    """
    names = list(keys)
    again = frame.filter(~pl.struct(names).is_first_distinct())
    if again.height:
        first = again.row(0, named=True)
        shown = ", ".join(str(first[name]) for name in names)
        same = frame.filter(pl.all_horizontal(pl.col(name).eq_missing(first[name]) for name in names))
        rows = ", ".join(str(row) for row in same["row"].head(10))
        raise UnreadableFileError(
            path,
            f"'{shown}' stands in the file more than once, in the rows {rows}.",
            row=first["row"],
            column=column or names[0],
            hint="Each organisation may appear once. Remove the repeated row, or download the file again.",
        )
