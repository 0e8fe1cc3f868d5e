"""The ODS register and what goes with it: organisations, boards, regions, successions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl

from metrics.warehouse.identity import END, SuccessionError, identities, merged_events
from metrics.warehouse.organisations import REGIONS
from sample_data.published.cells import header_row_of, is_workbook, read_csv_as_text, read_sheet, require_columns
from sample_data.published.ods_boards import NEW_BOARDS, OPENED, PLACED, SUCCESSIONS
from sample_data.published.reading import Publication, Reading, UnreadableFileError

_REFERENCE = {
    "source": pl.String,
    "org_code": pl.String,
    "name": pl.String,
    "org_type": pl.String,
    "trust_type": pl.String,
    "icb_code": pl.String,
    "region_code": pl.String,
    "postcode": pl.String,
    "open_date": pl.Date,
    "close_date": pl.Date,
}
_REGION_CODES = {name.lower(): code for code, name in REGIONS.items()}
_TRUST_ROLES = ("RO197", "RO107")
_ETR_COLUMNS = 10  # those that are read; blank ones at the end may be cut
_SHEET = "System Mapping"
_TRUST_TYPES = {
    "Acute": "Acute",
    "Ambulance": "Ambulance",
    "Community Provider Trust": "Community",
    "Mental Health": "Mental health",
}


def read(path: Path) -> Reading:
    """Returns what one reference file says of organisations (`ref_organisation`) or their successions.

    Recognises the register's extracts by their columns: `etr.csv` (no header), organisations, successions,
    integrated care boards, providers with their board, the A&E mapping (CSV, or the sheet of the monthly
    A&E workbook), trust types (or a month of the sickness absence return, which has them), and the lookup
    of sub-ICB locations.

    Raises:
        UnreadableFileError: none of these; names them.
    """
    if is_workbook(path):
        return _mapping_sheet(path)
    table = read_csv_as_text(path)
    for sign, form in _FORMS:
        if sign in table.columns:
            return form(path, table)
    bare = read_csv_as_text(path, header=False)
    if bare.width > _ETR_COLUMNS and set(bare["column_3"].drop_nulls()) & set(REGIONS):
        return _trusts(path, bare)
    signs = ", ".join(sign for sign, _ in _FORMS)
    raise UnreadableFileError(
        path,
        "no known reference file.",
        hint=f"Expected etr.csv (no header), the A&E workbook, or a table with one of the columns {signs}.",
    )


def _said(era: str, source: str, frame: pl.DataFrame, *notes: str) -> Reading:
    given = frame.with_columns(source=pl.lit(source))
    rows = given.select(
        (pl.col(name) if name in given.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in _REFERENCE.items()
    )
    rows = rows.filter(pl.col("org_code").is_not_null()).unique("org_code", keep="first", maintain_order=True)
    return Reading(
        era=era,
        frames={},
        organisations=pl.DataFrame(schema={"org_code": pl.String, "name": pl.String}),
        notes=notes,
        dimensions={"ref_organisation": rows},
    )


def _day(column: str, form: str = "%Y%m%d") -> pl.Expr:
    return pl.col(column).str.to_date(form, strict=False)


def _code(column: str) -> pl.Expr:
    return pl.col(column).str.to_uppercase()  # the mapping writes NTV0b, the returns NTV0B


def _region(column: str) -> pl.Expr:
    """The region's code, out of 'London', 'London Commissioning Region' or 'NHS ENGLAND LONDON'."""
    bare = pl.col(column).str.to_lowercase().str.replace_all("commissioning region|nhs england", "").str.strip_chars()
    return bare.replace_strict(_REGION_CODES, default=None, return_dtype=pl.String)


def _register(path: Path, table: pl.DataFrame) -> Reading:
    require_columns(table, ("ods_code", "org_name", "primary_role_id", "legal_start_date", "legal_end_date"), path)
    trust = pl.col("primary_role_id").is_in(_TRUST_ROLES)
    return _said(
        "ODS organisations",
        "ods_register",
        table.select(
            org_code="ods_code",
            name="org_name",
            org_type=pl.when(trust).then(pl.lit("trust")).otherwise(pl.lit("other")),
            postcode="post_code",
            open_date=_day("legal_start_date", "%Y-%m-%d"),
            close_date=_day("legal_end_date", "%Y-%m-%d"),
        ),
    )


def _trusts(path: Path, table: pl.DataFrame) -> Reading:
    codes = table["column_1"]
    if not codes.is_unique().all():
        at = int(codes.is_duplicated().arg_max() or 0)
        raise UnreadableFileError(path, f"'{codes[at]}' stands in the file twice.", row=at + 1, column="1")
    return _said(
        "ODS trusts (etr), no header",
        "ods_trusts",
        table.select(
            org_code="column_1",
            name="column_2",
            org_type=pl.lit("trust"),
            region_code="column_3",
            icb_code="column_4",
            postcode="column_10",
            open_date=_day("column_11"),
            close_date=_day("column_12") if "column_12" in table.columns else None,
        ),
    )


def _providers(path: Path, table: pl.DataFrame) -> Reading:
    require_columns(table, ("org_code", "org_name", "org_type", "postcode", "region_name", "icb_code_2022"), path)
    return _said(
        "providers with their board and region",
        "ods_providers",
        table.select(
            "org_code",
            "postcode",
            name="org_name",
            org_type=pl.when(pl.col("org_type").is_in(["NHS Trust", "Care Trust"]))
            .then(pl.lit("trust"))
            .otherwise(pl.lit("independent")),
            icb_code=pl.coalesce("icb_code", "icb_code_2022"),
            region_code=_region("region_name"),
        ),
    )


def _boards(path: Path, table: pl.DataFrame) -> Reading:
    require_columns(table, ("icb_code", "icb_name", "open_date", "close_date"), path)
    boards = _said(
        "integrated care boards, open and closed",
        "ods_icb",
        table.select(
            org_code="icb_code",
            name="icb_name",
            org_type=pl.lit("icb"),
            icb_code="icb_code",
            open_date=_day("open_date"),
            close_date=_day("close_date"),
        ),
        "Places of the boards that were divided on 1 April 2026 are added, by where they are.",
    )
    placed = pl.DataFrame(
        [("ods_placed", code, board) for board, codes in PLACED.items() for code in codes],
        schema={"source": pl.String, "org_code": pl.String, "icb_code": pl.String},
        orient="row",
    )
    rows = pl.concat([boards.dimensions["ref_organisation"], placed], how="diagonal")
    return replace(boards, dimensions={"ref_organisation": rows})


def _sub_boards(path: Path, table: pl.DataFrame) -> Reading:
    require_columns(table, ("SICBL24CDH", "SICBL24NM", "ICB24CDH", "ICB24NM", "NHSER24CDH"), path)
    places = table.select(
        org_code="SICBL24CDH",
        name=pl.col("SICBL24NM"),
        org_type=pl.lit("sub_icb"),
        icb_code="ICB24CDH",
        region_code="NHSER24CDH",
    )
    boards = table.select(
        org_code="ICB24CDH",
        name="ICB24NM",
        org_type=pl.lit("icb"),
        icb_code="ICB24CDH",
        region_code="NHSER24CDH",
    )
    new = pl.DataFrame(
        [(code, name, "icb", code, region) for code, (name, region) in NEW_BOARDS.items()],
        schema=places.schema,
        orient="row",
    )
    note = "The boards of 1 April 2026 are added to the lookup of 2024."
    rows = pl.concat([places, boards, new])
    return _said("sub-ICB locations to boards and regions (2024)", "ods_sub_icb", rows, note)


def _mapping(path: Path, table: pl.DataFrame) -> Reading:
    require_columns(table, ("Code", "Name", "ICB Code", "Region Name"), path)
    return _said(
        "A&E system mapping, CSV",
        "ods_ae_mapping",
        table.select(org_code=_code("Code"), name="Name", icb_code="ICB Code", region_code=_region("Region Name")),
    )


def _mapping_sheet(path: Path) -> Reading:
    sheet = read_sheet(path, _SHEET, header_row=None)
    wanted = ("org code", "region", "name", "stp")
    top = header_row_of(sheet, wanted, path)
    heads = [str(cell).lower() for cell in sheet.row(top)]
    column = {name: sheet.columns[heads.index(name)] for name in wanted}
    codes = {name.lower(): code for code, (name, _) in NEW_BOARDS.items()}
    bare = pl.col(column["stp"]).str.to_lowercase().str.strip_chars()
    providers = sheet.slice(top + 1).select(
        org_code=_code(column["org code"]),
        name=column["name"],
        icb_code=bare.replace_strict(codes, default=None, return_dtype=pl.String),
        region_code=_region(column["region"]),
    )
    note = "Only the boards of 1 April 2026 are taken from the sheet: the others are in the older mapping."
    return _said("A&E workbook, sheet of system mapping", "ods_ae_mapping_2026", providers, note)


def _trust_types(path: Path, table: pl.DataFrame) -> Reading:
    require_columns(table, ("OrganisationCode", "CanonicalOrganisationName", "OrganisationType", "ICSCode"), path)
    return _said(
        "types of trusts (2024-25)",
        "ods_trust_types",
        table.select(
            org_code="OrganisationCode",
            name="CanonicalOrganisationName",
            org_type=pl.lit("trust"),
            trust_type=pl.col("OrganisationType").replace(_TRUST_TYPES),
            icb_code="ICSCode",
            region_code="RegionCode",
        ),
    )


def _staff_returns(path: Path, table: pl.DataFrame) -> Reading:
    require_columns(table, ("ORG_CODE", "ORG_NAME", "ORG_TYPE", "NHSE_REGION_CODE", "ICS_CODE"), path)
    kind = pl.col("ORG_TYPE")
    return _said(
        "organisations of the sickness absence return",
        "ods_staff_returns",
        table.filter(kind.is_in([*_TRUST_TYPES])).select(
            org_code="ORG_CODE",
            name="ORG_NAME",
            org_type=pl.lit("trust"),
            trust_type=kind.replace(_TRUST_TYPES),
            icb_code="ICS_CODE",
            region_code="NHSE_REGION_CODE",
        ),
    )


def _successions(path: Path, table: pl.DataFrame) -> Reading:
    require_columns(table, ("predecessor_code", "successor_code", "legal_start_date"), path)
    table = table.with_columns(effective=_day("legal_start_date", "%Y-%m-%d"))
    if table["effective"].null_count():
        at = int(table["effective"].is_null().arg_max() or 0)
        problem = f"'{table['legal_start_date'][at]}' is no date."
        raise UnreadableFileError(path, problem, row=at + 2, column="legal_start_date", hint="Expected 2026-04-01.")
    boards = pl.DataFrame(
        [(old, new, OPENED) for old, new in SUCCESSIONS],
        schema={"predecessor_code": pl.String, "successor_code": pl.String, "effective": pl.Date},
        orient="row",
    )
    events = merged_events(pl.concat([table.select(boards.columns), boards]))
    try:
        today = identities([], events).filter(pl.col("valid_to") == END)
    except SuccessionError as error:
        raise UnreadableFileError(path, str(error), column="successor_code") from error
    follows = today.filter(pl.col("org_code") != pl.col("current_code"))
    return Reading(
        era="ODS successions",
        frames={},
        organisations=pl.DataFrame(schema={"org_code": pl.String, "name": pl.String}),
        notes=(
            f"{follows.height} codes are answered for by a successor today.",
            "A predecessor that was divided among several successors keeps its own code.",
            "The changes of integrated care boards on 1 April 2026 are added.",
        ),
        dimensions={"dim_organisation_succession": events},
    )


_FORMS: tuple[tuple[str, Callable[[Path, pl.DataFrame], Reading]], ...] = (
    ("ods_code", _register),
    ("predecessor_code", _successions),
    ("icb_code_2022", _providers),
    ("SICBL24CDH", _sub_boards),
    ("OrganisationType", _trust_types),
    ("ORG_TYPE", _staff_returns),
    ("ICB Code", _mapping),
    ("icb_code", _boards),
)

PUBLICATION = Publication(
    id="ods_reference",
    title="Organisation Data Service reference",
    publisher="NHS England",
    source="https://digital.nhs.uk/services/organisation-data-service",
    cadence="quarterly",
    read=read,
    caveats=(
        "Clinical commissioning groups became sub-ICB locations on 1 July 2022 and kept their codes.",
        "Three boards were divided on 1 April 2026 (QM7, QJG, QNQ): their own rows keep the old code.",
    ),
)
