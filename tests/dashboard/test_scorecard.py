"""The scorecard of a board on the warehouse that ships: matrix, order, icons, and the file."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date, datetime

import polars as pl
import pytest

from dashboard import format as words
from dashboard.components.matrix import chance
from dashboard.components.scorecard import group_table, limits_cell, summary_tiles
from dashboard.viewmodels import scorecard
from dashboard.viewmodels.board import Reading
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.matrix import CELLS, chooses
from dashboard.viewmodels.places import Places
from dashboard.viewmodels.scorecard import Group
from dashboard.viewmodels.scorecard_file import COLUMNS, scorecard_file
from dashboard.viewmodels.signals import signals_of
from dashboard.viewmodels.spc_terms import ASSURANCE, TERMS, VARIATION
from metrics import MetricsLayer
from metrics.journal.reading import no_entries
from metrics.spc.multiplicity import false_signal_rate

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
        if row.whose and not row.spread:
            assert (line["variation"], line["assurance"]) == ("Not judged", "Not judged")
        elif chart.variation_icon and not row.spread:
            assert line["variation"] == VARIATION[chart.variation_icon].short
            assert line["profile"].startswith("mdc: ")
        if chart.assurance_icon:
            assert line["assurance"] == ASSURANCE[chart.assurance_icon].short
        if row.has_limits:
            assert float(line["mean"]) == chart.mean
        if row.number is not None:
            assert float(line["value"]) == row.number
    assert all(shown[name]["status"] == "Not reported" and shown[name]["value"] == "" for name in unreported)


def test_signals_are_set_beside_those_that_chance_alone_would_give(card):
    found = signals_of(card.rows)
    judged = [row for row in card.rows if row.verdict.variation]
    signals = [row for row in judged if row.verdict.variation != "common"]
    assert (found.judged, found.shown) == (len(judged), len(signals))
    assert found.by_chance == pytest.approx(
        sum(false_signal_rate(row.variation.points_used, row.variation.profile) for row in judged)
    )
    assert 0 < found.by_chance < len(judged) * 0.03, "7 points and 7 points: 1.4% at 36 points, somewhat more at few"
    assert found.text.startswith(f"Of {len(judged)} judged measures fewer than 1 would show a signal by chance alone; ")


def test_a_signal_that_does_not_outlast_the_looking_at_many_is_weak(england):
    """By hand: of 10 judged measures, signals with p of 0.001 and 0.04; Benjamini and Hochberg keep the first alone."""
    chart = england.rows[0].variation
    common = replace(chart, variation_icon="common_cause", p_value=0.5)
    weak, strong = (replace(chart, variation_icon="concern_low", p_value=p) for p in (0.04, 0.001))
    own = [row for row in england.rows if not row.spread][:10]
    rows = [
        replace(row, whose="", variation=each) for row, each in zip(own, [weak, strong, *[common] * 8], strict=True)
    ]
    found = signals_of(rows)
    assert (found.judged, found.shown, found.weak) == (10, 2, {rows[0].metric.id})
    assert found.controlled_text.startswith("Weighed together, 1 of 2 signals stands; the rest are marked weak.")
    assert signals_of(rows[2:]).controlled_text == "There is no signal to weigh."
    assert signals_of(rows[1:2]).controlled_text == "Weighed together, the signal stands."
    assert signals_of([]).text == "No measure can be judged yet."
    address = Reading(cell="concern").address(Filters(), controlled=True)
    assert f'href="{address.replace("&", "&amp;")}"' in chance(found, Reading(cell="concern"), Filters())


def test_figures_of_others_are_no_signals_of_the_place(layer, places):
    card = scorecard.build(layer, places, Filters(organisation=MANCHESTER), TODAY)
    others = [row for row in card.rows if row.whose and row.variation.variation_icon not in (None, "common_cause")]
    assert others
    assert signals_of(others).judged == 0
    assert others[0].verdict.due is False, "the counts are of its own"
    drawn = group_table(Group("", "", tuple(others), ()), Filters())
    assert 'aria-label="Common cause' not in drawn
    assert drawn.count("Not judged, as it is another") == len(others)
    lines = csv.DictReader(
        io.StringIO(scorecard_file(card, layer.catalogue, Filters()).text(data_version="", read_at=""))
    )
    assert {line["variation"] for line in lines if line["figure_of"] and line["chart"]} == {"Not judged"}, (
        "as on the page"
    )
