"""What is too young to have happened is not counted as not happened; a period is provisional until it is final.

    referral  on         seen       within 14 days
    1         1 April    10 April   yes
    2         2 April    -          no: the 14 days ended on 16 April
    3         20 April   -          not known: the data end on 25 April, the 14 days on 4 May
    4         22 April   24 April   seen, but of a cohort that is still followed

Of those followed, 1 of 2 were seen in time, 50 %. Counting 3 as not seen says 50 % of 4 and counts 4 as well: a young
cohort of which only the quick have answered.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from metrics import Grain, Request
from tests.query import events, small
from tests.query.test_engine import DEFINITIONS

REFERRALS = events.referrals(
    [(1, 10, "2026-04-01", "GP"), (2, 11, "2026-04-02", "GP"), (3, 12, "2026-04-20", "GP"), (4, 13, "2026-04-22", "GP")]
)
VISITS = events.visits(
    [
        (1, 10, "2026-04-10T09:00:00", "A", 0, 0),
        (2, 13, "2026-04-24T09:00:00", "A", 0, 0),
        (3, 99, "2026-04-25T09:00:00", "A", 0, 0),
    ]
)


def test_only_cohorts_that_were_followed_for_the_whole_time_count(tmp_path: Path) -> None:
    tables = {"visits": VISITS, "referrals": REFERRALS}
    layer = events.build(f"duckdb:///{tmp_path / 'w'}", tables, tmp_path / "definitions")
    april = {"period_from": date(2026, 4, 1), "period_to": date(2026, 4, 30)}
    result = layer.ask(Request.of("seen_in_14_days", grain=Grain.MONTH, **april))
    assert result.frame.select("value", "numerator", "denominator", "status").rows() == [(0.5, 1, 2, "incomplete")]
    assert "began by 11 April 2026" in next(note.text for note in result.notes if note.code == "followed")
    days = layer.ask(Request.of("seen_in_14_days", grain=Grain.DAY, **april)).frame
    assert days.filter(days["denominator"] > 0)["period"].to_list() == [date(2026, 4, 1), date(2026, 4, 2)]


@pytest.mark.parametrize(
    ("today", "status"),
    [
        (date(2024, 4, 15), "incomplete"),  # April still runs
        (date(2024, 5, 1), "provisional"),
        (date(2024, 6, 29), "provisional"),  # 60 days after 30 April
        (date(2024, 6, 30), "final"),
    ],
)
def test_a_period_is_provisional_until_its_data_have_matured(tmp_path: Path, today: date, status: str) -> None:
    definitions = DEFINITIONS.replace("grain: month,\n", "grain: month, maturity_days: 60,\n", 1)
    facts = {"fact_ae_month": small.ae([("2024-04", "RA1", 100, 40)])}
    layer = small.build(f"duckdb:///{tmp_path / 'w'}", facts, definitions, tmp_path / "definitions", lambda: today)
    assert layer.ask(Request.of("attendances")).frame["status"].to_list() == [status]
