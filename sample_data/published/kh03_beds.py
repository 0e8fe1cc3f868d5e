"""NHS England's KH03: quarterly average beds available and occupied, by sector and by specialty."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.cells import (
    header_row_of,
    is_workbook,
    numbers,
    read_csv_as_text,
    read_sheet,
    reported,
    require_columns,
)
from sample_data.published.reading import Publication, PublishedTotal, Reading, UnreadableFileError
from sample_data.published.stated_totals import measure_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SECTORS = {  # our name -> as the joined table abbreviates it, as the web file heads it
    "general_acute": ("general_acute", "General & Acute"),
    "learning_disabilities": ("learn_disabil", "Learning Disabilities"),
    "maternity": ("maternity", "Maternity"),
    "mental_illness": ("mental_illness", "Mental Illness"),
}
_MEASURES = ("available_overnight", "occupied_overnight", "available_day", "occupied_day")
_PERIOD_ENDS = {"june": 4, "september": 7, "december": 10, "march": 1}  # last month -> first month of the quarter
_PARQUET = b"PAR1"
_WEB_SHEET, _WEB_SPECIALTY = "NHS Trust by Sector", "Occupied by Specialty"
_FIRST_OF_MASTER = date(2024, 10, 1)


def read(path: Path) -> Reading:
    """Returns `fact_beds_quarter` (trust, quarter, sector) and `fact_beds_specialty_quarter`, as the file has them.

    Beds are averages over the days of the quarter; sectors a trust does not have are left out, as is the
    total beside its parts. The England row is kept as totals, such as `available_overnight [sector=maternity]`.

    Raises:
        UnreadableFileError: none of the known forms, or a figure that is no number.
    """
    if not path.exists():
        raise UnreadableFileError(path, "there is no such file.")
    if is_workbook(path):
        return _web_file(path)
    with path.open("rb") as file:
        start = file.read(4)
    if start == _PARQUET:
        return _by_specialty(path)
    text = read_csv_as_text(path)
    if "kh03_avail_ga_avg_beds" in text.columns:
        return _master(path, text)
    return _joined(path, text)


def _joined(path: Path, text: pl.DataFrame) -> Reading:
    named = {
        f"{old}_{kind}_beds_{side}": f"{side}_{when}|{sector}"
        for sector, (old, _) in _SECTORS.items()
        for kind, when in (("on", "overnight"), ("day", "day"))
        for side in ("available", "occupied")
    }
    require_columns(text, ["year", "period_end", "org_code", "org_name", *named], path)
    rows = numbers(text, list(named), path, whole=False).rename({"org_name": "name", **named})
    rows = _with_quarter(path, rows, "year").with_columns(reported(pl.col("org_code")))
    return _sector_reading(path, rows, "KH03 overnight and day beds by trust, joined CSV")


def _web_file(path: Path) -> Reading:
    header = header_row_of(read_sheet(path, _WEB_SHEET, header_row=None), ["Org Code", "Org Name", "Period End"], path)
    text, first = read_sheet(path, _WEB_SHEET, header_row=header), header + 2
    named = {
        f"{heading}{suffix}": f"{side}_overnight|{sector}"
        for sector, (_, heading) in _SECTORS.items()
        for suffix, side in (("", "available"), ("_2", "occupied"))
    }
    require_columns(text, ["Year", "Period End", "Region Code", "Org Code", "Org Name", *named], path, row=header + 1)
    rows = numbers(text, list(named), path, whole=False, first_row=first).filter(pl.col("Org Name").is_not_null())
    rows = _with_quarter(path, rows.rename({"Org Name": "name", "Org Code": "org_code", **named}), "Year", first)
    reading = _sector_reading(
        path, rows.rename({"Region Code": "region_code"}), "KH03 web file, overnight beds by trust"
    )
    specialty = _specialty_sheet(path)
    return Reading(
        era=reading.era,
        frames={**reading.frames, "fact_beds_specialty_quarter": specialty},
        organisations=reading.organisations,
        totals=reading.totals,
        notes=("The web file of overnight beds says nothing about day beds.",),
    )


def _specialty_sheet(path: Path) -> pl.DataFrame:
    header = header_row_of(read_sheet(path, _WEB_SPECIALTY, header_row=None), ["Org Code", "Org Name"], path)
    text, first = read_sheet(path, _WEB_SPECIALTY, header_row=header), header + 2
    specialties = [name for name in text.columns if name.split(" ")[0].isdigit()]
    rows = numbers(text, specialties, path, whole=False, first_row=first).filter(pl.col("Org Code").is_not_null())
    return (
        _with_quarter(path, rows, "Year", first)
        .unpivot(specialties, index=["period", "Org Code"], variable_name="service", value_name="occupied_overnight")
        .filter(pl.col("occupied_overnight") != 0)
        .select("period", pl.col("Org Code").alias("org_code"), _service_code(pl.col("service")), "occupied_overnight")
    )


def _master(path: Path, text: pl.DataFrame) -> Reading:
    named = {
        "kh03_avail_ga_avg_beds": "available_overnight|general_acute",
        "kh03_occ_ga_avg_beds": "occupied_overnight|general_acute",
        "kh03_avail_mat_avg_beds": "available_overnight|maternity",
        "kh03_occ_mat_avg_beds": "occupied_overnight|maternity",
    }
    require_columns(text, ["org_code", "period", "org_name", *named], path)
    rows = numbers(text, list(named), path, whole=False).rename({"org_name": "name", "period": "label", **named})
    quarter = pl.col("label").str.extract_groups(r"^(\d{4})-\d{2} Q([1-4])$")
    year, ordinal = quarter.struct[0].cast(pl.Int32), quarter.struct[1].cast(pl.Int32)
    rows = rows.with_columns(
        pl.date(year + (ordinal == 4).cast(pl.Int32), ordinal.replace_strict({1: 4, 2: 7, 3: 10, 4: 1}), 1).alias(
            "period"
        ),
        reported(pl.col("org_code")),
    )
    unknown = rows.with_row_index("row", offset=2).filter(pl.col("period").is_null())
    if unknown.height:
        raise UnreadableFileError(
            path,
            f"'{unknown['label'][0]}' names no quarter.",
            row=unknown["row"][0],
            column="period",
            hint="Expected '2024-25 Q3'.",
        )
    earlier = rows.filter(pl.col("period") < _FIRST_OF_MASTER)
    reading = _sector_reading(
        path, rows.filter(pl.col("period") >= _FIRST_OF_MASTER), "KH03 by trust, joined with other returns, CSV"
    )
    return Reading(
        era=reading.era,
        frames=reading.frames,
        organisations=reading.organisations,
        totals=reading.totals,
        notes=(
            f"{earlier.height:,} rows before 2024-25 Q3 are left out: the table of overnight and day beds has them.",
            "Overnight general and acute and maternity beds only, as the file's other columns are mislabelled.",
        ),
    )


def _by_specialty(path: Path) -> Reading:
    wanted = ["period_start", "org_code", "org_name", "specialty_code", "occupied"]
    try:
        rows = pl.read_parquet(path, columns=wanted)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UnreadableFileError(path, f"the table cannot be read ({str(error).splitlines()[0]}).") from error
    frame = (
        rows.filter(pl.col("occupied") != 0)
        .group_by(pl.col("period_start").alias("period"), "org_code", _service_code(pl.col("specialty_code")))
        .agg(pl.col("occupied").sum().alias("occupied_overnight"))
    )
    return Reading(
        era="KH03 occupied overnight beds by trust and specialty, Parquet",
        frames={"fact_beds_specialty_quarter": frame},
        organisations=_organisations(rows.rename({"org_name": "name"})),
        notes=(
            "Specialties in which a trust had no patients are left out.",
            "2010-11 Q1 and Q2 lack some primary care trusts.",
        ),
    )


def _service_code(text: pl.Expr) -> pl.Expr:
    return text.str.extract(r"^(\w+)").alias("service_code")


def _with_quarter(path: Path, rows: pl.DataFrame, year: str, first_row: int = 2) -> pl.DataFrame:
    # '2025-26' is the financial year; a plain '2019' the calendar year of the month named beside it.
    ends = pl.col("period_end" if year == "year" else "Period End").str.to_lowercase()
    month = ends.replace_strict(_PERIOD_ENDS, default=None, return_dtype=pl.Int32)
    starts = pl.col(year).str.extract(r"^(\d{4})").cast(pl.Int32)
    financial = pl.col(year).str.contains("-") & (month == 1)
    dated = rows.with_columns(pl.date(starts + financial.cast(pl.Int32), month, 1).alias("period"))
    unknown = dated.with_row_index("row", offset=first_row).filter(pl.col("period").is_null())
    if unknown.height:
        label = " ".join(str(cell) for cell in unknown.select(year, ends.name.keep()).row(0))
        raise UnreadableFileError(
            path,
            f"'{label}' names no quarter.",
            row=unknown["row"][0],
            column=year,
            hint="Expected '2025-26' and 'June'.",
        )
    return dated


def _sector_reading(path: Path, rows: pl.DataFrame, era: str) -> Reading:
    is_england = pl.col("name").str.to_uppercase().str.strip_chars() == "ENGLAND"
    england, trusts = rows.filter(is_england), rows.filter(~is_england)
    without = trusts.filter(pl.col("org_code").is_null())
    if without.height:
        raise UnreadableFileError(path, f"'{without['name'][0]}' has no organisation code.", column="org_code")
    stated_in = f"{path.name}, row England"
    return Reading(
        era=era,
        frames={"fact_beds_quarter": _by_sector(trusts, ["period", "org_code"])},
        organisations=_organisations(trusts),
        totals=tuple(
            PublishedTotal(row["period"], measure_name(measure, sector=row["sector"]), row[measure], stated_in)
            for row in _by_sector(england, ["period"]).iter_rows(named=True)
            for measure in _MEASURES
            if row[measure] is not None
        ),
    )


def _by_sector(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    frames = []
    for sector in _SECTORS:
        measures: Mapping[str, pl.Expr] = {
            name: pl.col(f"{name}|{sector}") if f"{name}|{sector}" in rows.columns else pl.lit(None, pl.Float64)
            for name in _MEASURES
        }
        if f"available_overnight|{sector}" in rows.columns:
            frames.append(rows.select(*keys, sector=pl.lit(sector), **measures))
    stacked = pl.concat(frames)
    return stacked.filter(pl.any_horizontal(pl.col(name).fill_null(0) != 0 for name in _MEASURES))


def _organisations(rows: pl.DataFrame) -> pl.DataFrame:
    kept = [name for name in ("org_code", "name", "region_code") if name in rows.columns]
    return rows.select(kept).unique("org_code", keep="last", maintain_order=True)


PUBLICATION = Publication(
    id="kh03_beds",
    title="Bed availability and occupancy (KH03)",
    publisher="NHS England",
    source="https://www.england.nhs.uk/statistics/statistical-work-areas/bed-availability-and-occupancy/",
    cadence="quarterly",
    read=read,
    caveats=(
        "Averages over the days of the quarter, consultant-led beds.",
        "Some trusts send estimates; the web file lists them for its quarter.",
        "2024-25 Q3 and Q4 hold general and acute and maternity beds only; 2025-26 Q1 has no day beds.",
        (
            "2025-26 Q1 as published; to 2024-25 Q2 from SamanthaBurn/nhs-data-pipeline, Q3 and Q4 from "
            "LB1983/nhs-bed-occupancy-analysis, specialties to 2021-22 from nhs-r-community/demos-and-how-tos."
        ),
    ),
)
