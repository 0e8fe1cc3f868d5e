"""The warehouse's tables, by subject."""

from __future__ import annotations

from metrics.warehouse.tables import access, capacity, digital, dimensions, meta, outcomes, people
from metrics.warehouse.tables.base import LOAD_COLUMNS, metadata

__all__ = [
    "LOAD_COLUMNS",
    "access",
    "capacity",
    "digital",
    "dimensions",
    "meta",
    "metadata",
    "outcomes",
    "people",
]
