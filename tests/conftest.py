"""What tests share: a PostgreSQL server, a Spark cluster, the warehouse of the shipped data, a running dashboard."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from tests.postgresql import PostgresqlServer, running_server
from tests.server import RunningDashboard, running_dashboard
from tests.spark import SparkCluster, running_cluster

SPARK = (
    "tests/warehouse/test_spark.py",
    "tests/differential/test_cases.py",
    "tests/query/test_cubes_on_servers.py",
)

# How long an example takes says nothing about its truth.
settings.register_profile("untimed", deadline=None)
settings.register_profile("long", deadline=None, max_examples=2_500)  # pytest --hypothesis-profile=long
settings.load_profile("untimed")


PAGES = ("test_pages.py", "test_reload.py", "test_explain.py")
# What takes a worker longest is begun first, so that none is left alone with it at the end.
LONGEST = ("browser", "browser, pages", "spark", "tests/feed/", "tests/simulator/", "tests/query/test_dialects.py")


class Together(LoadScopeScheduling):
    """Gives each worker whole files; tests with a browser to two, and all with Spark to one, which start it once."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def scope_of(nodeid: str) -> str:
    """Returns what a test is given to a worker with."""
    file = nodeid.split("::", 1)[0]
    if file.startswith("tests/browser/"):
        return "browser, pages" if file.endswith(PAGES) else "browser"
    return "spark" if file in SPARK else file


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the longest first."""

    def place(item: pytest.Item) -> int:
        scope = scope_of(item.nodeid)
        is_it = (scope == name or (name.endswith("/") and scope.startswith(name)) for name in LONGEST)
        return next((at for at, found in enumerate(is_it) if found), len(LONGEST))

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Returns the scheduler of a run with several workers."""
    return Together(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """In CI a skipped test fails: everything that tests need is there, or CI has to say so."""
    report = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """In CI a skipped module fails, for the same reason."""
    report = yield
    if os.environ.get("CI") and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} was skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """A real PostgreSQL server on a free port, stopped and removed at the end."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_url(postgresql_server: PostgresqlServer) -> str:
    """The SQLAlchemy URL of one database that all tests of the session share."""
    return postgresql_server.new_database()


@pytest.fixture(scope="session")
def new_database(postgresql_server: PostgresqlServer) -> Callable[[], str]:
    """Makes an empty database and gives its SQLAlchemy URL: each module takes its own."""
    return postgresql_server.new_database


@pytest.fixture(scope="session")
def spark_cluster() -> Iterator[SparkCluster]:
    """A real Spark cluster: master, two workers and a Thrift server, stopped and removed at the end."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def spark_url(spark_cluster: SparkCluster, shipped_warehouse: str) -> str:
    """The URL of Spark with the tables of all shipped data. Read them; tests that write take a database of their own."""
    from metrics.warehouse.connect import open_warehouse
    from metrics.warehouse.spark.publish import publish

    publish(open_warehouse(shipped_warehouse).snapshot(), spark_cluster.home / "published", spark_cluster.url)
    return spark_cluster.url


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all workers of this run see."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def shipped_home(shared_folder: Path) -> Path:
    """`BELLWETHER_HOME` with the embedded warehouse of all shipped data, built once for all workers."""
    from dashboard.cli_run import bring_up_to_date
    from metrics.warehouse.settings import embedded_url

    home = shared_folder / "shipped"
    done = home / "done"
    with (shared_folder / "shipped.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the first worker builds, the others wait
        if not done.exists():
            home.mkdir(exist_ok=True)
            bring_up_to_date(embedded_url(home / "warehouse"), home)  # as `bellwether run` does, which finds it done
            done.touch()
    return home


@pytest.fixture(scope="session")
def shipped_warehouse(shipped_home: Path) -> str:
    """The URL of the embedded warehouse of all shipped data. Read it; tests that write copy the folder."""
    from metrics.warehouse.settings import embedded_url

    return embedded_url(shipped_home / "warehouse")


@pytest.fixture(scope="session")
def trust_home(shipped_home: Path, shared_folder: Path) -> Path:
    """`BELLWETHER_HOME` with all shipped data and, beside them, fourteen months of a small simulated trust; built once.

    Its last day is 31 October 2026: ask as of 2 November 2026.
    """
    from metrics.warehouse.settings import embedded_url
    from sample_data.simulator.loading import write_warehouse
    from tests.simulator.scenarios import short

    home = shared_folder / "trust"
    done = home / "done"
    with (shared_folder / "trust.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.copytree(shipped_home, home, ignore=shutil.ignore_patterns("done"))
            scenario = short(date(2025, 9, 1), date(2026, 10, 31), seed=11, scale=0.05)
            write_warehouse(scenario, embedded_url(home / "warehouse"))
            done.touch()
    return home


@pytest.fixture(scope="session")
def trust_warehouse(trust_home: Path) -> str:
    """The URL of the embedded warehouse of the shipped data and the simulated trust. Read it only."""
    from metrics.warehouse.settings import embedded_url

    return embedded_url(trust_home / "warehouse")


@pytest.fixture(scope="session")
def running(shipped_home: Path) -> Iterator[RunningDashboard]:
    """A real dashboard on the shipped data: what `bellwether run` starts. Its log is kept in test-artifacts/."""
    log = Path("test-artifacts") / f"dashboard-{os.getpid()}.log"
    log.parent.mkdir(exist_ok=True)
    with running_dashboard(log, environment={"BELLWETHER_HOME": str(shipped_home)}) as dashboard:
        yield dashboard


@pytest.fixture(scope="session")
def dashboard(running: RunningDashboard) -> str:
    """The address of a real dashboard on the shipped data, without a closing slash."""
    return running.url
