"""What the words after `bellwether query` ask: filters, comparison, order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime

from dashboard.cli_layer import refuse
from metrics.query.request import Against, Bound, Comparison, Filter, Sort, Top

_RANGE = ".."
_COMPARED = {"previous": Against.PREVIOUS, "last-year": Against.LAST_YEAR}


def day(text: str, option: str) -> date:
    """Returns the day that is written as 2026-03-31."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day of the calendar, not a moment
    except ValueError:
        refuse(f"{option} '{text}' is no date. Write it as year-month-day: 2026-03-31.")


def filters(pairs: Iterable[str]) -> tuple[Filter, ...]:
    """Returns the filters that are written as `region=Y56`, `region!=Y56`, `age=18..64` and `service=` (none).

    Several values of one dimension keep the rows of each; all filters of different dimensions or kinds must hold.
    """
    kept: dict[str, tuple[list[str], bool]] = {}
    others: list[Filter] = []
    for pair in pairs:
        name, sign, value = _parted(pair)
        negate = sign == "!="
        if _RANGE in value:
            low, high = (_bound(part) for part in value.split(_RANGE, 1))
            if low is None and high is None:
                refuse(f"--where '{pair}' has no bound. Write one or both: {name}=18..64, {name}=18.. or {name}=..64.")
            others.append(Filter(name, low=low, high=high, negate=negate))
        elif negate:
            others.append(Filter(name, (value,) if value else (), null=not value, negate=True))
        else:
            values, null = kept.get(name, ([], False))
            kept[name] = ([*values, value], null) if value else (values, True)
    return (*(Filter(name, tuple(values), null=null) for name, (values, null) in kept.items()), *others)


def comparison(text: str | None, *, per_working_day: bool) -> Comparison | None:
    """Returns the comparison that is written as `previous`, `last-year` or a number of periods."""
    if text is None:
        if per_working_day:
            refuse("--per-working-day says how to compare: add --compare previous, or last-year.")
        return None
    word = text.strip().casefold()
    if word in _COMPARED:
        return Comparison(_COMPARED[word], per_working_day=per_working_day)
    if not re.fullmatch(r"[1-9][0-9]{0,4}", word):
        refuse(f"--compare '{text}' is no period. Write previous, last-year, or how many periods back: 4.")
    return Comparison(int(word), per_working_day=per_working_day)


def top(count: int | None, dimension: str | None, *, least: bool) -> Top | None:
    """Returns the members to keep, of the dimension that --of names."""
    if count is None:
        if dimension is not None or least:
            refuse("--of and --least belong to --top: --top 5 --of region.")
        return None
    if dimension is None:
        refuse("--top needs the dimension whose members it keeps: --top 5 --of region.")
    return Top(count, dimension, least=least)


def order(columns: Iterable[str]) -> tuple[Sort, ...]:
    """Returns the order that is written as `value`, or `-value` for the greatest first."""
    return tuple(Sort(each.removeprefix("-").strip(), descending=each.startswith("-")) for each in columns)


def _parted(pair: str) -> tuple[str, str, str]:
    found = re.fullmatch(r"\s*([^=!]+?)\s*(!?=)\s*(.*?)\s*", pair)
    if found is None:
        refuse(f"--where '{pair}' is no filter. Write it as dimension=value: region=Y62.")
    return found[1], found[2], found[3]


def _bound(text: str) -> Bound | None:
    """Returns the bound as the number or the date that it is written as, else as text."""
    text = text.strip()
    if not text:
        return None
    for kind in (int, float, date.fromisoformat):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
