"""Who answers for a code on a date. Exactly one row holds on any date for every code, whatever the register says."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.warehouse.identity import BEGINNING, END, SuccessionError, identities, merged_events, splits


def events(*rows: tuple[str, str, str]) -> pl.DataFrame:
    schema = {"predecessor_code": pl.String, "successor_code": pl.String, "effective": pl.Date}
    return pl.DataFrame([(a, b, date.fromisoformat(day)) for a, b, day in rows], schema=schema, orient="row")


def answers(frame: pl.DataFrame, code: str) -> list[tuple[date, str]]:
    return list(frame.filter(pl.col("org_code") == code).select("valid_from", "current_code").iter_rows())


def test_a_code_without_successor_answers_for_itself():
    assert identities(["R1A"], events()).rows() == [("R1A", BEGINNING, END, "R1A")]


def test_a_chain_is_followed_step_by_step():
    found = identities(
        [], events(("5KW", "5QH", "2006-10-01"), ("5QH", "R1J", "2013-04-01"), ("R1J", "RTQ", "2019-10-01"))
    )
    assert answers(found, "5KW") == [
        (BEGINNING, "5KW"),
        (date(2006, 10, 1), "5QH"),
        (date(2013, 4, 1), "R1J"),
        (date(2019, 10, 1), "RTQ"),
    ]
    assert answers(found, "RTQ") == [(BEGINNING, "RTQ")]


def test_a_merger_held_twice_a_day_apart_is_one():
    twice = events(("RY1", "RW4", "2018-03-31"), ("RY1", "RW4", "2018-04-01"))
    assert merged_events(twice).rows() == [("RY1", "RW4", date(2018, 4, 1))]
    assert answers(identities([], twice), "RY1") == [(BEGINNING, "RY1"), (date(2018, 4, 1), "RW4")]


def test_a_divided_organisation_keeps_its_code():
    pennine = events(("RW6", "R0A", "2021-10-01"), ("RW6", "RM3", "2021-10-01"), ("RMN", "RW6", "2002-04-01"))
    assert splits(pennine) == {"RW6": ("R0A", "RM3")}
    assert answers(identities([], pennine), "RW6") == [(BEGINNING, "RW6")]
    assert answers(identities([], pennine), "RMN") == [(BEGINNING, "RMN"), (date(2002, 4, 1), "RW6")]


def test_a_successor_that_had_gone_before_is_passed_over():
    late = events(("A", "B", "2020-04-01"), ("B", "C", "2019-04-01"))
    assert answers(identities([], late), "A") == [(BEGINNING, "A"), (date(2020, 4, 1), "C")]


def test_a_circle_is_an_error_that_names_it():
    with pytest.raises(SuccessionError, match="A -> B -> A"):
        identities([], events(("A", "B", "2020-04-01"), ("B", "A", "2021-04-01")))


def test_a_code_that_succeeds_itself_is_left_alone():
    assert answers(identities([], events(("A", "A", "2020-04-01"))), "A") == [(BEGINNING, "A")]


codes = st.sampled_from([f"R{letter}" for letter in "ABCDEFGH"])
days = st.dates(date(2000, 1, 1), date(2030, 12, 31))
# Successions only go up the alphabet, so that they cannot go round in a circle.
rows = st.lists(st.tuples(codes, codes, days).filter(lambda row: row[0] < row[1]), max_size=20)


@given(rows, st.dates(date(1950, 1, 1), date(2050, 12, 31)))
def test_exactly_one_row_holds_on_any_date(succession, day):
    schema = {"predecessor_code": pl.String, "successor_code": pl.String, "effective": pl.Date}
    found = identities(["RA", "RB"], pl.DataFrame(succession, schema=schema, orient="row"))

    holding = found.filter((pl.col("valid_from") <= day) & (pl.col("valid_to") >= day))
    assert sorted(holding["org_code"]) == sorted(set(found["org_code"]))
    for _, periods in found.group_by("org_code"):
        ordered = periods.sort("valid_from")
        assert ordered["valid_from"][0] == BEGINNING
        assert ordered["valid_to"][-1] == END
        starts = [end + timedelta(days=1) for end in ordered["valid_to"][:-1]]
        assert ordered["valid_from"][1:].to_list() == starts
