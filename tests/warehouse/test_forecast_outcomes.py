"""Outcomes of forecasts in the warehouse: what is new or other is written in one commit, and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from dashboard.training_process import record
from metrics.query.own_records import has_forecast_record
from metrics.warehouse import forecast_outcomes
from metrics.warehouse.changes import changed_since, standing
from metrics.warehouse.changing import changing
from metrics.warehouse.connect import Warehouse, open_warehouse
from metrics.warehouse.embedded import RECORD, writer_lock
from metrics.warehouse.errors import WarehouseBusyError
from metrics.warehouse.forecast_outcomes import COLUMNS, Outcomes, states_held, write_outcomes
from metrics.warehouse.reading import reading
from metrics.warehouse.settings import embedded_url
from metrics.warehouse.tables.forecasts import fact_forecast_outcome, meta_forecast_outcome
from metrics.warehouse.tables.meta import meta_load
from metrics.warehouse.tables.operational.flow import fact_alert
from metrics.warehouse.writing import writing
from models.recording import Recorder
from tests.warehouse.operational import alerts, begun
from tests.warehouse.test_writing import LOAD

MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)


def outcomes(*rows: tuple[str, int, float, float | None], metric: str = "visits", state: str = "1") -> Outcomes:
    """Outcomes of organisation, periods ahead of May, actual and lower bound."""
    told = [
        {
            "demand": metric, "level": "organisation", "org_code": who, "cutoff": MAY, "ahead": ahead, "grain": "month",
            "forecast_for": JUNE, "period": JUNE, "distance": f"month {ahead:02}", "made": "replayed",
            "actual": actual, "forecast": 0.1 + 0.2, "lo80": low, "hi80": 9.0, "lo95": None, "hi95": None,
            "naive": None, "definition_version": "1",
        }
        for who, ahead, actual, low in rows
    ]  # fmt: skip
    kinds = dict.fromkeys(("lo80", "hi80", "lo95", "hi95", "naive"), pl.Float64)
    return Outcomes(pl.DataFrame(told, schema_overrides=kinds | {"ahead": pl.Int64}).select(COLUMNS), state)


TWO = outcomes(("R0A", 1, 10.0, None), ("R0A", 2, 12.5, 1 / 3))


@pytest.fixture
def warehouse(url: str) -> Warehouse:
    with writing(url) as writer:
        writer.insert(meta_load, LOAD)
    return open_warehouse(url)


def held(warehouse: Warehouse) -> list[dict[str, Any]]:
    warehouse.refresh()
    order = (fact_forecast_outcome.c.demand, fact_forecast_outcome.c.org_code, fact_forecast_outcome.c.ahead)
    return warehouse.frame(sa.select(fact_forecast_outcome).order_by(*order)).to_dicts()


def test_the_same_is_written_once_and_readers_learn_of_it(url: str, warehouse: Warehouse) -> None:
    assert states_held(warehouse) == {}
    before = warehouse.data_version
    assert write_outcomes(url, warehouse, {"visits": TWO}) == ("visits",)
    assert warehouse.refresh()
    version = warehouse.data_version
    assert version != before
    assert states_held(warehouse) == {"visits": "1"}
    newer = Outcomes(TWO.rows, "2")
    assert write_outcomes(url, warehouse, {"visits": newer}) == (), "another forecast of which nothing is known yet"
    assert not warehouse.refresh()
    assert warehouse.data_version == version
    assert [row["lo80"] for row in held(warehouse)] == [None, 1 / 3]
    assert [row["forecast"] for row in held(warehouse)] == [0.1 + 0.2] * 2


def test_only_rows_that_are_new_or_other_are_written(url: str, warehouse: Warehouse) -> None:
    calls = outcomes(("R0A", 1, 3.0, None), metric="calls")
    write_outcomes(url, warehouse, {"visits": TWO, "calls": calls})
    first = {(row["demand"], row["ahead"]): row["recorded_at"] for row in held(warehouse)}
    corrected = outcomes(("R0A", 1, 10.0, None), ("R0A", 2, 13.0, 1 / 3), ("R1H", 1, 4.0, 2.0), state="2")
    assert write_outcomes(url, warehouse, {"visits": corrected, "calls": calls}) == ("visits",)
    rows = held(warehouse)
    now = [(row["demand"], row["org_code"], row["ahead"], row["actual"]) for row in rows]
    assert now == [("calls", "R0A", 1, 3.0), ("visits", "R0A", 1, 10.0), ("visits", "R0A", 2, 13.0),
                   ("visits", "R1H", 1, 4.0)]  # fmt: skip
    assert rows[0]["recorded_at"] == first["calls", 1]
    assert rows[1]["recorded_at"] == first["visits", 1]
    assert rows[2]["recorded_at"] > first["visits", 2]
    assert states_held(warehouse) == {"visits": "2", "calls": "1"}


def test_what_does_not_count_any_more_goes(url: str, warehouse: Warehouse) -> None:
    write_outcomes(url, warehouse, {"visits": TWO})
    assert write_outcomes(url, warehouse, {"visits": Outcomes(TWO.rows.clear(), "2")}) == ("visits",)
    assert held(warehouse) == []
    assert write_outcomes(url, warehouse, {"calls": Outcomes(TWO.rows.clear(), "1")}) == (), "nothing has happened yet"


def test_what_is_not_forecast_any_more_is_taken_away(url: str, warehouse: Warehouse) -> None:
    write_outcomes(url, warehouse, {"visits": TWO, "calls": outcomes(("R0A", 1, 3.0, None), metric="calls")})
    for expected in (("calls",), ()):
        recorder = Recorder(url)
        recorder.leave_out({"visits", "referrals"})
        assert recorder.write() == expected
        assert [row["demand"] for row in held(warehouse)] == ["visits", "visits"]


def test_a_warehouse_written_anew_and_tables_of_another_version_are_written_again(
    url: str, warehouse: Warehouse
) -> None:
    write_outcomes(url, warehouse, {"visits": TWO})
    with writing(url, fresh=True) as writer:
        writer.insert(meta_load, LOAD)
    warehouse.refresh()
    assert states_held(warehouse) == {}
    assert write_outcomes(url, warehouse, {"visits": TWO}) == ("visits",)
    with writing(url) as writer:
        writer.execute(meta_forecast_outcome.update().values(fingerprint="of another version"))
    warehouse.refresh()
    assert states_held(warehouse) == {}
    assert write_outcomes(url, warehouse, {"visits": TWO}) == ("visits",)
    assert len(held(warehouse)) == 2


def test_a_feed_and_the_record_write_in_turn(url: str) -> None:
    begun(url, alerts([1]))
    warehouse = open_warehouse(url)
    write_outcomes(url, warehouse, {"visits": TWO})
    with changing(url) as changes:
        changes.insert(fact_alert, alerts([7]))
    warehouse.refresh()
    assert has_forecast_record(warehouse.snapshot())
    with reading(warehouse.snapshot()) as told:
        first = standing(told, warehouse.data_version)
    assert write_outcomes(url, warehouse, {"visits": outcomes(("R0A", 1, 10.0, None), state="2")}) == ("visits",)
    warehouse.refresh()
    with reading(warehouse.snapshot()) as told:
        then = standing(told, warehouse.data_version)
    assert changed_since(first, then, [fact_forecast_outcome.name])
    assert not changed_since(first, then, [fact_alert.name, "dim_organisation"])
    assert 7 in warehouse.frame(sa.select(fact_alert.c.alert_id))["alert_id"]
    with changing(url) as changes:
        changes.insert(fact_alert, alerts([8]))
    assert len(held(warehouse)) == 1


def test_who_else_writes_a_file_waits_a_moment_for_it(tmp_path: Path) -> None:
    folder = tmp_path / "warehouse"
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with writer_lock(folder, brief=RECORD):
            taken.set()
            time.sleep(0.3)
            done.set()

    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait()
    with writing(embedded_url(folder)):
        assert done.is_set()
    thread.join()


class Told:
    """A recorder that has gathered something."""

    def __init__(self, url: str, warehouse: Warehouse) -> None:
        self._url, self._warehouse = url, warehouse

    def write(self) -> tuple[str, ...]:
        return write_outcomes(self._url, self._warehouse, {"visits": TWO})


def test_another_writer_at_work_is_said_and_it_is_tried_again(
    url: str, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast_outcomes, "_TRIES", 1)
    said = list[Mapping[str, Any]]()
    with writing(url) as writer:
        with pytest.raises(WarehouseBusyError):
            write_outcomes(url, warehouse, {"visits": TWO})
        record(Told(url, warehouse), said.append)
        writer.execute(meta_load.update().values(notes="meanwhile"))
    assert [(each["what"], each["again"]) for each in said] == [("unrecorded", True)]
    assert not warehouse.refresh() or states_held(warehouse) == {}
    record(Told(url, warehouse), said.append)
    assert said[-1] == {"what": "recorded", "metrics": ["visits"]}


@pytest.mark.postgresql
def test_a_server_that_may_only_be_read_is_said_and_left_as_it_is(new_database: Any) -> None:
    url = new_database()
    with writing(url) as writer:
        writer.insert(meta_load, LOAD)
        for statement in (
            "DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN PASSWORD 'reader'",
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        ):  # fmt: skip
            writer.connection.exec_driver_sql(statement)
    reader = sa.make_url(url).set(username="reader", password="reader")  # noqa: S106 - of the tests' own server
    reading = reader.render_as_string(hide_password=False)
    said = list[Mapping[str, Any]]()
    record(Told(reading, open_warehouse(reading)), said.append)
    assert [(each["what"], each["again"]) for each in said] == [("unrecorded", False)]
    assert "permission denied" in said[0]["why"]
    assert states_held(open_warehouse(url)) == {}
