"""A link reopens the same view, and a broken link still opens one."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.viewmodels.filters import DEFAULT_SPAN, MOST_SERVICES, SPANS, Filters, link, read
from dashboard.viewmodels.places import Place, Places

ORGANISATIONS = ("ENG", "R0A", "QOP", "Y62")
PLACES = Places(
    {
        "ENG": Place("ENG", "England", "england"),
        "Y62": Place("Y62", "North West", "region"),
        "QOP": Place("QOP", "NHS Greater Manchester", "icb"),
        "R0A": Place("R0A", "Manchester University", "trust"),
    },
    {"RW3": "R0A"},
    {"RW3": "Central Manchester"},
)
SERVICES = ("100", "110", "120", "130", "140", "150")
TODAY = date(2026, 11, 22)


def opened(query):
    return read(query, places=PLACES, services=SERVICES, today=TODAY, oldest=date(2009, 9, 1))


@given(
    st.builds(
        Filters,
        organisation=st.sampled_from(ORGANISATIONS),
        month=st.none() | st.dates(date(2016, 4, 1), TODAY).map(lambda day: day.replace(day=1)),
        span=st.sampled_from(sorted(SPANS)),
        services=st.lists(st.sampled_from(SERVICES), unique=True, max_size=MOST_SERVICES).map(tuple),
    )
)
def test_what_is_written_to_the_address_is_read_back(filters):
    address = link("metric", filters, metric="ae_four_hour")
    query = dict(parse_qsl(address.partition("?")[2]))
    assert query.pop("metric") == "ae_four_hour"
    assert opened(query) == (filters, ())


@given(st.dictionaries(st.sampled_from(["org", "to", "span", "service"]), st.text(max_size=20)))
def test_any_address_opens_a_view(query):
    filters, _ = opened(query)
    assert filters.organisation in ORGANISATIONS
    assert filters.span in SPANS
    assert set(filters.services) <= set(SERVICES)
    assert filters.month is None or filters.month <= TODAY


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"org": "ZZZ"}, "organisation 'ZZZ'"),
        ({"to": "soon"}, "'soon' is not a month"),
        ({"to": "0000-01"}, "'0000-01' is not a month"),
        ({"to": "2026-12"}, "in the future"),
        ({"to": "1999-01"}, "January 1999, is before the first data held, of September 2009"),
        ({"to": "2009-08"}, "August 2009, is before the first data held"),
        ({"span": "9y"}, "'9y' is not one of"),
        ({"service": "100,999"}, "service 999"),
    ],
)
def test_an_unusable_part_is_named_and_the_default_taken(query, said):
    filters, messages = opened(query)
    assert len(messages) == 1
    assert said in messages[0]
    kept = ("100",) if "service" in query else ()
    assert filters == Filters(services=kept)


def test_one_broken_part_leaves_the_others():
    filters, messages = opened({"org": "r0a", "to": "2026-13", "span": "5y"})
    assert (filters.organisation, filters.month, filters.span) == ("R0A", None, "5y")
    assert len(messages) == 1


def test_the_period_ends_on_the_months_last_day_and_starts_the_span_before():
    filters = Filters(month=date(2024, 2, 1))
    assert filters.period_to == date(2024, 2, 29)
    assert filters.span == DEFAULT_SPAN
    assert filters.period_from(date(2026, 5, 31)) == date(2023, 5, 31)
    assert Filters(span="all").period_from(date(2026, 5, 31)) is None


def test_a_link_with_a_code_of_old_opens_the_organisation_that_answers_today_and_says_so():
    filters, messages = opened({"org": "rw3", "span": "5y"})
    assert (filters.organisation, filters.span) == ("R0A", "5y")
    assert messages == ("Central Manchester (RW3) is now part of Manchester University (R0A), which is shown.",)
