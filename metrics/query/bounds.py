"""The bounds of a range filter, as values of the column that they are held against."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from metrics.query.errors import QueryError
from metrics.query.request import Bound

_WHOLE_LIMIT = 2**63  # warehouses hold whole numbers of 64 bits


def bound(dimension: str, kind: TypeEngine[Any], value: Bound) -> Any:
    """Returns the bound of a dimension, to be compared with a column of the kind.

    Numbers and days may be written as text. A fraction against a column of whole numbers stays a fraction.

    Raises:
        QueryError: the value cannot be compared with the column's.
    """
    if isinstance(kind, sa.Boolean):
        raise QueryError(f"'{dimension}' is true or false and has no range: name the value to keep.")
    try:
        if isinstance(kind, sa.Numeric | sa.Float | sa.Integer):
            return _number(kind, value)
        if isinstance(kind, sa.DateTime):
            return _moment(value)
        if isinstance(kind, sa.Date):
            return _day(value)
        return _text(value)
    except (TypeError, ValueError, OverflowError):
        raise QueryError(f"{value!r} is no bound for '{dimension}', which holds {_words(kind)}.") from None


def _number(kind: TypeEngine[Any], value: Bound) -> Any:
    if isinstance(value, bool | date):
        raise TypeError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    if not isinstance(kind, sa.Integer):
        return number
    whole = value if isinstance(value, int) else int(number)
    if abs(whole) < _WHOLE_LIMIT and (whole == number or isinstance(value, int)):
        return whole
    return sa.literal(number, sa.Double)  # a driver would round it to fit the column


def _moment(value: Bound) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(_iso(value))
    if moment.tzinfo is not None:
        raise ValueError
    return moment


def _day(value: Bound) -> date:
    if isinstance(value, datetime):
        raise TypeError
    return value if isinstance(value, date) else date.fromisoformat(_iso(value))


def _iso(value: Bound) -> str:
    if not isinstance(value, str | date):
        raise TypeError
    return str(value)


def _text(value: Bound) -> str:
    text = str(value)
    if not isinstance(value, str | int) or isinstance(value, bool) or "\x00" in text:
        raise ValueError
    text.encode()  # half of a surrogate pair is no text
    return text


def _words(kind: TypeEngine[Any]) -> str:
    if isinstance(kind, sa.Numeric | sa.Float | sa.Integer):
        return "numbers"
    if isinstance(kind, sa.DateTime):
        return "UTC times, such as 2026-03-31T14:00"
    return "days, such as 2026-03-31" if isinstance(kind, sa.Date) else "text"
