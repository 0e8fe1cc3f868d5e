"""Alerts are raised once for a series, measure and period, kept, and ended when the newest period has no signal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from metrics.journal import JournalError
from metrics.query.request import Grain
from metrics.warehouse.settings import Settings, embedded_url
from models.alerts import SIGNALS, Looked, keep, look
from models.forecast_run import Key, Kind
from models.forecast_store import ForecastStore
from models.forecast_tables import forecast_alert
from models.model_version import model_version
from models.publishing import Learnt, Part, fingerprint, forecast_of, replay_of
from tests.models.series import daily

AT = datetime(2026, 11, 22, 5)  # noqa: DTZ001 - kept as UTC without a zone
DAY = timedelta(days=1)
BOTH = frozenset({("R0A", ""), ("R1H", "")})


@pytest.fixture
def store(tmp_path: Path) -> ForecastStore:
    return ForecastStore.open(Settings(tmp_path, embedded_url(tmp_path / "warehouse")))


def signals(*rows: tuple[str, str, date]) -> pl.DataFrame:
    """Signals of organisation, measure and period."""
    told = [(who, "", measure, period, 0.2, 0.01, "above", "Above the upper limit") for who, measure, period in rows]
    return pl.DataFrame(told, schema=dict(SIGNALS), orient="row")


def open_ones(store: ForecastStore) -> list[tuple[object, ...]]:
    found = store.alerts().filter(pl.col("ended_at").is_null())
    return sorted(found.select("organisation", "measure", "period").rows())


def test_an_alert_is_raised_once_and_ended_when_the_signal_is_gone(store: ForecastStore) -> None:
    may, june = date(2026, 5, 1), date(2026, 6, 1)
    assert store.alerts().is_empty()
    first = signals(("R0A", "bias", may), ("R1H", "coverage80", may))
    assert keep(store, "visits", Looked(BOTH, first), AT) == 2
    assert keep(store, "visits", Looked(BOTH, first), AT + DAY) == 0, "the same is not raised twice"
    assert store.alerts()["at"].unique().to_list() == [AT]
    assert keep(store, "visits", Looked(BOTH, signals(("R0A", "bias", june))), AT + 2 * DAY) == 2
    assert open_ones(store) == [("R0A", "bias", may), ("R0A", "bias", june)]
    ended = store.alerts(["R1H"]).row(0, named=True)
    assert (ended["at"], ended["ended_at"], ended["rules"]) == (AT, AT + 2 * DAY, "Above the upper limit")
    assert keep(store, "visits", Looked(BOTH, signals()), AT + 3 * DAY) == 2
    assert open_ones(store) == []


def test_what_was_not_looked_at_and_other_metrics_stay_as_they_are(store: ForecastStore) -> None:
    may = date(2026, 5, 1)
    keep(store, "visits", Looked(BOTH, signals(("R0A", "bias", may), ("R1H", "bias", may))), AT)
    keep(store, "visits", Looked(frozenset({("R0A", "")}), signals()), AT + DAY)
    keep(store, "calls", Looked(BOTH, signals()), AT + DAY)
    assert open_ones(store) == [("R1H", "bias", may)]


def test_an_alert_cannot_be_changed(store: ForecastStore) -> None:
    keep(store, "visits", Looked(BOTH, signals(("R0A", "bias", date(2026, 5, 1)))), AT)
    with pytest.raises(JournalError, match="only added to"), store._database.writing() as connection:
        connection.execute(sa.delete(forecast_alert))


def learnt(training: pl.DataFrame) -> Learnt:
    part = Part("visits", "organisation", Grain.DAY, "organisation")
    key = Key(Kind.PUBLISHED, "visits", "organisation", "day", "1", model_version(), fingerprint(training))
    return Learnt(part, training, key, "w1", training["date"].max())


def test_forecasts_that_have_gone_wrong_of_late_and_yesterday_are_found(store: ForecastStore) -> None:
    frame = pl.concat([daily(800, series="R0A"), daily(800, seed=2, level=290, series="R1H")])
    last = frame["date"].max()
    store.publish(replay_of(learnt(frame)))
    before = frame.filter(pl.col("date") < last)
    store.publish(forecast_of(learnt(before)))
    assert look(store, [learnt(frame)]).signals.filter(measure="bias").is_empty()
    lately = (pl.col("series") == "R0A") & (pl.col("date") >= last.replace(day=1))
    changed = frame.with_columns(pl.when(lately).then(pl.col("value") * 1.6).otherwise("value").alias("value"))
    found = look(store, [learnt(changed)])
    assert found.series == BOTH
    bias = found.signals.filter(measure="bias").row(0, named=True)
    assert (bias["organisation"], bias["period"], bias["side"]) == ("R0A", last.replace(day=1), "below")
    assert bias["rules"]
    yesterday = found.signals.filter(measure="day").row(0, named=True)
    assert (yesterday["organisation"], yesterday["period"], yesterday["side"]) == ("R0A", last, "above")
    assert yesterday["value"] > 1.4 * yesterday["usual"]
    other = replace(learnt(changed), key=replace(learnt(changed).key, definition_version="2"))
    assert look(store, [other]).signals.is_empty(), "forecasts of another definition are of another number"
