"""The cases: requests, each with SQL written by hand that must give the same cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from metrics import Grain, Request

AS_AT = date(2026, 11, 1)
FOLDER = Path(__file__).parent / "cases"


@dataclass(frozen=True, slots=True)
class Case:
    """One request and its answer in SQL.

    Attributes:
        check_query: gives `metric` (may be left out where only one is asked), `period`, the dimensions, `value`, and
            `numerator` and `denominator` where they are checked. Rows without a value stand for nothing.
        check_totals: likewise, without dimensions, of the total rows.
    """

    file: str
    name: str
    request: Request
    check_query: str
    check_totals: str | None

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"


def load() -> list[Case]:
    """Returns all cases, file by file."""
    return [
        Case(path.stem, case["name"], _request(case["request"]), case["check_query"], case.get("check_totals"))
        for path in sorted(FOLDER.glob("*.yml"))
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def _request(written: Mapping[str, Any]) -> Request:
    return Request.of(
        *written["metrics"],
        where=written.get("where"),
        by=tuple(written.get("by", ())),
        grain=Grain(written["grain"]),
        period_from=written["from"],
        period_to=written["to"],
        totals=written.get("totals", False),
        as_at=written.get("as_at", AS_AT),
    )
