"""The cubes of a warehouse: built once, kept up by what changed, and held against the rows that they stand for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TypeAlias

import polars as pl
import sqlalchemy as sa

from metrics.catalogue import Catalogue, Model
from metrics.query.cube import Codes, Cube, cube_of, encoded
from metrics.query.cube_answer import Miss, answered, missed
from metrics.query.cube_check import days_differing, last_of, months_to_hold
from metrics.query.cube_layout import Layout, ranges_of
from metrics.query.plan import Scan, joined_tables, told_by_filters
from metrics.query.sql import PERIOD, Reach
from metrics.warehouse.changes import Standing, days_changed, standing
from metrics.warehouse.connect import Snapshot
from metrics.warehouse.reading import Reading, reading
from metrics.warehouse.tables.operational import metadata as operational

_log = logging.getLogger(__name__)
_BATCH = 100_000
_MOST_DAYS = 400
Wanted: TypeAlias = Callable[[Model], bool]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a cube is not kept, in a sentence, with what to change."""

    miss: Miss
    words: str


@dataclass(frozen=True, slots=True)
class Built:
    """A cube, and what it has taken in.

    Attributes:
        lineage: what its tables were written from.
        change: the newest entry of the log of changes that it has taken in.
    """

    cube: Cube
    lineage: str
    change: int


@dataclass(frozen=True, slots=True)
class CubeFault:
    """A day on which a cube was not what its rows give."""

    cube: str
    day: date


@dataclass(frozen=True)
class Cubes:
    """The cubes of one state of a warehouse. They never change: `having`, `refreshed` and `repaired` give others.

    A cube takes in what changed since it was built when it is first asked for, so that a newer state of the warehouse
    costs what somebody looks at.

    Attributes:
        snapshot: the state that all of them stand for.
        standing: how far its tables have come.
        layouts: by name, every cube that is asked for.
        wanted: which models get one.
        built: by name, those that are built, some of them of an earlier state.
        refused: by name, those that are not kept, and why.
        mended: by model, how often one of its cubes was found wrong and mended.
    """

    snapshot: Snapshot
    standing: Standing
    layouts: Mapping[str, Layout]
    wanted: Wanted
    built: Mapping[str, Built] = field(default_factory=dict)
    refused: Mapping[str, Refused] = field(default_factory=dict)
    mended: Mapping[str, int] = field(default_factory=dict)
    # By name, what became of those asked for: None is one that cannot be brought up, and waits to be built anew.
    _current: dict[str, Built | None] = field(default_factory=dict, init=False, repr=False)
    _locks: dict[str, threading.Lock] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, snapshot: Snapshot, catalogue: Catalogue, wanted: Wanted) -> Cubes:
        """Returns the cubes of the models that are wanted, none of them built yet."""
        with reading(snapshot) as told:
            now = standing(told, snapshot.data_version)
        return cls(snapshot, now, {layout.name: layout for layout in layouts_of(catalogue, wanted)}, wanted)

    def current(self, name: str) -> Built | None:
        """Returns a cube with all that changed up to this state; None while there is none.

        Raises:
            sqlalchemy.exc.DBAPIError: the warehouse does not answer.
        """
        built = self.built.get(name)
        if built is None or name in self._current:
            return self._current.get(name)
        with self._locks.setdefault(name, threading.Lock()):  # others wait for this one only
            if name not in self._current:
                self._current[name] = self._brought_up(built)
            return self._current[name]

    @property
    def held(self) -> Mapping[str, Built]:
        """Returns by name every cube that there is, with all that changed up to this state.

        Raises:
            sqlalchemy.exc.DBAPIError: the warehouse does not answer.
        """
        return {name: built for name in self.built if (built := self.current(name)) is not None}

    @property
    def behind(self) -> tuple[str, ...]:
        """Returns the names of cubes that nobody has asked for since the state before."""
        return tuple(name for name in self.built if name not in self._current)

    def _brought_up(self, built: Built) -> Built | None:
        layout, now = built.cube.layout, self.standing
        if _lineage(layout, now) != built.lineage:
            return None
        if now.change == built.change or all(now.tables.get(name, 0) <= built.change for name in tables_of(layout)):
            return replace(built, change=max(now.change, built.change))
        try:
            return self.caught_up(built)
        except sa.exc.ProgrammingError:
            _log.exception("The cube of '%s' cannot be refreshed and is built anew", layout.name)
            return None

    def _standing(self, told: Reading) -> Standing:
        """Returns how far the tables are that a reading sees: an embedded snapshot never moves, a server's may have."""
        return self.standing if self.snapshot.pinned else standing(told, self.snapshot.data_version)

    def known(self) -> dict[str, Built]:
        """Returns by name the newest there is of each cube, without those that wait to be built anew."""
        newest = {name: self._current.get(name, built) for name, built in self.built.items()}
        return {name: built for name, built in newest.items() if built is not None}

    @property
    def waiting(self) -> tuple[str, ...]:
        """Returns the names of cubes that are asked for and neither built nor refused."""
        known = self.known()
        return tuple(name for name in self.layouts if name not in known and name not in self.refused)

    def answer(self, scan: Scan, by: tuple[str, ...], reach: Reach, located: pl.DataFrame) -> pl.DataFrame | Miss:
        """Returns the frame that the scan's statement would give, or why a cube cannot give it."""
        found = missed(scan)
        if found is not None:
            return found
        layout = layout_of(scan, self.layouts)
        if layout is None:
            return Miss.NOT_KEPT
        built = self.current(layout.name)
        if built is None:
            return self.refused[layout.name].miss if layout.name in self.refused else Miss.NOT_BUILT
        return answered(built.cube, scan, by, reach, located)

    def of_model(self, model: Model) -> Cube | None:
        """Returns the cube of a model; None while there is none."""
        built = self.current(model.name)
        return None if built is None or built.cube.layout.model != model else built.cube

    def build(self, name: str) -> Built | Refused:
        """Returns one cube, built by one statement; or why it is not kept."""
        layout = self.layouts[name]
        with reading(self.snapshot) as told:
            now = standing(told, self.snapshot.data_version)
            try:
                made = _build(layout, told)
            except sa.exc.ProgrammingError as error:
                reason = str(error.orig or error).strip().splitlines()[0]
                return Refused(Miss.UNREADABLE, f"The cube of '{name}' cannot be read and is not kept: {reason}")
        return made if isinstance(made, Refused) else Built(made, _lineage(layout, now), now.change)

    def caught_up(self, built: Built) -> Built | None:
        """Returns a cube of an earlier state with what changed since; None when nobody can tell what did."""
        with reading(self.snapshot) as told:
            return _refresh(built, told, self._standing(told))

    def having(self, name: str, found: Built | Refused) -> Cubes:
        """Returns the cubes with one more, or with why it is not kept."""
        if isinstance(found, Refused):
            _log.warning("%s", found.words)
            return replace(self, refused={**self.refused, name: found})
        if not alike(found.cube.layout, self.layouts[name]):
            message = f"the cube of '{name}' is of other definitions than those in use"
            raise ValueError(message)
        found = replace(found, cube=replace(found.cube, layout=self.layouts[name]))
        return replace(self, built={**self.known(), name: found})

    def refreshed(self, snapshot: Snapshot) -> Cubes:
        """Returns the cubes for a newer state: the days that changed are read again, and those alone, when asked for.

        A cube of which nobody can tell what changed is left out, and waits to be built anew.
        """
        with reading(snapshot) as told:
            now = standing(told, snapshot.data_version)
        return replace(self, snapshot=snapshot, standing=now, built=self.known())

    def under(self, catalogue: Catalogue) -> Cubes:
        """Returns the cubes that another catalogue asks for; those that it reads alike stay."""
        layouts = {layout.name: layout for layout in layouts_of(catalogue, self.wanted)}
        known = self.known()
        built = {
            name: replace(each, cube=replace(each.cube, layout=layout))
            for name, layout in layouts.items()
            if (each := known.get(name)) is not None and alike(layout, each.cube.layout)
        }
        refused = {
            name: each for name, each in self.refused.items()
            if name in layouts and alike(layouts[name], self.layouts[name])
        }  # fmt: skip
        return replace(self, layouts=layouts, built=built, refused=refused)

    def partitions(self) -> Iterator[tuple[str, date]]:
        """Gives the name and the month of everything that `differing` can look at, reading which months there are."""
        for name in self.known():
            for month in self.months(name):
                yield name, month

    def months(self, name: str) -> tuple[date, ...]:
        """Returns the months in which a cube has cells, or has none though its table has rows."""
        built = self.current(name)
        if built is None:
            return ()
        with reading(self.snapshot) as told:
            return months_to_hold(built.cube, told)

    def differing(self, name: str, month: date) -> tuple[date, ...]:
        """Returns the days of a month on which the cube is not what its rows give: none, unless something is wrong.

        Days on which the warehouse itself has moved on since are not looked at.
        """
        built = self.current(name)
        if built is None:
            return ()
        layout = built.cube.layout
        with reading(self.snapshot) as told:
            moved = _moved(layout, built, told, standing(told, self.snapshot.data_version))
            read = told.frame(layout.statement([(month, last_of(month))]))
        if moved is None:
            return ()
        return tuple(day for day in days_differing(built.cube, month, read) if day not in moved)

    def repaired(self, name: str, days: Iterable[date]) -> Cubes:
        """Returns the cubes with the days of one read again."""
        built = self.current(name)
        if built is None:
            return self
        with reading(self.snapshot) as told:
            read = told.frame(built.cube.layout.statement(ranges_of(tuple(days))))
        right, model = replace(built, cube=built.cube.with_days(days, read)), built.cube.layout.model.name
        times = {**self.mended, model: self.mended.get(model, 0) + 1}
        return replace(self, built={**self.known(), name: right}, mended=times)


def layouts_of(catalogue: Catalogue, wanted: Wanted) -> Iterator[Layout]:
    """Gives the cubes of the models wanted: one a model, and one for each percentile of the rows' own values."""
    for model in catalogue.models.values():
        if not wanted(model):
            continue
        layout = Layout(model, catalogue)
        yield layout
        parts = {
            (source.numerator.expr, source.numerator.filter): source.numerator
            for source in layout.sources
            if source.histogram == "values"
        }
        for part in parts.values():
            yield Layout(model, catalogue, part)


def layout_of(scan: Scan, layouts: Mapping[str, Layout]) -> Layout | None:
    """Returns the layout of the cube that may answer the scan; None when none is kept of its model."""
    part = scan.sources[0].numerator if scan.histogram == "values" else None
    found = layouts.get(scan.model.name)
    if found is None or found.model != scan.model:
        return None
    return found if part is None else layouts.get(Layout(scan.model, found.catalogue, part).name)


def alike(one: Layout, other: Layout) -> bool:
    """Returns whether two layouts read the same rows in the same way."""
    same = one.model == other.model and one.catalogue.tables == other.catalogue.tables
    return same and one.text == other.text


def tables_of(layout: Layout) -> tuple[str, ...]:
    """Returns the tables that a cube is read from: the model's own first."""
    names = {*layout.dimensions, *told_by_filters(layout.model, layout.sources)}
    return (layout.model.table, *sorted(joined_tables(layout.model, names)))


def _lineage(layout: Layout, now: Standing) -> str:
    return "; ".join(now.lineage(table) for table in tables_of(layout))


def _build(layout: Layout, told: Reading) -> Cube | Refused:
    most = layout.model.cube.most_cells if layout.model.cube else 5_000_000
    codes: dict[str, Codes] = {}
    frames, cells = [], 0
    for batch in told.batches(layout.statement(), _BATCH):
        coded, codes = encoded(layout, batch, codes)
        frames.append(coded)
        cells += coded.height
        if cells > most:
            return _too_large(layout, pl.concat(frames), most)
    if not frames:
        frames = [encoded(layout, told.frame(layout.statement([])), codes)[0]]
    return cube_of(layout, pl.concat(frames), codes)


def _too_large(layout: Layout, cells: pl.DataFrame, most: int) -> Refused:
    """Returns the refusal, naming the dimension without which there would be the fewest cells."""
    keys = [PERIOD, *layout.keys, *layout.edges]
    left = {
        name: cells.select(pl.struct([key for key in keys if key != name]).n_unique()).item() / cells.height
        for name in layout.dimensions
    }
    words = f"The cube of '{layout.name}' would have more than {most:,} cells and is not kept: requests read the rows."
    if left:
        name = min(left, key=lambda each: left[each])
        words += (
            f" Without '{name}' it would have {1 - left[name]:.0%} fewer. Name the dimensions to keep under "
            f"'cube: dimensions:' of the model, or raise 'most_cells'."
        )
    return Refused(Miss.TOO_LARGE, words)


def _moved(layout: Layout, built: Built, told: Reading, now: Standing) -> frozenset[date] | None:
    """Returns the days that changed since the cube took anything in; None when that cannot be told."""
    if _lineage(layout, now) != built.lineage or now.change < built.change:
        return None
    first, *joined = tables_of(layout)
    if now.change == built.change:
        return frozenset()
    if any(now.tables.get(table, 0) > built.change for table in joined):
        return None
    if now.tables.get(first, 0) <= built.change or first not in operational.tables:
        return frozenset()
    return days_changed(told, first, layout.model.time.column, built.change)


def _refresh(built: Built, told: Reading, now: Standing) -> Built | None:
    layout = built.cube.layout
    days = _moved(layout, built, told, now)
    if days is None or len(days) > _MOST_DAYS:
        return None
    if not days:
        return replace(built, change=now.change)
    late = layout.model.cube.late_days if layout.model.cube else 0
    newest = max(days)
    days |= {newest - timedelta(days=back) for back in range(1, late + 1)}
    read = told.frame(layout.statement(ranges_of(tuple(days))))
    return Built(built.cube.with_days(days, read), built.lineage, now.change)
