"""`bellwether feed`, and the trust that `bellwether run` builds and lets go on."""

from __future__ import annotations

import re
import time
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from rich.console import Console
from typer.testing import CliRunner

from dashboard.cli import app
from dashboard.cli_trust import build_trust, feed_beside
from metrics.warehouse.connect import open_warehouse
from metrics.warehouse.settings import embedded_url
from metrics.warehouse.tables.operational.changes import meta_feed
from metrics.warehouse.tables.operational.flow import fact_alert
from metrics.warehouse.tables.operational.provenance import meta_operational
from metrics.warehouse.writing import writing
from tests.simulator.scenarios import short
from tests.warehouse.operational import alerts, begun

QUIET = Console(quiet=True)
SCENARIO = short(date(2026, 1, 5), date(2026, 1, 25), seed=2, scale=0.05)
STANDS = sa.select(meta_feed.c.next_day, meta_feed.c.position)


def invoked(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["feed", *arguments], env={"COLUMNS": "200", "NO_COLOR": "1"})
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A warehouse with a tiny trust, built as `bellwether run` builds one."""
    url = embedded_url(tmp_path_factory.mktemp("built") / "warehouse")
    with writing(url) as writer:
        writer.changed = True
    assert build_trust(url, QUIET, filled=True, scenario=SCENARIO)
    return url


def test_a_trust_is_built_once_and_anew_for_another_version(built):
    assert open_warehouse(built).frame(sa.select(meta_operational.c.last_day)).item() == SCENARIO.last_day
    assert not build_trust(built, QUIET, filled=True, scenario=SCENARIO)
    with writing(built) as writer:
        writer.execute(sa.update(meta_operational).values(fingerprint="of an older version"))
    assert build_trust(built, QUIET, filled=False, scenario=SCENARIO)


def test_records_of_a_trust_s_own_are_left_alone(tmp_path):
    url = embedded_url(tmp_path / "warehouse")
    begun(url, alerts([1, 2]))
    own = {"provenance": "operational", "fingerprint": "of an older version"}
    with writing(url) as writer:
        writer.execute(sa.update(meta_operational).values(**own))
    assert not build_trust(url, QUIET, filled=True, scenario=SCENARIO)
    assert open_warehouse(url).frame(sa.select(fact_alert)).height == 2


def test_a_server_s_database_that_was_not_empty_is_left_alone():
    assert not build_trust("postgresql://nobody@127.0.0.1:1/x", QUIET, filled=False)


def test_a_day_is_fed_and_told(built):
    before = open_warehouse(built).frame(STANDS).row(0)
    code, said = invoked("--at-once", "--days", "1", "--warehouse", built)
    assert code == 0
    assert re.search(r"The feed wrote [\d,]+ events in \d+ commits, up to .*:\d\d UTC\.", said)
    assert open_warehouse(built).frame(STANDS).row(0) == (before[0] + timedelta(days=1), 0)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--rate", "5", "--real-time"), "Say one of --rate, --accelerate, --real-time and --at-once"),
        (("--at-once",), "Say how far with --days or --until"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments, problem):
    code, said = invoked(*arguments)
    assert code == 2
    assert problem in said


def test_a_warehouse_without_a_trust_says_what_to_do(tmp_path: Path):
    url = embedded_url(tmp_path / "warehouse")
    with writing(url) as writer:
        writer.changed = True
    code, said = invoked("--warehouse", url)
    assert code == 2
    assert "bellwether simulate --warehouse" in said


def test_a_feed_beside_the_dashboard_writes_and_ends_with_it(built):
    warehouse = open_warehouse(built)
    with feed_beside(built, wanted=True) as feed:
        while not warehouse.refresh():
            assert feed.poll() is None
            time.sleep(0.1)
    assert feed.returncode == 0
    version = warehouse.data_version
    with feed_beside(built, wanted=False) as none:
        assert none is None
    warehouse.refresh()
    assert warehouse.data_version >= version
