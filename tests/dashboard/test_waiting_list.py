"""The Waiting list page's view model on the data that ship with the project, through the real engine."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from dashboard.components.list_fan import share_figure, size_figure
from dashboard.viewmodels import waiting_list as model
from dashboard.viewmodels import waiting_list_choices as chosen
from dashboard.viewmodels import waiting_list_words as said
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.places import Places
from metrics import Filter, MetricsLayer, Request

TODAY = date(2026, 11, 23)
NAMES = {"110": "Trauma & Orthopaedics"}


@pytest.fixture(scope="module")
def layer(shipped_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(shipped_warehouse, today=lambda: TODAY)


@pytest.fixture(scope="module")
def places(layer: MetricsLayer) -> Places:
    return Places.of(layer.organisations())


def learned(
    layer: MetricsLayer, places: Places, organisation: str, *services: str, month: date | None = None
) -> model.Learned:
    return model.learn(layer, places, Filters(organisation, month=month, services=services), NAMES)


@pytest.fixture(scope="module")
def orthopaedics(layer: MetricsLayer, places: Places) -> model.Learned:
    return learned(layer, places, "R0A", "110")


def test_the_lists_are_those_of_the_publication(layer: MetricsLayer, orthopaedics: model.Learned) -> None:
    where = (Filter("organisation", ("R0A",)), Filter("service", ("110",)), Filter("commissioning", ("english",)))
    frame = layer.ask(Request(("rtt_within_18_weeks",), where=where)).frame.drop_nulls("denominator")
    held = {
        period: (within, size) for period, within, size in frame.select("period", "numerator", "denominator").rows()
    }
    assert len(orthopaedics.history) == 13
    for month in orthopaedics.history:
        assert (month.within, month.size) == held[month.on.replace(day=1)]
    assert orthopaedics.calibration is not None
    assert orthopaedics.calibration.start.waiting.sum() == orthopaedics.history[-1].size == 13_103
    assert orthopaedics.history[-1].on == date(2026, 1, 31)


def test_what_left_without_a_report_is_what_the_publication_leaves_over(orthopaedics: model.Learned) -> None:
    """178,876 at the end of December, 38,725 starts, 34,013 stops, 175,344 at the end of January."""
    told = orthopaedics.reported
    assert told is not None
    assert (told.month, told.starts, told.stops) == (date(2026, 1, 1), 38_725, 34_013)
    assert told.unreported == 178_876 + 38_725 - 34_013 - 175_344 == 8_244
    assert told.monthly_share == pytest.approx(8_244 / 178_876)


def test_a_trusts_lists_are_compared_and_england_is_scaled(layer: MetricsLayer, places: Places) -> None:
    trust, england = learned(layer, places, "R0A"), learned(layer, places, "ENG")
    assert not trust.scaled
    assert england.scaled
    assert [each.on for each in trust.since] == [
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
        date(2026, 5, 31),
    ]


def test_the_outlook_starts_at_the_list_and_widens(orthopaedics: model.Learned) -> None:
    view = model.build(orthopaedics, chosen.Choices(), TODAY)
    assert (view.by, view.since) == (date(2027, 3, 31), TODAY)
    assert view.weeks == 61
    assert view.as_now is view.changed
    assert view.as_now.size[:, 0].tolist() == [13_103] * 3
    widths = view.as_now.size[2] - view.as_now.size[0]
    assert 0 < widths[10] < widths[60]
    assert view.as_now.at(view.weeks, 0.7) <= view.as_now.at(view.weeks, 0.6)
    assert view.as_now.meets[view.weeks] == view.as_now.at(view.weeks, 0.7)


def test_the_outlook_starts_at_the_newest_count(layer: MetricsLayer, places: Places) -> None:
    england = learned(layer, places, "ENG")
    view = model.build(england, chosen.Choices(), TODAY)
    may = england.since[-1]
    assert view.as_now.day(0) == may.on == date(2026, 5, 31)
    assert view.as_now.size[:, 0] == pytest.approx([may.size] * 3)
    assert view.as_now.share[:, 0] == pytest.approx([may.share] * 3)
    assert said.age(england, TODAY).endswith(
        "up to 31 May 2026: the outlook starts there, with weeks waited carried forward to fit them."
    )
    assert f"{may.size:,.0f} pathways waited on 31 May 2026, {may.share:.1%} of them" in said.headline(view)
    (since,) = said.since_words(view)
    assert view.unseen is not None
    low, _, high = view.unseen.share[:, -1]
    assert ("lies inside" in since) == (low <= may.share <= high)
    assert f"({low:.1%} to {high:.1%}) within 18 weeks for 31 May 2026" in since


def test_the_capacity_that_is_told_to_suffice_does(orthopaedics: model.Learned) -> None:
    view = model.build(orthopaedics, chosen.Choices(standard=0.6), TODAY)
    extra = said._rounded_up(view.needed.extra)
    assert f"{extra:,} extra treatments a week from 23 November 2026" in said.needed(view)
    tried = model.build(orthopaedics, chosen.Choices(standard=0.6, extra=extra), TODAY)
    assert tried.changed.at(tried.weeks, 0.6) == pytest.approx(0.8, abs=0.06)
    assert tried.as_now.at(tried.weeks, 0.6) == view.as_now.at(view.weeks, 0.6)


def test_levers_hold_from_their_day(orthopaedics: model.Learned) -> None:
    view = model.build(orthopaedics, chosen.Choices(extra=100, referrals=-5, since=date(2026, 6, 30)), TODAY)
    assert view.from_week == 21
    assert (view.changed.size[:, :22] == view.as_now.size[:, :22]).all()
    assert view.changed.size[1, 22] < view.as_now.size[1, 22]
    assert said.changes(view) == "100 treatments a week more and 5% fewer referrals from 30 June 2026"


def test_the_words_and_the_file_say_what_the_view_holds(orthopaedics: model.Learned) -> None:
    view = model.build(orthopaedics, chosen.Choices(extra=50), TODAY)
    assert said.headline(view).startswith(
        "Trauma & Orthopaedics, Manchester University NHS Foundation Trust: 13,103 pathways waited on 31 January 2026, "
        "51.1% of them less than 18 weeks; the chance of 70% by 31 March 2027 is "
    )
    rows = list(csv.DictReader(io.StringIO(said.download(view).text())))
    assert [row["kind"] for row in rows].count("reported") == 13
    changed = [row for row in rows if row["kind"] == "changed"]
    assert len(changed) == 61
    assert float(changed[-1]["waiting"]) == pytest.approx(view.changed.size[1, -1], abs=0.06)
    table = said.chances(view)
    assert table.rows[-1][0] == "31 March 2027"
    assert table.rows[-1][1] == f"{view.changed.size[1, -1]:,.0f}"
    for figure, held in (
        (size_figure(view, ("size",)), view.changed.size),
        (share_figure(view, ("share",)), view.changed.share),
    ):
        traces = {trace.name: trace for trace in figure.data if trace.name}
        assert {"80% interval", "Reported", "As it went", "With the changes"} <= set(traces)
        assert list(traces["With the changes"].y) == list(held[1])


def test_the_list_as_a_queue_by_hand(orthopaedics: model.Learned) -> None:
    view = model.build(orthopaedics, chosen.Choices(), TODAY)
    calibration = orthopaedics.calibration
    assert calibration is not None
    assert view.balance.target_size == pytest.approx(calibration.referrals * 18 / 2.5257, rel=1e-4)
    assert view.balance.mean_wait == pytest.approx(13_103 / calibration.removals)


def test_an_earlier_month_shows_the_outlook_of_that_time(layer: MetricsLayer, places: Places) -> None:
    then = learned(layer, places, "R0A", "110", month=date(2025, 2, 1))
    assert then.history[-1].on == date(2025, 2, 28)
    view = model.build(then, chosen.Choices(), date(2025, 3, 1))
    assert view.by == date(2025, 3, 31)


def test_a_list_that_cannot_be_learned_from_is_refused_in_words(layer: MetricsLayer, places: Places) -> None:
    then = learned(layer, places, "R0A", "110", month=date(2024, 6, 1))
    assert then.calibration is None
    assert then.refused.startswith("2 changes from one month to the next are held, and 4 are needed")
    with pytest.raises(ValueError, match="2 changes"):
        model.build(then, chosen.Choices(), TODAY)


def test_an_address_is_read_and_written() -> None:
    asked = {"standard": "0.92", "by": "2027-06-30", "extra": "-20", "sure": "0.9", "since": "2026-12-31"}
    found, messages = chosen.read(asked)
    assert messages == ()
    assert found == chosen.Choices(0.92, date(2027, 6, 30), 0.9, -20, since=date(2026, 12, 31))
    assert found.query() == asked


@pytest.mark.parametrize(
    ("name", "text"),
    [("standard", "0.93"), ("by", "soon"), ("extra", "1e9"), ("extra", "--5"), ("longest", "101"), ("sure", "nan"),
     ("referrals", "٣")],
)  # fmt: skip
def test_what_an_address_cannot_mean_is_told_and_left_out(name: str, text: str) -> None:
    found, messages = chosen.read({name: text})
    assert found == chosen.Choices()
    assert len(messages) == 1
    assert f"'{name}' is '{text}'" in messages[0]


def test_quarters_that_can_be_chosen() -> None:
    offered = chosen.quarter_ends(date(2026, 1, 31))
    assert offered[0] == date(2026, 3, 31)
    assert offered[-1] == date(2028, 3, 31)
    assert chosen.Choices(by=date(2099, 3, 31)).days(date(2026, 1, 31), TODAY)[0] == date(2027, 3, 31)
