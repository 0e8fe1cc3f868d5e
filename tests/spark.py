"""A real Spark cluster for tests: `python -m tests.spark` says which Java and Spark will be used."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.system_packages import install

HOST = "127.0.0.1"
LEAST_JAVA = 17
WORKERS = 2
START_SECONDS = 240.0
THRIFT_SERVER = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"
# Small heaps and one compiler: the tests ask hundreds of small questions on two cores.
JAVA_OPTIONS = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xss2m"
SETTINGS = {
    "spark.driver.host": HOST,
    "spark.driver.bindAddress": HOST,
    "spark.executor.memory": "640m",
    "spark.executor.cores": "1",
    "spark.cores.max": str(WORKERS),
    "spark.executor.extraJavaOptions": JAVA_OPTIONS,
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.files.maxPartitionBytes": "1m",  # the largest table is read by both executors
    "spark.sql.files.openCostInBytes": "256k",
    "spark.hadoop.javax.jdo.option.ConnectionURL": "jdbc:derby:memory:metastore;create=true",
    "spark.hadoop.datanucleus.schema.autoCreateAll": "true",
    "spark.hadoop.hive.metastore.schema.verification": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.retainedJobs": "50",
    "spark.ui.retainedStages": "50",
    "spark.sql.ui.retainedExecutions": "10",
    "spark.log.level": "WARN",
}


class NoSparkError(RuntimeError):
    """Spark cannot run here. Says what to install."""


@dataclass(slots=True)
class SparkCluster:
    """A master, two workers and a Thrift server, each a process of its own.

    Attributes:
        home: holds the logs and what the workers write; removed at the end.
    """

    home: Path
    spark: Path
    master_port: int
    thrift_port: int
    ui_port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the cluster's default database."""
        return f"hive://{HOST}:{self.thrift_port}/default?auth=NOSASL"

    def executors(self) -> list[dict[str, Any]]:
        """Returns what Spark says of its executors, those lost included and the driver left out."""
        applications = self._asked("applications")
        asked = self._asked(f"applications/{applications[0]['id']}/allexecutors") if applications else []
        return [each for each in asked if each["id"] != "driver"]

    def live_executors(self) -> list[dict[str, Any]]:
        """Returns the executors that take work now."""
        return [each for each in self.executors() if each["isActive"]]

    def start_worker(self, name: str) -> None:
        """Starts a worker of one core."""
        arguments = ("--host", HOST, "--cores", "1", "--memory", "1g", "--webui-port", "0")
        folder = self.home / name
        self._start(name, "org.apache.spark.deploy.worker.Worker", *arguments, "--work-dir", str(folder), self.master)

    def kill_worker(self, name: str) -> None:
        """Ends a worker as a power cut would: kill -9, and its executor with it."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    @property
    def master(self) -> str:
        """The master's address."""
        return f"spark://{HOST}:{self.master_port}"

    def start(self) -> None:
        """Starts everything and waits until the Thrift server answers and both workers have an executor."""
        ports = ("--port", str(self.master_port), "--webui-port", "0")
        self._start("master", "org.apache.spark.deploy.master.Master", "--host", HOST, *ports)
        for number in range(1, WORKERS + 1):
            self.start_worker(f"worker-{number}")
        settings = {
            **SETTINGS,
            "spark.ui.port": str(self.ui_port),
            "spark.sql.warehouse.dir": str(self.home / "tables"),
        }
        conf = [part for key, value in settings.items() for part in ("--conf", f"{key}={value}")]
        hive = {"bind.host": HOST, "port": str(self.thrift_port)}
        hiveconf = [
            part for key, value in hive.items() for part in ("--hiveconf", f"hive.server2.thrift.{key}={value}")
        ]
        self._start(
            "thrift-server",
            "org.apache.spark.deploy.SparkSubmit",
            *("--master", self.master, "--class", THRIFT_SERVER, *conf, "spark-internal"),
            *(*hiveconf, "--hiveconf", "hive.server2.authentication=NOSASL"),
        )
        self.wait_until(lambda: _listens(self.thrift_port), "the Thrift server to answer")
        self.wait_until(lambda: len(self.live_executors()) == WORKERS, "an executor on each worker")

    def stop(self) -> None:
        """Ends every process."""
        for process in self.processes.values():
            os.killpg(process.pid, signal.SIGKILL)  # nothing of theirs is kept
        for process in self.processes.values():
            process.wait()
        self.processes.clear()

    def wait_until(self, holds: Callable[[], bool], what: str) -> None:
        """Waits until something holds.

        Raises:
            NoSparkError: a process ended, or it took too long; with the ends of the logs.
        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and all(each.poll() is None for each in self.processes.values()):
            if holds():
                return
            time.sleep(0.1)
        logs = "\n".join(f"{log.name}:\n{log.read_text(errors='replace')[-2000:]}" for log in self.home.glob("*.log"))
        raise NoSparkError(f"Waited in vain for {what}.\n{logs}")

    def _start(self, name: str, main: str, *arguments: str) -> None:
        thrift = name == "thrift-server"
        environment = {
            **os.environ,
            "SPARK_HOME": str(self.spark),
            "SPARK_LOCAL_IP": HOST,
            "SPARK_DAEMON_MEMORY": "1g" if thrift else "128m",
            "SPARK_DAEMON_JAVA_OPTS": JAVA_OPTIONS,
            "SPARK_LOCAL_DIRS": str(self.home / "scratch"),
            "SPARK_SUBMIT_OPTS": f"{JAVA_OPTIONS} -Dderby.system.home={self.home}",
        }
        # When the tests are killed, so is Spark, where the system can see to it.
        guard = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*guard, self.spark / "bin" / "spark-class", main, *arguments],
                cwd=self.home,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # an executor belongs to its worker's group, and ends with it
            )

    def _asked(self, path: str) -> Any:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.ui_port}/api/v1/{path}", timeout=30) as answer:
                return json.load(answer)
        except OSError:  # it is not up yet, or too busy to say
            return []


def java_version() -> int | None:
    """Returns the major version of the Java that Spark will find; None when there is none."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None or not Path(java).exists():
        return None
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else None


def require_java() -> int:
    """Returns the version of Java, installing the system's package when there is none.

    Raises:
        NoSparkError: there is none that is new enough, and none can be installed.
    """
    found = java_version()
    if found is None and install(f"openjdk-{LEAST_JAVA}-jre-headless"):
        found = java_version()
    if found is None or found < LEAST_JAVA:
        raise NoSparkError(
            f"The tests of the Spark backend need Java {LEAST_JAVA} or later, and found "
            f"{'none' if found is None else f'Java {found}'} by JAVA_HOME or on PATH. "
            f"Install it (on Debian or Ubuntu: apt-get install openjdk-{LEAST_JAVA}-jre-headless)."
        )
    return found


def spark_folder() -> Path:
    """Returns the folder of the Spark that came with the package pyspark."""
    package = find_spec("pyspark")
    if package is None or package.origin is None:
        raise NoSparkError("The tests of the Spark backend need the package pyspark. Run: make test")
    return Path(package.origin).parent


@contextmanager
def running_cluster() -> Iterator[SparkCluster]:
    """Yields a new cluster on free ports, in a folder of its own that is removed at the end."""
    require_java()
    home = Path(tempfile.mkdtemp(prefix="bellwether-spark-"))
    master, thrift, ui = _free_ports(3)
    cluster = SparkCluster(home, spark_folder(), master, thrift, ui)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(home, ignore_errors=True)


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind((HOST, 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def main() -> int:
    """Prints which Java and Spark the tests will use; returns 1 when there is none."""
    try:
        java, folder = require_java(), spark_folder()
    except NoSparkError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Tests use Spark {version('pyspark')} of {folder} on Java {java}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
