"""Tables whose rows are added and never changed or deleted: the database itself refuses that."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa


def only_added_to(metadata: sa.MetaData, what: str, tables: Iterable[sa.Table]) -> None:
    """Makes the database refuse changes of the tables' rows, from when it makes the tables.

    Args:
        metadata: of the tables.
        what: names them in the refusal, and PostgreSQL's function; a plain word, such as 'journal'.
        tables: those to guard.
    """
    refusal, function = f"the {what} is only added to", f"{what.replace(' ', '_')}_refuses_changes"
    body = f"RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{refusal}'; END $$"
    made = _on("postgresql", f"CREATE OR REPLACE FUNCTION {function}() {body}")
    sa.event.listen(metadata, "before_create", made)
    for table in tables:
        for change in ("UPDATE", "DELETE"):
            raised = f"BEFORE {change} ON {table.name} BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
            trigger = f"CREATE TRIGGER {table.name}_no_{change.lower()} {raised}"
            sa.event.listen(table, "after_create", _on("sqlite", trigger))
        guard = f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table.name} EXECUTE FUNCTION {function}()"
        sa.event.listen(table, "after_create", _on("postgresql", f"CREATE TRIGGER {table.name}_no_changes {guard}"))


def _on(dialect: str, statement: str) -> sa.ExecutableDDLElement:
    made: sa.DDL = sa.DDL(statement)  # type: ignore[no-untyped-call]
    return made.execute_if(dialect=dialect)
