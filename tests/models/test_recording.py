"""What forecasts came to, gathered for the warehouse: by what is known when, and against rules written out again."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from metrics.query.request import Grain
from metrics.warehouse.connect import open_warehouse
from metrics.warehouse.settings import Settings, embedded_url
from metrics.warehouse.tables.forecasts import fact_forecast_outcome
from metrics.warehouse.tables.meta import meta_load
from metrics.warehouse.writing import writing
from models.families import Family, LearntTogether, bring_up_together, keyed_together
from models.forecast_run import Key, Kind
from models.forecast_store import ForecastStore
from models.model_version import model_version
from models.publishing import Learnt, Part, fingerprint
from models.recording import Recorder
from tests.models.series import monthly
from tests.warehouse.test_writing import LOAD

PART = Part("visits", "organisation", Grain.MONTH, "organisation")
ALL = monthly(40, series="R0A")
MONTHS: list[date] = ALL["date"].to_list()


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = embedded_url(tmp_path / "warehouse")
    with writing(url) as writer:
        writer.insert(meta_load, LOAD)
    return url


def learnt(training: pl.DataFrame, part: Part = PART) -> LearntTogether:
    key = Key(Kind.PUBLISHED, "visits", part.name, "month", "1", model_version(), fingerprint(training))
    return keyed_together(Family((part,)), [Learnt(part, training, key, "w1", training["date"].max())])


def trained(url: str, store: ForecastStore, training: pl.DataFrame) -> tuple[str, ...]:
    """What a training run does with one metric."""
    known = learnt(training)
    bring_up_together(store, known)
    recorder = Recorder(url)
    recorder.take(store, known)
    return recorder.write()


def rows(url: str) -> list[dict[str, Any]]:
    order = (fact_forecast_outcome.c.cutoff, fact_forecast_outcome.c.ahead)
    return open_warehouse(url).frame(sa.select(fact_forecast_outcome).order_by(*order)).to_dicts()


def test_only_what_became_known_is_written_and_the_first_published_forecast_counts(url: str, tmp_path: Path) -> None:
    store = ForecastStore.open(Settings(tmp_path, url))
    assert trained(url, store, ALL.head(36)) == ("visits",)
    first = rows(url)
    assert {row["made"] for row in first} == {"replayed"}
    assert max(row["forecast_for"] for row in first) == MONTHS[35]
    version = open_warehouse(url).data_version

    long_ago = pl.col("date") == MONTHS[1]
    corrected = ALL.head(36).with_columns(pl.when(long_ago).then(pl.col("value") * 2).otherwise("value").alias("value"))
    assert trained(url, store, corrected) == (), "another forecast, of which nothing is known: no commit"
    assert open_warehouse(url).data_version == version
    assert store.runs("visits").filter(kind="published").height == 2

    assert trained(url, store, ALL.head(38)) == ("visits",)
    new = [row for row in rows(url) if row not in first]
    assert len(new) == len(rows(url)) - len(first), "what was written before stays as it was"
    assert {row["forecast_for"] for row in new} == {MONTHS[36], MONTHS[37]}
    mine = [(row["cutoff"], row["ahead"], row["distance"]) for row in new if row["made"] == "published"]
    assert mine == [(MONTHS[36], 1, "month 01"), (MONTHS[36], 2, "month 02")]
    told = store.values("visits", "R0A")
    ids = store.standing("visits", "R0A").filter(pl.col("kind") == "published", pl.col("cutoff") == MONTHS[36])
    assert ids.height == 2
    before = told.filter(pl.col("series_id") == ids["series_id"].min(), pl.col("ahead") <= 2)
    assert [row["forecast"] for row in new if row["made"] == "published"] == before["mean"].to_list()
    assert [row["actual"] for row in new if row["made"] == "published"] == ALL["value"][36:38].to_list()


def test_a_figure_that_is_corrected_moves_its_own_rows_alone(url: str, tmp_path: Path) -> None:
    store = ForecastStore.open(Settings(tmp_path, url))
    trained(url, store, ALL)
    before = rows(url)
    last = pl.col("date") == MONTHS[-1]
    trained(url, store, ALL.with_columns(pl.when(last).then(pl.col("value") + 7).otherwise("value").alias("value")))
    changed = [row for row in rows(url) if row not in before]
    assert {row["forecast_for"] for row in changed} == {MONTHS[-1]}
    assert len(changed) == sum(row["forecast_for"] == MONTHS[-1] for row in before)
    assert {row["actual"] for row in changed} == {ALL["value"][-1] + 7}


def test_forecasts_of_services_are_no_part_of_the_record(url: str, tmp_path: Path) -> None:
    store = ForecastStore.open(Settings(tmp_path, url))
    known = learnt(ALL, Part("visits", "service of R0A", Grain.MONTH, "service", "R0A"))
    bring_up_together(store, known)
    recorder = Recorder(url)
    recorder.take(store, known)
    assert recorder.write() == ()
