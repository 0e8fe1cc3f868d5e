"""Golden numbers: those that ship are met, and one that is not met says how far off it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from metrics import MetricsLayer
from metrics.catalogue import Catalogue, load
from metrics.query import golden
from metrics.query.golden import Outcome
from tests.query.small import ae, build

CATALOGUE = load().without_own_records  # what a simulation holds is known from no publication
SHIPPED = [(metric.id, index) for metric in CATALOGUE for index in range(len(metric.tests))]

# RA1 reports 100 attendances of which 20 are late, RB1 300 of which 60 are; in February RA1 alone, 90.
FACTS = {"fact_ae_month": ae([("2024-01", "RA1", 100, 20), ("2024-01", "RB1", 300, 60), ("2024-02", "RA1", 90, None)])}
DEFINITIONS = """
models:
  - name: ae
    title: Emergency departments
    table: fact_ae_month
    publication: by_hand
    provenance: published
    grain: month
metrics:
  - id: seen
    title: Attendances
    type: simple
    description: People who attended.
    capability: access
    model: ae
    measure: {words: Attendances, expr: attendances}
    unit: count
    direction: neutral
    headline: false
    owner: Somebody
    source: Counted by hand
    tests:
"""


@pytest.fixture(scope="module")
def outcomes(shipped: MetricsLayer) -> dict[tuple[str, int], Outcome]:
    found: dict[tuple[str, int], Outcome] = {}
    for each in golden.run(shipped):
        found[each.metric, sum(metric == each.metric for metric, _ in found)] = each
    return found


@pytest.mark.parametrize(("metric", "index"), SHIPPED, ids=str)
def test_a_golden_number_that_ships_is_met(metric: str, index: int, outcomes: dict[tuple[str, int], Outcome]) -> None:
    outcome = outcomes[metric, index]
    assert outcome.passed, f"{outcome.asked}: {outcome.reason}"
    assert outcome.got == pytest.approx(outcome.test.expect, rel=1e-9, abs=outcome.test.tolerance)


def test_golden_numbers_ship_with_many_metrics_of_every_file() -> None:
    held = {metric.id for metric in CATALOGUE if metric.tests}
    assert len(held) >= 50
    files = {place.name for key, place in CATALOGUE.places.items() if key.removeprefix("metric:") in CATALOGUE.metrics}
    assert {CATALOGUE.places[f"metric:{name}"].name for name in held} == files


def asked(folder: Path, tests: str) -> Iterator[Outcome]:
    definitions = DEFINITIONS + "".join(f"      - {line}\n" for line in tests.strip().splitlines())
    layer = build(f"duckdb:///{folder / 'warehouse'}", FACTS, definitions, folder / "definitions")
    return golden.run(layer)


@pytest.mark.parametrize(
    ("written", "got", "reason"),
    [
        ("{period: 2024-01-31, expect: 400, source: By hand}", 400, ""),
        ("{period: 2024-01-01, grain: quarter, expect: 490, source: By hand}", 490, ""),
        ("{period: 2024-01-01, where: {organisation: RB1}, expect: 300, source: By hand}", 300, ""),
        ("{period: 2024-01-01, where: {organisation: [RA1, RB1]}, expect: 401, tolerance: 1, source: By hand}", 400, ""),
        ("{period: 2024-01-01, expect: 401, source: By hand}", 400, "it is off by -1, and may be by 0."),
        ("{period: 2024-01-01, expect: 401, tolerance: 0.5, source: By hand}", 400, "it is off by -1, and may be by 0.5."),
        ("{period: 2024-01-01, expect: null, source: By hand}", 400, "a value was given where none was expected."),
        ("{period: 2024-01-01, where: {organisation: Nobody}, expect: 1, source: By hand}", None, "Nobody"),
        ("{period: 2024-06-01, expect: null, source: By hand}", None, ""),
        ("{period: 2024-06-01, expect: 1, source: By hand}", None,
         "there is no value (no data). 'seen' holds nothing from 1 June 2024 on: its data end on 29 February 2024."),
    ],
)  # fmt: skip
def test_an_outcome_says_what_was_got_and_why_it_fails(
    written: str, got: float | None, reason: str, tmp_path: Path
) -> None:
    (outcome,) = asked(tmp_path, written)
    assert outcome.got == got
    assert outcome.passed is (reason == "")
    assert reason in outcome.reason
    assert (outcome.file, outcome.line) == ("definitions.yml", 23)


def test_organisations_count_as_they_stood_on_a_day(tmp_path: Path) -> None:
    # RA2 became RA3 on 1 July 2024.
    facts = {"fact_ae_month": ae([("2024-01", "RA2", 7, 0), ("2024-01", "RA3", 5, 0)])}
    lines = [
        "      - {period: 2024-01-01, where: {organisation: RA3}, expect: 12, source: By hand}",
        "      - {period: 2024-01-01, where: {organisation: RA3}, as_at: 2024-06-30, expect: 5, source: By hand}",
    ]
    definitions = DEFINITIONS + "\n".join(lines)
    layer = build(f"duckdb:///{tmp_path / 'warehouse'}", facts, definitions, tmp_path / "definitions")
    assert [each.got for each in golden.run(layer)] == [12, 5]
    assert all(each.passed for each in golden.run(layer))


def test_a_golden_number_changes_no_version(tmp_path: Path) -> None:
    def version(tests: str) -> str:
        (tmp_path / "definitions.yml").write_text(DEFINITIONS.replace("    tests:\n", "") + tests, encoding="utf-8")
        catalogue: Catalogue = load(tmp_path)
        return catalogue.version_of(catalogue.metric("seen"))

    assert version("") == version("    tests: [{period: 2024-01-01, expect: 1, source: By hand}]\n")


def test_rounding_of_sums_is_no_difference(tmp_path: Path) -> None:
    tiny = pl.DataFrame({"x": [0.1] * 3})["x"].sum()
    assert tiny != 0.3
    (outcome,) = asked(tmp_path, f"{{period: 2024-01-01, expect: {400 * (1 + 5e-10)!r}, source: By hand}}")
    assert outcome.passed
    (outcome,) = asked(tmp_path / "again", f"{{period: 2024-01-01, expect: {400 * (1 + 5e-9)!r}, source: By hand}}")
    assert not outcome.passed
    assert outcome.test.period == date(2024, 1, 1)
