"""Compares our dialects with those of the vendors' packages: the same statement for every metric, or a report.

The packages bring some forty others with them, so they stay out of the tests' environment. In one of their own:

    pip install -e . snowflake-sqlalchemy sqlalchemy-bigquery databricks-sqlalchemy trino[sqlalchemy] \
        sqlalchemy-redshift pytest hypothesis
    python -m tests.query.vendor_dialects

Spark and SQL Server need no comparison: the one runs for real in the differential tests, the other is SQLAlchemy's own.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module

import sqlalchemy as sa
import sqlglot
from sqlglot import exp

from metrics.query.dialects import target_of
from tests.query.test_dialects import _all_statements

VENDORS = {
    "snowflake": ("snowflake.sqlalchemy.snowdialect", "SnowflakeDialect"),
    "bigquery": ("sqlalchemy_bigquery", "BigQueryDialect"),
    "databricks": ("databricks.sqlalchemy", "DatabricksDialect"),
    "trino": ("trino.sqlalchemy.dialect", "TrinoDialect"),
    "redshift": ("sqlalchemy_redshift.dialect", "RedshiftDialect_psycopg2"),
}


def main() -> int:
    """Prints a line for each vendor and the first statements that differ; returns 1 when any does."""
    statements = [statement for _, statement in _all_statements()]
    differing = 0
    for name, (module, dialect) in VENDORS.items():
        theirs = getattr(import_module(module), dialect)()
        ours = target_of(name).dialect()
        pairs = [(_tree(each, theirs, name), _tree(each, ours, name)) for each in statements]
        different = [(their, our) for their, our in pairs if their != our]
        print(f"{name}: {len(pairs) - len(different)} of {len(pairs)} statements are the same")
        for their, our in different[:2]:
            print(f"  theirs: {their.sql(name)}\n  ours:   {our.sql(name)}")
        differing += len(different)
    return 1 if differing else 0


def _tree(statement: sa.Select, dialect: sa.Dialect, name: str) -> exp.Expr:
    """Returns the statement without what may differ: quotes, parameters' spelling, names for what is grouped by."""
    text = str(statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True}))
    text = re.sub(r"%\(\w+(?::\w+)?\)s(?:::\w+)?|:`?\w+`?", "?", text)
    text = re.sub(r"IN UNNEST\(\?\)|IN \(\?(?:, \?)*\)", "IN (?)", text)
    tree = sqlglot.parse_one(text, dialect=target_of(name).grammar)
    for identifier in tree.find_all(exp.Identifier):
        identifier.set("quoted", None)
    for select in tree.find_all(exp.Select):
        selected = {each.alias_or_name: each.unalias() for each in select.selects}
        for key in select.args["group"].expressions if select.args.get("group") else ():
            if isinstance(key, exp.Column) and not key.table:
                key.replace(selected[key.name].copy())
    return tree


if __name__ == "__main__":
    sys.exit(main())
