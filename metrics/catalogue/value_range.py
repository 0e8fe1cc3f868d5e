"""Which values a metric can have at all, worked out from its unit and how it is made."""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp

from metrics.catalogue import expression

_NEVER_NEGATIVE = ("count", "gbp", "weeks", "days", "hours", "minutes", "seconds", "ratio", "fte", "beds")
_OF_PARTS = ("ratio", "conversion")


def possible_range(kind: str, unit: str, text: str | None) -> tuple[float | None, float | None]:
    """Returns what a value is never below and never above; None where nothing forbids it.

    A share of a part in its whole stands between 0 and 1; what is counted or measured is 0 or more. Of an index, as of
    a score, only its publisher knows; and a difference can fall below 0.

    Args:
        kind: the metric's type.
        unit: its unit.
        text: its formula, or the expression that is counted.
    """
    if kind == "index":
        return None, None
    if unit == "percent":
        is_share = kind in _OF_PARTS or text is None or not _is_difference(text, of_one=True)
        return (0.0, 1.0) if is_share else (None, None)
    if unit not in _NEVER_NEGATIVE or (text is not None and _is_difference(text, of_one=False)):
        return None, None
    return 0.0, None


@lru_cache(maxsize=2_000)
def _is_difference(text: str, *, of_one: bool) -> bool:
    """Returns whether the text subtracts; `1 - share` does not count where shares are asked for (`of_one`)."""
    try:
        tree = expression.parse(text)
    except expression.ExpressionError:
        return True  # what cannot be read is held to no bound; the linter tells it
    for node in tree.find_all(exp.Sub, exp.Neg):
        is_rest = isinstance(node, exp.Sub) and isinstance(node.left, exp.Literal) and node.left.this in ("1", "1.0")
        if not (of_one and is_rest):
            return True
    return False
