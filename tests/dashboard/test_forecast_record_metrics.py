"""The record of published forecasts as metrics: written once, answered by the engine, and what the page says too."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from dashboard.forecast_parts import demand_metrics, families_of
from dashboard.training import due
from dashboard.training_process import work
from dashboard.viewmodels.places import Places
from metrics import MetricsLayer
from metrics.catalogue import load
from metrics.query.request import Filter, Grain, Request
from metrics.warehouse.connect import open_warehouse
from metrics.warehouse.embedded import current_version
from metrics.warehouse.errors import WarehouseReadOnlyError
from metrics.warehouse.settings import Settings, embedded_url
from metrics.warehouse.tables.forecasts import fact_forecast_outcome
from models.families import learn_together
from models.forecast_store import ForecastStore
from models.monitoring import monthly
from models.recording import Recorder
from models.seen import seen_of, split

TODAY = date(2026, 11, 22)
METRIC = "nhs111_calls"
MODELS = {"england": (), "region": ("region",), "organisation": ("organisation",)}


@dataclass(frozen=True)
class Trained:
    """A warehouse of its own after one training run."""

    home: Path
    url: str
    store: ForecastStore
    said: list[Mapping[str, Any]]
    before: MetricsLayer

    @property
    def version(self) -> str | None:
        return current_version(self.home / "warehouse")

    def layer(self) -> MetricsLayer:
        return MetricsLayer.open(self.url, today=lambda: TODAY)


@pytest.fixture(scope="module")
def trained(shipped_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    home = tmp_path_factory.mktemp("trained")
    shutil.copytree(shipped_home / "warehouse", home / "warehouse")
    url = embedded_url(home / "warehouse")
    store, said = ForecastStore.open(Settings(home, url)), list[Mapping[str, Any]]()
    before = MetricsLayer.open(url, today=lambda: TODAY)
    before.keep_cubes(of=lambda _model: False)
    work(before, store, said.append, only=METRIC, recorder=Recorder(url))
    return Trained(home, url, store, said, before)


def record(trained: Trained) -> pl.DataFrame:
    """What `models.monitoring` says of every series, as the Demand page reads it."""
    layer = trained.layer()
    (family,) = [each for each in families_of(layer.catalogue, Places.of(layer.organisations()))
                 if each.metric == METRIC]  # fmt: skip
    seen = seen_of(trained.store, learn_together(layer, family).parts)
    levels = seen.actual.select("series", level="part").unique()
    return split(monthly(seen.outcomes)).join(levels, on="series")


def asked(trained: Trained, metric: str, *by: str, grain: Grain | None = None, **where: str) -> pl.DataFrame:
    filters = tuple(Filter(name, (value,)) for name, value in {"demand": METRIC, **where}.items())
    return trained.layer().ask(Request((metric,), by=by, where=filters, grain=grain)).frame.filter(~pl.col("is_total"))


def test_training_writes_what_happened_in_one_commit_and_a_second_run_neither_publishes_nor_commits(
    trained: Trained, shipped_home: Path
) -> None:
    assert trained.said[-2:] == [{"what": "recorded", "metrics": [METRIC]}, {"what": "done"}]
    first = current_version(shipped_home / "warehouse")
    assert trained.version is not None
    assert first is not None
    assert int(trained.version.split("-")[0]) == int(first.split("-")[0]) + 1, "one commit"
    layer, runs = trained.layer(), trained.store.runs(METRIC)
    said, version, reason = list[Mapping[str, Any]](), trained.version, due(layer)
    work(layer, trained.store, said.append, only=METRIC, recorder=Recorder(trained.url))
    layer.refresh()
    assert said == [{"what": "done"}]
    assert trained.version == version
    assert due(layer) == reason, "nothing begins another run"
    assert trained.store.runs(METRIC).equals(runs)


def test_a_commit_of_outcomes_moves_their_metrics_and_no_others(trained: Trained) -> None:
    layer = trained.before.as_it_stands()
    assert "forecast_wmape" not in layer.catalogue.metrics, "a warehouse without the record has no such metrics"
    before, definition = layer.version_of([METRIC]), layer.catalogue.version_of(layer.catalogue.metric(METRIC))
    assert layer.refresh()
    assert layer.version_of([METRIC]) == before
    assert layer.catalogue.version_of(layer.catalogue.metric(METRIC)) == definition
    assert layer.version_of(["forecast_wmape"]) != before
    assert layer.provenance("forecast_wmape") == "published"


@pytest.mark.parametrize("level", MODELS)
def test_every_level_says_what_the_page_says_of_it(trained: Trained, level: str) -> None:
    months = record(trained).filter(pl.col("level") == level)
    assert months["published"].any() is False, "only replays: nothing happened since the first forecast was made"
    parts = {
        "forecast_wmape": ("missed", "actual"), "forecast_bias": ("over", "actual"),
        "forecast_coverage_80": ("within80", "points"), "forecast_coverage_95": ("within95", "points"),
    }  # fmt: skip
    for metric, (above, below) in parts.items():
        by = MODELS[level]
        frame = asked(trained, metric, *by).drop_nulls("denominator")
        who = pl.col(by[0]) if by else pl.lit("ENG")
        ours = frame.select(who.alias("organisation"), "period", "numerator", "denominator", "value")
        both = months.filter(pl.col(below) > 0).join(
            ours, left_on=["organisation", "month"], right_on=["organisation", "period"], how="full"
        )
        assert both.height == ours.height
        assert both.height > 3 * len(by)
        for row in both.iter_rows(named=True):
            assert row["numerator"] == pytest.approx(row[above], abs=1e-6)
            assert row["denominator"] == pytest.approx(row[below])
            assert row["value"] == pytest.approx(row[above] / row[below])


def test_a_month_of_england_by_hand(trained: Trained) -> None:
    """From the two databases with SQL alone, written from the definition."""
    with sqlite3.connect(trained.home / "forecasts.sqlite") as store:
        told = store.execute(
            "SELECT v.period, v.mean FROM forecast_value v JOIN forecast_series s ON s.id = v.series_id "
            "JOIN forecast_run r ON r.id = s.run_id "
            "WHERE r.kind = 'replayed' AND s.metric = 'nhs111_calls' AND s.organisation = 'ENG' "
            "AND v.period >= '2026-02-01' AND v.period < '2026-03-01'"
        ).fetchall()
    with open_warehouse(trained.url).engine.connect() as connection:
        calls = connection.execute(
            sa.text("SELECT period, sum(calls_received) FROM fact_nhs111_day WHERE period >= DATE '2026-02-01' "
                    "AND period < DATE '2026-03-01' GROUP BY period")
        ).all()  # fmt: skip
    held = {str(day): float(count) for day, count in calls}
    missed = sum(abs(mean - held[period]) for period, mean in told)
    happened = sum(held[period] for period, _ in told)
    assert len(told) == 27, "the replay begins on 2 February"
    found = asked(trained, "forecast_wmape").filter(pl.col("period") == date(2026, 2, 1)).row(0, named=True)
    assert (found["numerator"], found["denominator"]) == (pytest.approx(missed), pytest.approx(happened))
    assert found["value"] == pytest.approx(missed / happened)
    again = asked(trained, "forecast_wmape", "made").filter(pl.col("period") == date(2026, 2, 1))
    assert again.select("made", "value").rows() == [("replayed", found["value"])], "and they are said to be replays"


def test_distances_ahead_add_up_and_are_weeks_of_days(trained: Trained) -> None:
    whole = asked(trained, "forecast_wmape")
    split_up = asked(trained, "forecast_wmape", "distance").drop_nulls("numerator")
    assert sorted(split_up["distance"].unique()) == ["day 01-07", "day 08-14", "day 15-21", "day 22-28"]
    parts = split_up.group_by("period").agg(pl.col("numerator", "denominator").sum())
    both = whole.drop_nulls("numerator").join(parts, on="period", suffix="_parts")
    assert both["numerator"].to_list() == pytest.approx(both["numerator_parts"].to_list())
    assert both["denominator"].to_list() == pytest.approx(both["denominator_parts"].to_list())


def test_what_nothing_was_repeated_for_is_in_neither_part(trained: Trained) -> None:
    rows = open_warehouse(trained.url).frame(
        sa.select(fact_forecast_outcome).where(fact_forecast_outcome.c.level == "england")
    )
    known = rows.drop_nulls("naive")
    found = asked(trained, "forecast_wmape_naive")
    assert found["denominator"].sum() == pytest.approx(known["actual"].sum())
    assert found["numerator"].sum() == pytest.approx((known["actual"] - known["naive"]).abs().sum())


def test_all_that_is_forecast_of_published_figures_has_its_title(shipped_warehouse: str) -> None:
    layer = MetricsLayer.open(shipped_warehouse, today=lambda: TODAY)
    titles = {each.id: each.title for each in demand_metrics(layer.catalogue)}
    models = [each for each in load().models.values() if each.table == fact_forecast_outcome.name]
    assert len(models) == 4
    for model in models:
        assert next(each for each in model.dimensions if each.name == "demand").labels == titles


def test_a_warehouse_that_is_only_read_says_so_and_is_not_asked() -> None:
    with pytest.raises(WarehouseReadOnlyError, match="reads and never writes"):
        Recorder("hive://nobody.invalid:10000/trust").write()
