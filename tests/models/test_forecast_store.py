"""Published forecasts are kept as they were: whole, once, and for good."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from metrics.journal import JournalUnusableError
from metrics.warehouse.connect import server_engine
from metrics.warehouse.settings import Settings, embedded_url
from models.forecast_run import Key, Kind, Made
from models.forecast_store import CLAIM_HOLDS, ForecastStore
from models.forecast_tables import (
    PARTS,
    QUANTILES,
    TABLES,
    forecast_across,
    forecast_alert,
    forecast_coherence,
    forecast_sum,
    forecast_version,
    metadata,
)

NOON = datetime(2026, 11, 22, 12)  # noqa: DTZ001 - kept as UTC without a zone
KEY = Key(Kind.PUBLISHED, "visits", "organisation", "day", "1", "model 1", "abc")
START = date(2026, 11, 22)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param == "sqlite":
        return Settings(tmp_path, embedded_url(tmp_path / "warehouse"))
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    return Settings(tmp_path, new_database())


@pytest.fixture
def store(settings: Settings) -> ForecastStore:
    return ForecastStore.open(settings)


def series(*codes: str, cutoff: date | None = START, refused: str = "") -> pl.DataFrame:
    return pl.DataFrame({"organisation": list(codes)}).with_columns(
        service=pl.lit(""), cutoff=pl.lit(cutoff, pl.Date), refused=pl.lit(refused), notes=pl.lit("")
    )


def values(*codes: str, horizon: int = 3, start: date = START, level: float = 100.0) -> pl.DataFrame:
    ahead = pl.DataFrame({"ahead": list(range(1, horizon + 1))})
    return (
        pl.DataFrame({"organisation": list(codes)})
        .join(ahead, how="cross")
        .with_columns(
            service=pl.lit(""), cutoff=pl.lit(start), period=pl.lit(start) + pl.duration(days=pl.col("ahead") - 1)
        )
        .with_columns((level + pl.col("ahead") + number).alias(name) for number, name in enumerate(QUANTILES))
        .with_columns(naive=pl.lit(level))
    )


def made(key: Key = KEY, *codes: str) -> Made:
    named = codes or ("R0A", "R1H")
    return Made(key, "warehouse 7", date(2026, 11, 21), series(*named), values(*named))


def rows(settings: Settings) -> dict[str, int]:
    """How many rows each table has, read past the store."""
    engine = (
        server_engine(settings.warehouse)
        if "postgresql" in settings.warehouse
        else sa.create_engine(f"sqlite:///{settings.home}/forecasts.sqlite")
    )
    with engine.connect() as connection:
        held = {table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) for table in TABLES}
    engine.dispose()
    return held


def test_nothing_is_made_before_the_first_forecast(store: ForecastStore, settings: Settings) -> None:
    assert store.version == "0"
    assert not store.has(KEY)
    assert store.values("visits", "R0A").is_empty()
    assert store.standing("visits", "R0A").is_empty()
    assert not (settings.home / "forecasts.sqlite").exists()


def test_what_was_published_comes_back_as_it_was(store: ForecastStore) -> None:
    explained = values("R0A", "R1H").select(
        "organisation", "service", "ahead", *(pl.lit(1.5 * n).alias(name) for n, name in enumerate(PARTS))
    )
    assert store.publish(replace(made(), parts=explained), at=NOON)
    found = store.standing("visits", "R1H").row(0, named=True)
    assert (found["kind"], found["part"], found["made_at"], found["cutoff"]) == (
        "published",
        "organisation",
        NOON,
        START,
    )
    assert (found["data_version"], found["data_as_of"], found["model_version"]) == (
        "warehouse 7", date(2026, 11, 21), "model 1",
    )  # fmt: skip
    wanted = values("R1H").select("ahead", "period", *QUANTILES, "naive").cast({"ahead": pl.Int64})
    assert store.values("visits", "R1H").drop("series_id").equals(wanted)
    assert store.parts(found["series_id"]).row(0) == (1, 0.0, 1.5, 3.0, 4.5, 6.0, 7.5)
    assert store.values("visits", "RXX").is_empty()


def test_a_refusal_is_kept_with_its_reason(store: ForecastStore) -> None:
    store.publish(Made(KEY, "w", None, series("R0A", cutoff=None, refused="It stopped."), values()))
    found = store.standing("visits", "R0A").row(0, named=True)
    assert (found["cutoff"], found["refused"]) == (None, "It stopped.")


def test_the_same_is_not_made_twice_and_anything_else_is_another(store: ForecastStore, settings: Settings) -> None:
    assert store.publish(made())
    before = rows(settings)
    assert store.has(KEY)
    assert not store.publish(made())
    assert rows(settings) == before
    for another in (
        replace(KEY, learnt="other"), replace(KEY, model_version="model 2"), replace(KEY, definition_version="2"),
        replace(KEY, part="england"), KEY.replayed,
    ):  # fmt: skip
        version = store.version
        assert store.publish(made(another))
        assert store.version != version
    assert store.runs("visits").height == 6


def test_a_stored_forecast_never_changes(store: ForecastStore, settings: Settings) -> None:
    store.publish(made(), at=NOON)
    standing, first = store.standing("visits", "R0A"), store.values("visits", "R0A")
    later = replace(KEY, learnt="later")
    store.publish(Made(later, "w8", None, series("R0A"), values("R0A", level=999)))
    assert store.standing("visits", "R0A").head(1).equals(standing)
    assert store.values("visits", "R0A").head(first.height).equals(first)
    url = settings.warehouse if "postgresql" in settings.warehouse else f"sqlite:///{settings.home}/forecasts.sqlite"
    engine = sa.create_engine(url)
    for statement in (
        "UPDATE forecast_value SET mean = 0", "DELETE FROM forecast_series", "UPDATE forecast_run SET made_at = NULL",
    ):  # fmt: skip
        with pytest.raises(sa.exc.DBAPIError, match="only added to"), engine.begin() as connection:
            connection.execute(sa.text(statement))
    engine.dispose()
    assert store.values("visits", "R0A").head(first.height).equals(first)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: replace(made(), values=values("R0A", "RXX")), "not among them"),
        (lambda: replace(made(), series=pl.concat([series("R0A"), series("R0A")])), "twice"),
        (lambda: replace(made(), values=pl.concat([values("R0A"), values("R0A")])), "period twice"),
    ],
)
def test_what_does_not_belong_together_is_refused_whole(
    store: ForecastStore, wrong: Callable[[], Made], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        store.publish(wrong())
    assert store.version == "0"


def test_a_writing_that_breaks_off_leaves_nothing(store: ForecastStore, settings: Settings) -> None:
    store.publish(made())
    before = rows(settings)
    without = values("R0A").with_columns(period=pl.lit(None, pl.Date))  # the last of the tables that refuses it
    with pytest.raises(JournalUnusableError):
        store.publish(Made(replace(KEY, learnt="half"), "w", None, series("R0A"), without))
    assert rows(settings) == before
    assert not store.has(replace(KEY, learnt="half"))


def test_of_many_who_publish_the_same_one_does(store: ForecastStore, settings: Settings) -> None:
    gate = threading.Barrier(6)

    def attempt(_number: int) -> bool:
        gate.wait()
        return store.publish(made())

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(attempt, range(6))) == 1
    assert rows(settings)["forecast_run"] == 1
    assert rows(settings)["forecast_value"] == 6


def test_a_claim_keeps_others_away_until_it_is_released_or_old(store: ForecastStore) -> None:
    assert store.claim("visits", "england", "one", NOON)
    assert not store.claim("visits", "england", "two", NOON + timedelta(minutes=1))
    assert store.claim("visits", "region", "two", NOON)
    store.release("visits", "england", "one", NOON + timedelta(minutes=2))
    assert store.claim("visits", "england", "two", NOON + timedelta(minutes=3))
    assert store.claim("visits", "england", "one", NOON + timedelta(minutes=3) + CLAIM_HOLDS)


def test_a_file_that_is_no_store_is_said(tmp_path: Path) -> None:
    (tmp_path / "forecasts.sqlite").write_text("no database at all, only some words that are long enough" * 40)
    with pytest.raises(JournalUnusableError, match=r"The forecast store .* cannot be read"):
        _ = ForecastStore.open(Settings(tmp_path, embedded_url(tmp_path / "warehouse"))).version


def test_a_store_of_the_first_version_gets_the_tables_that_it_lacks(tmp_path: Path) -> None:
    settings = Settings(tmp_path, embedded_url(tmp_path / "warehouse"))
    engine = sa.create_engine(f"sqlite:///{settings.home / 'forecasts.sqlite'}")
    later = {forecast_alert.name, forecast_sum.name, forecast_coherence.name}
    metadata.create_all(engine, tables=[table for table in metadata.sorted_tables if table.name not in later])
    with engine.begin() as connection:
        connection.execute(forecast_version.insert().values(version=1))
    engine.dispose()
    store = ForecastStore.open(settings)
    assert store.alerts().is_empty()
    assert store.coherence(1) is None
    assert set(sa.inspect(engine).get_table_names()) >= later
    assert ForecastStore.open(settings).version == "0 0"


def test_a_store_of_the_second_version_keeps_its_rows_and_learns_of_sites(
    store: ForecastStore, settings: Settings
) -> None:
    store.publish(made(), at=NOON)
    before, held = store.values("visits", "R0A"), rows(settings)
    url = settings.warehouse if "postgresql" in settings.warehouse else f"sqlite:///{settings.home}/forecasts.sqlite"
    engine = sa.create_engine(url)
    with engine.begin() as connection:  # as the second version left it
        connection.execute(sa.text("ALTER TABLE forecast_series DROP COLUMN site"))
        forecast_across.drop(connection)
        connection.execute(forecast_version.delete())
        connection.execute(forecast_version.insert().values(version=2))
    again = ForecastStore.open(settings)
    assert again.values("visits", "R0A").equals(before), "what is read is brought up, and is what it was"
    assert rows(settings) == held
    site = {"series": series("R0A").with_columns(site=pl.lit("R0A01")),
            "values": values("R0A", level=40.0).with_columns(site=pl.lit("R0A01"))}  # fmt: skip
    assert again.publish(replace(made(replace(KEY, part="site of R0A")), **site))
    assert again.values("visits", "R0A").equals(before), "a site's are not the whole trust's"
    assert again.values("visits", "R0A", site="R0A01")["naive"].to_list() == [40.0] * 3
    assert again.standing("visits", "R0A").height == again.standing("visits", "R0A", site="R0A01").height == 1
    assert again.standing_of_all("visits")["site"].unique().to_list() == [""]
    assert again.values_of_all("visits").height == held["forecast_value"]
    with pytest.raises(sa.exc.DBAPIError, match="only added to"), engine.begin() as connection:
        connection.execute(sa.text("UPDATE forecast_series SET site = ''"))
    engine.dispose()
