"""The local date and the UTC hour of a timestamp: on DuckDB and PostgreSQL for real, elsewhere as SQL that parses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
import sqlglot
from sqlalchemy.dialects import mssql, sqlite
from sqlalchemy.engine.default import DefaultDialect
from sqlglot import exp

from metrics.query.instants import LONDON, local_date, utc_hour

VISITS = sa.Table("visits", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("arrived", sa.DateTime))
ARRIVED = VISITS.c.arrived
FORWARD, BACK = date(2026, 3, 29), date(2026, 10, 25)
ZONES = (LONDON, "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "UTC")


def _instants() -> list[datetime]:
    """Every half hour of 2026, and to the microsecond on each side of both midnights of the days of the changes."""
    instants = [datetime.fromisoformat("2026-01-01") + timedelta(minutes=30 * count) for count in range(2 * 24 * 365)]
    for day in (FORWARD, BACK):
        for midnight in (day, day + timedelta(days=1)):
            local = datetime(midnight.year, midnight.month, midnight.day, tzinfo=ZoneInfo(LONDON))
            at = local.astimezone(UTC).replace(tzinfo=None)
            instants += [at - timedelta(microseconds=1), at, at + timedelta(microseconds=1)]
    return instants


INSTANTS = _instants()


def _filled(engine: sa.Engine) -> sa.Engine:
    with engine.begin() as connection:
        VISITS.create(connection)
        connection.execute(VISITS.insert(), [{"id": id_, "arrived": at} for id_, at in enumerate(INSTANTS)])
        connection.execute(VISITS.insert(), {"id": -1, "arrived": None})
    return engine


def _duckdb(_: Callable[[], str]) -> sa.Engine:
    engine = sa.create_engine("duckdb:///:memory:", poolclass=sa.pool.StaticPool)
    with engine.begin() as connection:
        # What the wheel holds has to do: nothing is fetched.
        connection.exec_driver_sql("SET autoinstall_known_extensions = false")
        connection.exec_driver_sql("SET autoload_known_extensions = false")
    return engine


@pytest.fixture(scope="module", params=["duckdb", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def engine(request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    if request.param == "duckdb":
        found = _duckdb(request.getfixturevalue)
    else:
        found = sa.create_engine(request.getfixturevalue("new_database")())
    try:
        yield _filled(found)
    finally:
        found.dispose()


def _expected(at: datetime, zone: str) -> date:
    return at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("session_zone", ["UTC", LONDON, "America/New_York"])
def test_local_date_is_that_of_the_zone(engine: sa.Engine, zone: str, session_zone: str):
    with engine.connect() as connection:
        connection.exec_driver_sql(f"SET TimeZone = '{session_zone}'")
        rows = connection.execute(sa.select(VISITS.c.id, local_date(ARRIVED, zone))).all()
        connection.exec_driver_sql("SET TimeZone = 'UTC'")
    found = {id_: day for id_, day in rows}  # noqa: C416 - rows are no tuples
    assert found.pop(-1) is None
    assert found == {id_: _expected(at, zone) for id_, at in enumerate(INSTANTS)}


def test_days_of_clock_changes_have_23_and_25_hours(engine: sa.Engine):
    day = local_date(ARRIVED).label("day")
    hours = sa.func.count(sa.distinct(utc_hour(ARRIVED)))
    statement = sa.select(day, hours).where(ARRIVED.is_not(None)).group_by(day.element)
    with engine.connect() as connection:
        counts = {found: count for found, count in connection.execute(statement)}  # noqa: C416
    assert counts[FORWARD] == 23
    assert counts[BACK] == 25
    assert Counter(counts.values()) == {24: 363, 23: 1, 25: 1}


def test_hour_is_cut_in_utc(engine: sa.Engine):
    with engine.connect() as connection:
        rows = connection.execute(sa.select(VISITS.c.id, utc_hour(ARRIVED))).all()
    found = {id_: hour for id_, hour in rows}  # noqa: C416
    assert found.pop(-1) is None
    assert found == {id_: at.replace(minute=0, second=0, microsecond=0) for id_, at in enumerate(INSTANTS)}


def test_groups_and_filters_by_the_same_expression(engine: sa.Engine):
    fact = VISITS.alias("f")
    day = local_date(fact.c.arrived)
    statement = (
        sa.select(day.label("day"), sa.func.count())
        .where(day.between(FORWARD, FORWARD))
        .group_by(day)
        .select_from(fact)
    )
    expected = sum(_expected(at, LONDON) == FORWARD for at in INSTANTS)
    with engine.connect() as connection:
        assert connection.execute(statement).all() == [(FORWARD, expected)]


def test_takes_an_expression_with_parameters(engine: sa.Engine):
    shifted = sa.func.coalesce(ARRIVED, sa.literal(datetime.fromisoformat("2026-03-29 23:30"), sa.DateTime))
    statement = sa.select(local_date(shifted), utc_hour(shifted)).where(VISITS.c.id == -1)
    with engine.connect() as connection:
        assert connection.execute(statement).all() == [(date(2026, 3, 30), datetime.fromisoformat("2026-03-29 23:00"))]


def test_two_zones_do_not_share_a_cached_statement(engine: sa.Engine):
    at = datetime.fromisoformat("2026-06-30 23:30")
    found = {}
    with engine.connect() as connection:
        for zone in ("UTC", LONDON, "America/New_York"):
            statement = sa.select(local_date(ARRIVED, zone)).where(at == ARRIVED)
            found[zone] = connection.scalar(statement)
    assert found == {"UTC": date(2026, 6, 30), LONDON: date(2026, 7, 1), "America/New_York": date(2026, 6, 30)}


class _Named(DefaultDialect):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


FORMS = {
    # dialect: (grammar, local date in London, UTC hour)
    "duckdb": (
        "duckdb",
        (
            "CASE WHEN hour(visits.arrived) = 23 THEN "
            "CAST(timezone('Europe/London', timezone('UTC', visits.arrived)) AS DATE) "
            "ELSE CAST(visits.arrived AS DATE) END"
        ),
        "date_trunc('hour', visits.arrived)",
    ),
    "postgresql": (
        "postgres",
        "CAST(timezone('Europe/London', timezone('UTC', visits.arrived)) AS DATE)",
        "date_trunc('hour', visits.arrived)",
    ),
    "hive": (
        "spark",
        "CAST(from_utc_timestamp(visits.arrived, 'Europe/London') AS DATE)",
        "date_trunc('HOUR', visits.arrived)",
    ),
    "spark": (
        "spark",
        "CAST(from_utc_timestamp(visits.arrived, 'Europe/London') AS DATE)",
        "date_trunc('HOUR', visits.arrived)",
    ),
    "databricks": (
        "databricks",
        "CAST(from_utc_timestamp(visits.arrived, 'Europe/London') AS DATE)",
        "date_trunc('HOUR', visits.arrived)",
    ),
    "snowflake": (
        "snowflake",
        "CAST(CONVERT_TIMEZONE('UTC', 'Europe/London', visits.arrived) AS DATE)",
        "DATE_TRUNC('HOUR', visits.arrived)",
    ),
    "redshift": (
        "redshift",
        "CAST(CONVERT_TIMEZONE('UTC', 'Europe/London', visits.arrived) AS DATE)",
        "DATE_TRUNC('hour', visits.arrived)",
    ),
    "bigquery": (
        "bigquery",
        "DATE(TIMESTAMP(visits.arrived, 'UTC'), 'Europe/London')",
        "DATETIME_TRUNC(visits.arrived, HOUR)",
    ),
    "trino": (
        "trino",
        "CAST(with_timezone(visits.arrived, 'UTC') AT TIME ZONE 'Europe/London' AS DATE)",
        "date_trunc('hour', visits.arrived)",
    ),
    "mssql": (
        "tsql",
        "CAST(visits.arrived AT TIME ZONE 'UTC' AT TIME ZONE 'GMT Standard Time' AS DATE)",
        "DATEADD(HOUR, DATEDIFF(HOUR, 0, visits.arrived), 0)",
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_each_dialect_has_its_form(name: str):
    grammar, day, hour = FORMS[name]
    dialect = _Named(name)
    assert str(local_date(ARRIVED).compile(dialect=dialect)) == day
    assert str(utc_hour(ARRIVED).compile(dialect=dialect)) == hour
    statement = sa.select(local_date(ARRIVED).label("day"), utc_hour(ARRIVED).label("at"))
    tree = sqlglot.parse_one(
        str(statement.compile(dialect=dialect)), dialect=grammar, error_level=sqlglot.ErrorLevel.RAISE
    )
    assert isinstance(tree, exp.Select)
    assert tree.named_selects == ["day", "at"]
    assert [column.name for column in tree.find_all(exp.Column)].count("arrived") >= 2


def test_what_is_no_name_is_bracketed():
    shifted = ARRIVED + sa.literal_column("x")
    rendered = str(local_date(shifted).compile(dialect=mssql.dialect()))
    assert rendered == "CAST((visits.arrived + x) AT TIME ZONE 'UTC' AT TIME ZONE 'GMT Standard Time' AS DATE)"


def test_other_dialects_are_refused_by_name():
    for element in (local_date(ARRIVED), utc_hour(ARRIVED)):
        with pytest.raises(sa.exc.CompileError, match="How sqlite converts timestamps"):
            element.compile(dialect=sqlite.dialect())


def test_sql_server_knows_no_other_zones():
    with pytest.raises(sa.exc.CompileError, match="Asia/Kolkata is not known here"):
        local_date(ARRIVED, "Asia/Kolkata").compile(dialect=mssql.dialect())


@pytest.mark.parametrize("zone", ["Europe/Londn", "", "'; drop table visits --"])
def test_unknown_zones_are_refused(zone: str):
    with pytest.raises(ValueError, match="no time zone"):
        local_date(ARRIVED, zone)


def test_timestamps_with_a_zone_are_refused():
    column = sa.column("at", sa.DateTime(timezone=True))
    with pytest.raises(ValueError, match="carry a zone"):
        local_date(column)
    with pytest.raises(ValueError, match="carry a zone"):
        utc_hour(column)
