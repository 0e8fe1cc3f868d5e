"""The scorecard of a board on the warehouse that ships: matrix, order, icons, and the file."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date, datetime

import polars as pl
import pytest

from dashboard import format as words
from dashboard.components.scorecard import group_table, limits_cell, summary_tiles
from dashboard.viewmodels import scorecard
from dashboard.viewmodels.board import Reading
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.matrix import CELLS, chooses
from dashboard.viewmodels.places import Places
from dashboard.viewmodels.scorecard_file import COLUMNS, scorecard_file
from dashboard.viewmodels.spc_terms import ASSURANCE, TERMS, VARIATION
from metrics import MetricsLayer
from metrics.journal.reading import no_entries

TODAY = date(2026, 11, 22)
MANCHESTER = "R0A"


@pytest.fixture(scope="module")
def layer(shipped_warehouse):
    return MetricsLayer.open(shipped_warehouse, today=lambda: TODAY)


@pytest.fixture(scope="module")
def places(layer):
    return Places.of(layer.organisations())


@pytest.fixture(scope="module", params=["ENG", MANCHESTER])
def card(request, layer, places):
    return scorecard.build(layer, places, Filters(organisation=request.param), TODAY)


@pytest.fixture(scope="module")
def england(layer, places):
    return scorecard.build(layer, places, Filters(), TODAY)


def rows_of(groups):
    return [row.metric.id for group in groups for row in group.rows]


def test_the_matrix_adds_up_to_the_measures_shown(card):
    matrix = card.matrix
    counted = sum(cell.count for row in matrix.cells.values() for cell in row.values())
    assert counted + sum(cell.count for cell in matrix.unjudged) == len(card.rows) == matrix.total
    assert counted > 10


@pytest.mark.parametrize("order", ["exceptions", "capability"])
def test_every_measure_is_listed_once_in_either_order(card, order):
    listed = rows_of(card.listed(Reading(order=order)))
    assert sorted(listed) == sorted(row.metric.id for row in card.rows)
    unreported = [each.id for group in card.listed(Reading(order=order)) for each in group.unreported]
    assert sorted(unreported) == sorted(each.id for group in card.groups for each in group.unreported)


@pytest.mark.parametrize("order", ["exceptions", "capability"])
def test_a_chosen_cell_lists_its_measures_and_no_other(card, order):
    for key in CELLS:
        listed = rows_of(card.listed(Reading(cell=key, order=order)))
        assert sorted(listed) == sorted(row.metric.id for row in card.rows if chooses(key, row.verdict)), key


def test_exceptions_come_first_and_the_rest_in_the_order_of_the_board(card):
    shown = {row.metric.id: row for row in card.rows}
    listed = rows_of(card.listed(Reading()))
    ranks = [shown[name].verdict.rank for name in listed]
    assert ranks == sorted(ranks)
    board = [row.metric.id for row in card.rows]
    for rank in set(ranks):
        alike = [name for name in listed if shown[name].verdict.rank == rank]
        assert alike == [name for name in board if name in alike]
    assert card.listed(Reading())[0].title == "Special cause: concern"


def test_icons_are_those_of_the_charts_and_limits_are_shown_only_where_there_are_any(card):
    for row in card.rows:
        chart = row.variation
        assert chart is not None
        if row.verdict.variation:
            assert chart.variation_icon.startswith(row.verdict.variation)
            assert (chart.assurance_icon or "none") == row.verdict.assurance
        if chart.state == "too_few_points":
            assert not row.has_limits
            assert "to" not in limits_cell(replace(row, change=None))


def test_the_table_says_every_icon_in_words_and_leads_to_its_chart(england):
    row = next(row for row in england.rows if row.metric.id == "rtt_within_18_weeks")
    group = scorecard.Group("one", "One", (row,), ())
    shown = group_table(group, Filters())
    assert f'aria-label="{TERMS[row.variation.variation_icon].words}"' in shown
    assert f'aria-label="{TERMS["fail"].words}"' in shown
    assert shown.count('href="metric?metric=rtt_within_18_weeks&amp;org=ENG#chart"') == 2
    assert words.value_text(row.variation.mean, row.metric) in shown
    assert "At least 92%" in shown
    assert "Weak signal" not in shown
    assert "Weak signal" in group_table(group, Filters(), frozenset({row.metric.id}))


def test_no_two_point_comparison_judges_a_measure(card):
    """Better and worse than a year before are what Making Data Count tells boards to leave."""
    for group in card.listed(Reading()):
        shown = group_table(group, Filters())
        assert ">better<" not in shown
        assert ">worse<" not in shown


def test_a_measure_without_target_has_a_dash_with_words_and_one_that_is_not_judged_says_so(england):
    shown = {row.metric.id: group_table(scorecard.Group("a", "A", (row,), ()), Filters()) for row in england.rows}
    assert "No target" in shown["ae_attendances"]
    assert "Not judged" in shown["diagnostics_over_6_weeks"]
    assert "Not met" in shown["diagnostics_over_6_weeks"], "without an icon the newest value is told against the target"


def test_a_count_of_the_summary_leads_to_its_measures(england):
    tiles = {tile.title: tile for tile in england.summary}
    for tile in england.summary:
        assert int(tile.text) == sum(chooses(tile.cell, row.verdict) for row in england.rows)
    shown = summary_tiles(england.summary, Reading(order="capability"), Filters())
    assert 'href="scorecard?cell=improvement&amp;order=capability&amp;org=ENG"' in shown
    assert tiles["Improvement"].text != "0"


def test_a_phase_of_the_journal_sets_the_limits_anew(layer, places, england):
    row = next(row for row in england.rows if row.metric.id == "ae_attendances")
    assert row.variation.phase_from is None
    phase = {
        "id": 1, "kind": "phase", "metric": "ae_attendances", "on_day": date(2025, 1, 1), "reason": "New counting",
        "author": "Analyst", "written_at": datetime(2026, 11, 22, 9), "is_retracted": False,  # noqa: DTZ001 - UTC
    }  # fmt: skip
    entries = pl.DataFrame([phase], schema=no_entries().schema)
    later = scorecard.build(layer, places, Filters(), TODAY, entries=entries)
    after = next(each for each in later.rows if each.metric.id == "ae_attendances").variation
    assert after.phase_from == date(2025, 1, 1)
    assert (after.points_used, after.mean) != (row.variation.points_used, row.variation.mean)


def test_the_file_holds_every_measure_and_the_icons_in_words(card, layer):
    filters = Filters(organisation=card.place.code)
    text = scorecard_file(card, layer.catalogue, filters).text(data_version="7")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert list(lines[0]) == [*COLUMNS, "data_version"]
    unreported = [each.id for group in card.groups for each in group.unreported]
    assert [line["metric"] for line in lines] == [row.metric.id for row in card.rows] + unreported
    shown = {line["metric"]: line for line in lines}
    for row in card.rows:
        line, chart = shown[row.metric.id], row.variation
        assert line["definition_version"] == layer.catalogue.version_of(row.metric)
        assert line["filters"] == f"org={card.place.code}"
        if chart.variation_icon and not row.spread:
            assert line["variation"] == VARIATION[chart.variation_icon].short
            assert line["profile"].startswith("mdc: ")
        if chart.assurance_icon:
            assert line["assurance"] == ASSURANCE[chart.assurance_icon].short
        if row.has_limits:
            assert float(line["mean"]) == chart.mean
        if row.number is not None:
            assert float(line["value"]) == row.number
    assert all(shown[name]["status"] == "Not reported" and shown[name]["value"] == "" for name in unreported)
