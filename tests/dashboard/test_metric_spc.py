"""The control chart of a measure's page: the numbers are those of the method, worked out here again by hand."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from datetime import date, datetime
from itertools import pairwise

import polars as pl
import pytest

from dashboard.components.spc_chart import care, marks_legend, spc_figure, spread_out
from dashboard.viewmodels import metric, metric_spc, spc_choice
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.journal_view import baseline_words, origin_words, withdrawn
from dashboard.viewmodels.places import Places
from dashboard.viewmodels.spc_advice import DOUBTS, Advice
from dashboard.viewmodels.spc_choice import SpcChoice
from dashboard.viewmodels.spc_view import NATURES, mark_title, point_words
from dashboard.viewmodels.subjects import Context
from metrics import MetricsLayer
from metrics.journal.reading import no_entries
from metrics.query.request import Request
from metrics.spc import recommend

TODAY = date(2026, 11, 22)
# As the journal keeps moments: UTC, without a zone.
WRITTEN = datetime.fromisoformat("2026-11-01T09:30")
WITHDRAWN = datetime.fromisoformat("2026-07-01T09:00")


@pytest.fixture(scope="module")
def layer(shipped_warehouse):
    return MetricsLayer.open(shipped_warehouse, today=lambda: TODAY)


@pytest.fixture(scope="module")
def places(layer):
    return Places.of(layer.organisations())


@pytest.fixture(scope="module")
def page(layer, places):
    """Builds the control chart of a page: `page("ae_four_hour", "R0A", span="1y")`."""

    def make(name, organisation="ENG", *, entries=None, choice=None, grain=None, **filters):
        chosen = Filters(organisation=organisation, **filters)
        view = metric.build(layer, places, chosen, name, TODAY, grain=grain)
        context = Context(layer.catalogue, no_entries() if entries is None else entries, layer.successions(), TODAY)
        return metric_spc.build(view, chosen, context, choice)

    return make


def entry(number, kind, on_day, reason="New front door", **others):
    row = {
        "id": number, "kind": kind, "metric": "ae_four_hour", "organisation": "R0A", "service": None, "on_day": on_day,
        "reason": reason, "baseline_points": None, "author": "A Writer", "written_at": WRITTEN,
        "is_retracted": False, "changed_by": None, "changed_at": None, "changed_why": None, **others,
    }  # fmt: skip
    return pl.DataFrame([row], schema=no_entries().schema)


def values_of(layer, name, organisation):
    where = {} if organisation == "ENG" else {"organisation": organisation}
    frame = layer.ask(Request.of(name, where=where)).frame.sort("period")
    return frame.drop_nulls("value").select("period", "value").rows()


def limits_by_hand(values):
    """Returns mean, lower and upper limit: 2.66 mean moving ranges to either side."""
    mean = sum(values) / len(values)
    moves = [abs(after - before) for before, after in pairwise(values)]
    width = 2.66 * sum(moves) / len(moves)
    return mean, mean - width, mean + width


@pytest.mark.parametrize(("name", "organisation"), [("ae_four_hour", "R0A"), ("ae_dta_12h", "ENG"), ("rtt_waiting_list", "RYR")])  # fmt: skip
def test_mean_and_limits_are_those_of_the_newest_36_months(layer, page, name, organisation):
    chart = page(name, organisation).chart
    held = values_of(layer, name, organisation)[-36:]
    mean, lower, upper = limits_by_hand([value for _, value in held])
    assert [point.period for point in chart.points] == [period for period, _ in held]
    assert [point.mean for point in chart.points] == pytest.approx([mean] * 36, rel=1e-12)
    assert chart.variation.lower == pytest.approx(lower, rel=1e-9)
    assert chart.variation.upper == pytest.approx(upper, rel=1e-9)
    assert chart.made_of == "Mean and limits from the 36 months June 2023 to May 2026."


def test_the_waiting_list_of_sussex_says_what_the_rules_say(page):
    chart = page("rtt_waiting_list", "RYR").chart
    assert chart.title == "Waiting list: 116,207 pathways in May 2026"
    assert chart.points[-1].value == 116_207
    assert chart.nature_of(chart.points[-1]) == "Improvement"
    assert point_words(chart, chart.points[-1]) == (
        "May 2026: 116,207 pathways",
        "Special cause, improvement",
        "Below the lower process limit",
        "One of two in three beyond 2 sigma below the mean",
        "Part of 7 or more points below the mean",
        "Mean 127,666, limits 121,712 to 133,619",
    )
    assert "Lowest 112,535 pathways in March 2026" in chart.summary
    assert chart.variation.narrative.text in chart.summary


def test_a_longer_history_is_drawn_before_the_limits_and_a_shorter_one_cuts_the_chart(page):
    usual = page("ae_four_hour", "R0A").chart
    longer = page("ae_four_hour", "R0A", span="5y").chart
    shorter = page("ae_four_hour", "R0A", span="1y").chart
    assert len(usual.before) == 0
    assert len(longer.before) == 24
    assert longer.points == usual.points
    assert len(shorter.points) == 12
    assert shorter.points == usual.points[-12:]
    assert shorter.made_of == usual.made_of == longer.made_of
    assert [row[5] for row in longer.table.rows[-24:]] == ["Before the limits"] * 24


def test_a_phase_of_the_journal_breaks_the_lines_and_has_a_number(layer, page):
    found = page("ae_four_hour", "R0A", entries=entry(7, "phase", date(2025, 4, 1)))
    chart = found.chart
    held = [value for _, value in values_of(layer, "ae_four_hour", "R0A")[-36:]]
    before, after = limits_by_hand(held[:22]), limits_by_hand(held[22:])
    assert [point.phase for point in chart.points] == [0] * 22 + [1] * 14
    assert chart.points[0].mean == pytest.approx(before[0], rel=1e-12)
    assert chart.points[-1].mean == pytest.approx(after[0], rel=1e-12)
    assert chart.points[-1].upper == pytest.approx(after[2], rel=1e-9)
    assert chart.made_of == "Mean and limits from the 14 months April 2025 to May 2026, the newest phase."
    (mark,) = chart.marks
    assert (mark.number, mark.at) == (1, date(2025, 4, 1))
    assert mark_title(mark.event) == "New phase from 1 April 2025"
    assert origin_words(mark.event) == "Written by A Writer, 1 November 2026 09:30"
    assert baseline_words(mark.event) == "Mean and limits are set anew, from every point since."
    assert "1: New phase from 1 April 2025." in chart.summary
    assert chart.table.rows[0][7] == "2"
    drawn = spc_figure(chart)
    mean = next(trace for trace in drawn.data if trace.name == "Mean")
    assert [level for level in mean.y if level is None] == [None, None], "broken between the phases"
    assert any(shape.x0 == date(2025, 3, 17) for shape in drawn.layout.shapes), "midway from March to April"
    assert "New phase" in marks_legend(chart)


def test_a_frozen_phase_says_which_points_set_its_limits(layer, page):
    chart = page("ae_four_hour", "R0A", entries=entry(7, "phase", date(2025, 4, 1), baseline_points=12)).chart
    held = [value for _, value in values_of(layer, "ae_four_hour", "R0A")[-36:]]
    assert chart.variation.mean == pytest.approx(limits_by_hand(held[22:34])[0], rel=1e-12)
    assert chart.made_of == (
        "Mean and limits from the 12 months April 2025 to March 2026, the newest phase, frozen there."
    )


def test_an_annotation_changes_no_number(page):
    plain = page("ae_four_hour", "R0A").chart
    noted = page("ae_four_hour", "R0A", entries=entry(3, "annotation", date(2025, 1, 17))).chart
    assert noted.points == plain.points
    assert [(mark.at, mark_title(mark.event)) for mark in noted.marks] == [(date(2025, 1, 1), "Note, 17 January 2025")]


def test_what_is_written_for_other_days_is_told_beside_the_chart(page):
    chart = page("ae_four_hour", "R0A", span="1y", entries=entry(3, "annotation", date(2024, 1, 17))).chart
    assert chart.marks == ()
    assert [each.entry for each in chart.outside] == [3]


def test_retracted_entries_are_told_with_who_when_and_why():
    gone = entry(
        5, "annotation", date(2025, 1, 17), is_retracted=True, changed_by="B Reader", changed_why="Another site",
        changed_at=WITHDRAWN,
    )  # fmt: skip
    every = pl.concat([gone, entry(6, "phase", date(2025, 4, 1))])
    (found,) = withdrawn(every, "ae_four_hour", "R0A", None)
    assert (found.entry, found.title, found.reason) == (5, "Note, 17 January 2025", "New front door")
    assert found.withdrawn == "Withdrawn by B Reader, 1 July 2026 10:00: Another site"
    assert withdrawn(every, "ae_four_hour", "RYR", None) == ()
    assert withdrawn(every, "ae_dta_12h", "R0A", None) == ()


def test_profile_and_baseline_of_the_reader_hold(layer, page):
    held = [value for _, value in values_of(layer, "ae_four_hour", "R0A")]
    frozen = page("ae_four_hour", "R0A", choice=SpcChoice(baseline="first12")).chart
    assert frozen.variation.mean == pytest.approx(limits_by_hand(held[-36:-24])[0], rel=1e-12)
    assert frozen.made_of == "Mean and limits from the 12 months June 2023 to May 2024, frozen there."
    older = page("ae_four_hour", "R0A", choice=SpcChoice(profile="mdc-2.6"), span="all").chart
    assert older.variation.profile == "mdc-2.6"
    assert "6 points in a row" in older.variation.profile_words
    whole = page("ae_four_hour", "R0A", choice=SpcChoice(baseline="all"), span="all").chart
    assert whole.variation.mean == pytest.approx(limits_by_hand(held)[0], rel=1e-12)


def test_the_file_has_what_the_chart_shows(page):
    chart = page("ae_four_hour", "R0A", span="5y").chart
    lines = pl.read_csv(chart.download.text(data_version="x").encode())
    assert lines.columns[:5] == ["metric", "definition_version", "series", "filters", "period"]
    assert lines.height == 60
    newest = lines.row(-1, named=True)
    assert newest["value"] == pytest.approx(chart.points[-1].value)
    assert newest["mean"] == pytest.approx(chart.variation.mean)
    assert newest["upper_limit"] == pytest.approx(chart.variation.upper)
    assert (newest["nature"], newest["phase"], newest["target"]) == ("Improvement", 1, 0.95)
    assert lines["nature"].to_list()[:24] == ["Before the limits"] * 24
    assert lines["mean"].null_count() == 24


@pytest.mark.parametrize(
    ("name", "organisation", "said"),
    [
        ("cqc_overall", "R0A", "An answer in words"),
        ("staff_engagement", "R0A", "Too few years for limits: 2, and 13 are needed"),
    ],
)
def test_what_has_no_chart_says_why(page, name, organisation, said):
    found = page(name, organisation)
    assert found.chart is None
    assert said in found.plain


def test_several_services_are_a_plain_line(page):
    found = page("rtt_waiting_list", "RYR", services=("100", "110"))
    assert found.chart is None
    assert found.plain.startswith("Several services are added up here")
    alone = page("rtt_waiting_list", "RYR", services=("110",))
    assert alone.service == "110"
    assert alone.chart is not None


def test_points_are_told_apart_by_shape_and_outline(page):
    chart = page("ae_four_hour", "R0A").chart
    trace = next(each for each in spc_figure(chart).data if each.mode == "lines+markers")
    symbols = {
        (nature, symbol)
        for nature, symbol in zip((point.nature for point in chart.points), trace.marker.symbol, strict=True)
    }
    assert symbols == {
        ("common_cause", "circle"),
        ("special_cause_improvement", "triangle-up"),
        ("special_cause_concern", "diamond"),
    }
    widths = [width for point, width in zip(chart.points, trace.marker.line.width, strict=True) if point.is_special]
    assert set(widths) == {1}


def test_a_point_that_is_not_final_is_hollow_and_not_judged(page):
    chart = page("ae_four_hour", "R0A").chart
    doubtful = replace(
        chart, points=(*chart.points[:-1], chart.points[-1]._replace(status="provisional", included=False))
    )
    trace = next(each for each in spc_figure(doubtful).data if each.mode == "lines+markers")
    assert trace.marker.symbol[-1] == "circle-open"
    assert doubtful.nature_of(doubtful.points[-1]) == "Not judged"
    assert "Not judged: provisional" in point_words(doubtful, doubtful.points[-1])
    assert "Not final: not judged" in marks_legend(doubtful)


def test_a_new_phase_is_suggested_with_evidence_and_why_to_read_with_care(page):
    found = page("ae_four_hour", "R0A").advice
    assert (found.rebase.day, found.rebase.period) == (date(2025, 3, 1), "March 2025")
    assert found.rebase.evidence.startswith("The mean of the 15 months since then is 73.0%; before it was 68.9%, 2.3 ")
    assert any(reason.startswith("Each point resembles the one before") for reason in found.reasons)
    assert "neighbouring points alike" in found.doubts
    assert care(found).startswith('<details class="bw bw-care" data-testid="care"><summary>Read with care: ')
    assert care(Advice()) == ""
    done = page("ae_four_hour", "R0A", entries=entry(7, "phase", date(2025, 3, 1))).advice
    assert done.rebase is None
    falling = page("rtt_within_18_weeks", "ENG").advice.reasons
    assert "It rises: a straight line explains 76 % of the variation" in falling[0], "no bare shares"


def test_targets_run_as_long_as_they_were_in_force(page):
    chart = page("ae_four_hour", "R0A").chart
    assert [(each.label, each.start, each.end) for each in chart.targets] == [
        ("Standard 95%", date(2023, 6, 1), date(2026, 5, 31)),
        ("Plan 78%", date(2025, 4, 1), date(2026, 3, 31)),
    ]


def test_labels_at_the_right_end_keep_their_distance_and_order():
    placed = spread_out([100, 101, 250, 99], 15)
    assert sorted(placed) == [placed[3], placed[0], placed[1], placed[2]]
    apart = sorted(placed)
    assert all(after - before >= 15 - 1e-9 for before, after in pairwise(apart))
    assert placed[2] == 250
    assert sum(placed[:2]) + placed[3] == pytest.approx(300)


@pytest.mark.parametrize("grain", ["quarter", "month"])
def test_every_grain_is_charted_or_says_why_not(page, grain):
    found = page("ae_four_hour", "ENG", grain=grain)
    assert found.chart is not None
    assert len(found.chart.points) == {"month": 36, "quarter": 16}[grain]


def test_days_are_shown_as_far_as_their_limits_reach_unless_more_is_asked_for(page):
    usual = page("discharges_daily", "R0A", grain="day").chart
    assert usual.title == "Discharges: 107 patients on 31 August 2025"
    assert (len(usual.before), len(usual.points)) == (0, 91)
    whole = page("discharges_daily", "R0A", grain="day", span="5y").chart
    assert len(whole.before) > 900
    assert whole.points == usual.points


def test_an_address_that_cannot_be_used_is_told():
    assert spc_choice.read({}) == (SpcChoice(), ())
    assert spc_choice.read({"profile": "plotthedots", "baseline": "first24"}) == (SpcChoice("plotthedots", "first24"), ())  # fmt: skip
    choice, messages = spc_choice.read({"profile": "ptd", "baseline": "first13"})
    assert choice == SpcChoice()
    assert messages == (
        "The link's profile 'ptd' is not one of mdc, mdc-2.6, plotthedots. The chart is drawn as defined.",
        "The link's baseline 'first13' is not one of window, all, first12, first24. The newest periods are taken.",
    )


def test_every_nature_has_words():
    assert set(NATURES) == {
        "common_cause", "special_cause_improvement", "special_cause_concern", "special_cause_neutral_high",
        "special_cause_neutral_low",
    }  # fmt: skip


def test_every_doubt_about_a_chart_has_a_short_name():
    raised = re.findall(r"_Doubt\(\s*\"(\w+)\"", inspect.getsource(recommend))
    assert set(raised) == set(DOUBTS)
