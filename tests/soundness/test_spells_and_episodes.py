"""A stay of several episodes is one stay; a readmission is one of another stay, and is followed for its whole time.

    episode  stay  patient  admitted          discharged
    0        S0    4        30 March 09:00    31 March 09:00
    1        S1    1        1 April 09:00     -
    2        S1    1        1 April 09:00     4 April 12:00
    3        S2    1        20 April 10:00    22 April 12:00     within 28 days of S1
    4        S3    2        2 April 08:00     2 April 20:00      a day case, not its own readmission
    5        S4    3        10 June 08:00     11 June 08:00

Three stays in April, not four; of its discharges one of three was followed by another admission: S1 by S2.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from metrics import Grain, MetricsLayer, Request
from tests.query import events

_MODEL = """
  - name: {name}
    title: {name}
    table: episodes
    provenance: operational
    grain: day
    time: {{column: {time}}}
    organisation: null
    primary_key: [episode]
    {filter}
"""
DEFINITIONS = (
    """
tables:
  - name: episodes
    title: Episodes
    columns: {episode: integer, stay: text, patient: integer, admitted: timestamp, discharged: timestamp, first: boolean}
    primary_key: [episode]
models:"""
    + _MODEL.format(name="admissions", time="admitted", filter="filter: first")
    + _MODEL.format(name="discharges", time="discharged", filter="filter: discharged is not null")
    + _MODEL.format(name="episodes", time="admitted", filter="")
    + "metrics:\n"
    + events.metric("stays", "type: simple, model: episodes, measure: {words: w, expr: stay, agg: count_distinct}")
    + events.metric("admissions", "type: simple, model: admissions, measure: {words: w, expr: stay, agg: count}")
    + events.metric("discharges", "type: simple, model: discharges, measure: {words: w, expr: stay, agg: count}")
    + events.metric(
        "readmitted",
        "type: conversion, base_metric: discharges, conversion_metric: admissions, entity: patient, window: 28 days",
        "percent",
    )
)


def _at(day: int, hour: int, month: int = 4) -> datetime:
    return datetime(2026, month, day, hour)  # noqa: DTZ001 - UTC without a zone, as the warehouse holds it


EPISODES = pl.DataFrame(
    [
        (0, "S0", 4, _at(30, 9, 3), _at(31, 9, 3), True),
        (1, "S1", 1, _at(1, 9), None, True),
        (2, "S1", 1, _at(1, 9), _at(4, 12), False),
        (3, "S2", 1, _at(20, 10), _at(22, 12), True),
        (4, "S3", 2, _at(2, 8), _at(2, 20), True),
        (5, "S4", 3, _at(10, 8, 6), _at(11, 8, 6), True),
    ],
    schema={"episode": pl.Int64, "stay": pl.String, "patient": pl.Int64, "admitted": pl.Datetime("us"),
            "discharged": pl.Datetime("us"), "first": pl.Boolean},
    orient="row",
)  # fmt: skip
APRIL = {"grain": Grain.MONTH, "period_from": date(2026, 4, 1), "period_to": date(2026, 4, 30)}


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("spells")
    url = f"duckdb:///{folder / 'warehouse'}"
    return events.build(url, {"episodes": EPISODES}, folder / "definitions", DEFINITIONS, lambda: date(2026, 8, 1))


def test_stays_are_counted_and_not_their_episodes(layer: MetricsLayer) -> None:
    assert layer.ask(Request.of("stays", "admissions", "discharges", **APRIL)).frame["value"].to_list() == [3, 3, 3]
    assert layer.ask(Request.of("stays", grain=Grain.FINANCIAL_YEAR)).frame["value"].to_list() == [1, 4]


def test_a_readmission_is_a_later_admission_and_never_the_stay_itself(layer: MetricsLayer) -> None:
    frame = layer.ask(Request.of("readmitted", **APRIL)).frame
    assert frame.select("numerator", "denominator", "status").rows() == [(1, 3, "final")]
