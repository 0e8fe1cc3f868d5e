"""The workbook 'England and Organisation' of the NHS Workforce Statistics."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from sample_data.published.cells import header_row_of, numbers, period_of, read_sheet, require_columns, sheet_names
from sample_data.published.reading import PublishedTotal, Reading, UnreadableFileError
from sample_data.published.stated_totals import measure_name
from sample_data.published.tidy import ENGLAND, england_named, organisations_of

_CLINICAL, _SUPPORT = "Professionally qualified clinical staff", "Support to clinical staff"
_INFRASTRUCTURE, _UNKNOWN = "NHS infrastructure support", "Unknown classification"
_GRADES = (
    "Consultant",
    "Associate Specialist",
    "Specialty Doctor",
    "Staff Grade",
    "Specialty Registrar",
    "Core Training",
    "Foundation Doctor Year 2",
    "Foundation Doctor Year 1",
    "Hospital Practitioner / Clinical Assistant",
    "Other HCHS Doctor Grades",
)
_LOWEST: dict[str, tuple[str, str]] = {
    **{grade: (_CLINICAL, f"HCHS doctors - {grade}") for grade in _GRADES},
    **{
        group: (main, group)
        for main, groups in (
            (
                _CLINICAL,
                (
                    "Nurses & health visitors",
                    "Midwives",
                    "Ambulance staff",
                    "Scientific, therapeutic & technical staff",
                ),
            ),
            (
                _SUPPORT,
                ("Support to doctors, nurses & midwives", "Support to ambulance staff", "Support to ST&T staff"),
            ),
            (_INFRASTRUCTURE, ("Senior managers", "Managers", "Central functions", "Hotel, property & estates")),
            (_UNKNOWN, (_UNKNOWN,)),
        )
        for group in groups
    },
}
_SUMS = ("total", _CLINICAL.lower(), "hchs doctors", _SUPPORT.lower(), _INFRASTRUCTURE.lower())
_CODE, _NAME = "Organisation code", "Organisation name"
_REGION, _REGION_NAME, _ICS, _ICS_NAME = (
    "NHS England region code",
    "NHS England region name",
    "ICS code",
    "ICS name",
)
_HEADCOUNT, _FTE = "headcount", "fte"
_SECTIONS = {"HEADCOUNT": _HEADCOUNT, "FULL TIME EQUIVALENT (FTE)": _FTE}
_ROUNDING = 0.05


def read_workbook(path: Path) -> Reading:
    """Returns the England series, the month's staff by organisation and group, and the series of totals.

    In this workbook '-' stands for zero and '.' for not applicable.

    Raises:
        UnreadableFileError: a sheet, a column or a staff group is not what the workbook usually has, a cell
            is not a number, or the full-time equivalents do not add up to the total that the sheet states.
    """
    sheets = {name.split(".")[0]: name for name in sheet_names(path)}
    absent = [number for number in "12345" if number not in sheets]
    if absent:
        raise UnreadableFileError(path, f"sheet {absent[0]} is missing.", hint=f"It has: {sheet_names(path)}.")
    england, totals = _england(path, sheets["1"])
    by_group = _both(
        _by_group(path, sheets["2"], _HEADCOUNT),
        _by_group(path, sheets["3"], _FTE),
        ("period", "org_code", "main_staff_group", "staff_group"),
    )
    series_headcount, names = _series(path, sheets["4"], _HEADCOUNT)
    series_fte, _ = _series(path, sheets["5"], _FTE)
    series = _both(series_headcount, series_fte, ("period", "org_code"))
    return Reading(
        era="workbook England and Organisation",
        frames={
            "fact_workforce_england_month": england,
            "fact_workforce_organisation_month": by_group,
            "fact_workforce_total_month": series,
        },
        organisations=pl.concat([names, england_named()], how="diagonal"),
        totals=totals,
        notes=(
            "Main groups, all doctors, region and system rows are sums and left out.",
            "England's headcount is lower than the sum of organisations: people with two jobs count once.",
            "Months in which an organisation had no staff are left out.",
        ),
    )


def _cell(column: str) -> pl.Expr:
    return pl.when(pl.col(column) == "-").then(pl.lit("0")).otherwise(pl.col(column)).alias(column)


def _both(headcount: pl.DataFrame, fte: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    """Returns the rows with staff, `fte` and `headcount` side by side."""
    joined = headcount.join(fte, on=list(keys), how="full", coalesce=True)
    staffed = joined.filter((pl.col(_FTE).fill_null(0) > 0) | (pl.col(_HEADCOUNT).fill_null(0) > 0))
    return staffed.select(*keys, _FTE, pl.col(_HEADCOUNT).cast(pl.Int64))


def _months(columns: list[str]) -> list[str]:
    return [name for name in columns if name[:2].isdigit()]


def _england(path: Path, sheet: str) -> tuple[pl.DataFrame, tuple[PublishedTotal, ...]]:
    raw = read_sheet(path, sheet, header_row=None).with_row_index("row", offset=1)
    label, first = raw.columns[2], raw.columns[3]
    heads = raw.filter(pl.col(first).str.contains(r"^\d{4}-\d{2}-\d{2}"))
    if heads.height != 1:
        raise UnreadableFileError(path, f"sheet '{sheet}' has {heads.height} rows of months, expected one.")
    months = {
        name: period_of(cell)
        for name, cell in heads.select(raw.columns[3:]).row(0, named=True).items()
        if cell is not None and cell[:2].isdigit()
    }
    section = pl.col(raw.columns[1]).replace_strict(_SECTIONS, default=None, return_dtype=pl.String)
    body = raw.with_columns(measure=section).with_columns(pl.col("measure").forward_fill())
    body = body.filter(
        pl.col("row").is_between(heads["row"].item(), _last_row(raw))
        & pl.col("measure").is_not_null()
        & pl.col(label).is_not_null()
    )
    unknown = body.filter(~pl.col(label).is_in(list(_LOWEST)) & ~pl.col(label).str.to_lowercase().is_in(_SUMS))
    if unknown.height:
        raise UnreadableFileError(
            path,
            f"'{unknown[label][0]}' is a staff group that is not known.",
            row=unknown["row"][0],
            column=sheet,
            hint=f"Known: {', '.join(_LOWEST)}.",
        )
    names = list(months)
    read = _as_numbers(path, body, names)
    long = read.unpivot(names, index=["measure", label], variable_name="column", value_name="value")
    long = long.with_columns(period=pl.col("column").replace_strict(months, return_dtype=pl.Date))
    wide = long.pivot("measure", index=["period", label], values="value")
    lowest = wide.filter(pl.col(label).is_in(list(_LOWEST)))
    frame = lowest.select(
        "period",
        org_code=pl.lit(ENGLAND),
        **_group_columns(label),
        fte=_FTE,
        headcount=pl.col(_HEADCOUNT).cast(pl.Int64),
    )
    stated = wide.filter(pl.col(label).str.to_lowercase() == "total").sort("period")
    _check_sums(path, sheet, frame.group_by("period").agg(pl.col(_FTE).sum()), stated.select("period", total=_FTE))
    totals = tuple(
        PublishedTotal(
            row["period"], measure_name(_FTE, org_code=ENGLAND), row[_FTE], f"{path.name}, sheet {sheet}, Total"
        )
        for row in stated.iter_rows(named=True)
    )
    return frame, totals


def _last_row(raw: pl.DataFrame) -> int:
    ends = raw.filter(pl.col(raw.columns[1]).str.starts_with("Source"))
    return ends["row"][0] - 1 if ends.height else raw.height


def _group_columns(label: str) -> dict[str, pl.Expr]:
    main = {group: pair[0] for group, pair in _LOWEST.items()}
    name = {group: pair[1] for group, pair in _LOWEST.items()}
    return {
        "main_staff_group": pl.col(label).replace_strict(main, return_dtype=pl.String),
        "staff_group": pl.col(label).replace_strict(name, return_dtype=pl.String),
    }


def _check_sums(path: Path, sheet: str, sums: pl.DataFrame, stated: pl.DataFrame) -> None:
    wrong = stated.join(sums, on="period", how="left").filter(
        pl.col(_FTE).is_null() | ((pl.col(_FTE) - pl.col("total")).abs() > _ROUNDING)
    )
    if wrong.height:
        row = wrong.row(0, named=True)
        raise UnreadableFileError(
            path,
            f"sheet '{sheet}': the rows of {row['period']} add up to {row[_FTE]}, the total says {row['total']}.",
            column=str(row["period"]),
        )


def _organisation_rows(path: Path, sheet: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Returns the organisation rows with their region and system filled down, and England's row."""
    top = header_row_of(read_sheet(path, sheet, header_row=None), (_CODE, _NAME), path)
    table = read_sheet(path, sheet, header_row=top).with_row_index("row", offset=top + 2)
    require_columns(table, (_REGION, _REGION_NAME, _ICS, _ICS_NAME, _NAME, _CODE), path, row=top + 1)
    filled = table.with_columns(
        pl.when(pl.col(_REGION).str.contains(r"^Y\d\d$")).then(_REGION).forward_fill().alias("region_code"),
        pl.col(_ICS).forward_fill().alias("icb_code"),
    )
    return filled.filter(pl.col(_CODE).is_not_null()), table.filter(pl.col(_REGION_NAME) == "England")


def _as_numbers(path: Path, rows: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    prepared = rows.with_columns(_cell(name) for name in columns)
    return pl.concat(
        [
            numbers(part, columns, path, whole=False, first_row=part["row"][0])
            for part in prepared.with_columns(run=(pl.col("row").cast(pl.Int64) - pl.int_range(pl.len()))).partition_by(
                "run", maintain_order=True
            )
        ]
    )


def _by_group(path: Path, sheet: str, measure: str) -> pl.DataFrame:
    rows, england = _organisation_rows(path, sheet)
    columns = [name for name in rows.columns if name in _LOWEST]
    require_columns(rows, tuple(_LOWEST), path)
    period = _month_of_sheet(path, sheet)
    long = _as_numbers(path, rows, columns).unpivot(columns, index=[_CODE], variable_name="label", value_name=measure)
    if measure == _FTE:
        stated = _as_numbers(path, england, ["Total"]).select(period=pl.lit(period), total="Total")
        _check_sums(path, sheet, long.select(period=pl.lit(period), fte=pl.col(_FTE).sum()).head(1), stated)
    return long.select(
        pl.lit(period).alias("period"),
        pl.col(_CODE).alias("org_code"),
        *(column.alias(name) for name, column in _group_columns("label").items()),
        measure,
    )


def _month_of_sheet(path: Path, sheet: str) -> date:
    for row in read_sheet(path, sheet, header_row=None).head(12).iter_rows():
        for cell in row:
            if cell and cell.lower().endswith("monthly data"):
                return period_of(cell[: -len("monthly data")])
    raise UnreadableFileError(
        path, f"sheet '{sheet}' does not say its month.", hint="Expected for example 'May 2025 monthly data'."
    )


def _series(path: Path, sheet: str, measure: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows, england = _organisation_rows(path, sheet)
    months = _months(rows.columns)
    wide = _as_numbers(path, rows, months)
    long = wide.unpivot(months, index=[_CODE], variable_name="month", value_name=measure)
    labels = {name: period_of(name) for name in months}
    long = long.with_columns(pl.col("month").replace_strict(labels, return_dtype=pl.Date).alias("period"))
    if measure == _FTE:
        stated = _as_numbers(path, england, months).unpivot(months, variable_name="month", value_name="total")
        stated = stated.select(pl.col("month").replace_strict(labels, return_dtype=pl.Date).alias("period"), "total")
        _check_sums(path, sheet, long.group_by("period").agg(pl.col(_FTE).sum()), stated)
    names = organisations_of(rows, _CODE, _NAME, icb_code="icb_code", region_code="region_code")
    return long.select("period", pl.col(_CODE).alias("org_code"), measure), names
