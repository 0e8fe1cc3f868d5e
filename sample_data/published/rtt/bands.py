"""Weekly waiting-time bands: from one column a week, as published, to one row a band."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sample_data.published.reading import UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEYS = ("period", "org_code", "part", "service_code", "commissioning")
ALL_SERVICES = "999"
INCOMPLETE, NEW_PERIODS = "Part_2", "Part_3"
OPEN_BAND = 104
UNKNOWN = "unknown"


def service_code(cell: str) -> pl.Expr:
    """Returns the treatment function code of a cell such as 'C_100' (100) or 'X02' (X02)."""
    return pl.col(cell).str.strip_prefix("C_")


def band_rows(wide: pl.DataFrame, bands: Mapping[str, int]) -> pl.DataFrame:
    """Returns `fact_rtt_band_month` rows, those without pathways left out.

    Args:
        wide: columns `KEYS`, one column of counts a band, and `unknown` (pathways without a known wait).
        bands: band column to its first week; the band from week 104 is open.
    """
    columns = [*bands, UNKNOWN]
    summed = wide.group_by(KEYS).agg(pl.col(columns).sum())
    long = summed.unpivot(columns, index=list(KEYS), variable_name="band", value_name="pathways")
    start = pl.col("band").replace_strict(dict(bands), default=None, return_dtype=pl.Int64)
    return (
        long.filter(pl.col("pathways") != 0)
        .with_columns(weeks_from=start)
        .with_columns(weeks_to=pl.when(pl.col("weeks_from") < OPEN_BAND).then(pl.col("weeks_from") + 1))
        .select(*KEYS, "weeks_from", "weeks_to", pl.col("pathways").cast(pl.Int64))
        .sort(*KEYS, "weeks_from")
    )


def provider_months(bands: pl.DataFrame) -> pl.DataFrame:
    """Returns `fact_rtt_provider_month` rows: incomplete pathways and long waits, added up from the bands."""
    weeks, pathways = pl.col("weeks_from"), pl.col("pathways")
    return (
        bands.filter(pl.col("part") == INCOMPLETE)
        .group_by("period", "org_code")
        .agg(
            incomplete=pathways.sum(),
            within_18_weeks=pathways.filter(weeks < 18).sum(),
            **{f"over_{first}_weeks": pathways.filter(weeks >= first).sum() for first in (52, 65, 78, 104)},
        )
        .sort("org_code")
    )


def refuse_contradictions(path: Path, rows: pl.DataFrame, column: str) -> None:
    """Checks that there is no row (`row`, `org_code`, `service_code`, `banded`, `stated`) that contradicts itself.

    Raises:
        UnreadableFileError: the first one's bands do not add up to what it states.
    """
    # Leaving the row out would take away the provider's pathways that are held.
    if rows.height:
        first = rows.row(0, named=True)
        problem = (
            f"{first['org_code']}, {first['service_code']}: the bands add up to {first['banded']}, "
            f"the row states {first['stated']}" + (f" ({rows.height} such rows)." if rows.height > 1 else ".")
        )
        hint = "Download the file again, or ask the publisher."
        raise UnreadableFileError(path, problem, row=first["row"], column=column, hint=hint)
