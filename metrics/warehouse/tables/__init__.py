"""The warehouse's tables, by subject."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from metrics.warehouse.tables import (
    access,
    capacity,
    digital,
    dimensions,
    forecasts,
    meta,
    operational,
    outcomes,
    people,
)
from metrics.warehouse.tables.base import LOAD_COLUMNS, metadata

# Every table that Bellwether knows, by name: published, operational, and of its own forecasts.
KNOWN: Final[Mapping[str, sa.Table]] = {
    **metadata.tables, **operational.metadata.tables, **forecasts.metadata.tables
}  # fmt: skip

__all__ = [
    "KNOWN",
    "LOAD_COLUMNS",
    "access",
    "capacity",
    "digital",
    "dimensions",
    "forecasts",
    "meta",
    "metadata",
    "operational",
    "outcomes",
    "people",
]
