"""Forecasts are made beside the server: what somebody waits for first, once for all servers, and failures are said."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dashboard.components.training_line import said
from dashboard.training import Progress, Training
from dashboard.training_process import Wanted, work
from metrics import MetricsLayer
from metrics.warehouse.settings import Settings, embedded_url
from models.forecast_store import ForecastStore

TODAY = date(2026, 11, 22)
PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def layer(shipped_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(shipped_warehouse, today=lambda: TODAY)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path, embedded_url(tmp_path / "warehouse"))


def test_what_somebody_waits_for_is_made_first_and_each_part_once(layer: MetricsLayer, settings: Settings) -> None:
    store, said = ForecastStore.open(settings), list[Mapping[str, Any]]()
    services = Wanted("rtt_clock_starts", "R0A", by_service=True)
    asked = [[services], [Wanted("no_such", "ENG"), Wanted("nhs_app_logins", "ENG")]]

    def wanted() -> list[Wanted]:
        return asked.pop(0) if asked else []

    work(layer, store, said.append, wanted, only="nhs_app_logins")
    begun = [(each["metric"], each["part"]) for each in said if each["what"] == "begun"]
    assert begun == [
        ("rtt_clock_starts", "service of R0A"), ("nhs_app_logins", "england"), ("nhs_app_logins", "region"),
        ("nhs_app_logins", "icb"),
    ]  # fmt: skip
    assert said[-1] == {"what": "done"}
    ended = [each for each in said if each["what"] == "ended"]
    assert [each["done"] for each in ended] == [0, 1, 2, 3]
    assert {each["of"] for each in ended} == {4}
    assert "too short" in store.standing("rtt_clock_starts", "R0A", "110")["refused"].item()
    said.clear()
    work(layer, store, said.append, only="nhs_app_logins")
    assert said == [{"what": "done"}], "the same is not made twice, and a history too short for replays is known"


def test_a_store_that_cannot_be_written_is_said_for_every_part(layer: MetricsLayer, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    said = list[Mapping[str, Any]]()
    store = ForecastStore.open(Settings(tmp_path / "home", embedded_url(tmp_path / "warehouse")))
    work(layer, store, said.append, only="nhs_app_logins")
    failed = [each for each in said if each["what"] == "failed"]
    assert len(failed) == 3
    assert all("The forecast store" in each["why"] for each in failed)


def test_two_processes_at_once_make_everything_once(shipped_warehouse: str, settings: Settings) -> None:
    environment = {**os.environ, "BELLWETHER_HOME": str(settings.home), "BELLWETHER_WAREHOUSE": shipped_warehouse}
    command = [str(Path(sys.executable).with_name("bellwether")), "forecast", "nhs_app_logins", "--publish"]
    both = [
        subprocess.Popen(command, cwd=settings.home, env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=300)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    runs = ForecastStore.open(settings).runs("nhs_app_logins")
    assert sorted(runs.select("kind", "part").rows()) == [
        ("published", "england"), ("published", "icb"), ("published", "region"),
    ]  # fmt: skip
    assert sum(text.count(" published.") for text in said) == 3, said


def test_a_server_makes_what_a_page_waits_for_and_ends_its_process(
    layer: MetricsLayer, shipped_warehouse: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BELLWETHER_HOME", str(settings.home))
    monkeypatch.setenv("BELLWETHER_WAREHOUSE", shipped_warehouse)
    training, store = Training(), ForecastStore.open(settings)
    training.want("nhs111_calls", "ENG")
    thread = threading.Thread(target=training.run, args=(layer,))
    thread.start()
    try:
        deadline = time.monotonic() + 240
        while store.state_of("nhs111_calls", "ENG") == "0 0" and time.monotonic() < deadline:
            time.sleep(0.1)
        assert store.runs("nhs111_calls").row(0, named=True)["part"] == "england"
        assert training.progress.running
    finally:
        training.stop()
        thread.join(timeout=60)
    assert not thread.is_alive()
    assert not training.progress.running


def test_how_far_it_is_is_said_in_titles(layer: MetricsLayer) -> None:
    now = Progress(running=True, done=3, of=55, metric="discharges_daily", part="icb")
    assert said(now, layer.catalogue) == (
        f"3 of 55 parts of all forecasts are looked at, now {layer.catalogue.metric('discharges_daily').name}, by ICB."
    )
    assert said(Progress(running=True), layer.catalogue) == "It is about to begin."
