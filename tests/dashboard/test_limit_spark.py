"""The small control chart of a row: every value in its place, limits from the newest phase, marks by shape."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.components.limit_spark import HEIGHT, WIDTH, limit_spark

CONCERN, IMPROVEMENT, COMMON = "special_cause_concern", "special_cause_improvement", "common_cause"


def parts(svg):
    """The pieces by their class, for a drawing that is one image."""
    root = ET.fromstring(svg)  # noqa: S314 - our own
    return {each.get("class"): each for each in root}, root


def numbers(path):
    return [float(each) for each in re.findall(r"-?\d+(?:\.\d+)?", path)]


def test_a_value_stands_where_it_belongs():
    drawn, root = parts(limit_spark([0.0, 10.0, 5.0], [COMMON] * 3, "0 to 10", mean=5.0, lower=0.0, upper=10.0))
    assert (root.get("role"), root.get("aria-label")) == ("img", "0 to 10")
    assert numbers(drawn["bw-course"].get("d")) == [5, 35, 75, 5, 145, 20]
    assert numbers(drawn["bw-mean"].get("d")) == [5, 20, 145]
    assert numbers(drawn["bw-band"].get("d")) == [5, 5, 145, 35, 5]
    assert (drawn["bw-newest"].get("cx"), drawn["bw-newest"].get("cy")) == ("145.0", "20.0")


def test_a_gap_stays_a_gap_and_limits_start_with_the_newest_phase():
    drawn, _ = parts(
        limit_spark([1.0, None, 2.0, 3.0, 2.0], [COMMON] * 5, "x", mean=2.0, lower=1.0, upper=3.0, since=2)
    )
    assert drawn["bw-course"].get("d").count("M") == 2
    assert numbers(drawn["bw-mean"].get("d"))[0] == 75


def test_special_causes_are_marked_by_shape_and_common_cause_is_not():
    drawn, _ = parts(limit_spark([1, 2, 3, 4], [COMMON, CONCERN, IMPROVEMENT, "special_cause_neutral_low"], "x"))
    marks = {name: re.sub(r"^M[\d. ]+", "", each.get("d")) for name, each in drawn.items() if "mark" in name}
    assert set(marks) == {"bw-mark-poor", "bw-mark-good", "bw-mark-neutral"}
    assert len(set(marks.values())) == 3


def test_a_target_far_off_does_not_flatten_the_line():
    near, _ = parts(limit_spark([1.0, 2.0], [COMMON] * 2, "x", target=2.5))
    assert "bw-target" in near
    far, _ = parts(limit_spark([1.0, 2.0], [COMMON] * 2, "x", target=40.0))
    assert "bw-target" not in far
    assert numbers(far["bw-course"].get("d")) == [5, 35, 145, 5]


@pytest.mark.parametrize("values", [[], [1.0], [None, 1.0, None], [None, None]])
def test_fewer_than_two_values_are_no_line(values):
    assert limit_spark(values, [COMMON] * len(values), "x") == ""


def test_words_are_escaped_and_a_level_line_lies_in_the_middle():
    svg = limit_spark([3.0, 3.0], [COMMON, COMMON], 'less < "more"')
    drawn, root = parts(svg)
    assert root.get("aria-label") == 'less < "more"'
    assert numbers(drawn["bw-course"].get("d"))[1::2] == [HEIGHT / 2] * 2


@given(
    st.lists(st.none() | st.floats(-1e9, 1e9), min_size=2, max_size=60),
    st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.none() | st.floats(-1e9, 1e9),
)  # fmt: skip
def test_nothing_is_drawn_outside_the_picture(values, one, other, target):
    lower, upper = sorted((one, other))
    svg = limit_spark(
        values, [COMMON] * len(values), "x", mean=(one + other) / 2, lower=lower, upper=upper, target=target
    )
    if not svg:
        assert sum(each is not None for each in values) < 2
        return
    drawn, _ = parts(svg)
    course = numbers(drawn["bw-course"].get("d"))
    assert all(0 <= x <= WIDTH for x in course[::2])
    assert all(0 <= y <= HEIGHT for y in course[1::2])
