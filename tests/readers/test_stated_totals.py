from __future__ import annotations

from datetime import date

import polars as pl

from sample_data.published.known_differences import KNOWN_DIFFERENCES, cause_of
from sample_data.published.stated_totals import measure_name, parts_of, sum_of, totals_of

APRIL, MAY = date(2024, 4, 1), date(2024, 5, 1)
FACTS = pl.DataFrame(
    {
        "period": [APRIL, APRIL, MAY, MAY],
        "department": ["type1", "other", "type1", "other"],
        "seen": [10, 5, 7, None],
        "booked": [1, None, None, None],
    }
)


def test_a_measure_says_columns_and_part() -> None:
    assert parts_of(measure_name("seen", "booked", department="type1")) == (("seen", "booked"), {"department": "type1"})
    assert parts_of("pathways [part=Part_2, commissioning=english]")[1] == {
        "part": "Part_2",
        "commissioning": "english",
    }


def test_facts_are_added_up_as_the_measure_says() -> None:
    assert sum_of(FACTS, "seen") == {APRIL: 15.0, MAY: 7.0}
    assert sum_of(FACTS, "seen+booked") == {APRIL: 16.0, MAY: 7.0}
    assert sum_of(FACTS, "seen [department=other]") == {APRIL: 5.0}
    assert sum_of(FACTS, "booked") == {APRIL: 1.0}


def test_a_total_of_columns_that_are_not_held_has_no_sum() -> None:
    assert sum_of(FACTS, "incomplete_with_estimates") is None
    assert sum_of(FACTS, "seen [part=Part_2]") is None
    assert parts_of("Total waiting (mil)") == (("Total waiting (mil)",), {})
    assert sum_of(FACTS, "Total waiting (mil)") is None


def test_a_total_that_is_not_stated_is_left_out() -> None:
    assert [total.measure for total in totals_of({"a": 1.0, "b": None, "c": 0}, APRIL, "here")] == ["a", "c"]


def test_a_cause_holds_for_its_publication_period_measure_and_size_only() -> None:
    held = ("rtt", date(2022, 4, 1), "incomplete", 6_509_334.0, 6_483_706.0)
    assert "English commissioners" in str(cause_of(*held))
    assert cause_of("ae_attendances", *held[1:]) is None
    assert cause_of("rtt", date(2024, 4, 1), *held[2:]) is None
    assert cause_of("rtt", held[1], "pathways", *held[3:]) is None
    assert cause_of("rtt", held[1], "incomplete", 7_500_000.0, 6_483_706.0) is None


def test_each_cause_is_a_sentence() -> None:
    for known in KNOWN_DIFFERENCES:
        assert known.cause.endswith(".")
        assert known.first <= known.last
        assert known.lowest <= known.highest
