"""Where a trust's own records stand: the newest instant that they hold, and when it was received."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

import polars as pl
import sqlalchemy as sa

from metrics.query.periods import midnight
from metrics.warehouse.connect import Snapshot
from metrics.warehouse.frames import Select
from metrics.warehouse.tables.operational.changes import meta_change
from metrics.warehouse.tables.operational.flow import fact_alert, fact_ed_attendance, fact_spell
from metrics.warehouse.tables.operational.places import dim_site
from metrics.warehouse.tables.operational.provenance import meta_operational

# The records that change most often: their last change is where a feed stands, whatever it writes beside them.
_BUSIEST: Final = (fact_ed_attendance, fact_spell, fact_alert)
_NEWEST: Final = sa.union_all(
    *(sa.select(sa.literal(t.name).label("name"), sa.func.max(t.c.changed_at).label("at")) for t in _BUSIEST)
)


@dataclass(frozen=True, slots=True)
class Clock:
    """Where the operational records of a warehouse stand.

    Attributes:
        now: UTC; the newest instant that the records hold. They may run behind the world, or ahead of it.
        received_at: UTC; when the newest records were written.
        simulated: whether any of them come from a simulation.
        organisations: the codes of the trusts.
        sites: site code to name.
        written_at: UTC, when the records were first written: those of another trust, or simulation, have another.
        newest: name of a table to UTC, the newest instant that its rows hold: of emergency attendances, spells, alerts.
    """

    now: datetime
    received_at: datetime
    simulated: bool
    organisations: tuple[str, ...]
    sites: Mapping[str, str]
    written_at: datetime
    newest: Mapping[str, datetime] = field(default_factory=dict)


def clock_of(snapshot: Snapshot) -> Clock | None:
    """Returns where the operational records stand; None when the warehouse holds none.

    Until a feed goes on with them it is the end of their last day.

    Raises:
        sqlalchemy.exc.DBAPIError: the database does not answer.
    """
    try:
        written = snapshot.frame(
            sa.select(
                meta_operational.c.org_code,
                meta_operational.c.provenance,
                meta_operational.c.last_day,
                meta_operational.c.written_at,
            )
        )
        if written.is_empty():
            return None
        changed = _only(snapshot, sa.select(sa.func.max(meta_change.c.changed_at).label("at")))
        newest = {name: at.replace(tzinfo=UTC) for name, at in snapshot.frame(_NEWEST).iter_rows() if at is not None}
        sites = snapshot.frame(sa.select(dim_site.c.site_code, dim_site.c.name).order_by(dim_site.c.site_code))
    except sa.exc.ProgrammingError:  # the warehouse has no operational tables
        return None
    last_day: date = written.select(pl.col("last_day").max()).item()
    written_at: datetime = written.select(pl.col("written_at").max()).item()
    return Clock(
        now=_end_of(last_day) if changed is None or not newest else max(newest.values()),
        received_at=(changed or written_at).replace(tzinfo=UTC),
        simulated=bool(written.select((pl.col("provenance") == "simulated").any()).item()),
        organisations=tuple(sorted(written["org_code"])),
        sites=dict(sites.iter_rows()),
        written_at=written_at.replace(tzinfo=UTC),
        newest=newest,
    )


def _only(snapshot: Snapshot, select: Select) -> datetime | None:
    found: datetime | None = snapshot.frame(select)["at"].item()
    return found


def _end_of(day: date) -> datetime:
    return midnight(day + timedelta(days=1)).astimezone(UTC) - timedelta(seconds=1)
