"""What is stated for England or a region is never added to what its parts report; divided boards are not whole."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from metrics import Grain, MetricsLayer, Request
from metrics.query.errors import UnknownValueError
from tests.query import small
from tests.query.test_engine import DEFINITIONS

AE = small.ae(
    [
        ("2024-04", "ENG", 5000, 500),
        ("2024-05", "ENG", 5000, 500), ("2024-05", "Y56", 3000, 300), ("2024-05", "Y62", 2000, 200),
        ("2024-06", "ENG", 5000, 500), ("2024-06", "Y56", 3000, 300), ("2024-06", "RA1", 10, 1), ("2024-06", "RB1", 20, 2),
        ("2024-07", "RA1", 30, 3), ("2024-07", "RB1", 40, 4),
    ]
)  # fmt: skip


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder = tmp_path_factory.mktemp("levels")
    return small.build(f"duckdb:///{folder / 'warehouse'}", {"fact_ae_month": AE}, DEFINITIONS, folder / "definitions")


def test_the_finest_rows_of_a_period_are_the_only_ones_that_count(layer: MetricsLayer) -> None:
    assert layer.ask(Request.of("attendances")).frame["value"].to_list() == [5000, 5000, 30, 70]


def test_regions_hold_their_own_rows_or_those_of_their_parts(layer: MetricsLayer) -> None:
    frame = layer.ask(Request.of("attendances", by=("region",))).frame.filter(pl.col("value").is_not_null())
    assert frame.select("period", "region", "value").rows() == [
        (date(2024, 5, 1), "Y56", 3000), (date(2024, 6, 1), "Y56", 10), (date(2024, 7, 1), "Y56", 30),
        (date(2024, 5, 1), "Y62", 2000), (date(2024, 6, 1), "Y62", 20), (date(2024, 7, 1), "Y62", 40),
    ]  # fmt: skip


def test_organisations_are_not_called_absent_where_a_region_speaks_for_them(layer: MetricsLayer) -> None:
    frame = layer.ask(Request.of("attendances")).frame
    assert frame.select("reporting", "expected").rows() == [(1, 1), (2, 2), (2, 2), (2, 2)]


@pytest.fixture(scope="module")
def boards(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    """QA1 reports for itself; the divided board QD1 reported until July, when QA1 and QB1 took its parts."""
    folder = tmp_path_factory.mktemp("boards")
    facts = small.ae(
        [(f"2024-{month:02}", org, 100, 10) for month in (4, 5, 6) for org in ("QA1", "QD1")]
        + [("2024-07", "QA1", 150, 15), ("2024-07", "QB1", 50, 5)]
    )
    definitions = DEFINITIONS.replace(
        "provenance: published, grain: month,\n", "provenance: published, grain: month, levels: [region, icb],\n", 1
    )
    return small.build(
        f"duckdb:///{folder / 'warehouse'}", {"fact_ae_month": facts}, definitions, folder / "definitions"
    )


def test_a_board_is_short_of_the_divided_one_until_it_took_over(boards: MetricsLayer) -> None:
    result = boards.ask(Request.of("attendances", where={"icb": "QA1"}))
    assert result.frame["status"].to_list() == ["missing", "missing", "missing", "final"]
    assert [note.code for note in result.notes] == ["divided-boards"]
    assert "NHS Divided" in result.notes[0].text


def test_the_whole_is_not_short_of_a_divided_board_that_reported(boards: MetricsLayer) -> None:
    frame = boards.ask(Request.of("attendances")).frame
    assert frame["value"].to_list() == [200, 200, 200, 200]
    assert frame["status"].to_list() == ["final"] * 4


def test_a_merged_organisation_has_reported_when_all_its_parts_have(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("merged")
    facts = small.ae(
        [("2024-04", "RA2", 100, 0), ("2024-04", "RA3", 10, 0), ("2024-05", "RA3", 10, 0), ("2024-06", "RA2", 100, 0),
         ("2024-06", "RA3", 10, 0), ("2024-07", "RA3", 110, 0)]
    )  # fmt: skip
    layer = small.build(f"duckdb:///{folder / 'w'}", {"fact_ae_month": facts}, DEFINITIONS, folder / "definitions")
    frame = layer.ask(Request.of("attendances", where={"organisation": "RA3"})).frame
    assert frame.select("value", "status").rows() == [
        (110, "final"), (10, "missing"), (110, "final"), (110, "final"),
    ]  # fmt: skip
    assert dict(layer.explain("attendances", period=date(2024, 5, 1)).absent) == {"RA2": "Alpha Two NHS Trust"}


def test_the_part_year_of_a_new_reporter_is_incomplete(layer: MetricsLayer) -> None:
    asked = Request.of(
        "attendances",
        by=("organisation",),
        grain=Grain.QUARTER,
        period_from=date(2024, 4, 1),
        period_to=date(2024, 6, 30),
    )
    frame = layer.ask(asked).frame
    assert set(frame["status"]) == {"incomplete"}  # June alone, of April to June


def test_a_name_that_several_share_is_refused_with_their_codes(layer: MetricsLayer) -> None:
    with pytest.raises(
        UnknownValueError, match=r"Several organisations are called 'twin clinic'\. Give a code: NX2, NX3"
    ):
        layer.ask(Request.of("attendances", where={"organisation": "twin clinic"}))


def test_a_unit_that_never_has_any_is_not_missed_when_silent(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("silent")
    facts = small.ae(
        [("2024-04", "RA1", 5, 0), ("2024-04", "NX1", 0, 0), ("2024-04", "RB1", 7, 0), ("2024-05", "RA1", 5, 0)]
    )
    layer = small.build(f"duckdb:///{folder / 'w'}", {"fact_ae_month": facts}, DEFINITIONS, folder / "definitions")
    frame = layer.ask(Request.of("attendances")).frame
    assert frame.select("reporting", "expected").rows() == [(3, 3), (1, 2)]
    assert dict(layer.explain("attendances", period=date(2024, 5, 1)).absent) == {"RB1": "Beta One NHS Trust"}
