"""The names behind the codes of a dimension: from the table that holds them, or as its definition labels them."""

from __future__ import annotations

from typing import Final

import polars as pl
import sqlalchemy as sa

from metrics.catalogue import Catalogue, Dimension, Model
from metrics.query.reporting import Read
from metrics.warehouse.tables.dimensions import dim_service, dim_staff_group
from metrics.warehouse.tables.operational.digital import dim_interface, dim_system
from metrics.warehouse.tables.operational.places import dim_site, dim_ward
from metrics.warehouse.tables.operational.programme import dim_initiative

_LOOKUPS: Final = {
    "dim_service": (dim_service.c.service_code, dim_service.c.name),
    "dim_staff_group": (dim_staff_group.c.staff_group_code, dim_staff_group.c.name),
    "dim_site": (dim_site.c.site_code, dim_site.c.name),
    "dim_ward": (dim_ward.c.ward_code, dim_ward.c.name),
    "dim_system": (dim_system.c.system_code, dim_system.c.name),
    "dim_interface": (dim_interface.c.interface_code, dim_interface.c.name),
    "dim_initiative": (dim_initiative.c.initiative_id, dim_initiative.c.name),
}


def names_held(model: Model, dimension: Dimension, catalogue: Catalogue, read: Read) -> dict[str, str]:
    """Returns code to name of every value that the dimension's column holds, in the order of the codes.

    Raises:
        UnreadableTableError: as `read` does.
    """
    table = catalogue.table_of(model) if dimension.join is None else catalogue.table(dimension.join)
    assert table is not None  # noqa: S101 - linted: a join names a table that is there
    column = table.c[dimension.column]
    return named(read(sa.select(column).distinct().order_by(column))[dimension.column], dimension, read)


def named(codes: pl.Series, dimension: Dimension, read: Read) -> dict[str, str]:
    """Returns code to name of some values of a dimension; a code that nothing names is its own name."""
    names = {code: code for code in codes.drop_nulls().cast(pl.String).to_list()}
    if dimension.lookup:
        code, name = _LOOKUPS[dimension.lookup]
        looked_up = dict(read(sa.select(code, name)).iter_rows())
        names = {each: looked_up.get(each, each) for each in names}
    return {**names, **{each: text for each, text in dimension.labels.items() if each in names}}
