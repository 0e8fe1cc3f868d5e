"""One mistake in a definition is one finding: what uses an entry that is there is not told that there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from metrics.catalogue import check
from tests.catalogue.rule_cases.case import BASE, written


def codes(folder: Path, text: str, **more: str) -> list[str]:
    (folder / "base.yml").write_text(text, encoding="utf-8")
    for name, other in more.items():
        (folder / f"{name}.yml").write_text(written(other), encoding="utf-8")
    return [each.code for each in check(folder)[1]]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("  - id: visit_count\n    type: simple", "  - id: visit_count\n    typ: x\n    type: simple", "E003"),
        ("  - id: visit_count\n    type: simple", "  - id: visit_count\n    type: simpel", "E005"),
        ("  - name: visits\n    title: Visits\n", "  - name: visits\n", "E004"),
        ("    title: Visits to a clinic\n", "", "E004"),
        ("    title: Wards\n", "", "E004"),
        ("agg: count_distinct}", "agg: count_distinct, agg: sum}", "E002"),
    ],
)
def test_what_uses_an_entry_that_is_not_sound_is_not_faulted(tmp_path: Path, old: str, new: str, code: str) -> None:
    text = written(BASE)
    assert old in text
    assert codes(tmp_path, text.replace(old, new, 1)) == [code]


def test_what_uses_a_file_that_cannot_be_read_is_not_faulted(tmp_path: Path) -> None:
    before, metrics = written(BASE).split("metrics:\n")
    (tmp_path / "models.yml").write_text(before + "\tx: y\n", encoding="utf-8")
    assert codes(tmp_path, "metrics:\n" + metrics) == ["E001"]


def test_a_name_that_is_nowhere_is_told_beside_one_that_is_not_sound(tmp_path: Path) -> None:
    text = written(BASE).replace("    title: Visits\n", "", 1).replace("model: referrals", "model: referals", 1)
    assert codes(tmp_path, text) == ["E004", "E016"]


def test_a_metric_that_is_there_twice_is_only_that(tmp_path: Path) -> None:
    own = "metrics:\n  - id: visit_count\n    type: cumulative\n    metric: visit_count\n    window: 28 days\n    <about>\n"
    assert codes(tmp_path, written(BASE), own=own) == ["E010"]


def test_a_metric_that_accumulates_itself_is_only_a_circle(tmp_path: Path) -> None:
    own = "metrics:\n  - id: own\n    type: cumulative\n    metric: own\n    window: 28 days\n    <about>\n"
    assert codes(tmp_path, written(BASE), own=own) == ["E018"]
