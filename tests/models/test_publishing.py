"""Forecasts are made from final periods alone, once for what was learnt, and never change with what comes later."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from metrics import Filter, MetricsLayer, Status
from metrics.query.request import Grain, Request
from metrics.warehouse.settings import Settings, embedded_url
from models.forecast_run import Key, Kind
from models.forecast_store import ForecastStore
from models.forecast_tables import PARTS, QUANTILES
from models.model_version import model_version
from models.publishing import (
    HORIZON,
    REPLAYS,
    Learnt,
    Part,
    bring_up,
    fingerprint,
    forecast_of,
    is_due,
    learn,
    replay_of,
)
from tests.models.series import daily, monthly
from tests.query import daily as sheet

PART = Part("visits", "organisation", Grain.DAY, "organisation")
AT = datetime(2026, 11, 22, 5)  # noqa: DTZ001 - kept as UTC without a zone


@pytest.fixture
def store(tmp_path: Path) -> ForecastStore:
    return ForecastStore.open(Settings(tmp_path, embedded_url(tmp_path / "warehouse")))


def learnt(training: pl.DataFrame, part: Part = PART) -> Learnt:
    key = Key(Kind.PUBLISHED, part.metric, part.name, part.grain.value, "1", model_version(), fingerprint(training))
    return Learnt(part, training, key, "w1", training["date"].max())


def two(count: int = 460) -> pl.DataFrame:
    return pl.concat([daily(count, series="R0A"), daily(count, seed=2, level=290, series="R1H")])


def test_a_forecast_has_every_period_its_quantiles_and_parts_that_add_up() -> None:
    found = forecast_of(learnt(two()))
    assert found.series.select("organisation", "service", "cutoff").rows() == [
        ("R0A", "", date(2023, 4, 8)), ("R1H", "", date(2023, 4, 8)),
    ]  # fmt: skip
    own = found.values.filter(organisation="R0A")
    assert own["ahead"].to_list() == list(range(1, HORIZON[Grain.DAY] + 1))
    assert own["period"].to_list() == [date(2023, 4, 8) + timedelta(days=n) for n in range(56)]
    bounds = own.select(QUANTILES).to_numpy()
    assert (np.diff(bounds, axis=1) >= 0).all()
    both = own.join(found.parts.filter(organisation="R0A"), on="ahead")
    np.testing.assert_allclose(both.select(pl.sum_horizontal(PARTS)).to_series(), both["mean"], rtol=1e-9)


def test_closed_days_are_not_published_and_are_counted_all_the_same() -> None:
    """The last day known is a Friday, so the first one ahead is closed."""
    made = two().filter((pl.col("date").dt.weekday() < 6) | (pl.col("series") == "R1H"))
    found = forecast_of(learnt(made.filter(pl.col("date") <= date(2023, 4, 7))))
    own = found.values.filter(organisation="R0A")
    days = [date(2023, 4, 8) + timedelta(days=n) for n in range(56)]
    assert found.series["cutoff"].unique().to_list() == [date(2023, 4, 8)]
    assert own["period"].to_list() == [day for day in days if day.weekday() < 5]
    assert own["ahead"].to_list() == [number for number, day in enumerate(days, start=1) if day.weekday() < 5]
    assert own["naive"].null_count() == 0
    parts = found.parts.filter(organisation="R0A")
    assert parts["ahead"].to_list() == own["ahead"].to_list()
    np.testing.assert_allclose(parts.select(pl.sum_horizontal(PARTS)).to_series(), own["mean"], rtol=1e-9)
    assert found.values.filter(organisation="R1H").height == 56
    assert "Nothing was reported on Saturdays and Sundays" in found.series.filter(organisation="R0A")["notes"].item()
    replays = replay_of(learnt(made)).values.filter(organisation="R0A")
    assert set(replays["period"].dt.weekday()) == {1, 2, 3, 4, 5}


def test_services_are_series_of_their_organisation() -> None:
    part = Part("visits", "service of R0A", Grain.MONTH, "service", "R0A")
    found = forecast_of(learnt(monthly(40, series="110"), part))
    assert found.series.select("organisation", "service").row(0) == ("R0A", "110")
    assert found.parts is None


def test_a_series_that_cannot_be_forecast_says_why() -> None:
    short = daily(460, seed=3, series="RXX").tail(20)
    found = forecast_of(learnt(pl.concat([two(), short])))
    row = found.series.filter(organisation="RXX").row(0, named=True)
    assert row["cutoff"] is None
    assert row["refused"] == "Its history is too short: 20 days, and a forecast needs 56."
    assert "RXX" not in found.values["organisation"]


def test_nothing_final_is_published_as_nothing() -> None:
    found = forecast_of(learnt(two().clear().with_columns(pl.col("date"))))
    assert found.series.is_empty()
    assert found.values.is_empty()


def test_a_replay_is_what_was_possible_at_its_cutoff() -> None:
    frame = two(500)
    replays = replay_of(learnt(frame))
    assert replays.key.kind == Kind.REPLAYED
    assert replays.values["cutoff"].n_unique() == min(REPLAYS[Grain.DAY].count, (500 - 28 - 56) // 28 + 1)
    cutoff = replays.values["cutoff"].max()
    then = forecast_of(learnt(frame.filter(pl.col("date") < cutoff))).values.filter(pl.col("ahead") <= 28)
    past = replays.values.filter(pl.col("cutoff") == cutoff).sort("organisation", "ahead")
    for name in ("mean", "naive"):
        np.testing.assert_allclose(past[name], then.sort("organisation", "ahead")[name], rtol=1e-6)


def test_a_fingerprint_is_of_the_values_and_not_of_their_order() -> None:
    frame = two(60)
    assert fingerprint(frame.sample(fraction=1, shuffle=True, seed=1)) == fingerprint(frame)
    changed = frame.with_columns(
        pl.when(pl.int_range(pl.len()) == 30).then(pl.col("value") + 1e-9).otherwise("value").alias("value")
    )
    assert fingerprint(changed) != fingerprint(frame)
    assert fingerprint(frame.with_columns(series=pl.col("series").str.replace("R0A", "R0B"))) != fingerprint(frame)


def test_what_comes_later_never_changes_a_stored_forecast(store: ForecastStore) -> None:
    frame = two(500)
    early, late = frame.filter(pl.col("date") < date(2023, 5, 1)), frame
    assert bring_up(store, learnt(early))
    assert not bring_up(store, learnt(early)), "the same is not made twice"
    standing, values = store.standing("visits", "R0A"), store.values("visits", "R0A")
    changed = late.with_columns(
        pl.when(pl.col("date") < date(2023, 5, 1)).then(pl.col("value") * 3).otherwise(1.0).alias("value")
    )
    assert bring_up(store, learnt(changed))
    again = store.standing("visits", "R0A")
    assert again.head(standing.height).equals(standing)
    assert (
        store.values("visits", "R0A").filter(pl.col("series_id").is_in(standing["series_id"].implode())).equals(values)
    )
    assert again.filter(kind="replayed")["run_id"].n_unique() == 1, "replays are made once for a model"


def test_a_newer_day_is_due_at_once_and_corrections_alone_once_a_day(store: ForecastStore) -> None:
    frame = two()
    first = learnt(frame)
    assert is_due(store, first)
    store.publish(forecast_of(first), at=AT)
    assert is_due(store, first, AT), "its replays are not there yet"
    store.publish(replay_of(first))
    assert not is_due(store, first, AT)
    corrected = learnt(frame.with_columns(pl.col("value") + 1))
    assert not is_due(store, corrected, AT + timedelta(hours=1))
    assert is_due(store, corrected, AT + timedelta(hours=21))
    assert is_due(store, learnt(two(461)), AT + timedelta(hours=1))
    assert is_due(store, replace(corrected, key=replace(corrected.key, model_version="another")), AT)


def test_another_model_makes_its_own(store: ForecastStore) -> None:
    first = learnt(two())
    bring_up(store, first)
    assert bring_up(store, replace(first, key=replace(first.key, model_version="another")))
    assert store.runs("visits")["model_version"].n_unique() == 2


def test_provisional_days_never_train(tmp_path: Path) -> None:
    """Of a sheet whose days are final after a week, the last week has no part in a forecast, whatever it holds."""
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(120)]
    today = days[-1] + timedelta(days=1)

    def layer(name: str, last_week: int) -> MetricsLayer:
        rows = [(day, "110", "A", 50 + day.weekday() + (last_week if day > days[-8] else 0), 0, None) for day in days]
        return sheet.build(embedded_url(tmp_path / name), rows, tmp_path / f"{name}-definitions", lambda: today)

    definitions = sheet.DEFINITIONS
    try:
        sheet.DEFINITIONS = definitions.replace("    grain: day\n", "    grain: day\n    maturity_days: 7\n")
        usual, odd = layer("usual", 0), layer("odd", 900)
    finally:
        sheet.DEFINITIONS = definitions
    part = Part("booked", "england", Grain.DAY, organisation="ENG")
    status = usual.ask(Request(("booked",), grain=Grain.DAY)).frame.sort("period")["status"].to_list()
    assert status[-8:-7] == [Status.FINAL]
    assert set(status[-7:]) == {Status.PROVISIONAL}
    first, second = learn(usual, part), learn(odd, part)
    assert first.training["date"].max() == days[-8]
    assert first.key == second.key, "what is provisional is not even part of what was learnt"
    assert forecast_of(first).values.equals(forecast_of(second).values)
    assert forecast_of(first).values["period"].min() == days[-7]


def test_a_part_is_narrowed_by_its_filters(tmp_path: Path) -> None:
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(80)]
    rows = [(day, service, "A", amount, 0, None) for day in days for service, amount in (("110", 5), ("120", 7))]
    layer = sheet.build(embedded_url(tmp_path / "w"), rows, tmp_path / "definitions", lambda: date(2024, 6, 1))
    part = Part("booked", "service of X", Grain.DAY, "service", "X", (Filter("service", ("120",)),))
    assert learn(layer, part).training["series"].unique().to_list() == ["120"]
    assert set(learn(layer, replace(part, where=())).training["series"]) == {"110", "120"}
