"""A small emergency department's own records, drawn at random, and definitions of every type over them."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl

from metrics import MetricsLayer
from metrics.warehouse.tables.operational.flow import fact_ed_attendance as table
from metrics.warehouse.writing import writing
from tests.warehouse.operational import alerts, begun

FIRST, DAYS = datetime(2026, 3, 20), 25  # noqa: DTZ001 - the clocks go forward on 29 March; UTC without a zone
TODAY = date(2026, 5, 1)

DEFINITIONS = """
models:
  - name: arrivals
    title: Arrivals
    table: fact_ed_attendance
    provenance: operational
    grain: day
    time: {column: arrived_at}
    primary_key: [attendance_id]
    levels: [organisation]
    dimensions: &dimensions
      - {name: site, column: site_code, title: Site}
      - {name: mode, column: arrival_mode, title: Came by}
      - {name: acuity, column: acuity, title: Acuity}
      - {name: disposal, column: disposal, title: Disposal}
  - name: by_hour
    title: Arrivals by hour
    table: fact_ed_attendance
    provenance: operational
    grain: hour
    time: {column: arrived_at}
    levels: [organisation]
    filter: department_type = '1'
    dimensions: *dimensions
  - name: departures
    title: Departures
    table: fact_ed_attendance
    provenance: operational
    grain: day
    time: {column: departed_at}
    levels: [organisation]
    dimensions: *dimensions
metrics:
"""


def _metric(name: str, model: str, kind: str, body: str) -> str:
    return (
        f"  - id: {name}\n    title: {name}\n    type: {kind}\n    description: d\n    capability: operations\n"
        f"    wgll: improve_care\n    model: {model}\n    unit: count\n    direction: neutral\n    owner: o\n"
        f"    source: s\n    interpretation: i\n    {body}\n"
    )


COUNT = "expr: attendance_id, agg: count"
METRICS = {
    "arrived": ("arrivals", "simple", f"measure: {{words: w, {COUNT}}}"),
    "urgent": ("arrivals", "simple", f"measure: {{words: w, {COUNT}, filter: acuity <= 2}}"),
    "age_sum": ("arrivals", "simple", "measure: {words: w, expr: age, filter: disposal = 'admitted'}"),
    "oldest": ("arrivals", "simple", "measure: {words: w, expr: age, agg: max}"),
    "mean_age": ("arrivals", "simple", "measure: {words: w, expr: age, agg: mean, filter: acuity > 1}"),
    "patients": ("arrivals", "simple", "measure: {words: w, expr: patient_id, agg: count_distinct}"),
    "within_4h": (
        "arrivals", "ratio",
        f"""numerator: {{words: w, {COUNT}, filter: 'minutes_between(arrived_at, departed_at) <= 240'}}
    denominator: {{words: w, {COUNT}}}""",
    ),
    "minutes": (
        "departures", "ratio",
        f"""numerator: {{words: w, expr: 'minutes_between(arrived_at, departed_at)'}}
    denominator: {{words: w, {COUNT}}}""",
    ),
    "median_age": ("arrivals", "percentile", "percentile: 0.5\n    measure: {words: w, expr: age}"),
    "left": ("departures", "simple", f"measure: {{words: w, {COUNT}}}"),
    "each_hour": ("by_hour", "simple", f"measure: {{words: w, {COUNT}}}"),
}  # fmt: skip


def definitions() -> str:
    """Returns the definitions."""
    return DEFINITIONS + "".join(_metric(name, *each) for name, each in METRICS.items())


def drawn(seed: int) -> random.Random:
    """Returns dice that always fall alike."""
    return random.Random(seed)  # noqa: S311 - rows, no secrets


def rows(dice: random.Random, numbers: list[int]) -> pl.DataFrame:
    """Returns attendances of these numbers."""
    found = []
    for number in numbers:
        arrived = FIRST + timedelta(minutes=dice.randrange(DAYS * 24 * 60))
        departed = None if dice.random() < 0.1 else arrived + timedelta(minutes=dice.randrange(5, 900))
        found.append(
            {
                "attendance_id": number, "site_code": dice.choice(["ZZ101", "ZZ102"]),
                "patient_id": dice.randrange(50), "age": dice.randrange(100),
                "deprivation_quintile": dice.randrange(1, 6), "department_type": dice.choice("13"),
                "arrival_mode": dice.choice(["ambulance", "other"]), "acuity": dice.randrange(1, 6),
                "arrived_on": arrived.date(), "arrived_at": arrived, "departed_at": departed,
                "disposal": None if departed is None else dice.choice(["admitted", "discharged", "left"]),
                "org_code": dice.choice(["ZZ1", "ZZ2"]), "changed_at": departed or arrived,
            }
        )  # fmt: skip
    return pl.DataFrame(found, schema_overrides={"departed_at": pl.Datetime("us"), "disposal": pl.String})


def build(url: str, folder: Path, dice: random.Random, count: int = 600) -> MetricsLayer:
    """Returns a layer over a new warehouse of so many attendances, numbered from 1."""
    begun(url, alerts([1]))
    with writing(url) as writer:
        writer.insert(table, rows(dice, list(range(1, count + 1))))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "definitions.yml").write_text(definitions(), encoding="utf-8")
    return opened(url, folder)


def opened(url: str, folder: Path) -> MetricsLayer:
    """Returns another layer over the same warehouse."""
    return MetricsLayer.open(url, definitions=folder, today=lambda: TODAY)
