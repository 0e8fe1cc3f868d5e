"""NHS England's outpatient statistics: HES by treatment function, HES by year, and the quarterly return by provider."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path

import polars as pl

from sample_data.published.cells import (
    header_row_of,
    is_workbook,
    number,
    numbers,
    periods,
    read_csv_as_text,
    read_sheet,
    require_columns,
)
from sample_data.published.reading import Publication, PublishedTotal, Reading, Rejection, UnreadableFileError

_NAMES = Path(__file__).parent / "shipped" / "provider_names.json"
_ENGLAND = "ENG"
_HES = {
    "Total_Appointments": "appointments",
    "Attended_Appointments": "attended",
    "DNA_Appointments": "did_not_attend",
    "First_Attendance": "first_attendances",
    "Follow_Up_Attendance": "follow_up_attendances",
}
_QUARTERLY = {
    "total_gp_referrals": "gp_referrals",
    "total_other_referrals": "other_referrals",
    "total_first_seen": "first_attended",
    "total_first_dna": "first_did_not_attend",
    "total_subs_seen": "subsequent_attended",
    "total_subs_dna": "subsequent_did_not_attend",
    "total_decisions": "decisions_to_admit",
    "total_admitted": "admitted",
    "total_failed_to_attend": "failed_to_attend_admission",
    "total_removals": "removals_from_list",
}
_YEARLY = {
    "Total": "appointments",
    "Attendances": "attended",
    "Did not attends (DNAs)": "did_not_attend",
    "Patient cancellations": "patient_cancelled",
    "Hospital cancellations": "hospital_cancelled",
    "Unknown": "unknown",
}
_SHEET_YEARS, _SHEET_REGIONS = "Summary Report 1", "Summary Report 2"
_STATED = {
    "Appointments": "appointments",
    "Attendances": "attended",
    "First Attendances": "first_attendances_year",
    "Follow Up Attendances": "follow_up_attendances_year",
}


def read(path: Path) -> Reading:
    """Returns one of three tables, by the form of the file.

    `fact_outpatient_month`, England by treatment function (HES open data); `fact_outpatient_year`, England
    (summary workbook); `fact_outpatient_quarter`, by provider (quarterly activity return). The return names
    its providers without a code: a name that does not stand for exactly one code is rejected.

    Raises:
        UnreadableFileError: none of these forms, or a figure that is no whole number.
    """
    if path.exists() and is_workbook(path):
        return _years(path)
    text = read_csv_as_text(path)
    if "TRETSPEF" in text.columns:
        return _by_treatment(path, text)
    return _by_provider(path, text)


def _by_treatment(path: Path, text: pl.DataFrame) -> Reading:
    require_columns(text, ["Month_Ending", "TRETSPEF", "TRETSPEF_DESCRIPTION", *_HES], path)
    rows = numbers(text, list(_HES), path)
    rows = rows.with_columns(periods(rows["Month_Ending"], path).alias("period"), org_code=pl.lit(_ENGLAND)).rename(
        {"TRETSPEF": "service_code", **_HES}
    )
    is_total = pl.col("service_code").str.to_lowercase().is_in(["total", "all", "999"])
    facts = rows.filter(~is_total & pl.any_horizontal(pl.col(name).is_not_null() for name in _HES.values()))
    inpatient = rows.filter(~is_total).height - facts.height
    twice = facts.filter(~pl.struct("period", "service_code").is_first_distinct())
    if twice.height:
        raise UnreadableFileError(
            path,
            f"treatment function {twice['service_code'][0]} has {twice['Month_Ending'][0]} twice.",
            column="TRETSPEF",
        )
    return Reading(
        era="HES open data by treatment function, monthly CSV",
        frames={"fact_outpatient_month": facts.select("period", "org_code", "service_code", *_HES.values())},
        organisations=_england(),
        notes=(
            f"{inpatient} rows hold inpatient figures only and are left out.",
            "Treatment function '&' is not known.",
            "First and follow-up do not add up to attended: the kind of some attendances is not known.",
        ),
    )


def _by_provider(path: Path, text: pl.DataFrame) -> Reading:
    name = "Provider Org name"
    require_columns(text, [name, "quarter_start", *_QUARTERLY], path)
    rows = numbers(text, list(_QUARTERLY), path).with_row_index("row", offset=2)
    rows = rows.with_columns(
        periods(rows["quarter_start"], path).alias("period"),
        org_code=pl.col(name).replace_strict(provider_codes(), default=None, return_dtype=pl.String),
    ).rename(_QUARTERLY)
    is_england = pl.col(name).str.to_lowercase() == "england"
    england, providers = rows.filter(is_england), rows.filter(~is_england.fill_null(value=False))
    known, unknown = providers.filter(pl.col("org_code").is_not_null()), providers.filter(pl.col("org_code").is_null())
    twice = known.filter(~pl.struct("period", "org_code").is_first_distinct())
    if twice.height:
        raise UnreadableFileError(
            path, f"'{twice[name][0]}' has {twice['quarter_start'][0]} twice.", row=twice["row"][0], column=name
        )
    seen, lost = (int(part["first_attended"].sum()) for part in (providers, unknown))
    share = f" ({lost / seen:.2%} of first attendances)" if seen else ""
    return Reading(
        era="quarterly activity return by provider, CSV",
        frames={"fact_outpatient_quarter": known.select("period", "org_code", *_QUARTERLY.values())},
        organisations=known.select("org_code", name=name).unique("org_code", keep="last", maintain_order=True),
        rejections=tuple(
            Rejection(row, name, given, "this name does not stand for exactly one organisation code")
            for row, given in unknown.select("row", name).iter_rows()
        ),
        totals=tuple(
            PublishedTotal(row["period"], measure, float(row[measure]), f"{path.name}, row England")
            for row in england.iter_rows(named=True)
            for measure in _QUARTERLY.values()
            if row[measure] is not None
        ),
        notes=(f"{unknown.height} rows{share} are left out: their provider's name has no one code.",)
        if unknown.height
        else (),
    )


def _years(path: Path) -> Reading:
    header = header_row_of(read_sheet(path, _SHEET_YEARS, header_row=None), ["Year", "Attendances"], path)
    text = read_sheet(path, _SHEET_YEARS, header_row=header)
    require_columns(text, ["Year", *_YEARLY], path, row=header + 1)
    listed = text.filter(pl.col("Year").str.contains(r"^\d{4}-\d{2}$"))
    frame = (
        numbers(listed, list(_YEARLY), path, first_row=header + 2)
        .rename(_YEARLY)
        .select(
            pl.date(pl.col("Year").str.head(4).cast(pl.Int32), 4, 1).alias("period"),
            pl.lit(_ENGLAND).alias("org_code"),
            *_YEARLY.values(),
        )
    )
    if not frame.height:
        raise UnreadableFileError(
            path, f"sheet '{_SHEET_YEARS}' lists no year.", hint="Expected years such as '2023-24'."
        )
    latest: date = frame["period"].max()  # type: ignore[assignment]
    return Reading(
        era="hospital outpatient activity, summary workbook",
        frames={"fact_outpatient_year": frame},
        organisations=_england(),
        totals=_stated(path, latest),
        notes=("Years as this edition states them, later corrections included.",),
    )


def _stated(path: Path, year: date) -> tuple[PublishedTotal, ...]:
    header = header_row_of(read_sheet(path, _SHEET_REGIONS, header_row=None), ["Commissioning Region"], path)
    text = read_sheet(path, _SHEET_REGIONS, header_row=header)
    require_columns(text, ["Commissioning Region", *_STATED], path, row=header + 1)
    total = text.filter(pl.col("Commissioning Region") == "Total Activity").select(
        number(pl.col(old)).alias(new) for old, new in _STATED.items()
    )
    return tuple(
        PublishedTotal(year, measure, value, f"{path.name}, '{_SHEET_REGIONS}', row Total Activity")
        for row in total.iter_rows(named=True)
        for measure, value in row.items()
        if value is not None
    )


@cache
def provider_codes() -> dict[str, str]:
    """Returns provider names of the quarterly return, as it spells them, to organisation codes."""
    codes: dict[str, str] = json.loads(_NAMES.read_text(encoding="utf-8"))["codes"]
    return codes


def _england() -> pl.DataFrame:
    return pl.DataFrame({"org_code": [_ENGLAND], "name": ["England"], "org_type": ["england"]})


PUBLICATION = Publication(
    id="outpatients",
    title="Hospital outpatient activity",
    publisher="NHS England",
    source="https://digital.nhs.uk/data-and-information/publications/statistical/hospital-outpatient-activity",
    cadence="monthly",
    read=read,
    caveats=(
        "By treatment function: England, April 2018 to March 2021, monthly HES; 2020-21 is provisional.",
        (
            "By provider: quarterly activity return, April 2011 to March 2020, general and acute specialties "
            "(TomJJFarnell/NHS-Outpatient_Activity_Analysis); providers are matched by name."
        ),
        "By year: England, 2013-14 to 2023-24.",
    ),
    stated_levels={"fact_outpatient_month": ("england",), "fact_outpatient_year": ("england",)},
)
