"""The PostgreSQL server that tests run on."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

pytestmark = pytest.mark.postgresql


def test_each_new_database_is_empty_and_its_own(new_database):
    first, second = sa.create_engine(new_database()), sa.create_engine(new_database())
    with first.begin() as connection:
        connection.execute(sa.text("CREATE TABLE kept (n integer)"))

    assert sa.inspect(first).get_table_names() == ["kept"]
    assert sa.inspect(second).get_table_names() == []
    first.dispose()
    second.dispose()


def test_the_session_database_is_a_postgresql_of_version_14_or_later(postgresql_url):
    engine = sa.create_engine(postgresql_url)
    with engine.connect() as connection:
        assert connection.dialect.name == "postgresql"
        assert connection.scalar(sa.text("SELECT current_setting('server_version_num')::int")) >= 140_000
    engine.dispose()
