"""A simulation in the warehouse, beside what is loaded there: all of it, or nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import sqlalchemy as sa

from metrics.warehouse.errors import WarehouseError
from metrics.warehouse.tables.dimensions import ref_organisation
from metrics.warehouse.tables.operational import fingerprint, metadata
from metrics.warehouse.tables.operational.provenance import meta_operational
from metrics.warehouse.writing import Writer, writing
from sample_data.published.reference import rebuild_reference
from sample_data.simulator.dimensions import dimensions, organisation
from sample_data.simulator.engine import begun, simulate, unfinished
from sample_data.simulator.feed.place import standing
from sample_data.simulator.folder import PROVENANCE, Progress
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.trust import ORG_CODE
from sample_data.simulator.truth import Tally, truth_json

__all__ = ["OwnRecordsError", "provenance", "write_warehouse"]


class OwnRecordsError(WarehouseError):
    """The operational tables hold a trust's own records. A simulation never goes among them."""


def write_warehouse(scenario: Scenario, url: str | None = None, progress: Progress | None = None) -> dict[str, int]:
    """Simulates into the warehouse, in the place of an earlier simulation, and returns rows by table.

    Args:
        scenario: what is simulated.
        url: the warehouse; None is the one that the settings name.
        progress: told of the last day done and the rows so far, month by month.

    Raises:
        OwnRecordsError: the operational tables hold what no simulation wrote.
        WarehouseError: as `metrics.warehouse.writing.writing`.
    """
    rows: dict[str, int] = {}
    tally = Tally(scenario)

    def add(name: str, frame: pl.DataFrame) -> None:
        writer.insert(metadata.tables[name], frame)
        rows[name] = rows.get(name, 0) + frame.height
        tally.add(name, frame)

    with writing(url) as writer:
        _make_room(writer)
        state = begun(scenario)
        for batch in simulate(scenario, state):
            for name, frame in batch.tables.items():
                add(name, frame)
            if progress is not None:
                progress(batch.last_day, sum(rows.values()))
        for name, frame in {**unfinished(scenario, state), **dimensions(scenario)}.items():
            add(name, frame)
        writer.insert(meta_operational, provenance(scenario, sum(rows.values()), tally))
        for table, frame in standing(scenario, state).items():
            writer.insert(table, frame)
        writer.replace(ref_organisation, organisation(), by=["source", "org_code"])
        rebuild_reference(writer)
    return dict(sorted(rows.items()))


def _make_room(writer: Writer) -> None:
    """Leaves empty operational tables of this version; takes nothing away that no simulation wrote."""
    inspector = sa.inspect(writer.connection)
    if inspector.has_table(meta_operational.name):
        known = sa.select(meta_operational.c.provenance, meta_operational.c.fingerprint)
        held = writer.frame(known)
        if (held["provenance"] != PROVENANCE).any():
            raise OwnRecordsError(
                "The operational tables of this warehouse hold a trust's own records; a simulation goes into an empty "
                "one. Name another with --warehouse, or write Parquet files with --out. Nothing was changed."
            )
        metadata.drop_all(writer.connection)
    writer.changed = True
    metadata.create_all(writer.connection)


def provenance(scenario: Scenario, rows: int, tally: Tally) -> pl.DataFrame:
    """Returns the row of `meta_operational` that says what a warehouse's rows are, with the truth about them."""
    return pl.DataFrame(
        {
            "org_code": [ORG_CODE],
            "provenance": [PROVENANCE],
            "scenario": [scenario.to_json()],
            "truth": [truth_json(scenario, tally)],
            "first_day": [scenario.first_day],
            "last_day": [scenario.last_day],
            "rows": [rows],
            "written_at": [datetime.now(UTC).replace(tzinfo=None)],
            "fingerprint": [fingerprint()],
        }
    )
