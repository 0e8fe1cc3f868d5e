"""The organisations as shown: one name, one type and one place in the hierarchy for every code."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from metrics.warehouse.identity import END
from metrics.warehouse.names import board_name, written_name

ENGLAND = "ENG"
REGIONS: Mapping[str, str] = {
    "Y56": "London",
    "Y58": "South West",
    "Y59": "South East",
    "Y60": "Midlands",
    "Y61": "East of England",
    "Y62": "North West",
    "Y63": "North East and Yorkshire",
}
# A made-up trust's type: it has no board and no region, and is in no list of real organisations.
SIMULATED = "simulated"
ORG_TYPES = ("england", "region", "icb", "sub_icb", "trust", "independent", "other")
# The registers first, from the newest; a publication's own word counts where they are silent.
PRECEDENCE = (
    "ods_icb",
    "ods_sub_icb",
    "ods_register",
    "ods_providers",
    "ods_trusts",
    "ods_staff_returns",
    "ods_trust_types",
    "ods_ae_mapping_2026",
    "ods_ae_mapping",
)
# Where a provider sits today: the newest mapping first.
_PLACE_PRECEDENCE = (
    "ods_placed",
    "ods_icb",
    "ods_sub_icb",
    "ods_ae_mapping_2026",
    "ods_ae_mapping",
    "ods_trusts",
    "ods_staff_returns",
    "ods_trust_types",
    "ods_providers",
)
_TRUST_CODE = re.compile(r"R[0-9A-Z]{2}|T[0-9A-Z]{2}")
_SITE_CODE = re.compile(r"(R[0-9A-Z]{2})[0-9A-Z]{2}")
_PRACTICE_CODE = re.compile(r"[A-PY]\d{5}")
_COLUMNS = ("name", "org_type", "trust_type", "postcode", "open_date", "close_date")


def organisations(said: pl.DataFrame, identity: pl.DataFrame, catchments: pl.DataFrame) -> pl.DataFrame:
    """Returns one row a code, as `dim_organisation`.

    Args:
        said: what each source says, as `ref_organisation`.
        identity: who answers for a code, as `dim_organisation_identity`.
        catchments: as `ref_catchment`.
    """
    said = said.with_columns(org_type=_trusted_type())
    today = dict(identity.filter(pl.col("valid_to") == END).select("org_code", "current_code").iter_rows())
    merged = _merged(said, PRECEDENCE, _COLUMNS)
    place = _merged(said, _PLACE_PRECEDENCE, ("icb_code", "region_code"))
    regions = {code: row["region_code"] for code, row in place.items() if row["region_code"] in REGIONS}
    codes = sorted({*merged, *today, ENGLAND, *REGIONS})
    kinds = {code: _kind(code, merged.get(code, {})) for code in codes}
    boards = {code for code, kind in kinds.items() if kind == "icb"}
    rows = []
    for code in codes:
        row, kind = merged.get(code, {}), kinds[code]
        icb = _board(code, kind, place, today, boards)
        official = _official(code, row)
        rows.append(
            {
                "org_code": code,
                "name": board_name(official) if kind == "icb" else official,
                "official_name": official,
                "org_type": kind,
                "trust_type": row.get("trust_type") if kind == "trust" else None,
                "icb_code": icb,
                "region_code": _region(code, kind, icb, regions, today),
                "postcode": row.get("postcode"),
                "open_date": row.get("open_date"),
                "close_date": row.get("close_date"),
            }
        )
    schema = {
        **dict.fromkeys(
            ("org_code", "name", "official_name", "org_type", "trust_type", "icb_code", "region_code", "postcode"),
            pl.String,
        ),
        "open_date": pl.Date,
        "close_date": pl.Date,
    }
    return pl.DataFrame(rows, schema=schema).join(catchments, on="org_code", how="left", maintain_order="left")


def _trusted_type() -> pl.Expr:
    """A publication calls many providers trusts; only the register's word, or a trust's code, makes it one."""
    doubtful = (pl.col("org_type") == "trust") & ~pl.col("source").str.starts_with("ods_")
    return pl.when(~doubtful | pl.col("org_code").str.contains(f"^(?:{_TRUST_CODE.pattern})$")).then("org_type")


def _merged(said: pl.DataFrame, precedence: Sequence[str], columns: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Returns for every code the first value that a source gives, in order of precedence."""
    rank = {source: at for at, source in enumerate(precedence)}
    known = pl.col("source").replace_strict(rank, default=len(rank), return_dtype=pl.Int64)
    ordered = said.sort(known, "source", "org_code")
    first = ordered.group_by("org_code", maintain_order=True).agg(pl.col(name).drop_nulls().first() for name in columns)
    return {row["org_code"]: row for row in first.iter_rows(named=True)}


def _kind(code: str, row: Mapping[str, Any]) -> str:
    if code == ENGLAND:
        return "england"
    if code in REGIONS:
        return "region"
    said = row.get("org_type")
    if said in {"icb", "sub_icb", "trust"}:
        return str(said)
    if _TRUST_CODE.fullmatch(code) and "TRUST" in str(row.get("name") or "TRUST").upper():
        return "trust"
    if _PRACTICE_CODE.fullmatch(code) or said == "other":
        return "other"
    return said if said in {*ORG_TYPES, SIMULATED} else "other"


def _official(code: str, row: Mapping[str, Any]) -> str:
    if code == ENGLAND:
        return "England"
    if row.get("name") is None:
        return REGIONS.get(code) or f"Organisation {code}"
    return REGIONS.get(code) or written_name(row["name"])


def _board(
    code: str, kind: str, place: Mapping[str, Mapping[str, Any]], today: Mapping[str, str], boards: set[str]
) -> str | None:
    if kind in {"england", "region"}:
        return None
    if kind == "icb":
        return today.get(code, code)
    for holder in _holders(code, today):
        said = place.get(holder, {}).get("icb_code")
        if said is not None:
            board = today.get(said, said)
            return board if board in boards else None
    return None


def _region(code: str, kind: str, icb: str | None, regions: Mapping[str, str], today: Mapping[str, str]) -> str | None:
    if kind == "england":
        return None
    if kind == "region":
        return code
    # The board's region first: a provider is in one place of the hierarchy.
    return next((regions[at] for at in (icb or "", *_holders(code, today)) if at in regions), None)


def _holders(code: str, today: Mapping[str, str]) -> tuple[str, ...]:
    """The codes whose place is this one's: a closed organisation's successor, a site's trust."""
    site = _SITE_CODE.fullmatch(code)
    trust = (today.get(site[1], site[1]), site[1]) if site else ()
    return (today.get(code, code), code, *trust)
