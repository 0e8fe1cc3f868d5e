"""The matrix: every measure is counted exactly once, every cell can be chosen, and the address says which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.viewmodels import board, matrix
from dashboard.viewmodels.board import Reading
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.matrix import ASSURANCES, UNJUDGED, VARIATIONS, Verdict, chooses, matrix_of, verdict_of
from dashboard.viewmodels.spc_terms import ASSURANCE, STATES, VARIATION

CELLS = [f"{row}-{column}" for row in VARIATIONS for column in ASSURANCES]
judged = st.builds(Verdict, st.sampled_from(list(VARIATIONS)), st.sampled_from(list(ASSURANCES)), due=st.booleans())
unjudged = st.builds(
    Verdict, st.none(), st.sampled_from(list(ASSURANCES)), st.sampled_from(list(UNJUDGED)), st.booleans()
)
verdicts = st.lists(judged | unjudged, max_size=80)


@given(verdicts)
def test_every_measure_is_counted_exactly_once(found):
    counted = matrix_of(found)
    assert counted.judged + sum(cell.count for cell in counted.unjudged) == counted.total == len(found)
    assert all(cell.count for cell in counted.unjudged)


@given(verdicts)
def test_a_cell_chooses_as_many_measures_as_it_counts(found):
    counted = matrix_of(found)
    for row in counted.cells.values():
        for cell in row.values():
            assert cell.count == sum(chooses(cell.key, each) for each in found)
    for cell in counted.unjudged:
        assert cell.count == sum(chooses(cell.key, each) for each in found)
    for name in VARIATIONS:
        whole = counted.of_variation(name)
        assert whole.count == sum(chooses(whole.key, each) for each in found)
    for name in ASSURANCES:
        whole = counted.of_assurance(name)
        assert whole.count == sum(chooses(whole.key, each) for each in found)
    assert counted.due.count == sum(chooses(counted.due.key, each) for each in found)
    assert counted.judged_due == sum(each.due for each in found if each.variation)
    assert sum(counted.of_variation(name).count for name in VARIATIONS) == counted.judged
    assert sum(counted.of_assurance(name).count for name in ASSURANCES) == counted.judged


@given(judged | unjudged)
def test_a_measure_is_chosen_by_one_cell_or_reason_only(verdict):
    assert [key for key in (*CELLS, *UNJUDGED) if chooses(key, verdict)] == [verdict.key]


@pytest.mark.parametrize("state", ["ok", "no_variation", "not_charted", *STATES])
@pytest.mark.parametrize("variation", [*VARIATION, None])
@pytest.mark.parametrize("assurance", [*ASSURANCE, None])
@pytest.mark.parametrize("yearly", [False, True])
def test_whatever_a_chart_says_has_its_place(state, variation, assurance, yearly):
    verdict = verdict_of(state, variation, assurance, yearly=yearly)
    assert verdict.key in (*CELLS, *UNJUDGED)
    if state != "ok":
        assert verdict.variation is None


def test_by_hand():
    assert verdict_of("ok", "concern_high", "fail").key == "concern-fail"
    assert verdict_of("ok", "improvement_low", "inconsistent").key == "improvement-inconsistent"
    assert verdict_of("ok", "common_cause", None).key == "common-none"
    assert verdict_of("ok", "neutral_low", None).key == "neutral-none"
    assert verdict_of("stale", "concern_high", "fail").key == "stale"
    assert verdict_of("no_variation", "no_variation", "pass").key == "no-variation"
    assert verdict_of("too_few_points", None, None).key == "too-few-points"
    assert verdict_of("too_few_points", None, None, yearly=True).key == "yearly"
    assert verdict_of("missing_latest", None, "pass", yearly=True).key == "missing-latest"


def test_exceptions_come_in_the_order_of_a_board():
    keys = [("concern", "fail"), ("concern", "none"), ("improvement", "fail"), ("improvement", "pass"),
            ("neutral", "none"), ("common", "inconsistent")]  # fmt: skip
    ranks = [Verdict(*key).rank for key in keys] + [Verdict(None, "fail", "stale").rank]
    assert ranks == sorted(set(ranks)) == [0, 1, 2, 3, 4, 5, 6]
    assert Verdict("common", "fail").rank == 2


def test_a_cell_says_what_it_counts():
    assert matrix.CELLS["concern-fail"] == "concern and failing"
    assert matrix.CELLS["common-inconsistent"] == "common cause and hit and miss"
    assert matrix.CELLS["any-fail"] == "failing"
    assert matrix.CELLS["concern"] == "concern"
    assert matrix.CELLS["stale"] == "not judged, too old to judge"


def test_nothing_else_is_a_cell():
    assert len(matrix.CELLS) == 4 * 4 + 4 + 4 + len(UNJUDGED) + 1


def test_the_address_says_which_measures_in_what_order():
    chosen, messages = board.read({"cell": "concern-fail", "order": "capability", "fdr": "1", "org": "R0A"})
    assert (chosen, messages) == (Reading("concern-fail", "capability", controlled=True), ())
    address = chosen.address(Filters(organisation="R0A"))
    assert address == "scorecard?cell=concern-fail&order=capability&fdr=1&org=R0A"
    assert Reading().address(Filters()) == "scorecard?org=ENG"
    assert chosen.address(Filters(), cell="") == "scorecard?order=capability&fdr=1&org=ENG"


def test_what_the_address_gets_wrong_is_said_and_all_is_shown():
    chosen, messages = board.read({"cell": "red-fail", "order": "alphabet", "fdr": "yes"})
    assert chosen == Reading()
    assert "cell 'red-fail'" in messages[0]
    assert "concern" in messages[0]
    assert "order 'alphabet' is not one of exceptions, capability" in messages[1]


def test_what_is_listed_is_told():
    assert Reading("concern-fail").told(3, 48) == "3 of 48 measures: concern and failing."
    assert Reading().told(48, 48) == "All 48 measures."
    assert Reading("stale").told(0, 1) == "0 of 1 measure: not judged, too old to judge."
