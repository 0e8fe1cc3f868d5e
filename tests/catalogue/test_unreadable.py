"""What cannot be read in a definition file is told with its line, in plain words, and brings no second finding."""

from __future__ import annotations

from pathlib import Path

import pytest

from metrics.catalogue import Definitions, check
from metrics.interchange.metricflow import read_project
from metrics.interchange.metricflow_project import MetricFlowError
from tests.catalogue.rule_cases.case import BASE, written

GOLDEN = "    tests:\n      - {period: DAY, expect: 1, source: By hand}\n"


def told(folder: Path, text: str) -> list[str]:
    (folder / "base.yml").write_text(written(BASE), encoding="utf-8")
    (folder / "own.yml").write_text(text, encoding="utf-8")
    return [str(each) for each in check(folder)[1]]


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-31", "2026-03-31 25:00:00"])
def test_a_day_that_no_calendar_has_is_a_finding(tmp_path: Path, day: str) -> None:
    text = written(BASE) + GOLDEN.replace("DAY", day)
    (tmp_path / "base.yml").write_text(text, encoding="utf-8")
    (finding,) = check(tmp_path)[1]
    assert str(finding) == (
        f"base.yml:{len(text.splitlines())}: error E005: '{day}' is no date. "
        "Write a day of the calendar, such as 2026-03-31."
    )


def test_definitions_in_use_stay_when_a_day_is_none(tmp_path: Path) -> None:
    file = tmp_path / "base.yml"
    file.write_text(written(BASE), encoding="utf-8")
    definitions = Definitions(tmp_path, wait=lambda _: None)
    file.write_text(written(BASE) + GOLDEN.replace("DAY", "2026-02-30"), encoding="utf-8")
    assert definitions.look()
    (problem,) = definitions.state.problems
    assert (problem.code, problem.file, problem.line) == ("E005", "base.yml", len(file.read_text().splitlines()))
    assert str(tmp_path) not in str(problem)


def test_metricflow_with_a_day_that_is_none_says_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "project.yml"
    file.write_text("metrics:\n  - name: a\n    label: 2026-02-30\n", encoding="utf-8")
    with pytest.raises(MetricFlowError, match=r"project\.yml:3.*'2026-02-30' is no date"):
        read_project([file])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("metrics:\n\t- id: a\n", "own.yml:2: error E001: not YAML: a tab stands where blanks belong. Indent with blanks"),
        ("metrics:\n  - title: 'A\n    id: b\n", "own.yml:2: error E001: not YAML: the quote that begins on line 2 is not"),
        ("metrics:\n  - id: a\n    title: \0\n", "own.yml:3: error E001: not YAML: the character U+0000 does not belong"),
        ("metrics:\n  - id: !!int x\n", "own.yml:2: error E005: 'x' is no whole number."),
    ],
)  # fmt: skip
def test_yaml_that_cannot_be_read_is_told_in_plain_words(tmp_path: Path, text: str, says: str) -> None:
    (line,) = told(tmp_path, text)
    assert line.startswith(says), line


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("metrics:\n", "own.yml:1: error E005: 'metrics' is a list of entries that begin with '-'."),
        ("metrics:\n  id: a\n", "own.yml:1: error E005: 'metrics' is a list of entries that begin with '-'."),
        ("- id: a\n", "own.yml:1: error E005: a definition file is a mapping of tables, models and metrics."),
        ("only words\n", "own.yml:1: error E005: a definition file is a mapping of tables, models and metrics."),
        ("metrics:\n  - words\n", "own.yml:2: error E005: 'metrics': the text 'words' stands where keys with values"),
    ],
)
def test_a_file_of_another_shape_is_told_what_it_should_be(tmp_path: Path, text: str, says: str) -> None:
    (line,) = told(tmp_path, text)
    assert line.startswith(says), line


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("title: A metric", "title: yes", "'metrics.title': yes is yes or no to YAML, and a text belongs here. Write 'yes' in"),
        ("title: A metric", "title: 2026-03-31  # day", "'metrics.title': 2026-03-31 is a date, and a text belongs here."),
        ("owner: Somebody", "owner: [a]", "'metrics.owner': a list stands where a text belongs."),
        ("owner: Somebody", "owner: Somebody\n    tags: one", "'tags' is a list of entries that begin with '-'. Write [one]."),
        ("owner: Somebody", "owner: Somebody\n    tests: [{period: 2026-01-01, expect: 1, source: x, where: {region: 99}}]",
         "'metrics.tests.where.region': 99 is a number, and a text belongs here. Write '99' in quotes."),
        ("owner: Somebody", "owner: Somebody\n    tests: [{period: 2026-01-01, expect: 1, source: x, where: {region: [99]}}]",
         "'metrics.tests.where.region': 99 is a number, and a text belongs here. Write '99' in quotes."),
        ("owner: Somebody", "owner: Somebody\n    tests: [{period: '2026-02-30', expect: 1, source: x}]",
         "'metrics.tests.period': '2026-02-30' is no date."),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_one_finding_in_plain_words(tmp_path: Path, old: str, new: str, says: str) -> None:
    (tmp_path / "base.yml").write_text(written(BASE).replace(old, new, 1), encoding="utf-8")
    (finding,) = check(tmp_path)[1]
    assert f"{finding.message} {finding.fix}".startswith(says), str(finding)


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("visit_count +", "'visit_count +' is no expression: it ends in '+', and something must follow."),
        ("(visit_count + 1", "'(visit_count + 1' is no expression: a bracket is not closed, at '1'."),
        ("visit_count + / 2", "something is missing beside '2'."),
        ("visit_count )", "')' does not belong where it stands."),
        ("visit_count + 'x", "a quote that opens in it is not closed"),
    ],
)
def test_a_formula_that_does_not_read_is_told_without_the_parsers_words(
    tmp_path: Path, formula: str, says: str
) -> None:
    text = written(BASE).replace("formula: visit_count / referral_count", f'formula: "{formula}"', 1)
    (tmp_path / "base.yml").write_text(text, encoding="utf-8")
    found = [each for each in check(tmp_path)[1] if each.code == "E013"]
    assert len(found) == 1
    assert says in found[0].message
    assert "Line" not in str(found[0])
    assert "class" not in str(found[0])
