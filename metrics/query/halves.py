"""When a row reports both halves of a ratio: as few conditions in SQL as tell it.

A part adds up nothing where its own expression is missing, so that each half needs the condition of the other alone.
Plain arithmetic is missing exactly where one of its columns is: of that, only columns that the half itself does not
read are left to ask for.
"""

from __future__ import annotations

from functools import lru_cache

import sqlalchemy as sa
from sqlglot import exp

from metrics.catalogue import Part
from metrics.catalogue.expression import parse
from metrics.query.rows import Element, Rows

_PLAIN = (exp.Column, exp.Identifier, exp.Literal, exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Paren)


def reported_too(rows: Rows, own: Part, other: Part) -> Element | None:
    """Returns the condition for the rows that report the other half, of those that report its own; None for all."""
    told, wanted = columns_of_plain(own.expr), columns_of_plain(other.expr)
    if told is None or wanted is None:
        return rows.expression(other.expr).is_not(None)
    left = sorted(wanted - told)
    return sa.and_(*(rows.column(name).is_not(None) for name in left)) if left else None


@lru_cache(maxsize=1024)
def columns_of_plain(text: str) -> frozenset[str] | None:
    """Returns the columns of plain arithmetic, which is missing where one of them is and nowhere else; else None."""
    found = list(parse(text).walk())
    if not all(isinstance(node, _PLAIN) for node in found):
        return None
    return frozenset(node.name for node in found if isinstance(node, exp.Column))
