"""The engine: answers every request of every page, export, forecast and notebook."""

from __future__ import annotations

import copy
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import polars as pl

from metrics.catalogue import Catalogue, Definitions, Finding, Model, folders_of
from metrics.query.answering import answer
from metrics.query.cell import Where, cell_at
from metrics.query.clock import Clock, clock_of
from metrics.query.cube_store import CubeStore
from metrics.query.cubes import Built, CubeFault, Cubes, alike
from metrics.query.explaining import Explanation, explain
from metrics.query.holdings import Holdings, models_behind
from metrics.query.keeping import Keeping
from metrics.query.listing import last_day_of, members_of, organisations_of, successions_of
from metrics.query.own_records import Provenance, provenance_of_metric
from metrics.query.preparing import Statement, statements
from metrics.query.request import Against, Grain, Request
from metrics.query.result import Result
from metrics.query.sides import Sides
from metrics.query.sources import (
    Publication,
    all_publications,
    publications_of,
    rejections_of,
    revisions_of,
)
from metrics.query.why import Movement, why
from metrics.warehouse.connect import Warehouse, open_warehouse
from metrics.warehouse.settings import load_settings

_KEPT_ANSWERS = 2_000


class MetricsLayer:
    """The metrics layer over one warehouse: ask it, and it answers with parts, values and statuses.

    >>> layer = MetricsLayer.open()                                      # doctest: +SKIP
    >>> layer.ask(Request.of("ae_four_hour", by=("region",))).frame      # doctest: +SKIP
    """

    def __init__(
        self,
        warehouse: Warehouse,
        catalogue: Catalogue,
        today: Callable[[], date] = date.today,
        *,
        definitions: Definitions | None = None,
    ) -> None:
        self.warehouse = warehouse
        self._definitions = definitions
        self._read_at = definitions.state.read_at if definitions else None
        self._today = today
        self._lock = threading.Lock()
        self._defined = catalogue  # what is in use is the part of it that the warehouse has tables for
        snapshot = warehouse.snapshot()
        self._holdings = Holdings(snapshot, catalogue).answerable(catalogue)
        self._answers: OrderedDict[object, Result] = OrderedDict()
        self._moving = threading.RLock()  # one at a time takes newer data, definitions or cubes
        self._keeping = Keeping(None)

    @classmethod
    def open(
        cls,
        warehouse_url: str | None = None,
        *,
        definitions: Path | Sequence[Path] | None = None,
        today: Callable[[], date] = date.today,
    ) -> MetricsLayer:
        """Returns the layer over the warehouse of the URL and the folders of definitions, or those of the settings.

        Raises:
            WarehouseNotBuiltError, WarehouseUnreachableError, SettingsError: see `metrics.warehouse`.
            CatalogueError: a definition is wrong.
        """
        warehouse = open_warehouse(warehouse_url)
        watched = Definitions(folders_of(load_settings()) if definitions is None else definitions)
        return cls(warehouse, watched.state.catalogue, today, definitions=watched)

    @property
    def catalogue(self) -> Catalogue:
        """Returns the definitions that answers are given by."""
        return self._holdings.catalogue

    @property
    def definitions_version(self) -> str:
        """Names the definitions that answers are given by."""
        return self.catalogue.version

    @property
    def definitions_read_at(self) -> datetime | None:
        """Returns when the definitions in use were read, UTC; None for a catalogue that comes from no folder."""
        return self._read_at

    @property
    def definition_problems(self) -> tuple[Finding, ...]:
        """Returns why the newest definition files are not in use; empty when they are."""
        return self._definitions.state.problems if self._definitions else ()

    @property
    def data_version(self) -> str:
        """Names the state of the warehouse, and of the cubes that stand for it, that answers are given from."""
        return self._holdings.data_version

    def version_of(self, metrics: Iterable[str]) -> str:
        """Names the state of the data that some metrics read: it stays while only other tables change.

        Raises:
            UnknownMetricError: with the nearest ids.
        """
        holdings = self._holdings
        return holdings.version_of(models_behind(map(holdings.catalogue.metric, metrics), holdings.catalogue))

    def refresh(self) -> bool:
        """Takes newer data when there are any, and returns whether there were.

        A cube takes in what changed before anybody is answered from it. `catch_up` does so for those nobody asks for.
        """
        self.warehouse.refresh()
        if self.warehouse.snapshot().data_version == self._holdings.snapshot.data_version:
            return False
        with self._moving:
            before, snapshot = self._holdings, self.warehouse.snapshot()
            if snapshot.data_version == before.snapshot.data_version:
                return False  # another thread was faster
            if before.cubes is None:
                newer = Holdings(snapshot, before.catalogue)
            else:
                cubes = before.cubes.refreshed(snapshot)
                newer = before.after(snapshot, cubes, cubes.standing)
            self._take(newer.answerable(self._defined))
        return True

    def keep_cubes(self, folder: Path | None = None, of: Callable[[Model], bool] | None = None) -> None:
        """Keeps cubes from now on: `build_cube` builds them one by one, `refresh` keeps them up.

        Args:
            folder: where cubes are stored for the next start; None stores none.
            of: the models that get one; None is those that their definitions say.
        """
        with self._moving:
            self._keeping = Keeping(None if folder is None else CubeStore(folder))
            cubes = Cubes.of(self._holdings.snapshot, self.catalogue, of or (lambda model: model.keeps_cube))
            self._take(Holdings(cubes.snapshot, self.catalogue, cubes, cubes.standing))

    def build_cube(self) -> bool:
        """Builds, or takes from the store, one cube that is asked for and not there; returns whether one was.

        Meanwhile newer data and definitions are taken as ever: the cube catches up with them before it answers. One
        that the warehouse could not give in time is tried again later, and the others come first; see `cube_failures`.
        """
        cubes = self._holdings.cubes
        name = None if cubes is None else self._keeping.due(cubes)
        if cubes is None or name is None:
            return False
        obtained = self._keeping.obtained(cubes, name)
        if obtained is None:
            return True
        found, is_new = obtained
        with self._moving:
            holdings = self._holdings
            now = holdings.cubes
            if now is None or name not in now.waiting or not alike(now.layouts[name], cubes.layouts[name]):
                return True
            if isinstance(found, Built) and now.snapshot is not cubes.snapshot:
                late = now.caught_up(found)
                if late is None:
                    return True
                found = late
            holdings.cubes = now.having(name, found)
        if is_new and isinstance(found, Built):
            self._keeping.store(found)
        return True

    def catch_up(self) -> bool:
        """Brings one cube that nobody has asked for up to the state of the data; returns whether there was one."""
        cubes = self._holdings.cubes
        behind = () if cubes is None else cubes.behind
        if cubes is None or not behind:
            return False
        cubes.current(behind[0])
        return True

    def store_cubes(self) -> None:
        """Stores the cubes as they are now, so that the next start has little to catch up with."""
        cubes = self._holdings.cubes
        for built in cubes.known().values() if cubes is not None else ():
            self._keeping.store(built)

    def sweep_cubes(self) -> tuple[CubeFault, ...]:
        """Holds the next month of the next cube against the rows that it stands for, and mends what differs.

        Call it again and again: it goes round. Returns what was wrong, which is nothing unless the log of changes, or
        this program, is.
        """
        cubes = self._holdings.cubes
        if cubes is None or not cubes.built:
            return ()
        name, days = self._keeping.next_differing(cubes)
        if days:
            with self._moving:
                now = self._holdings
                if now.cubes is not None and name in now.cubes.built:
                    self._take(now.mended(name, days))
            with self._lock:
                self._answers.clear()
        return tuple(CubeFault(name, day) for day in days)

    @property
    def cube_failures(self) -> tuple[str, ...]:
        """Returns a sentence for each cube that the warehouse could not give when it was last tried."""
        return tuple(failed.words for failed in self._keeping.failed.values())

    @property
    def cubes(self) -> Cubes | None:
        """Returns the cubes that answers are given from; None where none are kept."""
        return self._holdings.cubes

    def _take(self, newer: Holdings) -> None:
        with self._lock:
            self._holdings = newer

    def reload(self) -> bool:
        """Takes the definitions on disk when they changed and hold together, and returns whether it did.

        When they do not hold together, the last good ones stay in use and `definition_problems` says why.
        """
        if self._definitions is None or not self._definitions.look():
            return False
        with self._moving:
            newest = self._definitions.state
            if newest.catalogue is self._defined:
                return False
            newer = self._holdings.answerable(newest.catalogue)
            with self._lock:
                self._defined, self._read_at, self._holdings = newest.catalogue, newest.read_at, newer
        return True

    def as_it_stands(self) -> MetricsLayer:
        """Returns a layer that goes on answering from the data and by the definitions of this moment.

        Whoever asks several questions that must agree takes it once. It is not refreshed or reloaded.
        """
        with self._lock:
            return copy.copy(self)

    def ask(self, request: Request) -> Result:
        """Returns the answer to the request; see `Result` for the frame.

        Raises:
            UnknownMetricError, QueryError: the request cannot be answered; the message says what to ask.
        """
        holdings = self._holdings
        version = holdings.version_of(
            models_behind(map(holdings.catalogue.metric, request.metrics), holdings.catalogue)
        )
        key = (request, version, holdings.catalogue.version, self._today())
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
        result = answer(holdings, request, self._today())
        with self._lock:
            self._answers[key] = result
            if len(self._answers) > _KEPT_ANSWERS:
                self._answers.popitem(last=False)
        return result

    def compile(self, request: Request) -> tuple[Statement, ...]:
        """Returns the statements that the request needs, without running them; those of a derived metric's inputs too.

        Raises:
            UnknownMetricError, QueryError: as `ask`.
        """
        return statements(self._holdings, request, self._today())

    def explain(
        self,
        metric: str,
        *,
        period: date | None = None,
        grain: Grain | None = None,
        where: Where = None,
        at: Mapping[str, str | None] | None = None,
        as_at: date | None = None,
    ) -> Explanation:
        """Returns everything behind one number: parts, rows, coverage, who is absent, definitions, SQL and sources.

        `at` names the members that make the cell, such as `{"region": "Y56"}`; None is what is not known. Without a
        period it is the newest final one. `cell_of` gives all of these for a row of a result.

        Raises:
            UnknownMetricError, QueryError: as `ask`.
        """
        now = self.as_it_stands()
        cell = cell_at(metric, now.ask, now.catalogue, period=period, grain=grain, where=where, at=at, as_at=as_at)
        return explain(cell, now.ask, now._holdings, self._today())  # noqa: SLF001 - it is of this class

    def why(
        self,
        metric: str,
        *,
        period: date | None = None,
        against: Against | int | date = Against.PREVIOUS,
        by: Sequence[str] | None = None,
        grain: Grain | None = None,
        where: Where = None,
        at: Mapping[str, str | None] | None = None,
        as_at: date | None = None,
    ) -> Movement:
        """Returns why one number moved since an earlier period: its change, shared out to the members of dimensions.

        `against` is the period before, the same of the year before, so many periods back, or the one of a day. `by`
        names dimensions; None is every one that splits the cell. The rest is as `explain`.

        Raises:
            UnknownMetricError, QueryError: as `ask`; or the other period is no earlier one.
        """
        now = self.as_it_stands()
        cell = cell_at(metric, now.ask, now.catalogue, period=period, grain=grain, where=where, at=at, as_at=as_at)
        return why(Sides(now.ask, now.catalogue), cell, against, by)

    def organisations(self) -> pl.DataFrame:
        """Returns `org_code`, `name`, `org_type`, `trust_type`, `icb_code`, `region_code` and four more columns.

        `own_records` is `operational` or `simulated` where the warehouse holds a trust's own records, else null.
        `answers` is the code that answers for it today. `is_current` says that it is open and answers for itself;
        `is_reporting`, that figures of the last two years of any model's data are its own today.
        """
        return organisations_of(self._holdings, self._today())

    def successions(self) -> pl.DataFrame:
        """Returns `predecessor_code`, `predecessor`, `successor_code` String and `effective` Date, one row a change."""
        return successions_of(self._holdings)

    def members(self, dimension: str, model: str | None = None) -> pl.DataFrame:
        """Returns `code` and `name` of a dimension's values, in the order of their names.

        Raises:
            QueryError: no model has the dimension.
        """
        return members_of(dimension, self._holdings, model)

    def last_day(self, metric: str) -> date | None:
        """Returns the last day that the metric's data cover; None when it has none."""
        return last_day_of(metric, self._holdings, self._today())

    def provenance(self, metric: str) -> Provenance:
        """Returns whether the rows behind a metric are published, a trust's own or simulated.

        Raises:
            UnknownMetricError: with the nearest ids.
        """
        catalogue = self.catalogue
        return provenance_of_metric(catalogue.metric(metric), catalogue, self._holdings.owners)

    def clock(self) -> Clock | None:
        """Returns where the trust's own records stand; None when the warehouse holds none."""
        holdings = self._holdings
        return holdings.keep(("clock",), lambda: clock_of(holdings.snapshot))

    def sources(self, metric: str) -> tuple[Publication, ...]:
        """Returns the publications behind a metric, with their files and licences."""
        return publications_of(self.catalogue.metric(metric), self._holdings)

    def publications(self) -> tuple[Publication, ...]:
        """Returns every publication that is held, reference data too, with files and licences, by title."""
        return all_publications(self._holdings)

    def rejections(self, publication: str) -> pl.DataFrame:
        """Returns what was left out of a publication's files.

        Columns: `file`, `row_number` (in the file, from 1), `column_name`, `value`, `reason`.
        """
        return rejections_of(publication, self._holdings)

    def revisions(self, publication: str) -> pl.DataFrame:
        """Returns what later files of a publication changed in periods that were held already, newest load first.

        Columns: `file`, `loaded_at` (UTC), `replaced_file`, `table_name`, `period`, `rows_before`, `rows_after`,
        `organisations_added`, `organisations_removed`, `cells_changed`, and, on rows of a measure whose sum changed,
        `measure`, `sum_before`, `sum_after`.
        """
        return revisions_of(publication, self._holdings)


def forget(layer: MetricsLayer) -> None:
    """Makes the layer forget its answers and how it got them, as after new data; what benchmarks time is then work."""
    with layer._lock:  # noqa: SLF001 - it is of this module
        layer._answers.clear()  # noqa: SLF001
        layer._holdings.forget_recent()  # noqa: SLF001
