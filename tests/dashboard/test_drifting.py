"""Open alerts of forecasts as a manager reads them: what drifts, since when, by which rule, and where to look."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from dashboard.cli import app
from dashboard.components.drifting import listed
from dashboard.viewmodels.drifting import build, newest_open
from metrics.catalogue import Catalogue, load
from metrics.warehouse.settings import Settings, embedded_url
from models.alerts import SIGNALS, Looked, keep
from models.forecast_store import ForecastStore

AT = datetime(2026, 11, 22, 5)  # noqa: DTZ001 - kept as UTC without a zone
WHOSE = frozenset({("ZZ1", ""), ("ZZ1", "110"), ("R0A", "")})
SERVICES = {"110": "Trauma and Orthopaedics"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load()


@pytest.fixture
def store(tmp_path: Path) -> ForecastStore:
    found = ForecastStore.open(Settings(tmp_path, embedded_url(tmp_path / "warehouse")))
    for month in (9, 10):
        rows = [
            ("ZZ1", "110", "bias", date(2026, month, 1), 0.121, -0.004, "above", "Above the upper limit"),
            ("ZZ1", "", "day", date(2026, month, 20), 90.0, 60.0, "above", "outside the 95% interval"),
            ("R0A", "", "coverage80", date(2026, month, 1), 0.55, 0.8, "below", "Below the lower limit"),
        ]
        signals = pl.DataFrame(rows, schema=dict(SIGNALS), orient="row")
        keep(found, "local_referrals", Looked(WHOSE, signals), AT)
    return found


def test_one_alert_a_series_with_its_words_and_its_address(catalogue: Catalogue, store: ForecastStore) -> None:
    (alert,) = build(catalogue, store, ["ZZ1"], SERVICES).alerts
    assert alert.title == "Referrals received, Trauma and Orthopaedics"
    assert alert.text == (
        "Forecasts of October 2026 were 12.1% too high, usually 0.4% too low. A signal stands since September 2026. "
        "Raised 22 November 2026 by: Above the upper limit."
    )
    assert alert.address == "demand?metric=local_referrals&org=ZZ1&service=110"
    (other,) = build(catalogue, store, ["R0A"], SERVICES).alerts
    assert other.text.startswith("55.0% of October 2026 came within the 80% interval, usually 80.0%.")


def test_the_list_is_folded_and_absent_while_nothing_drifts(catalogue: Catalogue, store: ForecastStore) -> None:
    html = listed(build(catalogue, store, ["ZZ1"], SERVICES))
    assert "<summary>Forecasts that drift: 1</summary>" in html
    assert "demand?metric=local_referrals&amp;org=ZZ1&amp;service=110" in html
    keep(store, "local_referrals", Looked(WHOSE, pl.DataFrame(schema=dict(SIGNALS))), AT)
    assert listed(build(catalogue, store, ["ZZ1"], SERVICES)) == ""


def test_alerts_of_measures_that_are_defined_no_more_are_left_out(catalogue: Catalogue, store: ForecastStore) -> None:
    rows = [("ZZ1", "", "bias", date(2026, 10, 1), 0.1, 0.0, "above", "x")]
    keep(store, "no_such", Looked(WHOSE, pl.DataFrame(rows, schema=dict(SIGNALS), orient="row")), AT)
    assert len(build(catalogue, store, ["ZZ1"], SERVICES).alerts) == 1


def test_the_command_lists_what_is_open(store: ForecastStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWETHER_HOME", str(tmp_path))
    found = CliRunner().invoke(app, ["forecast", "--alerts"])
    assert found.exit_code == 0, found.output
    lines = found.stdout.splitlines()
    assert lines[0] == "metric,organisation,service,measure,period,side,value,usual,rules,raised_at,since"
    assert (
        len([line for line in lines if line.startswith("local_referrals,")]) == newest_open(store.alerts()).height == 3
    )
