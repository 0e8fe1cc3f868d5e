"""Every rule finds what breaks it, names the line and the remedy, and is silent once it is mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from metrics.catalogue import CatalogueError, Finding, check, load
from metrics.catalogue.rules import RULES, page
from metrics.catalogue.rules.reading import PROBED, READING
from tests.catalogue.rule_cases import of_charts, of_metrics, of_models
from tests.catalogue.rule_cases.case import BASE, Case, written

CASES = (*of_models.CASES, *of_metrics.CASES, *of_charts.CASES)


def found(folder: Path, text: str) -> list[Finding]:
    (folder / "base.yml").write_text(written(BASE), encoding="utf-8")
    (folder / "case.yml").write_text(text, encoding="utf-8")
    return list(check(folder)[1])


def test_the_definitions_that_cases_stand_beside_are_sound(tmp_path: Path) -> None:
    (tmp_path / "base.yml").write_text(written(BASE), encoding="utf-8")
    assert check(tmp_path)[1] == ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code} {case.says[:40]}")
def test_a_rule_finds_what_breaks_it_and_says_where_and_what_to_do(case: Case, tmp_path: Path) -> None:
    findings = found(tmp_path, case.text)
    first = next((each for each in findings if each.code == case.code), None)
    assert first is not None, findings
    others = list(findings)
    others.remove(first)
    assert {each.code for each in others} <= set(case.also), [str(each) for each in others]
    assert first.file == "case.yml"
    assert first.line == case.line, str(first)
    assert case.says in first.message
    assert case.fix in first.fix
    assert first.path == tmp_path / "case.yml"
    assert first.severity == ("warning" if case.code.startswith("W") else "error")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code} {case.says[:40]}")
def test_nothing_is_left_to_find_once_it_is_mended(case: Case, tmp_path: Path) -> None:
    assert [str(each) for each in found(tmp_path, case.mended)] == []


def test_every_rule_has_a_case_and_a_code_of_its_own() -> None:
    codes = [each.code for each in (*READING, *RULES, *PROBED)]
    assert len(codes) == len(set(codes))
    assert {case.code for case in CASES} == set(codes) - {"E000", "E099", *(each.code for each in PROBED)}


def test_every_rule_says_what_to_do() -> None:
    for each in RULES:
        assert each.says.endswith(".")
        assert each.remedy.endswith(".")


@pytest.mark.parametrize("missing", [True, False], ids=["no such folder", "an empty folder"])
def test_a_folder_without_definitions_is_an_error(tmp_path: Path, missing: bool) -> None:
    folder = tmp_path / "definitions" if missing else tmp_path
    (finding,) = check(folder)[1]
    assert (finding.code, finding.severity, finding.file, finding.line) == ("E000", "error", str(folder), 1)


def test_the_list_of_rules_in_the_docs_is_current() -> None:
    assert page.PATH.read_text(encoding="utf-8") == page.text(), "run: python -m metrics.catalogue.rules.page"
    for each in (*READING, *RULES, *PROBED):
        assert f"| {each.code} | {each.says} | {each.remedy} |" in page.text()


def test_warnings_do_not_keep_a_catalogue_out_of_use(tmp_path: Path) -> None:
    warned = next(case for case in CASES if case.code == "W112")
    assert [each.code for each in found(tmp_path, warned.text)] == ["W112"]
    assert "counted" in load(tmp_path).metrics
    wrong = next(case for case in CASES if case.code == "E072")
    found(tmp_path, wrong.text)
    with pytest.raises(CatalogueError, match=r"case.yml:\d+: error E072"):
        load(tmp_path)
