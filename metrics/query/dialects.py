"""The SQL of a statement for each warehouse that definitions are written for, with its values written out.

These dialects write text to be read, reviewed and compared; they open no connection and need no driver. A warehouse
is asked through the dialect of its own SQLAlchemy package, which goes by the same dialect name, so that a construct
of ours takes the same form in both. Values are written as literals by each type's own rules: a date is a `DATE`
literal, and text is quoted and escaped as the grammar asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import duckdb_sqlalchemy
import sqlalchemy as sa
from sqlalchemy.dialects.mssql.base import MSDialect
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql import compiler
from sqlglot.dialects.dialect import Dialect as Grammar

from metrics.query.layout import laid_out

Select = sa.Select[Any] | sa.CompoundSelect[Any]


Names = TypeVar("Names", bound=compiler.IdentifierPreparer)


@dataclass(frozen=True, slots=True)
class Target:
    """A kind of warehouse.

    Attributes:
        name: as it is asked for: `sqlserver`.
        title: as it is shown: `SQL Server`.
        grammar: its name in sqlglot.
        dialect: makes its SQLAlchemy dialect.
    """

    name: str
    title: str
    grammar: str
    dialect: Callable[[], sa.Dialect]


def sql_for(select: Select, name: str) -> str:
    """Returns the statement in the SQL of the named warehouse, with every value as a literal.

    Raises:
        ValueError: no warehouse has this name; says which there are.
        sqlalchemy.exc.CompileError: the statement has something that this warehouse's SQL cannot say.
    """
    target = target_of(name)
    compiled = select.compile(dialect=_dialect(target.name), compile_kwargs={"literal_binds": True})
    left = getattr(compiled, "binds", {})
    if left:
        raise sa.exc.CompileError(f"{target.title}: these values were not written out: {', '.join(left)}.")
    return str(compiled)


def readable_sql_for(select: Select, name: str) -> str:
    """Returns `sql_for` on several lines: the same tokens, indented. Raises as it does."""
    return laid_out(sql_for(select, name), target_of(name).grammar)


def target_of(name: str) -> Target:
    """Returns the warehouse of the name.

    Raises:
        ValueError: there is none; says which there are.
    """
    if name not in TARGETS:
        raise ValueError(f"SQL is not written for '{name}', but for {', '.join(TARGETS)}.")
    return TARGETS[name]


@lru_cache
def _dialect(name: str) -> sa.Dialect:
    return TARGETS[name].dialect()


def _written(kind: type[sa.types.TypeEngine[Any]], write: Callable[[Any], str]) -> type[sa.types.TypeEngine[Any]]:
    """Returns the type, whose literals are written so."""
    return type(f"_{kind.__name__}", (kind,), {"literal_processor": lambda _type, _dialect: write})


_DATE = _written(sa.Date, lambda day: f"DATE '{day.isoformat()}'")
_TIMESTAMP = _written(sa.DateTime, lambda at: f"TIMESTAMP '{at.isoformat(sep=' ')}'")
# In Spark and Snowflake, whether TIMESTAMP alone has a zone is for the session to say.
_TIMESTAMP_NTZ = _written(sa.DateTime, lambda at: f"TIMESTAMP_NTZ '{at.isoformat(sep=' ')}'")
_TIMESTAMP_NTZ_CAST = _written(sa.DateTime, lambda at: f"CAST('{at.isoformat(sep=' ')}' AS TIMESTAMP_NTZ)")
_DATETIME = _written(sa.DateTime, lambda at: f"DATETIME '{at.isoformat(sep=' ')}'")
_DATE_CAST = _written(sa.Date, lambda day: f"CAST('{day.isoformat()}' AS DATE)")
# With the T it reads the same whatever the session's language.
_DATETIME2_CAST = _written(sa.DateTime, lambda at: f"CAST('{at.isoformat()}' AS DATETIME2)")
# Where a backslash escapes the next character, it escapes the closing quote too.
_ESCAPES = str.maketrans({"\\": r"\\", "'": r"\'", "\n": r"\n", "\r": r"\r"})
_ESCAPED_TEXT = _written(sa.String, lambda text: "'" + text.translate(_ESCAPES) + "'")
# Without the N, letters outside the database's code page would be lost.
_NATIONAL_TEXT = _written(sa.String, lambda text: ("" if text.isascii() else "N") + "'" + text.replace("'", "''") + "'")


def _literals(
    day: type[Any], at: type[Any], text: type[Any] = sa.String, base: Mapping[type[Any], type[Any]] | None = None
) -> dict[type[Any], type[Any]]:
    """Returns the dialect's types, with those that write dates, timestamps and text."""
    return {**(base or {}), sa.Date: day, sa.DateTime: at, sa.String: text}


def _types(**names: str) -> type[compiler.GenericTypeCompiler]:
    """Returns the compiler of types that calls some of SQLAlchemy's by other names."""

    def visit(name: str) -> Callable[..., str]:
        return lambda _compiler, _type, **_options: name

    return type(
        "_Types", (compiler.GenericTypeCompiler,), {f"visit_{kind}": visit(name) for kind, name in names.items()}
    )


class _BackticksAlways(compiler.IdentifierPreparer):
    def __init__(self, dialect: sa.Dialect, **options: Any) -> None:
        super().__init__(dialect, initial_quote="`", final_quote="`", escape_quote="`", **options)

    def _requires_quotes(self, value: str) -> bool:  # noqa: ARG002
        return True


def _quotes(words: Iterable[str], base: type[Names]) -> type[Names]:
    """Returns the rules of quoting, with more words that no bare name may be."""
    return type("_Names", (base,), {"reserved_words": base.reserved_words | {word.lower() for word in words}})


def _reserved(grammar: str) -> Iterable[str]:
    found: Iterable[str] = Grammar.get_or_raise(grammar).generator_class.RESERVED_KEYWORDS
    return found


# Of those that its documentation reserves, what SQLAlchemy does not quote everywhere.
_SNOWFLAKE_RESERVES = (
    "account alter by connect connection create cross current database delete drop exists following full gscluster",
    "having ilike increment inner insert intersect into is issue join lateral left like localtime localtimestamp minus",
    "natural of organization qualify regexp revoke right rlike row rows sample schema set start table tablesample to",
    "trigger try_cast union update values view whenever with",
)


class _DuckDB(duckdb_sqlalchemy.Dialect):
    colspecs = _literals(_DATE, _TIMESTAMP, base=duckdb_sqlalchemy.Dialect.colspecs)
    default_paramstyle = "named"  # a percent sign in a value stays single
    supports_statement_cache = True
    _backslash_escapes = False


class _PostgreSQL(PGDialect):
    colspecs = _literals(_DATE, _TIMESTAMP, base=PGDialect.colspecs)
    default_paramstyle = "named"
    supports_statement_cache = True
    _backslash_escapes = False


class _Redshift(_PostgreSQL):
    name = "redshift"
    preparer = _quotes(_reserved("redshift"), PGDialect.preparer)
    supports_statement_cache = True
    _backslash_escapes = True  # it grew from a PostgreSQL that read text so


class _SqlServer(MSDialect):
    colspecs = _literals(_DATE_CAST, _DATETIME2_CAST, _NATIONAL_TEXT, base=MSDialect.colspecs)
    default_paramstyle = "named"
    supports_statement_cache = True


class _Own(DefaultDialect):
    """What the dialects without a relative in SQLAlchemy share."""

    default_paramstyle = "named"
    supports_native_boolean = True
    supports_statement_cache = True


class _Spark(_Own):
    name = "spark"
    div_is_floordiv = False
    type_compiler_cls = _types(VARCHAR="STRING", TEXT="STRING", DATETIME="TIMESTAMP_NTZ", FLOAT="DOUBLE")
    preparer: type[compiler.IdentifierPreparer] = _BackticksAlways
    colspecs = _literals(_DATE, _TIMESTAMP_NTZ, _ESCAPED_TEXT)
    supports_statement_cache = True


class _Databricks(_Spark):
    name = "databricks"
    supports_statement_cache = True


class _BigQuery(_Own):
    name = "bigquery"
    type_compiler_cls = _types(
        VARCHAR="STRING", TEXT="STRING", BOOLEAN="BOOL", FLOAT="FLOAT64", DOUBLE="FLOAT64",
        SMALLINT="INT64", INTEGER="INT64", BIGINT="INT64",
    )  # fmt: skip
    preparer: type[compiler.IdentifierPreparer] = _BackticksAlways
    colspecs = _literals(_DATE, _DATETIME, _ESCAPED_TEXT)
    supports_statement_cache = True


class _Trino(_Own):
    name = "trino"
    type_compiler_cls = _types(TEXT="VARCHAR", DATETIME="TIMESTAMP", FLOAT="DOUBLE")
    preparer = _quotes(_reserved("trino"), compiler.IdentifierPreparer)
    colspecs = _literals(_DATE, _TIMESTAMP)
    supports_statement_cache = True


class _Snowflake(_Own):
    name = "snowflake"
    div_is_floordiv = False
    type_compiler_cls = _types(DATETIME="TIMESTAMP_NTZ")
    preparer = _quotes(" ".join(_SNOWFLAKE_RESERVES).split(), compiler.IdentifierPreparer)
    colspecs = _literals(_DATE, _TIMESTAMP_NTZ_CAST, _ESCAPED_TEXT)
    supports_statement_cache = True


TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target("duckdb", "DuckDB", "duckdb", _DuckDB),
        Target("postgresql", "PostgreSQL", "postgres", _PostgreSQL),
        Target("spark", "Spark", "spark", _Spark),
        Target("snowflake", "Snowflake", "snowflake", _Snowflake),
        Target("bigquery", "BigQuery", "bigquery", _BigQuery),
        Target("databricks", "Databricks", "databricks", _Databricks),
        Target("trino", "Trino", "trino", _Trino),
        Target("redshift", "Redshift", "redshift", _Redshift),
        Target("sqlserver", "SQL Server", "tsql", _SqlServer),
    )
}
