"""Spark as a warehouse: types, errors, deadlines, faults and the copy of the tables, on a real cluster."""

from __future__ import annotations

import os
import signal
import socket
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal

from metrics import MetricsLayer
from metrics.warehouse.connect import Warehouse, open_warehouse, server_engine
from metrics.warehouse.errors import (
    DatabaseUrlError,
    WarehouseNotBuiltError,
    WarehouseOutdatedError,
    WarehouseReadOnlyError,
    WarehouseUnreachableError,
)
from metrics.warehouse.settings import checked_url
from metrics.warehouse.spark.publish import UnusableFolderError, _check_seen, publish
from metrics.warehouse.tables.access import fact_ae_month, fact_rtt_band_month
from metrics.warehouse.tables.dimensions import dim_staff_group
from metrics.warehouse.tables.meta import meta_load, meta_schema
from metrics.warehouse.writing import writing
from tests.differential.cases import AS_AT, DEFINITIONS, load
from tests.spark import SparkCluster
from tests.warehouse.broken_wire import cutting
from tests.warehouse.test_writing import AT, LOAD, attendances

pytestmark = pytest.mark.spark

FOR_EVER = sa.text("SELECT count(*) FROM range(0, 1000000000000)")
COPIED = (meta_load, meta_schema, fact_ae_month, dim_staff_group)


@pytest.fixture(scope="module")
def spark(spark_url: str) -> Warehouse:
    return open_warehouse(spark_url)


@pytest.fixture(scope="module")
def embedded(shipped_warehouse: str) -> Warehouse:
    return open_warehouse(shipped_warehouse)


@pytest.fixture
def database(spark_cluster: SparkCluster) -> Iterator[str]:
    """The URL of an empty database."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    engine = server_engine(checked_url(spark_cluster.url))
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield spark_cluster.url.replace("/default", f"/{name}")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} CASCADE")
    engine.dispose()


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (date(2026, 3, 31), sa.Date()),
        (date(1, 1, 1), sa.Date()),
        (date(9999, 12, 31), sa.Date()),
        (datetime(2026, 3, 29, 1, 30, 0, 5), sa.DateTime()),  # noqa: DTZ001 - not an hour in Europe/London
        (0.1, sa.Double()),
        (1e-300, sa.Double()),
        (2**53 - 1.0, sa.Float()),
        (2**62, sa.BigInteger()),
        (True, sa.Boolean()),
        (Decimal("12.345"), sa.Numeric(10, 3)),
        ('it\'s 100 % \\ "ours"; DROP TABLE x -- \n\t`☃ %(x)s :y', sa.String()),
        ("", sa.String()),
    ],
)
def test_values_come_back_as_they_went(spark: Warehouse, value: object, kind: sa.types.TypeEngine[object]):
    select = sa.select(sa.cast(sa.literal(value, kind), kind).label("it"), sa.literal(None, kind).label("nothing"))
    with spark.engine.connect() as connection:
        assert connection.execute(select).one() == (value, None)


def test_arithmetic_is_that_of_the_other_databases(spark: Warehouse):
    one, two = sa.literal(1, sa.Integer), sa.literal(2, sa.Integer)
    select = sa.select(
        (one / two).label("a.`half`"),  # a dot is part of the name, and so are quotes
        (sa.literal(-7, sa.Integer) // two).label("floor"),
        sa.cast(sa.literal("2026-03-31T00:00:00"), sa.Date).label("day"),
        sa.cast(sa.literal(0.1, sa.Double) + sa.literal(0.2, sa.Double), sa.Double).label("sum"),
        sa.cast(sa.literal(16777217.0, sa.Double), sa.Float).label("float"),
        sa.literal(None, sa.String).is_not_distinct_from(sa.null()).label("same"),
    )
    frame = spark.frame(select)
    assert frame.columns[0] == "a.`half`"
    assert frame.rows() == [(0.5, -4, date(2026, 3, 31), 0.1 + 0.2, 16777217.0, True)]


def test_frames_have_the_types_and_values_of_the_embedded_warehouse(spark: Warehouse, embedded: Warehouse):
    ae = fact_ae_month.c
    months = (date(2026, 2, 1), date(2026, 3, 1))
    select = (
        sa.select(
            ae.department,
            sa.func.max(ae.period).label("day"),
            sa.func.sum(ae.attendances).label("whole"),
            sa.func.count().label("count"),
            sa.func.avg(ae.attendances).label("mean"),
            (sa.func.sum(ae.attendances) / sa.func.count(ae.attendances)).label("ratio"),
            sa.func.sum(sa.case((ae.org_code == "none", ae.attendances))).label("nothing"),
            sa.func.max(ae.loaded_at).label("moment"),
            sa.cast(sa.literal(Decimal("0.1")), sa.Numeric(10, 3)).label("decimal"),
        )
        .where(ae.period.in_(months))
        .group_by(ae.department)
        .order_by(ae.department)
    )
    ours, theirs = spark.frame(select), embedded.frame(select)
    assert theirs.height == 3
    assert_frame_equal(ours, theirs, check_exact=False, rel_tol=1e-12)
    nobody = sa.select(ae.period, ae.attendances, ae.org_code).where(ae.org_code == "none")
    assert spark.frame(nobody).schema == embedded.frame(nobody).schema


def test_columns_are_described_by_their_types(spark: Warehouse):
    inspector = sa.inspect(spark.engine)
    kinds = {column["name"]: type(column["type"]) for column in inspector.get_columns("fact_ae_month")}
    assert {name: kinds[name] for name in ("period", "org_code", "attendances", "loaded_at")} == {
        "period": sa.Date,
        "org_code": sa.String,
        "attendances": sa.BigInteger,
        "loaded_at": sa.DateTime,
    }
    assert inspector.has_table("fact_ae_month")
    assert not inspector.has_table("fact_ae_months")
    with pytest.raises(sa.exc.NoSuchTableError):
        inspector.get_columns("fact_ae_months")


@pytest.mark.parametrize(
    ("statement", "error", "said"),
    [
        ("SELECT * FROM nowhere", sa.exc.ProgrammingError, "[TABLE_OR_VIEW_NOT_FOUND] The table or view `nowhere`"),
        ("SELEC 1", sa.exc.ProgrammingError, "[PARSE_SYNTAX_ERROR] Syntax error at or near 'SELEC'"),
        ("SELECT 1 / 0", sa.exc.DataError, "[DIVIDE_BY_ZERO] Division by zero."),
        ("SELECT CAST('x' AS INT)", sa.exc.DataError, "[CAST_INVALID_INPUT] The value 'x'"),
    ],
)
def test_an_error_is_a_database_error_of_one_sentence(spark: Warehouse, statement, error, said):
    with spark.engine.connect() as connection:
        with pytest.raises(error) as caught:
            connection.exec_driver_sql(statement)
        assert str(caught.value.orig).startswith(said)
        assert "\n" not in str(caught.value.orig)
        assert not caught.value.connection_invalidated
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1


def test_a_statement_is_stopped_at_its_deadline_and_the_next_one_is_not(spark: Warehouse):
    with spark.engine.connect() as connection:
        with pytest.raises(sa.exc.OperationalError, match="took longer than 1 seconds and was stopped") as caught:
            connection.execute(FOR_EVER, execution_options={"deadline": 1}).all()
        assert not caught.value.connection_invalidated
        slow = "SELECT count(*) FROM range(0, 20000000, 1, 2) WHERE hash(id) <> 7"
        assert connection.exec_driver_sql(slow).scalar() > 19_000_000


def test_the_url_sets_the_deadline(spark_url: str):
    engine = server_engine(checked_url(f"{spark_url}&deadline=1"))
    with engine.connect() as connection, pytest.raises(sa.exc.OperationalError, match="longer than 1 seconds"):
        connection.execute(FOR_EVER).all()
    engine.dispose()


def test_a_frozen_server_is_given_up_and_comes_back(spark_url: str, spark_cluster: SparkCluster):
    engine = server_engine(checked_url(f"{spark_url}&deadline=1"))
    server = spark_cluster.processes["thrift-server"].pid
    with engine.connect() as connection:
        os.kill(server, signal.SIGSTOP)
        try:
            with pytest.raises(sa.exc.OperationalError, match="did not answer within 6 seconds") as caught:
                connection.exec_driver_sql("SELECT 1")
        finally:
            os.kill(server, signal.SIGCONT)
        assert caught.value.connection_invalidated  # the late answer must not be taken for that of another question
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT 2").scalar() == 2
    engine.dispose()


def test_a_connection_that_breaks_in_a_question_is_replaced_and_asked_again(spark_url: str):
    with cutting(spark_url, cuts=1) as (cutter, warehouse):
        assert warehouse.frame(sa.select(sa.literal(7, sa.Integer).label("cut_here"))).item() == 7
        assert cutter.cut == 1


def test_a_connection_that_breaks_again_is_a_database_error(spark_url: str):
    with cutting(spark_url, cuts=9) as (cutter, warehouse):
        with pytest.raises(sa.exc.OperationalError, match=r"The connection to .* failed") as caught:
            warehouse.frame(sa.select(sa.literal(7, sa.Integer).label("cut_here")))
        assert caught.value.connection_invalidated
        assert cutter.cut == 2


def test_a_connection_that_died_in_the_pool_is_replaced(spark_url: str):
    warehouse = open_warehouse(spark_url)
    with warehouse.engine.connect() as connection:
        connection.connection.driver_connection._socket.handle.shutdown(socket.SHUT_RDWR)
    assert warehouse.frame(sa.select(sa.literal(7, sa.Integer).label("seven"))).item() == 7


def test_nobody_there_is_said_in_one_sentence():
    with pytest.raises(
        WarehouseUnreachableError, match=r"127\.0\.0\.1:1/default.* does not answer \(.*refused"
    ) as error:
        open_warehouse("hive://analyst:s3cret@127.0.0.1:1/default?auth=LDAP")
    assert "s3cret" not in str(error.value)


def test_a_database_that_is_not_there_is_said_in_one_sentence(spark_url: str):
    with pytest.raises(WarehouseUnreachableError, match="SCHEMA_NOT_FOUND"):
        open_warehouse(spark_url.replace("/default", "/nowhere"))


def test_an_empty_database_says_how_tables_get_there(database: str):
    with pytest.raises(WarehouseNotBuiltError, match=r"There is no data yet in hive.*Copy the tables"):
        open_warehouse(database)


def test_loading_into_spark_is_refused(spark_url: str):
    with pytest.raises(WarehouseReadOnlyError, match="which Bellwether reads and never writes"), writing(spark_url):
        pytest.fail("it may be written")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("hive:///database", "names its host"),
        ("hive+http://host/database", "speaks binary Thrift only"),
        ("hive://host/da`ta", "'da`ta' cannot be the name of a Spark database"),
        ("hive://host?dedline=3", "no option 'dedline' for Spark. Did you mean 'deadline'?"),
        ("hive://host?deadline=soon", "number of seconds, not 'soon'"),
        ("hive://host?deadline=0", "number of seconds, not '0'"),
        ("hive://host?auth=KERBEROS", "'KERBEROS' is no way to sign in to Spark that Bellwether knows"),
        ("hive://me:secret@host?auth=NOSASL", "A password belongs with auth=LDAP or auth=CUSTOM, and only there"),
        ("hive://me@host?auth=LDAP", "A password belongs with auth=LDAP"),
    ],
)
def test_a_wrong_url_says_what_to_write(url, said):
    with pytest.raises(DatabaseUrlError) as error:
        checked_url(url)
    assert said in str(error.value)
    assert "Write for example hive://" in str(error.value)


def filled(url: str, *frames: pl.DataFrame) -> Warehouse:
    with writing(url) as writer:
        writer.insert(meta_load, LOAD)
        for frame in frames:
            writer.insert(fact_ae_month, frame)
    return open_warehouse(url)


def test_tables_are_copied_and_change_over_with_the_data_version(tmp_path: Path, database: str):
    folder = tmp_path / 'it\'s 100 % shared; "so"'
    source = filled(f"duckdb:///{tmp_path / 'source'}", attendances((date(2026, 3, 1), "R0A", "type1", 10)))
    assert publish(source.snapshot(), folder, database, COPIED)[-1] == "meta_load"
    spark = open_warehouse(database)
    held = sa.select(fact_ae_month)
    assert_frame_equal(spark.frame(held), source.frame(held))
    before = spark.data_version

    with writing(f"duckdb:///{tmp_path / 'source'}") as writer:
        writer.insert(meta_load, LOAD.with_columns(load_id=pl.lit(2, pl.Int64), loaded_at=pl.lit(AT.replace(day=23))))
        writer.insert(fact_ae_month, attendances((date(2026, 4, 1), "R0A", "type1", None)))
    assert source.refresh()
    assert not spark.refresh()
    for _ in range(2):
        publish(source.snapshot(), folder, database, COPIED)
    assert spark.refresh()
    assert spark.data_version > before
    assert_frame_equal(spark.frame(held), source.frame(held), check_row_order=False)
    assert len(list(folder.iterdir())) == 2, "the newest copy and the one before"


def test_a_table_with_other_columns_is_made_anew(tmp_path: Path, database: str):
    source = filled(f"duckdb:///{tmp_path / 'source'}", attendances((date(2026, 3, 1), "R0A", "type1", 10)))
    engine = server_engine(checked_url(database))
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE fact_ae_month (period STRING) USING parquet")
    engine.dispose()
    publish(source.snapshot(), tmp_path / "shared", database, COPIED)
    held = sa.select(fact_ae_month)
    assert_frame_equal(open_warehouse(database).frame(held), source.frame(held))


def test_a_folder_that_spark_does_not_see_changes_nothing(tmp_path: Path, database: str):
    source = filled(f"duckdb:///{tmp_path / 'source'}")
    with pytest.raises(UnusableFolderError, match=r"Spark would take .*a\*b for a pattern"):
        publish(source.snapshot(), tmp_path / "a*b", database, COPIED)
    engine = server_engine(checked_url(database))
    with engine.connect() as connection:
        with pytest.raises(UnusableFolderError, match="Nothing was changed in Spark"):
            _check_seen(connection, tmp_path / "on this machine only", rows=1)
        assert sa.inspect(connection).get_table_names() == []
    engine.dispose()


def test_tables_of_another_version_are_noticed(tmp_path: Path, database: str):
    source = filled(f"duckdb:///{tmp_path / 'source'}")
    publish(source.snapshot(), tmp_path / "shared", database, COPIED)
    assert open_warehouse(database).is_built()
    engine = server_engine(checked_url(database))
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP TABLE meta_schema")
        connection.exec_driver_sql("CREATE TABLE meta_schema USING parquet AS SELECT 'another' AS fingerprint")
    engine.dispose()
    with pytest.raises(WarehouseOutdatedError, match=r"another version of Bellwether\. Copy the tables"):
        open_warehouse(database)


def test_a_worker_killed_in_a_query_changes_no_answer(
    spark_url: str, spark_cluster: SparkCluster, embedded: Warehouse, shipped_warehouse: str
):
    times = 60
    rtt = fact_rtt_band_month.c
    total = sa.func.sum(rtt.pathways).label("pathways")
    expected = embedded.frame(sa.select(rtt.period, total).group_by(rtt.period).order_by(rtt.period))
    again = sa.select(rtt.period, total).join_from(
        fact_rtt_band_month, sa.func.range(times).table_valued("id"), sa.true()
    )
    warehouse, known = open_warehouse(spark_url), {each["id"] for each in spark_cluster.live_executors()}
    try:
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(warehouse.frame, again.group_by(rtt.period).order_by(rtt.period))
            spark_cluster.wait_until(
                lambda: sum(each["activeTasks"] > 0 for each in spark_cluster.live_executors()) == 2,
                "both executors to be at work",
            )
            spark_cluster.kill_worker("worker-1")
            assert_frame_equal(answer.result(), expected.with_columns(pl.col("pathways") * times))
        spark_cluster.wait_until(lambda: len(spark_cluster.live_executors()) == 1, "the loss to be noticed")
        here, there = (
            MetricsLayer.open(url, definitions=DEFINITIONS, today=lambda: AS_AT)
            for url in (shipped_warehouse, spark_url)
        )
        for case in load()[::60]:
            ours, theirs = (layer.ask(case.request).frame for layer in (here, there))
            assert_frame_equal(theirs, ours, check_exact=False, rel_tol=1e-9, abs_tol=1e-9)
    finally:
        spark_cluster.start_worker("worker-1")
    spark_cluster.wait_until(lambda: len(spark_cluster.live_executors()) == 2, "the new worker to join in")
    assert {each["id"] for each in spark_cluster.live_executors()} != known
