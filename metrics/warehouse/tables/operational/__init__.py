"""The operational warehouse: a trust's own records, one module a subject, apart from the published tables.

They have a `metadata` of their own, so that a warehouse of published data is whole without them.
"""

from __future__ import annotations

import hashlib

from metrics.warehouse.tables.operational import (
    adoption,
    changes,
    data_quality,
    digital,
    elective,
    flow,
    people,
    places,
    programme,
    provenance,
    resources,
    voice,
)
from metrics.warehouse.tables.operational.base import metadata


def fingerprint() -> str:
    """Returns a digest of all operational tables, their columns and types."""
    columns = sorted(
        f"{table.name}.{column.name} {column.type!r} {column.nullable} {column.primary_key}"
        for table in metadata.tables.values()
        for column in table.columns
    )
    return hashlib.sha256("\n".join(columns).encode()).hexdigest()


__all__ = [
    "adoption",
    "changes",
    "data_quality",
    "digital",
    "elective",
    "fingerprint",
    "flow",
    "metadata",
    "people",
    "places",
    "programme",
    "provenance",
    "resources",
    "voice",
]
