"""What one state of the warehouse holds: organisations, who reported when, the names behind codes.

Everything here is read once per data version and shared by all requests of that version.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import polars as pl
import sqlalchemy as sa

from metrics.catalogue import Catalogue, Metric, Model
from metrics.query import sql
from metrics.query.coverage import Presence
from metrics.query.errors import FanOutError, UnreadableTableError
from metrics.query.naming import named, names_held
from metrics.query.organisations import Organisations
from metrics.query.own_records import first_days, has_forecast_record, held, owners_of
from metrics.query.plan import LEVELS, Scan
from metrics.query.reporting import Read, lately, overlaps_of, presence_of, reported, rows_held
from metrics.query.source import Source, sources_of
from metrics.warehouse.changes import Standing, changed_since
from metrics.warehouse.connect import Snapshot
from metrics.warehouse.frames import Compiled, Select
from metrics.warehouse.tables.dimensions import (
    dim_organisation,
    dim_organisation_identity,
    dim_organisation_succession,
)

if TYPE_CHECKING:
    from metrics.query.cube import Cube
    from metrics.query.cubes import Cubes

Kept = TypeVar("Kept")
# What is kept under these names comes from the warehouse alone, whatever the definitions say.
_OF_THE_WAREHOUSE = ("located", "publication", "owners", "since")
# What is kept under these names and a model's comes from that model and its metrics alone.
_OF_A_MODEL = ("names", "flags", "presence", "overlaps")
# What is kept under these names and a day, their last part, says where organisations stand on it. "Today" moves on,
# and nobody asks for a day that is gone again.
_OF_A_DAY = ("located", "presence", "reporting")
_MOST_DAYS = 3


class Holdings:
    """One snapshot of the warehouse, seen through one catalogue."""

    def __init__(
        self, snapshot: Snapshot, catalogue: Catalogue, cubes: Cubes | None = None, standing: Standing | None = None
    ) -> None:
        self.snapshot = snapshot
        self.catalogue = catalogue
        self.cubes = cubes
        self.standing = standing
        self._lock = threading.RLock()
        self._kept: dict[object, object] = {}
        self._making: dict[object, threading.RLock] = {}
        self._days: OrderedDict[date, None] = OrderedDict()  # the days asked for, the latest last
        self._recent: OrderedDict[object, object] = OrderedDict()
        self._before: dict[object, object] = {}  # what was kept of tables that changed since: often it is the same

    def under(self, catalogue: Catalogue) -> Holdings:
        """Returns the same snapshot seen through another catalogue, keeping what both read alike."""
        cubes = None if self.cubes is None else self.cubes.under(catalogue)
        other = Holdings(self.snapshot, catalogue, cubes, self.standing)
        if "organisations" in self.__dict__:
            other.__dict__["organisations"] = self.organisations
        alike = {name for name in catalogue.models if self._reads_alike(name, catalogue)}
        with self._lock:
            other._days = self._days.copy()
            for key, value in self._kept.items():
                kind, *rest = key if isinstance(key, tuple) else (key,)
                if kind in _OF_THE_WAREHOUSE or (kind in _OF_A_MODEL and rest[0] in alike):
                    other._kept[key] = value
        return other

    def after(self, snapshot: Snapshot, cubes: Cubes | None, standing: Standing) -> Holdings:
        """Returns a newer state of the warehouse, keeping what is known of tables that did not change since."""
        other = Holdings(snapshot, self.catalogue, cubes, standing)
        before = self.standing
        if before is None or before.lineage(dim_organisation.name) != standing.lineage(dim_organisation.name):
            return other
        if before.written != standing.written:  # a trust of its own came or went, which is an organisation too
            return other
        if "organisations" in self.__dict__:
            other.__dict__["organisations"] = self.organisations
        still = {
            name: not changed_since(before, standing, [model.table, *(join.to for join in model.joins)])
            for name, model in self.catalogue.models.items()
        }
        with self._lock:
            other._days = self._days.copy()
            other._before = {key: value for key, value in self._before.items() if self._goes_on(key)}
            for key, value in self._kept.items():
                kind, *rest = key if isinstance(key, tuple) else (key,)
                if kind in (*_OF_THE_WAREHOUSE, "reporting") or (kind in _OF_A_MODEL and still[rest[0]]):
                    other._kept[key] = value
                elif kind in _OF_A_MODEL:
                    other._before[key] = value
                if kind == "repeats" and not changed_since(before, standing, rest[:1]):
                    other._kept[key] = value
        return other

    def _goes_on(self, key: object) -> bool:
        """Returns whether what was kept before this state goes on being that: nothing newer is known of its model.

        What was made of flags belongs to those flags: when others were read since, it says nothing of them.
        """
        flags = ("flags", key[1]) if isinstance(key, tuple) and key[0] in _OF_A_MODEL else None
        newer = self._kept.get(flags)
        return key not in self._kept and (newer is None or newer is self._before.get(flags))

    def mended(self, name: str, days: Iterable[date]) -> Holdings:
        """Returns the same state with days of a cube read again, and without what was kept of its model.

        It has another name, for the model's metrics too: what was answered before may be wrong.
        """
        assert self.cubes is not None  # noqa: S101 - one of them is mended
        model = self.cubes.layouts[name].model.name
        other = Holdings(self.snapshot, self.catalogue, self.cubes.repaired(name, days), self.standing)
        if "organisations" in self.__dict__:
            other.__dict__["organisations"] = self.organisations
        with self._lock:
            other._days = self._days.copy()
            for ours, theirs in ((self._kept, other._kept), (self._before, other._before)):
                for key, value in ours.items():
                    kind, *rest = key if isinstance(key, tuple) else (key,)
                    if kind != "reporting" and not (kind in _OF_A_MODEL and rest[0] == model):
                        theirs[key] = value
        return other

    @property
    def data_version(self) -> str:
        """Returns a name of the state of the warehouse, and of the cubes that stand for it."""
        return self.snapshot.data_version + self._mended(None)

    def _mended(self, models: set[str] | None) -> str:
        """Returns what a version says of cubes that were mended, of these models or of all; nothing as a rule."""
        known = self.cubes.mended if self.cubes is not None else {}
        times = sum(number for name, number in known.items() if models is None or name in models)
        return f" mended {times}" if times else ""

    def version_of(self, models: Iterable[Model]) -> str:
        """Returns a name of the state of the tables that the models read, and of the cubes that stand for them."""
        models = tuple(models)
        if self.standing is None:
            return self.data_version
        tables = sorted({name for model in models for name in (model.table, *(join.to for join in model.joins))})
        whole = self.standing.lineage(dim_organisation.name)
        version = "; ".join([whole, self.standing.written, *(self.standing.version(table) for table in tables)])
        return version + self._mended({model.name for model in models})

    def from_cube(self, scan: Scan, by: tuple[str, ...], reach: sql.Reach) -> pl.DataFrame | str | None:
        """Returns the frame that the scan's statement would give; or why no cube gives it, None where none are kept."""
        if self.cubes is None:
            return None
        found = self.cubes.answer(scan, by, reach, self.located(reach.as_at))
        return found if isinstance(found, pl.DataFrame) else str(found)

    def located(self, as_at: date) -> pl.DataFrame:
        """Returns who answers for each code on the day, and where; see `Organisations.at`."""
        return self.keep(("located", as_at), lambda: self.organisations.at(as_at))

    def _reads_alike(self, name: str, catalogue: Catalogue) -> bool:
        """Returns whether a model, its metrics and all declared tables are the same in another catalogue."""
        ours, theirs = self.catalogue.models.get(name), catalogue.models[name]
        same = ours == theirs and self.catalogue.tables == catalogue.tables
        return same and sources_of(theirs, self.catalogue) == sources_of(theirs, catalogue)

    @cached_property
    def organisations(self) -> Organisations:
        """Returns the organisations of the warehouse."""
        return Organisations(
            all=self.snapshot.frame(sa.select(dim_organisation)),
            identities=self.snapshot.frame(sa.select(dim_organisation_identity)),
            successions=self.snapshot.frame(sa.select(dim_organisation_succession)),
        )

    @property
    def owners(self) -> Mapping[str, str]:
        """Returns the code of each trust with records of its own, and whether they are simulated."""
        return self.keep(("owners",), lambda: owners_of(self.snapshot))

    def answerable(self, defined: Catalogue) -> Holdings:
        """Returns the same snapshot seen through those of the definitions that it can answer."""
        recorded = has_forecast_record(self.snapshot) if self.standing is None else bool(self.standing.recorded)
        answered = held(defined, self.owners, recorded=recorded)
        return self if answered is self.catalogue else self.under(answered)

    def presence(self, source: Source, as_at: date) -> Presence:
        """Returns who reported the source's metric when, organisations as they stand on the day."""
        # Where no row means that nothing happened, whoever has rows reports every metric of the model.
        name = "" if source.model.absence_is_zero else source.base.id
        key = ("presence", source.model.name, name, as_at)

        def made() -> Presence:
            known = self._still(key, source.model)
            if isinstance(known, Presence):
                return known
            flags = self._flags(source.model)
            return presence_of(source, flags, self.organisations, self.located(as_at), as_at)

        return self.keep(key, made)

    def _still(self, key: object, model: Model) -> object | None:
        """Returns what was made of a model's flags before its table changed, when its flags are the same."""
        before = self._before.get(("flags", model.name))
        return self._before.get(key) if before is not None and self._flags(model) is before else None

    def reporting(self, as_at: date) -> tuple[str, ...]:
        """Returns the codes that answer on the day for figures of the last two years of any model's data."""
        return self.keep(("reporting", as_at), lambda: self._reporting(as_at))

    def names(self, model: Model, dimension: str, *, of_all_rows: bool = False) -> Mapping[str, str]:
        """Returns code to name of every value of a dimension.

        With a cube these are the values of the rows that count; `of_all_rows` asks for those of all other rows too.
        """
        if dimension in LEVELS:
            return self.organisations.names
        found = next(each for each in model.dimensions if each.name == dimension)
        cube = None if self.cubes is None or of_all_rows else self.cubes.of_model(model)
        if cube is not None and dimension in cube.finest:
            return self.keep(
                ("names", model.name, dimension, "cube"),
                lambda: named(cube.members(dimension), found, self.read),
            )
        return self.keep(("names", model.name, dimension), lambda: names_held(model, found, self.catalogue, self.read))

    def keep(self, key: object, make: Callable[[], Kept]) -> Kept:
        """Returns what is kept under the key, made once."""
        with self._lock:
            day = _day_of(key)
            if day is not None:
                self._used(day)
            if key in self._kept:
                return self._kept[key]  # type: ignore[return-value]
            making = self._making.setdefault(key, threading.RLock())
        with making:  # others wait for this one only
            with self._lock:
                if key in self._kept:
                    return self._kept[key]  # type: ignore[return-value]
            made = make()
            with self._lock:
                if day is None or day in self._days:
                    self._kept[key] = made
            return made

    def _used(self, day: date) -> None:
        """Notes that a day is asked for, and forgets what was kept of the one that was not for longest."""
        self._days[day] = None
        self._days.move_to_end(day)
        while len(self._days) > _MOST_DAYS:
            gone, _ = self._days.popitem(last=False)
            for kept in (self._kept, self._making, self._before):
                for key in [key for key in kept if _day_of(key) == gone]:
                    del kept[key]

    def keep_recent(self, key: object, make: Callable[[], Kept], most: int) -> Kept:
        """Returns what is kept under the key; only the latest used are kept, at most so many."""
        with self._lock:
            if key in self._recent:
                self._recent.move_to_end(key)
                return self._recent[key]  # type: ignore[return-value]
        made = make()
        with self._lock:
            self._recent[key] = made
            while len(self._recent) > most:
                self._recent.popitem(last=False)
        return made

    def forget_recent(self) -> None:
        """Forgets what `keep_recent` kept."""
        with self._lock:
            self._recent.clear()

    def _reporting(self, as_at: date) -> tuple[str, ...]:
        located = self.located(as_at)
        found: set[str] = set()
        for model in self.catalogue.models.values():
            if model.organisation is None:
                continue
            try:
                flags = self._flags(model)
            except UnreadableTableError:  # said to whoever asks for a metric of it
                continue
            found.update(lately(flags, located))
        return tuple(sorted(found))

    def overlaps(self, model: Model) -> Mapping[str, tuple[date, ...]]:
        """Returns for `england` and `region` the periods in which rows of a finer level stand beside theirs.

        What is stated for the whole and what is reported by its parts must not be added up.
        """
        key = ("overlaps", model.name)
        if model.organisation is None:
            return {}

        def made() -> Mapping[str, tuple[date, ...]]:
            # Of a table in which no row means nothing, flags do not say who has rows in a period.
            known = None if model.absence_is_zero else self._still(key, model)
            if known is not None:
                return known  # type: ignore[return-value]
            # Whoever has rows there stands in every period: what counts is who has rows in it.
            held = rows_held(*self._told_of(model)) if model.absence_is_zero else self._flags(model)
            return overlaps_of(held, self.organisations)

        return self.keep(key, made)

    def _flags(self, model: Model) -> pl.DataFrame:
        key = ("flags", model.name)

        def made() -> pl.DataFrame:
            found, before = reported(*self._told_of(model), self._since(model)), self._before.get(key)
            same = isinstance(before, pl.DataFrame) and before.schema == found.schema and before.equals(found)
            return before if isinstance(before, pl.DataFrame) and same else found

        return self.keep(key, made)

    def _since(self, model: Model) -> pl.DataFrame | None:
        if not model.coverage.from_first_day:
            return None
        return self.keep(("since",), lambda: first_days(self.snapshot))

    def _told_of(self, model: Model) -> tuple[Model, Catalogue, Cube | None, Read]:
        return model, self.catalogue, None if self.cubes is None else self.cubes.of_model(model), self.read

    def read(self, select: Select) -> pl.DataFrame:
        """Returns the rows of a select over tables of the catalogue.

        Raises:
            UnreadableTableError: the warehouse lacks a table or a column that a definition names.
        """
        try:
            return self.snapshot.frame(select)
        except sa.exc.ProgrammingError as error:
            raise UnreadableTableError.of(select, error.orig or error) from error

    def run(self, statement: Compiled) -> pl.DataFrame:
        """Returns the rows of a compiled statement.

        Raises:
            UnreadableTableError: as `read`.
        """
        try:
            return self.snapshot.run(statement)
        except sa.exc.ProgrammingError as error:
            raise UnreadableTableError.of(statement.select, error.orig or error) from error

    def checked_join(self, table: sa.Table, columns: tuple[str, ...]) -> None:
        """Checks, once per data version, that a joined table has one row for each key.

        Raises:
            FanOutError: it has several, so that joined rows would be counted more than once.
        """
        key = ("repeats", table.fullname, columns)
        repeated = self.keep(key, lambda: self.read(sql.repeats(table, columns)))["keys"].item()
        if repeated:
            raise FanOutError.of(table.fullname, columns, repeated)


def _day_of(key: object) -> date | None:
    """Returns the day that something is kept of; None when it holds for any."""
    return key[-1] if isinstance(key, tuple) and key[0] in _OF_A_DAY else None


def models_behind(metrics: Iterable[Metric], catalogue: Catalogue) -> tuple[Model, ...]:
    """Returns the models that the metrics, and the metrics that they are made of, can be answered from."""
    found: dict[str, Model] = {}
    for metric in metrics:
        for name in (metric.model, *(alternate.model for alternate in metric.alternates)):
            if name is not None:
                found[name] = catalogue.models[name]
        found |= {model.name: model for model in models_behind(catalogue.inputs(metric), catalogue)}
    return tuple(found.values())
