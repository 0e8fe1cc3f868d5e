"""Published forecasts, kept for good: what was said of the future, when, and from what."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from metrics.journal.database import Database
from metrics.warehouse.settings import Settings, load_settings
from models import forecast_alerts
from models.forecast_run import SCHEMAS, WHOSE, Key, Made, Whose, add, columns_of, found, in_shape, next_number
from models.forecast_tables import (
    FORECASTS,
    PARTS,
    QUANTILES,
    forecast_across,
    forecast_alert,
    forecast_claim,
    forecast_coherence,
    forecast_part,
    forecast_run,
    forecast_series,
    forecast_sum,
    forecast_value,
)

CLAIM_HOLDS: Final = timedelta(minutes=15)
"""How long a claim keeps others away: whoever made it may have died."""

_RUN: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "kind": pl.String, "part": pl.String, "grain": pl.String, "definition_version": pl.String,
    "model_version": pl.String, "learnt": pl.String, "data_version": pl.String, "data_as_of": pl.Date,
    "made_at": pl.Datetime("us"),
}  # fmt: skip


class ForecastStore:
    """Forecasts as they were published. Rows are added and never changed.

    Several threads and processes may use one store. All methods raise `JournalUnusableError` when it cannot be read or
    written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, settings: Settings | None = None) -> ForecastStore:
        """Returns the store of the settings (None: those that hold here). Nothing is made before the first writing.

        It is the file `forecasts.sqlite` in the settings' home, or lies in tables `forecast_*` beside a warehouse that
        is PostgreSQL.
        """
        return cls(Database(load_settings() if settings is None else settings, FORECASTS))

    @property
    def place(self) -> str:
        """Returns where it is: a path, or a database's address without its password."""
        return self._database.place

    @property
    def version(self) -> str:
        """Returns a name of the store's state, which every publication and every alert changes: for cache keys."""
        with self._database.reading() as connection:
            if connection is None:
                return "0"
            newest = (sa.select(sa.func.max(table.c.id)) for table in (forecast_run, forecast_alert))
            return " ".join(str(connection.scalar(each) or 0) for each in newest)

    def state_of(self, metric: str, organisation: str, service: str = "", site: str = "") -> str:
        """Returns a name of what the store says of a series, which every word on it changes: for cache keys."""
        s, r = forecast_series.c, forecast_run.c
        own = sa.select(sa.func.max(s.id)).where(
            s.metric == metric, s.organisation == organisation, s.service == service, s.site == site
        )
        with self._database.reading() as connection:
            if connection is None:
                return "0 0"
            newest = connection.scalar(sa.select(sa.func.max(r.id)).where(r.metric == metric))
            return f"{newest or 0} {connection.scalar(own) or 0}"

    def has(self, key: Key) -> bool:
        """Returns whether a run has been published."""
        with self._database.reading() as connection:
            return connection is not None and found(connection, key) is not None

    def newest(self, key: Key) -> tuple[datetime, date | None] | None:
        """Returns when the newest run like a key was made, whatever it learnt, and its latest cut-off; None without."""
        r, s = forecast_run.c, forecast_series.c
        where = [r[name] == value for name, value in columns_of(key).items() if name != "learnt"]
        statement = (
            sa.select(r.made_at, sa.func.max(s.cutoff))
            .select_from(forecast_run.outerjoin(forecast_series, s.run_id == r.id))
            .where(*where)
            .group_by(r.id, r.made_at)
            .order_by(r.id.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            row = None if connection is None else connection.execute(statement).one_or_none()
        return None if row is None else (row[0], row[1])

    def runs(self, metric: str) -> pl.DataFrame:
        """Returns the runs of a metric, oldest first: `id` and the columns of the table `forecast_run`."""
        r = forecast_run.c
        statement = sa.select(r.id, *(r[name] for name in _RUN)).where(r.metric == metric).order_by(r.id)
        return self._frame(statement, {"id": pl.Int64, **_RUN})

    def publish(self, made: Made, at: datetime | None = None) -> bool:
        """Adds a run as a whole, or nothing of it; returns whether it was new.

        Args:
            made: the run.
            at: when it was made, UTC; None is now.

        Raises:
            ValueError: a value belongs to no series of the run, or a series has a period twice.
        """
        (is_new,) = self.publish_together((made,), at)
        return is_new

    def publish_together(self, made: Sequence[Made], at: datetime | None = None) -> tuple[bool, ...]:
        """Adds runs as a whole, or nothing of them; returns which were new. Parents stand before their children.

        Args:
            made: the runs.
            at: when they were made, UTC; None is now.

        Raises:
            ValueError: a value belongs to no series of its run, or a series has a period twice.
        """
        shaped = [(each, *in_shape(each)) for each in made]
        are_new = []
        with self._database.writing() as connection:
            ids: dict[tuple[str, *Whose], int] = {}
            for each, series, values, parts in shaped:
                are_new.append(found(connection, each.key) is None)
                if are_new[-1]:
                    add(connection, each, (series, values, parts), ids, at or _now())
        return tuple(are_new)

    def standing(self, metric: str, organisation: str, service: str = "", site: str = "") -> pl.DataFrame:
        """Returns every word on a series, oldest first, forecast or refusal.

        Columns: `series_id`, `run_id` Int64, those of the run as in `runs`, `cutoff` Date, `refused`, `notes` String.
        """
        r, s = forecast_run.c, forecast_series.c
        said = ("cutoff", "refused", "notes")
        statement = (
            sa.select(s.id, s.run_id, *(r[name] for name in _RUN), *(s[name] for name in said))
            .select_from(forecast_series.join(forecast_run, s.run_id == r.id))
            .where(s.metric == metric, s.organisation == organisation, s.service == service, s.site == site)
            .order_by(s.id)
        )
        schema = {"series_id": pl.Int64, "run_id": pl.Int64, **_RUN}
        return self._frame(statement, {**schema, **{name: SCHEMAS["series"][name] for name in said}})

    def values(self, metric: str, organisation: str, service: str = "", site: str = "") -> pl.DataFrame:
        """Returns all that was forecast of a series: `series_id`, `ahead` Int64, `period` Date, quantiles, `naive`."""
        s, v = forecast_series.c, forecast_value.c
        statement = (
            sa.select(v.series_id, v.ahead, v.period, *(v[name] for name in (*QUANTILES, "naive")))
            .select_from(forecast_value.join(forecast_series, v.series_id == s.id))
            .where(s.metric == metric, s.organisation == organisation, s.service == service, s.site == site)
            .order_by(v.series_id, v.ahead)
        )
        schema = {"series_id": pl.Int64, "ahead": pl.Int64, "period": pl.Date,
                  **dict.fromkeys((*QUANTILES, "naive"), pl.Float64)}  # fmt: skip
        return self._frame(statement, schema)

    def standing_of_all(self, metric: str) -> pl.DataFrame:
        """Returns every forecast of a metric but those of sites, as of `standing` without notes, and whose it is.

        That is `organisation`, `site`, `service`.
        """
        r, s = forecast_run.c, forecast_series.c
        names = ("kind", "definition_version", "made_at")
        statement = (
            sa.select(s.id, s.organisation, s.site, s.service, s.cutoff, *(r[name] for name in names))
            .select_from(forecast_series.join(forecast_run, s.run_id == r.id))
            .where(s.metric == metric, s.site == "")
            .order_by(s.id)
        )
        schema = {"series_id": pl.Int64, **{name: SCHEMAS["series"][name] for name in (*WHOSE, "cutoff")}}
        return self._frame(statement, {**schema, **{name: _RUN[name] for name in names}})

    def values_of_all(self, metric: str) -> pl.DataFrame:
        """Returns all that was forecast of a metric but for its sites, as of `values` without the 50% intervals."""
        s, v = forecast_series.c, forecast_value.c
        names = ("lo95", "lo80", "mean", "hi80", "hi95", "naive")
        statement = (
            sa.select(v.series_id, v.ahead, v.period, *(v[name] for name in names))
            .select_from(forecast_value.join(forecast_series, v.series_id == s.id))
            .where(s.metric == metric, s.site == "")
        )
        schema = {"series_id": pl.Int64, "ahead": pl.Int64, "period": pl.Date, **dict.fromkeys(names, pl.Float64)}
        return self._frame(statement, schema)

    def note_alerts(
        self, metric: str, series: Collection[tuple[str, str]], signals: pl.DataFrame, at: datetime
    ) -> int:  # fmt: skip
        """Adds what is new of a metric's alerts; see `models.forecast_alerts.note`."""
        with self._database.writing() as connection:
            return forecast_alerts.note(connection, metric, series, signals, at)

    def alerts(self, organisations: Collection[str] | None = None) -> pl.DataFrame:
        """Returns alerts, newest first, of all organisations or of some; see `models.forecast_alerts.ALERTS`."""
        return forecast_alerts.alerts_of(
            self._frame(forecast_alerts.statement(organisations), forecast_alerts.SCHEMA)
        )  # fmt: skip

    def parts(self, series_id: int) -> pl.DataFrame:
        """Returns what the forecast of a series is made of: `ahead` Int64 and the parts, none where it has none."""
        columns = (forecast_part.c.ahead, *(forecast_part.c[name] for name in PARTS))
        statement = sa.select(*columns).where(forecast_part.c.series_id == series_id).order_by(forecast_part.c.ahead)
        return self._frame(statement, {"ahead": pl.Int64, **dict.fromkeys(PARTS, pl.Float64)})

    def summed(self, series_id: int, *, across: bool = False) -> tuple[pl.DataFrame, pl.DataFrame] | None:
        """Returns what a series adds up to, and what adds up to it; None where its forecast was made by itself.

        Both have the columns `series_id` Int64, `part`, `organisation`, `site`, `service` String; the first at most one
        row.

        Args:
            series_id: of the series.
            across: the other way in which it adds up, by service across sites; None where there is none.
        """
        sums = forecast_across if across else forecast_sum
        s, r, u = forecast_series.c, forecast_run.c, sums.c
        whose = (s.id, r.part, *(s[name] for name in WHOSE))
        series = forecast_series.join(forecast_run, s.run_id == r.id)
        schema = {"series_id": pl.Int64, **dict.fromkeys(("part", *WHOSE), pl.String)}
        own = sa.select(u.above_id).where(u.series_id == series_id).scalar_subquery()
        above = self._frame(sa.select(*whose).select_from(series).where(s.id == own), schema)
        children = sa.select(*whose).select_from(series.join(sums, u.series_id == s.id))
        below = self._frame(children.where(u.above_id == series_id).order_by(s.id), schema)
        return None if above.is_empty() and below.is_empty() else (above, below)

    def means(self, series_ids: Sequence[int]) -> pl.DataFrame:
        """Returns the means of some forecasts: `series_id`, `ahead` Int64, `period` Date, `mean` Float64."""
        v = forecast_value.c
        statement = sa.select(v.series_id, v.ahead, v.period, v.mean).where(v.series_id.in_(list(series_ids)))
        schema = {"series_id": pl.Int64, "ahead": pl.Int64, "period": pl.Date, "mean": pl.Float64}
        return self._frame(statement.order_by(v.series_id, v.ahead), schema)

    def coherence(self, run_id: int) -> tuple[int, int, str] | None:
        """Returns how many series of a run add up with others, how many were made alone, and why; None of replays."""
        c = forecast_coherence.c
        with self._database.reading() as connection:
            statement = sa.select(c.adding_up, c.alone, c.told).where(c.run_id == run_id)
            row = None if connection is None else connection.execute(statement).one_or_none()
        return None if row is None else (row[0], row[1], row[2])

    def claim(self, metric: str, part: str, holder: str, at: datetime | None = None) -> bool:
        """Says that somebody begins to forecast a part, and returns whether nobody else is at it."""
        now = at or _now()
        with self._database.writing() as connection:
            newest = _newest_claim(connection, metric, part)
            if newest is not None and newest.holder != holder and now - newest.at < CLAIM_HOLDS:
                return False
            _claimed(connection, (metric, part), holder, "begun", now)
        return True

    def release(self, metric: str, part: str, holder: str, at: datetime | None = None) -> None:
        """Says that nobody is at a part any more."""
        with self._database.writing() as connection:
            _claimed(connection, (metric, part), holder, "ended", at or _now())

    def _frame(self, statement: sa.Select[Any], schema: Mapping[str, pl.DataType | type[pl.DataType]]) -> pl.DataFrame:
        with self._database.reading() as connection:
            rows = [] if connection is None else connection.execute(statement).all()
        return pl.DataFrame([tuple(row) for row in rows], schema=dict(schema), orient="row")


def _newest_claim(connection: sa.Connection, metric: str, part: str) -> Any:
    c = forecast_claim.c
    statement = sa.select(c.holder, c.state, c.at).where(c.metric == metric, c.part == part)
    row = connection.execute(statement.order_by(c.id.desc()).limit(1)).one_or_none()
    return row if row is not None and row.state == "begun" else None


def _claimed(connection: sa.Connection, what: tuple[str, str], holder: str, state: str, at: datetime) -> None:
    values = {"metric": what[0], "part": what[1], "holder": holder, "state": state, "at": at}
    connection.execute(forecast_claim.insert().values(id=next_number(connection, forecast_claim), **values))


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
