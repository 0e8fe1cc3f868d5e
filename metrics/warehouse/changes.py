"""What moved in the warehouse since it was last looked at: per table, and day by day where the tables keep a log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from metrics.warehouse.tables import metadata as published
from metrics.warehouse.tables.forecasts import meta_forecast_outcome
from metrics.warehouse.tables.forecasts import metadata as forecasts
from metrics.warehouse.tables.meta import meta_load
from metrics.warehouse.tables.operational import metadata as operational
from metrics.warehouse.tables.operational.changes import meta_change
from metrics.warehouse.tables.operational.provenance import meta_operational

if TYPE_CHECKING:
    from metrics.warehouse.reading import Reading


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the tables of a warehouse have come.

    Attributes:
        data_version: of the snapshot.
        loaded: names what publications are loaded.
        written: names when the operational tables were written as a whole; empty where there are none.
        change: the newest entry of the log of changes; 0 for none.
        tables: table to its newest entry of the log.
        recorded: names when the outcomes of forecasts were last written; empty where there are none.
    """

    data_version: str
    loaded: str
    written: str = ""
    change: int = 0
    tables: Mapping[str, int] = field(default_factory=dict)
    recorded: str = ""

    def lineage(self, table: str) -> str:
        """Returns what a table was last written as a whole from: while it stays, the log says all that changed."""
        if table in operational.tables:
            return f"written {self.written}"
        if table in published.tables:
            return f"loaded {self.loaded}"
        if table in forecasts.tables:
            return f"recorded {self.recorded}"
        return f"as of {self.data_version}"  # an analyst's own table: nobody says what changes in it

    def version(self, table: str) -> str:
        """Returns a name of the table's state: it changes when its rows may have."""
        return f"{self.lineage(table)} {self.tables.get(table, 0)}"


def standing(reading: Reading, data_version: str) -> Standing:
    """Returns how far the tables have come."""
    connection = reading.connection
    loads = connection.execute(sa.select(sa.func.max(meta_load.c.load_id), sa.func.count(),
                                         sa.func.max(meta_load.c.loaded_at))).one()  # fmt: skip
    loaded = f"{loads[0]}-{loads[1]}-{loads[2]}"
    inspector = sa.inspect(connection)
    recorded = ""
    if inspector.has_table(meta_forecast_outcome.name):
        recorded = str(connection.scalar(sa.select(sa.func.max(meta_forecast_outcome.c.written_at))) or "")
    if not inspector.has_table(meta_operational.name):
        return Standing(data_version, loaded, recorded=recorded)
    written = connection.execute(sa.select(sa.func.max(meta_operational.c.written_at))).scalar()
    if written is None or not inspector.has_table(meta_change.name):
        return Standing(data_version, loaded, str(written or ""), recorded=recorded)
    log = sa.select(meta_change.c.table_name, sa.func.max(meta_change.c.change_id)).group_by(meta_change.c.table_name)
    rows = connection.execute(log).all()
    return Standing(
        data_version, loaded, str(written),
        change=max((row[1] for row in rows), default=0),
        tables={row[0]: row[1] for row in rows}, recorded=recorded,
    )  # fmt: skip


def days_changed(reading: Reading, table: str, column: str, after: int) -> frozenset[date] | None:
    """Returns the days of a column whose rows changed after an entry of the log; None: any day's may have.

    Args:
        reading: a reading of the warehouse.
        table: an operational table.
        column: one of its columns of days or instants.
        after: the newest entry that was taken in already.
    """
    log = meta_change.c
    asked: sa.Select[Any] = (
        sa.select(log.column_name, log.day)
        .where(log.table_name == table, log.change_id > after, log.column_name.in_([column, "*"]))
        .distinct()
    )
    found = reading.connection.execute(asked).all()
    if any(name == "*" or day is None for name, day in found):
        return None
    return frozenset(date.fromisoformat(str(day)[:10]) for _, day in found)


def changed_since(before: Standing, now: Standing, tables: Iterable[str]) -> bool:
    """Returns whether any of the tables may have changed."""
    return any(before.version(table) != now.version(table) for table in tables)
