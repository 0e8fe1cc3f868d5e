"""docs/simulator.md says of the published figures what ships today, and of the initiatives what they do."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

from sample_data.simulator.calibration import TARGETS, compare
from sample_data.simulator.report import initiatives_as_markdown, put
from sample_data.simulator.scenario import usual_scenario
from sample_data.simulator.truth import truth_json

DOCUMENT = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")


def test_the_document_has_every_figure_and_it_was_in_its_band(world):
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in DOCUMENT.splitlines() if line.startswith("| ")}
    for each in compare(world.final):
        line = rows[each.target.title]
        middle = f"{each.middle:.1%}".replace("%", " %") if each.target.is_share else f"{each.middle:.2f}"
        assert middle in line, each.target.title
        shown, low, high = (
            float(re.findall(r"[\d.]+", cell)[at])
            for cell, at in ((line.split(" | ")[1], 0), (line.split(" | ")[4], 0), (line.split(" | ")[4], -1))
        )
        assert low <= shown <= high
    assert len(TARGETS) == 25


def test_the_document_s_initiatives_are_the_usual_ones():
    truth = json.loads(truth_json(usual_scenario(date(2023, 11, 1), date(2026, 10, 31))))
    assert initiatives_as_markdown(truth) in DOCUMENT


def test_a_document_without_marks_is_refused():
    with pytest.raises(ValueError, match="no marks"):
        put("nothing", "figures", "")
