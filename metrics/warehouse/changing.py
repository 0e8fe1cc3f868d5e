"""Changing operational tables row by row: inserts, corrections and deletions, all of a commit or nothing of it.

Each commit writes into `meta_change` which days changed. What readers get is told in `metrics.warehouse.embedded`:
on the embedded warehouse a commit costs what the hot part is large, never what the history is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

import polars as pl
import sqlalchemy as sa

from metrics.warehouse.errors import WarehouseError
from metrics.warehouse.frames import Select, read_frame
from metrics.warehouse.tables.operational import fingerprint
from metrics.warehouse.tables.operational.changes import meta_change
from metrics.warehouse.tables.operational.provenance import meta_operational

LONDON = "Europe/London"


class ChangeRefusedError(WarehouseError):
    """Rows that cannot be changed as asked. Nothing of the commit was done."""


class Place(Protocol):
    """A warehouse in the middle of a commit."""

    connection: sa.Connection

    def held(self, table: sa.Table, keys: pl.DataFrame) -> pl.DataFrame:
        """Returns the whole rows of these keys."""
        ...

    def remove(self, table: sa.Table, keys: pl.DataFrame) -> None:
        """Takes the rows of these keys away, all of which are there."""
        ...

    def add(self, table: sa.Table, rows: pl.DataFrame) -> None:
        """Puts whole rows in."""
        ...


class Changes:
    """What one commit changes. After an error the whole commit is undone.

    Attributes:
        at: the instant of the commit, UTC.
        changed: whether anything is.
    """

    def __init__(self, place: Place, at: datetime | None = None) -> None:
        self.at = at or datetime.now(UTC).replace(tzinfo=None)
        self.changed = False
        self._place = place
        self._days: dict[tuple[str, str], set[Any]] = {}

    def frame(self, select: Select) -> pl.DataFrame:
        """Returns the rows of a select, own changes included."""
        return read_frame(self._place.connection, select)

    def insert(self, table: sa.Table, rows: pl.DataFrame) -> None:
        """Adds rows; columns left out become null, `changed_at` the instant of the commit.

        Raises:
            ChangeRefusedError: a key is there already or comes twice, or something is null that may not be.
        """
        self.apply(table, insert=rows)

    def correct(self, table: sa.Table, rows: pl.DataFrame) -> None:
        """Puts values in the place of those of the rows with the same key; columns left out stay as they are.

        Raises:
            ChangeRefusedError: a row is not there, or a key comes twice.
        """
        self.apply(table, correct=rows)

    def delete(self, table: sa.Table, keys: pl.DataFrame) -> None:
        """Takes the rows of these keys away.

        Raises:
            ChangeRefusedError: a row is not there, or a key comes twice.
        """
        self.apply(table, delete=keys)

    def apply(
        self,
        table: sa.Table,
        insert: pl.DataFrame | None = None,
        correct: pl.DataFrame | None = None,
        delete: pl.DataFrame | None = None,
    ) -> None:
        """Does all three for different rows of a table, for the price of one."""
        new = self._stamped(table, insert, [column for column in table.columns if not column.nullable])
        moved = self._stamped(table, correct, [])
        away = _nothing(table) if delete is None else delete
        keys = [_keys(table, rows) for rows in (new, moved, away)]
        every = _keys(table, pl.concat(keys, how="vertical_relaxed"))
        if not every.height:
            return
        self.changed = True
        there = self._place.held(table, every)
        self._check_new(table, keys[0], there)
        before = pl.concat(
            [self._found(table, keys[1], there, "correct"), self._found(table, keys[2], there, "delete")]
        )
        names = [column.name for column in table.primary_key.columns]
        kept = there.select(*names, *(name for name in there.columns if name not in moved.columns))
        after = _typed(moved, there, names).join(kept, on=names)
        if before.height:
            self._place.remove(table, _keys(table, before))
        if set(new.columns) == set(after.columns) and new.height:
            self._place.add(table, pl.concat([new, after.select(new.columns)], how="vertical_relaxed"))
        else:
            for rows in (new, after):
                if rows.height:
                    self._place.add(table, rows)
        for rows in (new, before, moved):
            self._note(table, rows)

    def put(self, table: sa.Table, rows: pl.DataFrame) -> None:
        """Puts whole rows in, in the place of those of the same key, and says nothing of it in the log of changes."""
        self.changed = True
        there = _keys(table, self._place.held(table, _keys(table, rows)))
        if there.height:
            self._place.remove(table, there)
        self._place.add(table, rows)

    def write_log(self) -> int:
        """Writes which days changed and returns the newest number of the log; called once, at the end."""
        newest = self.frame(sa.select(sa.func.max(meta_change.c.change_id).label("n")))["n"][0] or 0
        found = [(name, column, day) for (name, column), days in sorted(self._days.items()) for day in days]
        if not found:
            return int(newest)
        rows = pl.DataFrame(
            found, schema={"table_name": pl.String, "column_name": pl.String, "day": pl.Date}, orient="row"
        ).sort("table_name", "column_name", "day")
        # A day stands in the log once, at its newest change: whoever has read up to a number misses none after it.
        earlier = sa.select(meta_change).where(
            meta_change.c.table_name.in_(rows["table_name"].unique().to_list()),
            sa.or_(meta_change.c.day.in_(rows["day"].drop_nulls().unique().to_list()), meta_change.c.day.is_(None)),
        )
        past = self.frame(earlier).join(rows, on=rows.columns, how="semi", nulls_equal=True)
        if past.height:
            self._place.remove(meta_change, past.select("change_id"))
        log = rows.with_columns(change_id=newest + 1 + pl.int_range(pl.len()), changed_at=pl.lit(self.at))
        self._place.add(meta_change, log.select(meta_change.columns.keys()))
        return int(newest) + log.height

    def _stamped(self, table: sa.Table, rows: pl.DataFrame | None, needed: list[sa.Column[Any]]) -> pl.DataFrame:
        """Returns rows with `changed_at`, once their columns and values are what the table takes."""
        if rows is None or not rows.height:
            return _nothing(table)
        unknown = sorted(set(rows.columns) - set(table.columns.keys()))
        if unknown:
            raise ChangeRefusedError(f"{table.name} has no column '{unknown[0]}'. Nothing was changed.")
        if "changed_at" in table.columns and "changed_at" not in rows.columns:
            rows = rows.with_columns(changed_at=pl.lit(self.at))
        lacking = [column.name for column in needed if column.name not in rows.columns]
        nulls = [name for name in rows.columns if not table.c[name].nullable and rows[name].null_count()]
        names = [column.name for column in table.primary_key.columns]
        for name in (*lacking, *nulls):
            if name not in names:
                raise ChangeRefusedError(f"{table.name}: '{name}' may not be null. Nothing was changed.")
        return rows

    @staticmethod
    def _check_new(table: sa.Table, keys: pl.DataFrame, there: pl.DataFrame) -> None:
        twice = _among(there, keys)
        if twice.height:
            raise ChangeRefusedError(
                f"{table.name}: {twice.height} of the rows to insert are there already, first {_first(table, twice)}. "
                "Correct them instead. Nothing was changed."
            )

    @staticmethod
    def _found(table: sa.Table, keys: pl.DataFrame, there: pl.DataFrame, what: str) -> pl.DataFrame:
        before = _among(there, keys)
        if before.height != keys.height:
            missing = _typed(keys, before, keys.columns).join(before, on=keys.columns, how="anti")
            raise ChangeRefusedError(
                f"{table.name}: {missing.height} of the rows to {what} are not there, first {_first(table, missing)}. "
                "Nothing was changed."
            )
        return before

    def _note(self, table: sa.Table, rows: pl.DataFrame) -> None:
        columns = [c for c in table.columns if isinstance(c.type, sa.Date | sa.DateTime) and c.name != "changed_at"]
        if not columns:
            self._days.setdefault((table.name, "*"), set()).add(None)
        for column in columns:
            if column.name in rows.columns:
                days = _days(rows[column.name]).drop_nulls().unique()
                self._days.setdefault((table.name, column.name), set()).update(days.to_list())


def _days(values: pl.Series) -> pl.Series:
    if values.dtype == pl.Datetime:
        return values.dt.replace_time_zone("UTC").dt.convert_time_zone(LONDON).dt.date()
    return values.cast(pl.Date)


def _keys(table: sa.Table, rows: pl.DataFrame) -> pl.DataFrame:
    names = [column.name for column in table.primary_key.columns]
    lacking = [name for name in names if name not in rows.columns]
    if lacking:
        raise ChangeRefusedError(f"{table.name}: the column '{lacking[0]}' of the key is missing. Nothing was changed.")
    keys = rows.select(names)
    if keys.null_count().sum_horizontal().sum():
        raise ChangeRefusedError(f"{table.name}: a key is null. Nothing was changed.")
    twice = keys.filter(keys.is_duplicated())
    if twice.height:
        raise ChangeRefusedError(f"{table.name}: a key comes twice, {_first(table, twice)}. Nothing was changed.")
    return keys


def _nothing(table: sa.Table) -> pl.DataFrame:
    return pl.DataFrame(schema={column.name: pl.Null for column in table.primary_key.columns})


def _among(rows: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """Returns the rows of these keys."""
    if not keys.height:
        return rows.clear()
    return rows.join(_typed(keys, rows, keys.columns), on=keys.columns, how="semi")


def _typed(rows: pl.DataFrame, like: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    return rows.with_columns(pl.col(name).cast(like.schema[name]) for name in names)


def _first(table: sa.Table, rows: pl.DataFrame) -> str:
    names = [column.name for column in table.primary_key.columns]
    return ", ".join(f"{name} {rows[name][0]}" for name in names)


def check_operational(connection: sa.Connection, place: str) -> None:
    """Checks that there are operational tables of this version.

    Raises:
        ChangeRefusedError: there are none.
    """
    if not sa.inspect(connection).has_table(meta_operational.name):
        raise ChangeRefusedError(f"{place} holds no operational tables. Run: bellwether simulate --warehouse")
    found = connection.scalars(sa.select(meta_operational.c.fingerprint)).all()
    if any(each != fingerprint() for each in found):
        raise ChangeRefusedError(
            f"The operational tables in {place} were written by another version of Bellwether. "
            "Run: bellwether simulate --warehouse"
        )


@contextmanager
def changing(url: str | None = None) -> Iterator[Changes]:
    """Gives changes that are committed together when the block ends well, else none of them.

    Whoever commits often keeps `metrics.warehouse.live.opened`, which costs less a commit.

    Raises:
        ChangeRefusedError: see `Changes`; also when there are no operational tables of this version.
        WarehouseBusyError: another writer is at work.
        WarehouseReadOnlyError: Bellwether does not write to databases of this kind.
    """
    from metrics.warehouse.live import opened  # noqa: PLC0415  it needs this module

    with opened(url) as live, live.commit() as changes:
        yield changes
