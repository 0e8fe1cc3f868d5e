"""Reading several things that must agree: one connection, one state of the data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metrics.warehouse.frames import Select, compiled, read_batches, read_compiled

if TYPE_CHECKING:
    import polars as pl
    import sqlalchemy as sa

    from metrics.warehouse.connect import Snapshot


@dataclass(frozen=True, slots=True)
class Reading:
    """What one connection sees of a snapshot."""

    connection: sa.Connection

    def frame(self, select: Select) -> pl.DataFrame:
        """Returns the rows of a select; see `metrics.warehouse.frames.read_frame` for the types."""
        return read_compiled(self.connection, compiled(select, self.connection.dialect))

    def batches(self, select: Select, size: int) -> Iterator[pl.DataFrame]:
        """Gives the rows of a select, about so many at a time, and never holds all of them."""
        return read_batches(self.connection, compiled(select, self.connection.dialect), size)


@contextmanager
def reading(snapshot: Snapshot) -> Iterator[Reading]:
    """Yields a reading in which all answers are of one moment, where the warehouse can hold one still.

    An embedded snapshot never moves, PostgreSQL holds a transaction's view; Spark answers statement by statement.
    """
    with snapshot.engine.connect() as connection:
        if connection.dialect.name == "postgresql":  # of this connection only, and until it is given back
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        yield Reading(connection)
