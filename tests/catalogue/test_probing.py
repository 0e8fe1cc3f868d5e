"""Probing a warehouse: what it lacks or holds otherwise is found, and no row is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from metrics import MetricsLayer
from metrics.catalogue import Catalogue, load
from metrics.query.probing import probe
from tests.catalogue.rule_cases.case import written

DEFINITIONS = """
tables:
  - name: visits
    title: Visits
    columns:
      visit_id: integer
      seen_on: date
      org: text
      ward: text
      minutes: number
      cost: number
      urgent: boolean
  - name: wards
    title: Wards
    columns: {ward: text, site: text}
    primary_key: [ward]
models:
  - name: visits
    title: Visits
    table: visits
    provenance: operational
    grain: day
    time: {column: seen_on}
    organisation: org
    joins: [{to: wards, keys: {ward: ward}}]
    dimensions:
      - {name: site, column: site, title: Site, join: wards}
metrics:
  - id: minutes
    type: simple
    model: visits
    measure: {words: Minutes, expr: minutes, filter: urgent}
    <about>
"""
VISITS = "visit_id BIGINT, seen_on DATE, org VARCHAR(10), ward VARCHAR(10), minutes DOUBLE PRECISION, cost INTEGER, urgent BOOLEAN"


@pytest.fixture(params=["duckdb", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    if request.param == "duckdb":
        url = f"duckdb:///{tmp_path / 'own.duckdb'}"
    else:
        new_database: Callable[[], str] = request.getfixturevalue("new_database")
        url = new_database()
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()


def catalogue(folder: Path) -> Catalogue:
    (folder / "own.yml").write_text(written(DEFINITIONS), encoding="utf-8")
    return load(folder)


def made(engine: sa.Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def test_a_warehouse_that_fits_has_no_findings(engine: sa.Engine, tmp_path: Path) -> None:
    made(engine, f"CREATE TABLE visits ({VISITS})", "CREATE VIEW wards AS SELECT 'A' AS ward, 'North' AS site")
    assert probe(engine, catalogue(tmp_path)) == ()


def test_a_table_that_is_not_there_is_named_with_the_nearest(engine: sa.Engine, tmp_path: Path) -> None:
    made(engine, f"CREATE TABLE visits ({VISITS})", "CREATE TABLE ward (ward VARCHAR(10), site VARCHAR(10))")
    (finding,) = probe(engine, catalogue(tmp_path))
    assert str(finding) == ("own.yml:13: error E080: the warehouse has no table 'wards'. Did you mean 'ward'?")
    assert finding.path == tmp_path / "own.yml"


def test_a_column_that_is_not_there_is_named_at_its_declaration(engine: sa.Engine, tmp_path: Path) -> None:
    lacks = VISITS.replace("minutes DOUBLE PRECISION", "minute DOUBLE PRECISION").replace("ward VARCHAR(10), ", "")
    made(engine, f"CREATE TABLE visits ({lacks})", "CREATE TABLE wards (ward VARCHAR(10), site VARCHAR(10))")
    found = [str(each) for each in probe(engine, catalogue(tmp_path))]
    assert found[1:] == [
        "own.yml:10: error E081: the warehouse's 'visits' has no column 'minutes'. Did you mean 'minute'?"
    ]
    assert found[0].startswith("own.yml:9: error E081: the warehouse's 'visits' has no column 'ward'.")


def test_a_column_of_another_type_is_named_with_both(engine: sa.Engine, tmp_path: Path) -> None:
    other = VISITS.replace("seen_on DATE", "seen_on VARCHAR(10)").replace("cost INTEGER", "cost VARCHAR(9)")
    made(engine, f"CREATE TABLE visits ({other})", "CREATE TABLE wards (ward VARCHAR(10), site VARCHAR(10))")
    remedy = "Declare the type that it has, or cast it in a view."
    assert [str(each) for each in probe(engine, catalogue(tmp_path))] == [
        f"own.yml:7: error E082: 'visits.seen_on' holds text, and is taken for dates. {remedy}",
        f"own.yml:11: error E082: 'visits.cost' holds text, and is taken for numbers. {remedy}",
    ]


def test_a_whole_number_serves_as_a_number(engine: sa.Engine, tmp_path: Path) -> None:
    made(engine, f"CREATE TABLE visits ({VISITS.replace('minutes DOUBLE PRECISION', 'minutes SMALLINT')})")
    made(engine, "CREATE TABLE wards (ward VARCHAR(10), site VARCHAR(10))")
    assert probe(engine, catalogue(tmp_path)) == ()


def test_no_row_is_read(engine: sa.Engine, tmp_path: Path) -> None:
    made(engine, f"CREATE TABLE visits ({VISITS})", "CREATE TABLE wards (ward VARCHAR(10), site VARCHAR(10))")
    made(engine, "INSERT INTO wards VALUES ('A', 'North'), ('B', 'South')")
    sent: list[str] = []
    rows: list[int] = []

    @sa.event.listens_for(engine, "after_cursor_execute")
    def keep(_connection: object, cursor: object, statement: str, *_others: object) -> None:
        if "FROM visits" in statement or "FROM wards" in statement:
            sent.append(statement)
            rows.append(len(cursor.fetchall()))  # type: ignore[attr-defined]

    assert probe(engine, catalogue(tmp_path)) == ()
    assert len(sent) == 4  # each table by itself, then with its columns
    assert all(statement.endswith("1 = 0") for statement in sent)
    assert rows == [0, 0, 0, 0]


def test_a_database_that_does_not_answer_is_no_missing_table(tmp_path: Path) -> None:
    engine = sa.create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing", connect_args={"connect_timeout": 1})
    with pytest.raises(sa.exc.OperationalError):
        probe(engine, catalogue(tmp_path))


def test_the_shipped_warehouse_has_everything_that_ships_name(shipped: MetricsLayer) -> None:
    assert probe(shipped.warehouse.engine, shipped.catalogue) == ()
