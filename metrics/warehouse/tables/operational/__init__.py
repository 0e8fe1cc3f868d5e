"""The operational warehouse: a trust's own records, one module a subject, apart from the published tables.

They have a `metadata` of their own, so that a warehouse of published data is whole without them.
"""

from __future__ import annotations

from metrics.warehouse.tables.operational import elective, flow, places, provenance, resources
from metrics.warehouse.tables.operational.base import metadata

__all__ = ["elective", "flow", "metadata", "places", "provenance", "resources"]
