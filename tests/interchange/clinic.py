"""The tables that the MetricFlow projects of these tests are about, small enough to count by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from metrics import MetricsLayer
from metrics.catalogue import load
from metrics.interchange.metricflow import Imported
from metrics.warehouse.writing import writing

PROJECTS = Path(__file__).parent / "metricflow"
TODAY = date(2026, 8, 1)

# visit, patient, day, booked on, clinic, virtual, missed, seen at desk, days waited
_VISITS = [
    ("v1", "p1", date(2026, 4, 1), date(2026, 3, 20), "north", False, False, "d1", 12),
    ("v2", "p1", date(2026, 4, 20), date(2026, 4, 2), "north", True, True, None, 18),
    ("v3", "p2", date(2026, 5, 4), date(2026, 4, 20), "south", False, True, None, 14),
    ("v4", "p3", date(2026, 5, 11), date(2026, 5, 1), "south", True, False, "d2", 10),
    ("v5", "p3", date(2026, 5, 11), date(2026, 5, 11), "east", True, None, "d1", None),
    ("v6", "p4", date(2026, 6, 2), date(2026, 5, 20), "north", False, False, "d3", 13),
]
_NIGHTS = [
    (date(2026, 5, 30), "w1", 10), (date(2026, 5, 31), "w1", 12),
    (date(2026, 5, 30), "w2", 20), (date(2026, 5, 31), "w2", 21),
    (date(2026, 6, 29), "w1", 5), (date(2026, 6, 30), "w1", 6), (date(2026, 6, 30), "w2", 22),
]  # fmt: skip

TABLES = {
    "fct_visits": pl.DataFrame(
        _VISITS,
        schema={
            "visit_id": pl.String, "patient_id": pl.String, "visit_day": pl.Date, "booked_day": pl.Date,
            "clinic": pl.String, "is_virtual": pl.Boolean, "was_missed": pl.Boolean, "seen_at_desk": pl.String,
            "wait_days": pl.Float64,
        },
        orient="row",
    ),
    "dim_patients": pl.DataFrame({"patient_id": ["p1", "p2", "p3"], "age_band": ["0-17", "18-64", "18-64"]}),
    "main.fct_ward_nights": pl.DataFrame(
        _NIGHTS, schema={"night": pl.Date, "ward_code": pl.String, "occupied_beds": pl.Float64}, orient="row"
    ),
}  # fmt: skip


def layer(imported: Imported, folder: Path, tables: dict[str, pl.DataFrame] = TABLES) -> MetricsLayer:
    """Returns the engine over the tables, with the definitions as they were imported and nothing else."""
    definitions = folder / "definitions"
    definitions.mkdir(parents=True)
    (definitions / "imported.yml").write_text(imported.as_yaml(), encoding="utf-8")
    catalogue = load(definitions)
    url = f"duckdb:///{folder / 'warehouse'}"
    with writing(url, fresh=True) as writer:
        for name in catalogue.tables:
            table = catalogue.table(name)
            assert isinstance(table, sa.Table)
            table.create(writer.connection)
            writer.insert(table, tables[name].select(table.columns.keys()))
    return MetricsLayer.open(url, definitions=definitions, today=lambda: TODAY)
