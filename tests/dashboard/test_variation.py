"""What a control chart says of a series on a page: which periods count, which phases, which target."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from dashboard.format import months_after
from dashboard.viewmodels.events import Event, events_of
from dashboard.viewmodels.places import Place
from dashboard.viewmodels.series import Point, Series, Widening
from dashboard.viewmodels.variation import SpcPoint, Subject, Variation, variations
from metrics.catalogue import Metric
from metrics.journal.reading import no_entries
from metrics.query.result import Status
from metrics.spc import settings_words

START = date(2021, 4, 1)
TRUST = Place("RA1", "Sample Trust", "trust")
NO_SUCCESSIONS = pl.DataFrame(
    schema={"predecessor_code": pl.String, "predecessor": pl.String, "successor_code": pl.String, "effective": pl.Date}
)


def metric(**changes):
    fields = {
        "id": "share", "title": "Share", "type": "ratio", "description": "A share.", "capability": "access",
        "unit": "percent", "decimals": 1, "direction": "increase", "owner": "Nobody", "source": "None",
    }  # fmt: skip
    return Metric.model_validate(fields | changes)


def series(values, of=None, statuses=None, grain="month", widening=None) -> Series:
    statuses = statuses or [Status.FINAL] * len(values)
    step = {"month": 1, "quarter": 3, "financial_year": 12}[grain]
    points = tuple(
        Point(months_after(START, place * step), value, numerator=None if value is None else value * 200,
              denominator=None if value is None else 200, status=status)
        for place, (value, status) in enumerate(zip(values, statuses, strict=True))
    )  # fmt: skip
    return Series(of or metric(), grain, points, widening)


def judged(held: Series, **more) -> Variation:
    return variations([Subject("it", held, "RA1", **more)])["it"]


def waves(count: int, level: float = 0.6) -> list[float]:
    return [level + 0.01 * (place % 3) for place in range(count)]


def test_limits_come_from_the_newest_36_months():
    found = judged(series([0.1] * 30 + waves(36)))
    assert (found.points_used, found.points[0].period) == (36, months_after(START, 30))
    assert found.mean == pytest.approx(0.61)
    assert judged(series([0.1] * 30 + waves(36)), baseline="all").points_used == 66


def test_a_definition_says_how_many_periods_count():
    found = judged(series(waves(60), metric(chart={"periods": 24})))
    assert found.points_used == 24


def test_the_first_points_are_frozen_when_the_reader_asks_for_it():
    found = judged(series([*waves(36), *waves(4, 0.9)]), baseline="first12")
    assert found.mean == pytest.approx(sum(waves(40)[4:16]) / 12)
    assert found.variation_icon == "improvement_high"


def test_a_phase_sets_the_limits_anew_from_the_first_period_that_begins_in_it():
    event = Event("phase", date(2023, 4, 15), "New counting", "A. Analyst", "journal", entry=3)
    found = judged(series([*waves(25), *waves(15, 0.8)]), events=(event,))
    assert (found.phase_from, found.points_used) == (date(2023, 5, 1), 15)
    assert found.mean == pytest.approx(0.81)
    assert found.events == (event,)
    assert {point.phase for point in found.points} == {0, 1}


def test_a_frozen_phase_keeps_its_baseline_when_it_is_older_than_the_periods_shown():
    event = Event("phase", START, "Go-live", "A. Analyst", "definition", baseline_points=12)
    found = judged(series([*waves(12), *waves(48, 0.9)]), events=(event,))
    assert found.points[0].period == START
    assert found.mean == pytest.approx(0.61)
    assert found.variation_icon == "improvement_high"


def test_what_was_due_and_not_reported_is_missing_and_what_is_running_is_not():
    missing = judged(series([*waves(20), None], statuses=[Status.FINAL] * 20 + [Status.NO_DATA]))
    assert (missing.state, missing.variation_icon) == ("missing_latest", None)
    running = judged(series([*waves(20), None], statuses=[Status.FINAL] * 20 + [Status.INCOMPLETE]))
    assert (running.state, len(running.points)) == ("ok", 20)
    partial = judged(series([*waves(20), 0.99], statuses=[Status.FINAL] * 20 + [Status.PROVISIONAL]))
    assert (partial.state, partial.variation_icon) == ("ok", "common_cause")
    assert (partial.points[-1].included, partial.points[-1].value) == (False, 0.99)


def test_the_target_in_force_at_the_newest_period_decides_assurance():
    targets = [
        {"value": 0.3, "kind": "plan", "valid_from": "2020-04-01", "valid_to": "2022-03-31", "source": "s"},
        {"value": 0.9, "kind": "plan", "valid_from": "2022-04-01", "source": "s"},
        {"value": 0.1, "kind": "plan", "valid_from": "2022-04-01", "organisation": "RB9", "source": "s"},
        {"value": 0.2, "kind": "plan", "valid_from": "2022-04-01", "service": "110", "source": "s"},
    ]
    held = series(waves(20), metric(targets=targets))
    assert (judged(held).assurance_icon, judged(held).target_text) == ("fail", "90%")
    assert judged(held, service="110").assurance_icon == "pass"
    assert variations([Subject("b", held, "RB9")])["b"].assurance_icon == "pass"
    early = series(waves(20)[:13], metric(targets=targets[:1]))
    assert judged(early).assurance_icon is None  # the target ended in the month before the newest


def test_stale_series_keep_the_icon_of_their_day_and_say_so():
    found = judged(series(waves(20)), stale=True)
    assert (found.stale, found.variation_icon, found.latest_period) == (True, "common_cause", date(2022, 11, 1))


def test_a_share_is_not_drawn_beyond_the_whole():
    found = judged(series([0.97, 0.999, 0.95, 1.0] * 5))
    assert found.upper == 1.0
    assert found.lower is not None
    assert found.lower < 0.95


def test_a_chart_that_divides_falls_back_where_the_parts_are_not_held():
    divided = metric(chart={"kind": "pp"})
    assert judged(series(waves(20), divided)).kind == "pp"
    points = tuple(Point(each.period, each.value) for each in series(waves(20)).points)
    assert judged(Series(divided, "month", points)).kind == "xmr"


def test_answers_in_words_and_empty_series_have_no_chart():
    assert judged(series([1.0] * 20, metric(id="dspt_met"))).state == "not_charted"
    empty = judged(series([]))
    assert (empty.state, empty.variation_icon, list(empty.points)) == ("no_data", None, [])


def test_points_are_the_same_by_place_slice_and_turn():
    points = judged(series(waves(20))).points
    assert list(points) == [points[place] for place in range(len(points))] == list(points[0:20])
    assert isinstance(points[-1], SpcPoint)
    with pytest.raises(IndexError):
        points[20]


def test_many_series_are_judged_as_each_alone():
    several = [series(waves(count, level)) for count, level in ((12, 0.5), (20, 0.6), (40, 0.7), (14, 0.2))]
    together = variations([Subject(str(place), each, "RA1") for place, each in enumerate(several)])
    for place, each in enumerate(several):
        alone = judged(each)
        assert list(together[str(place)].points) == list(alone.points)
        assert together[str(place)].narrative == alone.narrative


def test_events_come_from_definition_journal_publisher_and_mergers():
    phases = [
        {"from_day": "2022-04-01", "reason": "New return", "author": "Publisher"},
        {"from_day": "2022-06-01", "reason": "Elsewhere", "author": "P", "organisation": "RB9"},
    ]
    entries = pl.DataFrame(
        [_entry(1, "phase", None, date(2022, 4, 1)), _entry(2, "annotation", "RA1", date(2022, 5, 1)),
         _entry(3, "annotation", "RB9", date(2022, 5, 1)), _entry(4, "phase", None, date(2022, 7, 1), retracted=True)],
        schema=no_entries().schema, orient="row",
    )  # fmt: skip
    joined = pl.DataFrame(
        [("RXX", "Old Trust", "RA1", date(2022, 10, 1)), ("RYY", "Older Trust", "RA1", date(2010, 1, 1))],
        schema=NO_SUCCESSIONS.schema, orient="row",
    )  # fmt: skip
    held = series(waves(30), metric(phases=phases), widening=Widening(date(2022, 12, 1), "Wider"))
    found = events_of(held, TRUST, (), entries, joined)
    assert [(each.kind, each.origin, each.day) for each in found] == [
        ("phase", "journal", date(2022, 4, 1)),  # of two phases on one day, the one that people wrote
        ("annotation", "journal", date(2022, 5, 1)),
        ("merger", "publication", date(2022, 10, 1)),
        ("phase", "publication", date(2022, 12, 1)),
    ]
    assert "Old Trust joined" in found[2].reason


def _entry(number, kind, organisation, day, *, retracted=False):
    held = {
        "id": number, "kind": kind, "metric": "share", "organisation": organisation, "service": None, "on_day": day,
        "reason": "Because", "baseline_points": None, "author": "A. Analyst",
        "written_at": datetime(2026, 1, 1, tzinfo=UTC), "is_retracted": retracted,
        "changed_by": None, "changed_at": None, "changed_why": None,
    }  # fmt: skip
    return tuple(held[name] for name in no_entries().columns)


def test_of_phases_before_the_periods_shown_only_the_last_is_in_force():
    older = Event("phase", date(2021, 6, 1), "Opened", "A. Analyst", "journal", baseline_points=12, entry=1)
    newer = Event("phase", date(2022, 1, 1), "Moved", "A. Analyst", "journal", entry=2)
    held = series([*waves(24), *waves(12), *waves(24, 0.9)])
    found = judged(held, events=(older, newer))
    assert found.mean == pytest.approx(sum([*waves(12), *waves(24, 0.9)]) / 36)
    assert judged(held, events=(older, newer), baseline="first12").mean == pytest.approx(0.61)


@pytest.mark.parametrize("kind", ["pp", "c", "g", "t", "i", "mr", "run"])
def test_the_settings_printed_are_those_of_the_chart_that_is_drawn(kind):
    found = judged(series(waves(20), metric(chart={"kind": kind})))
    assert found.kind == kind
    assert found.profile_words == settings_words(kind)
    assert "2.66" not in found.profile_words
    assert found.narrative.variation.endswith(".")
    assert ("mean" in found.narrative.variation) == (kind not in {"g", "t", "run"})
