"""Makes the dimension tables anew from what the reference files and the facts say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import sqlalchemy as sa

from metrics.warehouse.identity import identities
from metrics.warehouse.organisations import ENGLAND, REGIONS, organisations
from metrics.warehouse.tables import metadata
from metrics.warehouse.tables.dimensions import (
    dim_organisation,
    dim_organisation_identity,
    dim_organisation_succession,
    dim_service,
    dim_staff_group,
    ref_catchment,
    ref_organisation,
)
from sample_data.published.services import services

if TYPE_CHECKING:
    from metrics.warehouse.writing import Writer

# NHS Workforce Statistics: infrastructure support that manages or runs the organisation.
_ADMINISTRATIVE = ("central functions", "managers", "senior managers")


def rebuild_reference(writer: Writer) -> None:
    """Writes organisations, their identity over time, services and staff groups, where they changed.

    Raises:
        SuccessionError: the register's successions go round in a circle.
    """
    said = writer.frame(sa.select(ref_organisation))
    events = writer.frame(sa.select(dim_organisation_succession))
    codes = {*said["org_code"], ENGLAND, *REGIONS}
    identity = identities(codes, events)
    writer.keep(dim_organisation_identity, identity)
    writer.keep(dim_organisation, organisations(said, identity, writer.frame(sa.select(ref_catchment))))
    writer.keep(dim_service, services(_values(writer, "service_code")))
    writer.keep(dim_staff_group, staff_groups(_values(writer, "staff_group") | _values(writer, "main_staff_group")))


def staff_groups(names: set[str]) -> pl.DataFrame:
    """Returns the staff groups, as `dim_staff_group`; a group's code is its published name."""
    rows = [(name, name, name.strip().lower() in _ADMINISTRATIVE) for name in sorted(names)]
    schema = {"staff_group_code": pl.String, "name": pl.String, "is_administrative": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _values(writer: Writer, column: str) -> set[str]:
    """The distinct values of a column over all fact tables that have it."""
    found: set[str] = set()
    for table in metadata.tables.values():
        if table.name.startswith("fact_") and column in table.columns:
            found.update(writer.frame(sa.select(table.c[column]).distinct())[column].drop_nulls())
    return found
