"""Writing what forecasts came to: only rows that are new or other than those held, in one commit, or in none.

The rows are worked out from the store of forecasts and the final figures, which stay the originals: when a load writes
the warehouse anew, or the tables are another version's, they are written again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import polars as pl
import sqlalchemy as sa

from metrics.warehouse.connect import Warehouse
from metrics.warehouse.embedded import RECORD
from metrics.warehouse.errors import WarehouseBusyError
from metrics.warehouse.tables.forecasts import fact_forecast_outcome as fact
from metrics.warehouse.tables.forecasts import fingerprint, meta_forecast_outcome, metadata
from metrics.warehouse.writing import Writer, writing

COLUMNS: Final = tuple(column.name for column in fact.columns if column.name != "recorded_at")
"""Of the rows that are given; when they were recorded is told here."""

_KEY: Final = [column.name for column in fact.primary_key.columns]
_TRIES, _PAUSE_SECONDS = 20, 0.5


@dataclass(frozen=True, slots=True)
class Outcomes:
    """All outcomes of one metric's forecasts.

    Attributes:
        rows: `COLUMNS`, one row for each key of `fact_forecast_outcome`; empty where nothing has happened yet.
        state: names the forecasts and figures they were worked out from.
    """

    rows: pl.DataFrame
    state: str


def states_held(warehouse: Warehouse) -> Mapping[str, str]:
    """Returns for each metric whose outcomes are held the state that they were worked out from.

    Raises:
        sqlalchemy.exc.DBAPIError: the database does not answer.
    """
    columns = (meta_forecast_outcome.c.demand, meta_forecast_outcome.c.state)
    found = _held(warehouse, sa.select(*columns).where(meta_forecast_outcome.c.fingerprint == fingerprint()))
    return {} if found is None else dict(found.iter_rows())


def write_outcomes(url: str, warehouse: Warehouse, told: Mapping[str, Outcomes]) -> tuple[str, ...]:
    """Writes the outcomes of some metrics in the place of those held, and returns whose were other than held.

    Nothing is committed, and nobody is kept from writing, where all are the same.

    Args:
        url: the warehouse, to be written to.
        warehouse: the same, to be read.
        told: metric to its outcomes.

    Raises:
        WarehouseBusyError: another writer is still at work after ten seconds.
        WarehouseReadOnlyError: Bellwether does not write to databases of this kind.
        WarehouseError: as `metrics.warehouse.writing.writing`.
        sqlalchemy.exc.DBAPIError, OSError: it may not be written to.
    """
    warehouse.refresh()
    current = states_held(warehouse)  # those of tables of another version are none
    other = {name: each for name, each in told.items() if _differs(warehouse, name, each, is_held=name in current)}
    if not other:
        return ()
    for left in reversed(range(_TRIES)):
        try:
            with writing(url, brief=RECORD) as writer:
                _make_room(writer)
                for name, each in other.items():
                    _write(writer, name, each)
            break
        except WarehouseBusyError:
            if not left:
                raise
            time.sleep(_PAUSE_SECONDS)
    return tuple(other)


def _differs(warehouse: Warehouse, name: str, told: Outcomes, *, is_held: bool) -> bool:
    if not is_held:
        return told.rows.height > 0
    held = _held(warehouse, _rows_of(name))
    gone, new = _difference(pl.DataFrame() if held is None else held, told.rows)
    return gone.height + new.height > 0


def _held(warehouse: Warehouse, select: sa.Select[tuple[object, ...]]) -> pl.DataFrame | None:
    """Returns the rows of a select; None where the warehouse has no such tables."""
    try:
        return warehouse.frame(select)
    except sa.exc.ProgrammingError:
        return None


def _rows_of(name: str) -> sa.Select[tuple[object, ...]]:
    return sa.select(*(fact.c[column] for column in COLUMNS)).where(fact.c.demand == name)


def _difference(held: pl.DataFrame, told: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Returns the rows that are to go and those that are to come; one whose values are others is among both."""
    rows = told.select(COLUMNS)
    if held.is_empty():
        return rows.clear(), rows
    typed = rows.cast(held.schema)
    same = list(COLUMNS)
    return held.join(typed, on=same, how="anti", nulls_equal=True), typed.join(
        held, on=same, how="anti", nulls_equal=True
    )


def _make_room(writer: Writer) -> None:
    """Leaves tables of this version; what is in those of another one can be written again."""
    inspector = sa.inspect(writer.connection)
    if inspector.has_table(meta_forecast_outcome.name):
        known = writer.connection.scalars(sa.select(meta_forecast_outcome.c.fingerprint)).all()
        if any(each != fingerprint() for each in known):
            metadata.drop_all(writer.connection)
    metadata.create_all(writer.connection)


def _write(writer: Writer, name: str, told: Outcomes) -> None:
    at = datetime.now(UTC).replace(tzinfo=None)
    gone, new = _difference(writer.frame(_rows_of(name)), told.rows)
    if gone.height:
        with writer.staged(fact, gone.select(_KEY)) as staged:
            same = [fact.c[column] == staged.c[column] for column in _KEY]
            writer.execute(fact.delete().where(sa.exists(sa.select(sa.literal(1)).where(*same))))
    writer.insert(fact, new.with_columns(recorded_at=pl.lit(at)))
    how_far = {"demand": name, "state": told.state, "rows": told.rows.height, "written_at": at}
    writer.replace(meta_forecast_outcome, pl.DataFrame({**how_far, "fingerprint": fingerprint()}), by=["demand"])
