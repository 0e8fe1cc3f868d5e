"""A clinic's own tables, small enough to check by hand: rows of events, levels, and a lookup joined to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from metrics import MetricsLayer
from metrics.warehouse.tables import metadata
from metrics.warehouse.writing import writing
from tests.query import small

TODAY = date(2026, 5, 1)

DEFINITIONS = """
tables:
  - name: visits
    title: Visits
    columns: {visit: integer, patient: integer, at: timestamp, clinic: text, wait_days: integer, missed: integer}
    primary_key: [visit]
  - name: patients
    title: Patients
    columns: {patient: integer, age_band: text, decile: integer}
    primary_key: [patient]
  - name: ward_nights
    title: Ward nights
    columns: {night: date, ward: text, site: text, occupied: integer}
  - name: referrals
    title: Referrals
    columns: {referral: integer, patient: integer, on_day: date, source: text}
    primary_key: [referral]
models:
  - name: visits
    title: Visits
    table: visits
    provenance: operational
    grain: hour
    time: {column: at}
    organisation: null
    primary_key: [visit]
    joins: [{to: patients, keys: {patient: patient}}]
    dimensions:
      - {name: clinic, column: clinic, title: Clinic}
      - {name: age_band, column: age_band, join: patients, title: Age band}
      - {name: decile, column: decile, join: patients, title: Deprivation decile}
  - name: ward_nights
    title: Ward nights
    table: ward_nights
    provenance: operational
    grain: day
    time: {column: night}
    organisation: null
    dimensions:
      - {name: ward, column: ward, title: Ward}
      - {name: site, column: site, title: Site}
  - name: referrals
    title: Referrals
    table: referrals
    provenance: operational
    grain: day
    time: {column: on_day}
    organisation: null
    primary_key: [referral]
    dimensions: [{name: source, column: source, title: Source}]
  - name: visit_days
    title: Visits by day
    table: visits
    provenance: operational
    grain: day
    time: {column: at}
    organisation: null
    primary_key: [visit]
    dimensions: [{name: clinic, column: clinic, title: Clinic}]
metrics:
"""

_METRIC = """  - {{id: {id}, title: {id}, description: d, capability: operations, owner: o, source: s, interpretation: i,
     direction: neutral, unit: {unit}, {rest}}}
"""


def metric(name: str, rest: str, unit: str = "count") -> str:
    """Returns one metric as YAML, with the words that every metric needs."""
    return _METRIC.format(id=name, unit=unit, rest=rest)


METRICS = "".join(
    [
        metric("visits", "type: simple, model: visits, measure: {words: w, expr: visit, agg: count}"),
        metric("patients", "type: simple, model: visits, measure: {words: w, expr: patient, agg: count_distinct}"),
        metric("mean_wait", "type: simple, model: visits, measure: {words: w, expr: wait_days, agg: mean}", "days"),
        metric("longest_wait", "type: simple, model: visits, measure: {words: w, expr: wait_days, agg: max}", "days"),
        metric("shortest_wait", "type: simple, model: visits, measure: {words: w, expr: wait_days, agg: min}", "days"),
        metric(
            "missed_rate",
            "type: ratio, model: visits, numerator: {words: w, expr: missed}, "
            "denominator: {words: w, expr: visit, agg: count}",
            "percent",
        ),
        metric(
            "median_wait",
            "type: percentile, percentile: 0.5, model: visits, measure: {words: w, expr: wait_days}",
            "days",
        ),
        metric("missed_rate_28d", "type: cumulative, metric: missed_rate, window: 28 days", "percent"),
        metric("visits_to_date", "type: cumulative, metric: visits, grain_to_date: financial_year"),
        metric("patients_28d", "type: cumulative, metric: patients, window: 28 days"),
        metric("median_wait_28d", "type: cumulative, metric: median_wait, window: 28 days", "days"),
        metric("occupied", "type: snapshot, model: ward_nights, measure: {words: w, expr: occupied}", "beds"),
        metric(
            "occupied_by_ward",
            "type: snapshot, model: ward_nights, per: [ward], measure: {words: w, expr: occupied}",
            "beds",
        ),
        metric(
            "mean_occupied_by_ward",
            "type: snapshot, over_time: mean, model: ward_nights, per: [ward], measure: {words: w, expr: occupied}",
            "beds",
        ),
        metric("referrals", "type: simple, model: referrals, measure: {words: w, expr: referral, agg: count}"),
        metric("day_visits", "type: simple, model: visit_days, measure: {words: w, expr: visit, agg: count}"),
        metric(
            "seen_in_14_days",
            "type: conversion, base_metric: referrals, conversion_metric: day_visits, entity: patient, window: 14 days",
            "percent",
        ),
        metric(
            "growth",
            "type: derived, formula: visits - visits_before, "
            "inputs: {visits_before: {metric: visits, offset_window: 1 year}}",
        ),
    ]
)


def visits(rows: list[tuple[int, int, str, str | None, int | None, int]]) -> pl.DataFrame:
    """Returns visits from (visit, patient, UTC time, clinic, days waited, missed)."""
    return pl.DataFrame(
        [(visit, patient, datetime.fromisoformat(at), clinic, wait, missed) for visit, patient, at, clinic, wait, missed in rows],
        schema={"visit": pl.Int64, "patient": pl.Int64, "at": pl.Datetime("us"), "clinic": pl.String,
                "wait_days": pl.Int64, "missed": pl.Int64},
        orient="row",
    )  # fmt: skip


def patients(rows: list[tuple[int, str | None, int | None]]) -> pl.DataFrame:
    """Returns patients from (patient, age band, decile)."""
    kinds = {"patient": pl.Int64, "age_band": pl.String, "decile": pl.Int64}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def ward_nights(rows: list[tuple[str, str, str, int | None]]) -> pl.DataFrame:
    """Returns nights from (day, ward, site, occupied)."""
    return pl.DataFrame(
        [(date.fromisoformat(night), ward, site, occupied) for night, ward, site, occupied in rows],
        schema={"night": pl.Date, "ward": pl.String, "site": pl.String, "occupied": pl.Int64},
        orient="row",
    )


def referrals(rows: list[tuple[int, int, str, str]]) -> pl.DataFrame:
    """Returns referrals from (referral, patient, day, source)."""
    return pl.DataFrame(
        [(number, patient, date.fromisoformat(day), source) for number, patient, day, source in rows],
        schema={"referral": pl.Int64, "patient": pl.Int64, "on_day": pl.Date, "source": pl.String},
        orient="row",
    )


EMPTY = {"visits": visits([]), "patients": patients([]), "ward_nights": ward_nights([]), "referrals": referrals([])}


def build(
    url: str,
    tables: dict[str, pl.DataFrame],
    folder: Path,
    definitions: str = DEFINITIONS + METRICS,
    today: Callable[[], date] = lambda: TODAY,
) -> MetricsLayer:
    """Returns a layer over a new warehouse that holds the tables."""
    from metrics.catalogue import load

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "definitions.yml").write_text(definitions, encoding="utf-8")
    catalogue = load(folder)
    with writing(url, fresh=True) as writer:
        for name in catalogue.tables:
            table = catalogue.table(name)
            assert isinstance(table, sa.Table)
            table.drop(writer.connection, checkfirst=True)
            table.create(writer.connection)
            writer.insert(table, tables.get(name, EMPTY[name]) if name in EMPTY else tables[name])
        if not url.startswith("duckdb"):
            writer.insert(metadata.tables["meta_load"], small.one_load())  # a server says by its loads that it is built
    return MetricsLayer.open(url, definitions=folder, today=today)
