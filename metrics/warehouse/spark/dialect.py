"""Spark SQL for SQLAlchemy: PyHive's dialect of Hive, put right where Spark differs and where numbers would change."""

from __future__ import annotations

import re
from datetime import date, datetime
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from pyhive.sqlalchemy_hive import HiveCompiler, HiveDialect, HiveIdentifierPreparer, HiveTypeCompiler
from sqlalchemy.engine import URL, default, interfaces, processors

from metrics.warehouse.spark import session
from metrics.warehouse.spark.url import DIALECT

DEADLINE_SECONDS = 120.0
DEFAULT_PORT = 10_000


class _Date(sa.Date):
    """The Thrift server sends dates as text."""

    render_bind_cast = True

    def bind_processor(self, dialect: sa.Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        return lambda value: value.isoformat() if isinstance(value, date) else value

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Any:  # noqa: ARG002
        return processors.str_to_date


class _DateTime(sa.DateTime):
    render_bind_cast = True

    def bind_processor(self, dialect: sa.Dialect) -> Any:  # noqa: ARG002
        return lambda value: value.isoformat(sep=" ") if isinstance(value, datetime) else value


class _Float(sa.Float[Any]):
    """A number written as 0.1 is a decimal to Spark; one written as text and cast is a double, to the last digit."""

    render_bind_cast = True

    def bind_processor(self, dialect: sa.Dialect) -> Any:  # noqa: ARG002
        return lambda value: None if value is None else repr(float(value))


class _Numeric(sa.Numeric[Any]):
    render_bind_cast = True

    def bind_processor(self, dialect: sa.Dialect) -> Any:  # noqa: ARG002
        return lambda value: None if value is None else str(value)


class _Preparer(HiveIdentifierPreparer):  # type: ignore[misc]  # PyHive is not typed
    """Quotes every name, and doubles the quotes in it, which PyHive leaves."""

    def __init__(self, dialect: sa.Dialect) -> None:
        super().__init__(dialect)
        self.escape_quote = self.initial_quote
        self.escape_to_quote = self.escape_quote * 2


class _Compiler(HiveCompiler):  # type: ignore[misc]
    def render_bind_cast(self, type_: Any, dbapi_type: Any, sqltext: str) -> str:  # noqa: ARG002
        return f"CAST({sqltext} AS {self.dialect.type_compiler_instance.process(dbapi_type)})"


class _TypeCompiler(HiveTypeCompiler):  # type: ignore[misc]
    """Types by Spark's names; PyHive's would turn dates into timestamps and cut decimals off at the point."""

    def visit_DATE(self, _type: Any, **_: Any) -> str:  # noqa: N802
        return "DATE"

    def visit_DATETIME(self, _type: Any, **_: Any) -> str:  # noqa: N802
        return "TIMESTAMP" if _type.timezone else "TIMESTAMP_NTZ"

    def visit_TIMESTAMP(self, _type: Any, **_: Any) -> str:  # noqa: N802
        return self.visit_DATETIME(_type)

    def visit_FLOAT(self, _type: Any, **_: Any) -> str:  # noqa: N802
        return "DOUBLE"

    def visit_REAL(self, _type: Any, **_: Any) -> str:  # noqa: N802
        return "FLOAT"

    def visit_DOUBLE(self, _type: Any, **_: Any) -> str:  # noqa: N802
        return "DOUBLE"

    def visit_DOUBLE_PRECISION(self, _type: Any, **_: Any) -> str:  # noqa: N802
        return "DOUBLE"

    def visit_NUMERIC(self, _type: Any, **_: Any) -> str:  # noqa: N802
        if _type.precision is None:
            return "DECIMAL(38, 18)"
        return f"DECIMAL({_type.precision}, {_type.scale or 0})"

    def visit_DECIMAL(self, _type: Any, **_: Any) -> str:  # noqa: N802
        return self.visit_NUMERIC(_type)


_TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "boolean": sa.Boolean(),
    "tinyint": sa.SmallInteger(),
    "smallint": sa.SmallInteger(),
    "int": sa.Integer(),
    "bigint": sa.BigInteger(),
    "float": sa.Float(),
    "double": sa.Double(),
    "string": sa.String(),
    "date": sa.Date(),
    "timestamp": sa.DateTime(timezone=True),
    "timestamp_ntz": sa.DateTime(),
}
_PARAMETERS = re.compile(r"^(\w+)\((\d+)(?:,\s*(\d+))?\)$")


class SparkDialect(HiveDialect):  # type: ignore[misc]
    """The dialect of `hive+spark://` URLs."""

    name = DIALECT
    driver = "spark"
    supports_statement_cache = True
    div_is_floordiv = False  # 1 / 2 is 0.5
    bind_typing = interfaces.BindTyping.RENDER_CASTS
    colspecs = {sa.Date: _Date, sa.DateTime: _DateTime, sa.Float: _Float, sa.Numeric: _Numeric}  # noqa: RUF012 - SQLAlchemy's convention
    preparer = _Preparer
    statement_compiler = _Compiler
    type_compiler = _TypeCompiler  # SQLAlchemy takes this one before type_compiler_cls, and PyHive sets it
    execution_ctx_cls = default.DefaultExecutionContext  # a dot in a column's name is part of it

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        """Returns the module that connects."""
        return session

    def create_connect_args(self, url: URL) -> tuple[list[Any], dict[str, Any]]:
        """Returns the arguments of `session.connect` that a URL means."""
        arguments = {
            "host": url.host,
            "port": url.port or DEFAULT_PORT,
            "username": url.username,
            "password": url.password,
            "database": url.database or "default",
            "auth": url.query.get("auth", "NONE" if url.password is None else "LDAP"),
            "deadline": float(str(url.query.get("deadline", DEADLINE_SECONDS))),
        }
        return [], arguments

    def is_disconnect(self, e: BaseException, connection: Any, cursor: Any) -> bool:  # noqa: ARG002
        """Returns whether the connection is of no use any more."""
        return isinstance(e, session.ConnectionLostError | session.NoAnswerError)

    def do_ping(self, dbapi_connection: Any) -> bool:
        """Returns whether the connection answers; costs one call and no query."""
        return bool(dbapi_connection.is_alive())

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Runs a statement within the deadline: the execution option `deadline` (seconds), or the URL's."""
        if context is not None:
            held: session.Session = context.root_connection.connection.driver_connection
            _, arguments = self.create_connect_args(context.engine.url)
            held.deadline = context.execution_options.get("deadline", arguments["deadline"])
        cursor.execute(statement, parameters)

    def get_table_names(self, connection: sa.Connection, schema: str | None = None, **_: Any) -> list[str]:
        """Returns the tables and views of a database."""
        within = f" IN {self.identifier_preparer.quote_identifier(schema)}" if schema else ""
        return [row[1] for row in connection.exec_driver_sql(f"SHOW TABLES{within}")]

    def has_table(self, connection: sa.Connection, table_name: str, schema: str | None = None, **_: Any) -> bool:
        """Returns whether there is a table or view of the name."""
        return table_name.lower() in {name.lower() for name in self.get_table_names(connection, schema)}

    def get_columns(
        self, connection: sa.Connection, table_name: str, schema: str | None = None, **_: Any
    ) -> list[dict[str, Any]]:
        """Returns the columns of a table or view."""
        if not self.has_table(connection, table_name, schema):
            raise sa.exc.NoSuchTableError(table_name)
        quote = self.identifier_preparer.quote_identifier
        place = f"{quote(schema)}.{quote(table_name)}" if schema else quote(table_name)
        columns = []
        for name, kind, comment in connection.exec_driver_sql(f"DESCRIBE TABLE {place}"):
            if not name or name.startswith("#"):
                break  # partitions follow, which are among the columns already
            columns.append({"name": name, "type": _type(kind), "nullable": True, "default": None, "comment": comment})
        return columns


def _type(kind: str) -> sa.types.TypeEngine[Any]:
    found = _PARAMETERS.match(kind)
    if found is None:
        return _TYPES.get(kind, sa.types.NULLTYPE)
    name, first, second = found[1], int(found[2]), int(found[3] or 0)
    return sa.Numeric(first, second) if name == "decimal" else sa.String(first)
