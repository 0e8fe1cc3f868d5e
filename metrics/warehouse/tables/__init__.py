"""The warehouse's tables, by subject."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from metrics.warehouse.tables import access, capacity, digital, dimensions, meta, operational, outcomes, people
from metrics.warehouse.tables.base import LOAD_COLUMNS, metadata

# Every table that Bellwether knows, published and operational, by name.
KNOWN: Final[Mapping[str, sa.Table]] = {**metadata.tables, **operational.metadata.tables}

__all__ = [
    "KNOWN",
    "LOAD_COLUMNS",
    "access",
    "capacity",
    "digital",
    "dimensions",
    "meta",
    "metadata",
    "operational",
    "outcomes",
    "people",
]
