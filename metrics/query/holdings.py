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

from metrics.catalogue import Alternate, Catalogue, Dimension, Metric, Model
from metrics.query import sql
from metrics.query.coverage import CODES, Presence
from metrics.query.errors import FanOutError, PeriodError, UnreadableTableError
from metrics.query.organisations import Organisations
from metrics.query.own_records import owners_of
from metrics.query.periods import HOURS, day_of, hour_column, kind_of, sequence, start_column
from metrics.query.plan import LEVELS, Scan
from metrics.query.request import Grain
from metrics.query.source import Source
from metrics.warehouse.changes import Standing, changed_since
from metrics.warehouse.connect import Snapshot
from metrics.warehouse.frames import Compiled, Select
from metrics.warehouse.tables.dimensions import (
    dim_organisation,
    dim_organisation_identity,
    dim_organisation_succession,
    dim_service,
    dim_staff_group,
)
from metrics.warehouse.tables.operational.digital import dim_interface, dim_system
from metrics.warehouse.tables.operational.places import dim_site, dim_ward
from metrics.warehouse.tables.operational.programme import dim_initiative

if TYPE_CHECKING:
    from metrics.query.cubes import Cubes

Kept = TypeVar("Kept")
_RANKS = {"england": 2, "region": 1}
# What is kept under these names comes from the warehouse alone, whatever the definitions say.
_OF_THE_WAREHOUSE = ("located", "publication", "owners")
# What is kept under these names and a model's comes from that model and its metrics alone.
_OF_A_MODEL = ("names", "flags", "presence", "overlaps")
_LOOKUPS = {
    "dim_service": (dim_service.c.service_code, dim_service.c.name),
    "dim_staff_group": (dim_staff_group.c.staff_group_code, dim_staff_group.c.name),
    "dim_site": (dim_site.c.site_code, dim_site.c.name),
    "dim_ward": (dim_ward.c.ward_code, dim_ward.c.name),
    "dim_system": (dim_system.c.system_code, dim_system.c.name),
    "dim_interface": (dim_interface.c.interface_code, dim_interface.c.name),
    "dim_initiative": (dim_initiative.c.initiative_id, dim_initiative.c.name),
}


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
            other._before = {key: value for key, value in self._before.items() if key not in self._kept}
            for key, value in self._kept.items():
                kind, *rest = key if isinstance(key, tuple) else (key,)
                if kind in (*_OF_THE_WAREHOUSE, "reporting") or (kind in _OF_A_MODEL and still[rest[0]]):
                    other._kept[key] = value
                elif kind in _OF_A_MODEL:
                    other._before[key] = value
                if kind == "repeats" and not changed_since(before, standing, rest[:1]):
                    other._kept[key] = value
        return other

    def version_of(self, models: Iterable[Model]) -> str:
        """Returns a name of the state of the tables that the models read."""
        if self.standing is None:
            return self.snapshot.data_version
        tables = sorted({name for model in models for name in (model.table, *(join.to for join in model.joins))})
        whole = self.standing.lineage(dim_organisation.name)
        return "; ".join([whole, self.standing.written, *(self.standing.version(table) for table in tables)])

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

    def presence(self, source: Source, as_at: date) -> Presence:
        """Returns who reported the source's metric when, organisations as they stand on the day."""
        # Where no row means that nothing happened, whoever has rows reports every metric of the model.
        name = "" if source.model.absence_is_zero else source.base.id
        key = ("presence", source.model.name, name, as_at)

        def made() -> Presence:
            known = self._still(key, source.model)
            return known if isinstance(known, Presence) else self._presence(source, as_at)

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
                ("names", model.name, dimension, "cube"), lambda: self._named(cube.members(dimension), found)
            )
        return self.keep(("names", model.name, dimension), lambda: self._names(model, found))

    def keep(self, key: object, make: Callable[[], Kept]) -> Kept:
        """Returns what is kept under the key, made once."""
        with self._lock:
            if key in self._kept:
                return self._kept[key]  # type: ignore[return-value]
            making = self._making.setdefault(key, threading.RLock())
        with making:  # others wait for this one only
            if key not in self._kept:
                made = make()
                with self._lock:
                    self._kept[key] = made
            return self._kept[key]  # type: ignore[return-value]

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

    def _names(self, model: Model, dimension: Dimension) -> dict[str, str]:
        table = self.catalogue.table_of(model) if dimension.join is None else self.catalogue.table(dimension.join)
        assert table is not None  # noqa: S101 - linted: a join names a table that is there
        column = table.c[dimension.column]
        return self._named(self.read(sa.select(column).distinct().order_by(column))[dimension.column], dimension)

    def _named(self, codes: pl.Series, dimension: Dimension) -> dict[str, str]:
        names = {code: code for code in codes.drop_nulls().cast(pl.String).to_list()}
        if dimension.lookup:
            code, name = _LOOKUPS[dimension.lookup]
            looked_up = dict(self.snapshot.frame(sa.select(code, name)).iter_rows())
            names = {each: looked_up.get(each, each) for each in names}
        return {**names, **{each: text for each, text in dimension.labels.items() if each in names}}

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
            reported = flags.filter(pl.any_horizontal(pl.col(flags.columns).exclude("period", "org_code") > 0))
            recent = reported.filter(pl.col("period") > pl.col("period").max().dt.offset_by("-2y"))
            found.update(recent.join(located, on="org_code")["organisation"].unique())
        return tuple(sorted(found))

    def overlaps(self, model: Model) -> Mapping[str, tuple[date, ...]]:
        """Returns for `england` and `region` the periods in which rows of a finer level stand beside theirs.

        What is stated for the whole and what is reported by its parts must not be added up.
        """
        key = ("overlaps", model.name)

        def made() -> Mapping[str, tuple[date, ...]]:
            # Of a table in which no row means nothing, flags do not say who has rows in a period.
            known = None if model.absence_is_zero else self._still(key, model)
            return self._overlaps(model) if known is None else known  # type: ignore[return-value]

        return self.keep(key, made)

    def _overlaps(self, model: Model) -> dict[str, tuple[date, ...]]:
        if model.organisation is None:
            return {}
        kinds = self.organisations.all.select("org_code", "org_type")
        held = self._flags(model)
        if model.absence_is_zero:  # whoever has rows stands in every period there: what counts is who has rows in it
            held = self._of_rows(model, sources_of(model, self.catalogue))
        levels = (
            held.join(kinds, on="org_code", how="left")
            .select("period", pl.col("org_type").replace_strict(_RANKS, default=0, return_dtype=pl.Int64).alias("rank"))
            .unique()
        )
        finest = levels.group_by("period").agg(pl.col("rank").min().alias("finest"))
        coarser = levels.join(finest, on="period").filter(pl.col("rank") > pl.col("finest"))
        return {name: tuple(coarser.filter(pl.col("rank") == rank)["period"].sort()) for name, rank in _RANKS.items()}

    def _presence(self, source: Source, as_at: date) -> Presence:
        located = self.located(as_at)
        sent = self._flags(source.model).select("period", "org_code", pl.col(source.base.id).alias("reported"))
        sent = sent.join(located, on="org_code", how="left").with_columns(
            pl.coalesce("organisation", "org_code").alias("organisation"),
            pl.col("org_type").replace_strict(_RANKS, default=0, return_dtype=pl.Int64).alias("rank"),
        )
        # What a publication states for England or a region is no organisation, where its parts report too.
        sent = sent.filter(pl.col("rank") == pl.col("rank").min().over("period"))
        reported = sent.filter(pl.col("reported") > 0)
        # Nobody is missed who never had any.
        had = reported.filter(pl.col("reported") > 1)["org_code"].unique()
        ever = sent.filter(pl.col("org_code").is_in(had.implode(), nulls_equal=True))
        columns = [*CODES, "rank"]
        return Presence(
            rows=reported.select(columns).unique(),
            submitted=ever.select(columns).unique(),
            had=had,
            within=source.model.coverage.within,
            ends=self.organisations.ends,
            owed=self._owed(reported, located, as_at),
        )

    def _owed(self, reported: pl.DataFrame, located: pl.DataFrame, as_at: date) -> pl.DataFrame:
        """Returns the rows of divided boards under each board that took a part of them."""
        parts = self.organisations.divided(as_at)
        boards = reported.filter(pl.col("org_type") == "icb").select("period", "org_code")
        heirs = located.select(pl.col("org_code").alias("successor"), *LEVELS)
        return boards.join(parts, on="org_code").join(heirs, on="successor").select(CODES).unique()

    def _flags(self, model: Model) -> pl.DataFrame:
        key = ("flags", model.name)

        def made() -> pl.DataFrame:
            found, before = self._reported(model), self._before.get(key)
            same = isinstance(before, pl.DataFrame) and before.schema == found.schema and before.equals(found)
            return before if isinstance(before, pl.DataFrame) and same else found

        return self.keep(key, made)

    def _reported(self, model: Model) -> pl.DataFrame:
        """Returns `period`, `org_code`, and for each metric of the model 0, 1 or 2; see `sql.presence`."""
        sources = sources_of(model, self.catalogue)
        if model.absence_is_zero:
            return self._throughout(model, sources)
        return self._of_rows(model, sources)

    def _of_rows(self, model: Model, sources: Iterable[Source]) -> pl.DataFrame:
        cube = None if self.cubes is None else self.cubes.of_model(model)
        flags = self.read(sql.presence(model, self.catalogue, sources)) if cube is None else cube.presence()
        periods = local_periods(flags["period"], Grain(model.grain))
        check_starts(periods, model)
        return flags.with_columns(periods)

    def _throughout(self, model: Model, sources: Iterable[Source]) -> pl.DataFrame:
        """Returns the flags of a table in which no row means that nothing happened.

        Whoever has rows reports in every period from the first row to the last of anybody.
        """
        grain = Grain(model.grain)
        cube = None if self.cubes is None else self.cubes.of_model(model)
        extents = self.read(sql.extent(model, self.catalogue)) if cube is None else cube.extent()
        extents = extents.drop_nulls(["first", "last"])
        moments = pl.concat([extents["first"], extents["last"]]) if extents.height else pl.Series([], dtype=pl.Date)
        if isinstance(moments.dtype, pl.Datetime):
            moments = moments.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/London")
        days = [] if moments.is_empty() else moments.sort().gather([0, -1]).to_list()
        if days and grain is Grain.HOUR:
            spine = hour_column(day_of(days[0]), day_of(days[1])).to_frame("period").filter(pl.col("period") <= days[1])
        else:
            periods = sequence(day_of(days[0]), day_of(days[1]), grain) if days else []
            spine = pl.DataFrame({"period": periods}, schema={"period": kind_of(grain)})
        flags = [pl.lit(2, pl.Int64).alias(source.base.id) for source in sources]
        return spine.join(extents.select("org_code"), how="cross").with_columns(*flags)

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


def models_behind(metrics: Iterable[Metric], catalogue: Catalogue) -> tuple[Model, ...]:
    """Returns the models that the metrics, and the metrics that they are made of, can be answered from."""
    found: dict[str, Model] = {}
    for metric in metrics:
        for name in (metric.model, *(alternate.model for alternate in metric.alternates)):
            if name is not None:
                found[name] = catalogue.models[name]
        found |= {model.name: model for model in models_behind(catalogue.inputs(metric), catalogue)}
    return tuple(found.values())


def check_starts(periods: pl.Series, model: Model) -> None:
    """Checks that the periods of a table are the first days of its native periods.

    Raises:
        PeriodError: some are days within one, of which a longer period would miss all but the first.
    """
    grain = Grain(model.grain)
    if grain in (Grain.HOUR, Grain.DAY):
        return
    within = periods.to_frame("period").filter(pl.col("period") != start_column("period", grain))
    if within.height:
        raise PeriodError.of(model, within["period"][0])


def local_periods(periods: pl.Series, grain: Grain) -> pl.Series:
    """Returns native periods as the engine works with them: hours, which come in UTC, as those of Europe/London."""
    if grain is not Grain.HOUR:
        return periods
    return periods.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/London").cast(HOURS)


def sources_of(model: Model, catalogue: Catalogue) -> tuple[Source, ...]:
    """Returns every metric of the catalogue as the model answers it."""
    grain = Grain(model.grain)
    found = []
    for metric in catalogue:
        holders: tuple[Metric | Alternate, ...] = (metric, *metric.alternates)
        for holder in holders:
            part = holder.numerator or holder.measure
            if holder.model == model.name and part is not None:
                found.append(Source(metric, model, part, holder.denominator, grain))
    return tuple(found)
