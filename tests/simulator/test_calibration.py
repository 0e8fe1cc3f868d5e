"""The simulated trust lies where the real ones do."""

from __future__ import annotations

import pytest

from sample_data.simulator.calibration import TARGETS, Comparison, compare


@pytest.fixture(scope="module")
def found(world) -> dict[str, Comparison]:
    return {each.target.title: each for each in compare(world.final)}


@pytest.mark.parametrize("title", [target.title for target in TARGETS])
def test_the_figure_lies_in_its_band(found, title):
    each = found[title]
    assert each.holds, f"{each.simulated:.4f} is not in {each.low:.4f} to {each.high:.4f}"


def test_the_bands_are_of_many_real_trusts(found):
    assert all(each.trusts > 90 for each in found.values() if "England" not in each.target.source)
