"""Whoever listens to a warehouse on PostgreSQL is woken by every commit; elsewhere nobody can, and is told so."""

from __future__ import annotations

import os
import socket
import threading
from datetime import datetime

import polars as pl
import pytest
import sqlalchemy as sa

from metrics.warehouse.changing import changing
from metrics.warehouse.connect import open_warehouse
from metrics.warehouse.notices import Listener, listen
from metrics.warehouse.settings import embedded_url
from metrics.warehouse.tables.operational.flow import fact_alert
from metrics.warehouse.tables.operational.provenance import meta_operational
from metrics.warehouse.writing import writing
from tests.warehouse.operational import alerts, begun

pytestmark = pytest.mark.postgresql
LONG = 60.0


@pytest.fixture(scope="module")
def server(new_database) -> str:
    url = new_database()
    begun(url, alerts([1]))
    return url


def test_a_waiting_thread_is_woken_by_a_commit_and_finds_it(server):
    warehouse, found = open_warehouse(server), []
    with listen(server) as listener:

        def wait() -> None:
            found.append((listener.wait(LONG), warehouse.refresh()))

        waiting = threading.Thread(target=wait)
        waiting.start()
        with changing(server) as changes:
            changes.insert(fact_alert, alerts([2]))
        waiting.join()
    assert found == [(True, True)]


def hear(listener: Listener) -> None:
    """Has the listener's connection receive all that was committed before: it comes ahead of any answer."""
    listener._connection.exec_driver_sql("SELECT 1")


def test_several_commits_wake_once_and_what_is_undone_does_not(server):
    with listen(server) as listener:
        for number in (3, 4):
            with changing(server) as changes:
                changes.insert(fact_alert, alerts([number]))
        with writing(server) as writer:
            writer.insert(fact_alert, alerts([5]))
        hear(listener)
        assert listener.wait(LONG)
        hear(listener)
        assert not listener.wait(0.05)
        with pytest.raises(ZeroDivisionError), changing(server) as changes:  # noqa: PT012
            changes.insert(fact_alert, alerts([6]))
            raise ZeroDivisionError
        with writing(server):
            pass
        hear(listener)
        assert not listener.wait(0.05)
        with changing(server) as changes:
            changes.insert(fact_alert, alerts([7]))
        assert listener.wait(LONG)


def test_a_broken_connection_is_noticed_and_does_not_wait(server):
    with listen(server) as listener:
        engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN bellwether_change'"
            connection.exec_driver_sql(others)
        engine.dispose()
        assert not listener.wait(LONG)
        assert not listener.alive
        assert not listener.wait(LONG)


def assert_a_silent_server_is_noticed(connection: sa.Connection, **expected: str) -> None:
    native = connection.connection.driver_connection
    wanted = {
        "keepalives": "1", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3",
        "tcp_user_timeout": "15000",
    } | expected  # fmt: skip
    parameters = native.info.get_parameters()
    assert {name: parameters.get(name) for name in wanted} == wanted
    with socket.socket(fileno=os.dup(native.fileno())) as wire:
        assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1


def test_connections_notice_a_server_that_is_gone_without_a_word(server):
    with listen(server) as listener:
        assert_a_silent_server_is_noticed(listener._connection)
    for url, expected in ((server, {}), (f"{server}?keepalives_idle=60", {"keepalives_idle": "60"})):
        warehouse = open_warehouse(url)
        with warehouse.engine.connect() as connection:
            assert_a_silent_server_is_noticed(connection, **expected)
        warehouse.engine.dispose()


def test_where_nobody_can_listen(tmp_path):
    assert listen(embedded_url(tmp_path)) is None
    assert listen("postgresql://nobody@127.0.0.1:1/x") is None


def test_the_data_version_of_a_server_moves_with_its_operational_tables(server):
    warehouse = open_warehouse(server)
    versions = [warehouse.data_version]
    with changing(server) as changes:
        changes.correct(fact_alert, pl.DataFrame({"alert_id": [1], "severity": ["medium"]}))
    assert warehouse.refresh()
    versions.append(warehouse.data_version)
    with writing(server) as writer:
        writer.execute(sa.update(meta_operational).values(written_at=datetime(2026, 8, 1)))  # noqa: DTZ001
    assert warehouse.refresh()
    versions.append(warehouse.data_version)
    assert not warehouse.refresh()
    assert len(set(versions)) == 3
