"""Reaching a Spark Thrift server: what its URL may say, without the packages that only its users have."""

from __future__ import annotations

import difflib
import re
from importlib.util import find_spec

import sqlalchemy as sa

from metrics.warehouse.errors import DatabaseUrlError

BACKEND = "hive"  # the scheme of its URLs
DIALECT = "spark"
EXAMPLE = "Write for example hive://user@host:10000/database?auth=NOSASL&deadline=120."
# What the server's hive.server2.authentication may be; the last two want a password.
AUTHENTICATION = ("NONE", "NOSASL", "LDAP", "CUSTOM")
_WITH_PASSWORD = AUTHENTICATION[2:]
_QUERY = ("auth", "deadline")

sa.dialects.registry.register("hive.spark", "metrics.warehouse.spark.dialect", "SparkDialect")


def checked_spark_url(parsed: sa.URL) -> str:
    """Returns the URL, with our own driver.

    Raises:
        DatabaseUrlError: it says something that cannot be used, or the packages for Spark are not installed.
    """
    problem = _problem(parsed)
    if problem is not None:
        raise DatabaseUrlError(f"{problem} {EXAMPLE}")
    if find_spec("pyhive") is None:
        raise DatabaseUrlError(
            "Spark needs packages that are not there. Run, in the project's folder: .venv/bin/pip install -e '.[spark]'"
        )
    return parsed.set(drivername="hive+spark").render_as_string(hide_password=False)


def is_spark(url: str) -> bool:
    """Returns whether the URL is of a Spark Thrift server."""
    return sa.make_url(url).get_backend_name() == BACKEND


def look_again(connection: sa.Connection, table: sa.Table) -> None:
    """Makes the session forget where the table's files are, which others may have replaced since it first looked."""
    connection.exec_driver_sql(f"REFRESH TABLE {connection.dialect.identifier_preparer.format_table(table)}")


def _problem(parsed: sa.URL) -> str | None:
    auth = parsed.query.get("auth", "LDAP" if parsed.password else "NONE")
    deadline = str(parsed.query.get("deadline", "1"))
    strange = next((key for key in parsed.query if key not in _QUERY), "")
    near = difflib.get_close_matches(strange, _QUERY, n=1)
    problems = {
        f"'{parsed.drivername}' is not supported: Bellwether speaks binary Thrift only.": (
            parsed.drivername not in {"hive", "hive+thrift", "hive+spark"}
        ),
        "The URL of a Spark Thrift server names its host.": not parsed.host,
        f"'{parsed.database}' cannot be the name of a Spark database.": (
            bool(parsed.database) and not re.fullmatch(r"\w+", parsed.database or "")
        ),
        f"There is no option '{strange}' for Spark." + (f" Did you mean '{near[0]}'?" if near else ""): bool(strange),
        f"'{auth}' is no way to sign in to Spark that Bellwether knows ({', '.join(AUTHENTICATION)}).": (
            auth not in AUTHENTICATION
        ),
        f"A password belongs with auth={' or auth='.join(_WITH_PASSWORD)}, and only there.": (
            (parsed.password is not None) != (auth in _WITH_PASSWORD)
        ),
        f"The deadline of a query is a number of seconds, not '{deadline}'.": (
            not re.fullmatch(r"\d+(\.\d+)?", deadline) or float(deadline) <= 0
        ),
    }
    return next((said for said, holds in problems.items() if holds), None)
