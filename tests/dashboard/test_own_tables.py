"""Pages of metrics over an analyst's own tables: rows of no organisation, hours, cohorts; and tables that are not there."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from dashboard import format as words
from dashboard.viewmodels import metric, scorecard
from dashboard.viewmodels.asking import histories
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.places import Places
from metrics import Grain, MetricsLayer
from metrics.query.periods import hours
from tests.query import events, small
from tests.query.test_record_level import NIGHTS, PATIENTS, REFERRALS, VISITS

ABSENT = """
tables: [{name: elsewhere, title: Elsewhere, columns: {at: date, size: integer}}]
models: [{name: elsewhere, title: Elsewhere, table: elsewhere, provenance: operational, grain: day, time: {column: at},
          organisation: null}]
metrics:
"""


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("own")
    tables = {"visits": VISITS, "patients": PATIENTS, "ward_nights": NIGHTS, "referrals": REFERRALS}
    built = events.build(f"duckdb:///{folder / 'warehouse'}", tables, folder / "definitions")
    lost = events.metric("lost", "type: simple, model: elsewhere, measure: {words: w, expr: size}")
    (folder / "definitions" / "absent.yml").write_text(ABSENT + lost, encoding="utf-8")
    return MetricsLayer(built.warehouse, MetricsLayer.open(
        f"duckdb:///{folder / 'warehouse'}", definitions=folder / "definitions").catalogue, lambda: events.TODAY)  # fmt: skip


@pytest.fixture(scope="module")
def places() -> Places:
    known = small._organisations()["dim_organisation"]
    rows = known.select("org_code", "name", "org_type", "icb_code", "region_code").to_dicts()
    return Places.of(
        pl.DataFrame(rows).with_columns(
            pl.lit(None, pl.String).alias("trust_type"), pl.col("org_code").alias("answers"),
            pl.lit(value=True).alias("is_current"), pl.lit(value=True).alias("is_reporting"),
        )
    )  # fmt: skip


def test_every_metric_has_a_page_in_every_grain(layer: MetricsLayer, places: Places) -> None:
    for each in layer.catalogue:
        if each.id == "lost":
            continue
        for grain in (None, *metric.grains_of(layer.catalogue, each)):
            view = metric.build(layer, places, Filters(organisation="RA1"), each.id, events.TODAY, grain=grain)
            assert view.row.metric.id == each.id
            assert view.reach.label == "Not held by organisation"
            assert view.reach.shown.name.startswith("All of ")


def test_a_cumulative_metric_splits_as_what_it_accumulates(layer: MetricsLayer, places: Places) -> None:
    of = layer.catalogue.metric("missed_rate_28d")
    assert list(metric.splits_of(layer.catalogue, of, places.england)) == ["clinic", "age_band", "decile"]


def test_a_table_that_is_not_there_takes_no_other_measure_away(layer: MetricsLayer, places: Places) -> None:
    asked = [layer.catalogue.metric(name) for name in ("visits", "lost", "occupied")]
    found = histories(layer, asked, places.england, places, None)
    assert [found[each.id].series.latest is not None for each in asked] == [True, False, True]
    assert "bellwether check --live" in found["lost"].notes[0]
    assert "visits" in {row.metric.id for row in scorecard.build(layer, places, Filters(), events.TODAY).rows}


def test_an_hour_is_named_by_its_day_and_time() -> None:
    (first, *_) = hours(events.TODAY, events.TODAY)
    assert words.period_words(first, str(Grain.HOUR)) == "1 May 2026, 00:00"
    assert words.period_end(first, str(Grain.HOUR)) == events.TODAY
