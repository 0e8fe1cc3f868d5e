"""Numbers, periods and dates read as in a British board paper."""

from __future__ import annotations

from datetime import date

import pytest

from dashboard import format as words
from metrics.catalogue import load

CATALOGUE = load()


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(2_432_272, 0, "2,432,272"), (-1.25, 1, "\N{MINUS SIGN}1.2"), (-0.04, 1, "0.0"), (0.0, 0, "0")],
)
def test_numbers_are_grouped_and_a_rounded_zero_has_no_sign(value, decimals, text):
    assert words.number(value, decimals) == text


@pytest.mark.parametrize(
    ("share", "decimals", "text"), [(0.7289, 1, "72.9%"), (1.0, 0, "100%"), (0.0, 1, "0.0%"), (0.9996, 1, "100.0%")]
)
def test_shares_are_shown_as_percentages(share, decimals, text):
    assert words.percentage(share, decimals) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [(244_700_000, "£244.7m"), (1_250_000_000, "£1.2bn"), (12_345, "£12,345"), (-3_000_000, "\N{MINUS SIGN}£3.0m")],
)
def test_money_is_in_pounds_with_m_and_bn(amount, text):
    assert words.pounds(amount) == text


@pytest.mark.parametrize(("seconds", "text"), [(485, "8:05"), (3723, "1:02:03"), (59.6, "1:00"), (0, "0:00")])
def test_seconds_are_shown_as_a_clock(seconds, text):
    assert words.clock(seconds) == text


@pytest.mark.parametrize(
    ("period", "grain", "text", "end"),
    [
        (date(2026, 3, 1), "month", "March 2026", date(2026, 3, 31)),
        (date(2026, 1, 1), "quarter", "Q4 2025/26", date(2026, 3, 31)),
        (date(2025, 10, 1), "quarter", "Q3 2025/26", date(2025, 12, 31)),
        (date(2025, 4, 1), "financial_year", "FY 2025/26", date(2026, 3, 31)),
        (date(1999, 4, 1), "financial_year", "FY 1999/00", date(2000, 3, 31)),
        (date(2026, 3, 2), "week", "week of 2 March 2026", date(2026, 3, 8)),
        (date(2026, 3, 31), "day", "31 March 2026", date(2026, 3, 31)),
        (date(2024, 2, 1), "month", "February 2024", date(2024, 2, 29)),
    ],
)
def test_periods_have_a_name_and_a_last_day(period, grain, text, end):
    assert words.period_words(period, grain) == text
    assert words.period_end(period, grain) == end


def test_months_are_added_over_years_and_short_months():
    assert words.months_after(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert words.months_after(date(2026, 3, 15), -12) == date(2025, 3, 15)
    assert words.months_after(date(2025, 12, 1), 1) == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("last", "text"),
    [
        (date(2026, 11, 22), "up to today"), (date(2026, 11, 21), "1 day old"), (date(2026, 11, 10), "12 days old"),
        (date(2026, 5, 31), "6 months old"), (date(2023, 3, 31), "3 years old"), (date(2027, 3, 31), "up to today"),
    ],
)  # fmt: skip
def test_age_is_told_in_days_months_or_years(last, text):
    assert words.age_words(last, date(2026, 11, 22)) == text


def test_a_missing_value_is_not_reported_and_never_zero():
    metric = CATALOGUE.metric("ae_four_hour")
    assert words.value_text(None, metric) == "Not reported"
    assert words.value_text(float("nan"), metric) == "Not reported"
    assert words.value_text(0.0, metric) == "0.0%"


def test_values_carry_their_units():
    assert words.value_words(3021.0, CATALOGUE.metric("ae_dta_12h")) == "3,021 patients"
    assert words.value_words(0.729, CATALOGUE.metric("ae_four_hour")) == "72.9%"


@pytest.mark.parametrize(
    ("metric", "change", "text"),
    [
        ("ae_four_hour", -0.0312, "3.1 percentage points lower"), ("ae_dta_12h", 1204.0, "1,204 more patients"),
        ("rtt_p92_wait", -2.3, "2.3 weeks lower"),
        ("medical_records_cost", 7_000_000.0, "£7.0m higher"),
    ],
)  # fmt: skip
def test_changes_are_told_in_words(metric, change, text):
    assert words.change_words(change, CATALOGUE.metric(metric)) == text


@pytest.mark.parametrize(
    ("place", "text"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (12, "12th"), (23, "23rd"), (112, "112th")]
)
def test_ranks_are_ordinals(place, text):
    assert words.ordinal(place) == text
