"""The cases: requests, each with SQL written by hand that must give the same cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from metrics import Grain, Request
from metrics.catalogue.loading import SHIPPED
from metrics.query.request import Against, Comparison, Sort, Top

AS_AT = date(2026, 11, 1)
FOLDER = Path(__file__).parent / "cases"
# Kinds of metric that no shipped definition has, over the same published tables.
DEFINITIONS = (SHIPPED, Path(__file__).parent / "definitions")
COMPARED = ("compared_period", "compared_value", "compared_numerator", "compared_denominator", "change", "change_share")

_WRITTEN = {
    "metrics", "where", "by", "grain", "from", "to", "totals", "as_at", "window", "to_date", "compare", "subtotals",
    "top", "sort", "limit",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One request and its answer in SQL.

    Attributes:
        check_query: gives `metric` (may be left out where only one is asked), `period`, the dimensions, `value`, and
            `numerator`, `denominator` and the columns of a comparison where they are checked. Rows without a value
            stand for nothing. Of a request that sorts, its rows are in the order of the answer.
        check_totals: likewise, without dimensions, of the total rows.
        check_subtotals: likewise, of the rows of each subtotal, by its dimensions with commas between them.
    """

    file: str
    name: str
    request: Request
    check_query: str
    check_totals: str | None
    check_subtotals: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"


def load() -> list[Case]:
    """Returns all cases, file by file."""
    return [
        Case(
            file=path.stem,
            name=case["name"],
            request=_request(case["request"]),
            check_query=case["check_query"],
            check_totals=case.get("check_totals"),
            check_subtotals=case.get("check_subtotals", {}),
        )
        for path in sorted(FOLDER.glob("*.yml"))
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def _request(written: Mapping[str, Any]) -> Request:
    unknown = set(written) - _WRITTEN
    assert not unknown, f"a case cannot say {sorted(unknown)}"
    return Request.of(
        *written["metrics"],
        where=written.get("where"),
        by=tuple(written.get("by", ())),
        grain=Grain(written["grain"]),
        period_from=written["from"],
        period_to=written["to"],
        totals=written.get("totals", False),
        as_at=written.get("as_at", AS_AT),
        window=written.get("window"),
        to_date=Grain(written["to_date"]) if "to_date" in written else None,
        compare=_comparison(written["compare"]) if "compare" in written else None,
        subtotals=tuple(tuple(each) for each in written.get("subtotals", ())),
        top=Top(**written["top"]) if "top" in written else None,
        sort=tuple(_sort(each) for each in written.get("sort", ())),
        limit=written.get("limit"),
    )


def _comparison(to: str | int) -> Comparison:
    return Comparison(to if isinstance(to, int) else Against(to))


def _sort(written: str) -> Sort:
    """Returns the order of a column: `period`, or `-value` from the greatest."""
    return Sort(written.removeprefix("-"), descending=written.startswith("-"))
