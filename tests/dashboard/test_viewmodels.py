"""View models on the warehouse that ships: what a page shows is what the engine answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import polars as pl
import pytest

from dashboard import format as words
from dashboard.viewmodels import capability, catalogue, holdings, metric, scorecard, service
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.places import KINDS, Places
from dashboard.viewmodels.scorecard import GROUPS
from metrics import MetricsLayer
from metrics.query.request import Request
from sample_data.published.registry import PUBLICATIONS

TODAY = date(2026, 11, 22)
MANCHESTER = "R0A"


@pytest.fixture(scope="module")
def layer(shipped_warehouse):
    return MetricsLayer.open(shipped_warehouse, today=lambda: TODAY)


@pytest.fixture(scope="module")
def places(layer):
    return Places.of(layer.organisations())


@pytest.fixture(scope="module")
def england(layer, places):
    return scorecard.build(layer, places, Filters(), TODAY)


def value_of(layer, name, **others):
    frame = layer.ask(Request.of(name, **others)).frame
    return frame["value"].to_list()


def test_the_scorecard_shows_the_engines_numbers(layer, england):
    """A&E, England, March 2026: 2,432,272 attendances and 556,711 over four hours in the published file."""
    march = Filters(month=date(2026, 3, 1))
    card = scorecard.build(layer, Places.of(layer.organisations()), march, TODAY)
    shown = {row.metric.id: row for row in card.rows}
    assert shown["ae_attendances"].value == "2,432,272"
    assert shown["ae_attendances"].period == "March 2026"
    (share,) = value_of(layer, "ae_four_hour", period_from=date(2026, 3, 1), period_to=date(2026, 3, 31))
    assert shown["ae_four_hour"].value == words.percentage(share, 1)
    assert shown["ae_four_hour"].target.words == "Not met: standard 95%"


def test_every_headline_metric_is_on_the_scorecard_once(layer, england):
    shown = [row.metric.id for row in england.rows]
    shown += [each.id for group in england.groups for each in group.unreported]
    assert sorted(shown) == sorted(each.id for each in layer.catalogue if each.headline)
    assert [group.key for group in england.groups] == [key for key in GROUPS if key in {g.key for g in england.groups}]


def test_nothing_unreported_is_shown_as_a_number(england):
    for row in england.rows:
        assert row.value != "Not reported", row.metric.id


def test_an_index_has_no_england_figure_but_the_middle_of_its_trusts(layer, england):
    row = next(row for row in england.rows if row.metric.id == "dma_overall")
    frame = layer.ask(Request.of("dma_overall", by=("organisation",))).frame.drop_nulls("value")
    held = frame.filter(frame["period"] == frame["period"].max())["value"]
    assert row.spread.organisations == len(held)
    assert row.spread.median == pytest.approx(held.median())
    assert row.change is None
    assert row.target is None


def test_a_trust_sees_its_own_figures_and_labelled_ones_of_others(layer, places):
    card = scorecard.build(layer, places, Filters(organisation=MANCHESTER), TODAY)
    rows = {row.metric.id: row for row in card.rows}
    assert rows["ae_four_hour"].whose == ""
    assert "as reported by integrated care board" in rows["nhs_app_logins"].whose
    assert rows["outpatient_unknown_outcome"].whose == "England figure: not held below England"
    assert rows["dma_overall"].spread is None


def test_a_chosen_month_ends_everything_there(layer, places):
    view = metric.build(layer, places, Filters(month=date(2024, 6, 1)), "ae_four_hour", TODAY)
    assert view.row.period == "June 2024"
    assert view.row.freshness is None
    assert max(point.period for point in view.history.lines[0].points) == date(2024, 6, 1)
    assert min(point.period for point in view.history.lines[0].points) >= date(2021, 6, 1)


def test_the_breakdown_by_region_adds_up_to_england(layer, places):
    view = metric.build(layer, places, Filters(), "ae_attendances", TODAY)
    assert view.split == "region"
    assert len(view.breakdown.items) >= 7
    assert sum(item.value for item in view.breakdown.items if item.value) == view.series.latest.value


def test_a_trust_is_ranked_among_its_peers_by_the_engines_values(layer, places):
    view = metric.build(layer, places, Filters(organisation=MANCHESTER), "ae_four_hour", TODAY)
    valued = [item for item in view.peers.items if item.value is not None]
    assert [item.value for item in valued] == sorted((item.value for item in valued), reverse=True)
    chosen = [place for place, item in enumerate(valued, start=1) if item.chosen]
    assert len(chosen) == 1
    assert f"{words.ordinal(chosen[0])} highest of {len(valued)} acute trusts" in view.peers.title
    assert all(places.by_code[item.code].trust_type == "Acute" for item in valued)


def test_a_trust_of_no_known_type_is_compared_with_all_that_report_and_the_words_say_so(layer, places):
    shown = metric.build(layer, places, Filters(organisation="R0A"), "sickness_absence", TODAY)
    assert "type" not in shown.peers.summary
    assert {places.by_code[item.code].trust_type for item in shown.peers.items} == {"Acute"}
    untyped = replace(places.by_code["R0A"], trust_type=None)
    blurred = Places({**places.by_code, "R0A": untyped}, places.successors, places.former)
    shown = metric.build(layer, blurred, Filters(organisation="R0A"), "sickness_absence", TODAY)
    assert {"Acute", "Ambulance"} <= {places.by_code[item.code].trust_type for item in shown.peers.items}
    assert f"The type of {untyped.name} is not known here" in shown.peers.summary
    england = metric.build(layer, places, Filters(), "sickness_absence", TODAY)
    assert "Trusts of every type" in england.peers.summary


def test_the_list_of_organisations_holds_every_trust_that_reports_today(layer, places):
    """By hand: the provider codes of the newest A&E file that answer for themselves today are all in the list."""
    frame = layer.ask(Request.of("ae_attendances", by=("organisation",))).frame.drop_nulls("value")
    newest = set(frame.filter(pl.col("period") == frame["period"].max())["organisation"])
    assert newest
    assert newest <= set(places.offered)
    assert {places.by_code[code].kind for code in places.offered} <= set(KINDS)
    assert sum(places.by_code[code].kind == "icb" for code in places.offered) == 36
    assert all(not places.by_code[code].name.endswith("CCG") for code in places.offered)


def test_what_a_trust_does_not_report_is_said(layer, places):
    ambulance = next(place.code for place in places if place.name.startswith("North West Ambulance"))
    view = metric.build(layer, places, Filters(organisation=ambulance), "rtt_waiting_list", TODAY)
    assert view.history is None
    assert not view.row.has_value


def test_the_service_page_shows_the_chosen_services_beside_england(layer, places):
    names = dict(layer.members("service").select("code", "name").iter_rows())
    filters = Filters(organisation=MANCHESTER, services=("502", "320"))
    view = service.build(layer, places, filters, names)
    assert view.chosen == ("502", "320")
    shares = next(chart for chart in view.charts if chart.metric.id == "rtt_within_18_weeks")
    assert [line.name for line in shares.lines] == [names["502"], names["320"], f"England, {names['502']}"]
    newest = [point for point in shares.lines[0].points if point.value is not None][-1]
    where = {"organisation": MANCHESTER, "service": "502"}
    expected = value_of(
        layer, "rtt_within_18_weeks", where=where, period_from=newest.period, period_to=newest.period, by=("service",)
    )
    assert [newest.value] == expected
    sizes = next(chart for chart in view.charts if chart.metric.id == "rtt_waiting_list")
    assert len(sizes.lines) == 2, "a list's length is not compared with that of England"


def test_services_of_a_place_add_up_to_its_list(layer, places):
    names = dict(layer.members("service").select("code", "name").iter_rows())
    view = service.build(layer, places, Filters(organisation=MANCHESTER, month=date(2026, 1, 1)), names)
    total = sum(int(row[1].replace(",", "")) for row in view.overview.rows)
    (whole,) = value_of(
        layer, "rtt_waiting_list", where={"organisation": MANCHESTER}, period_from=date(2026, 1, 1),
        period_to=date(2026, 1, 31),
    )  # fmt: skip
    assert total == whole


@pytest.mark.parametrize("name", sorted(capability.CAPABILITIES))
@pytest.mark.parametrize("organisation", ["ENG", MANCHESTER])
def test_every_capability_page_says_what_is_and_what_is_not_measured(layer, places, name, organisation):
    view = capability.build(layer, places, Filters(organisation=organisation), name, TODAY)
    assert view.about.intro
    assert view.about.not_measured
    assert {row.metric.capability for row in view.card.rows} <= set(view.about.groups)
    for chart in view.charts:
        assert chart.title
        assert chart.summary


def test_every_metric_has_a_page_at_every_level(layer, places):
    for organisation in ("ENG", "QOP", MANCHESTER):
        for each in layer.catalogue:
            view = metric.build(layer, places, Filters(organisation=organisation), each.id, TODAY)
            assert view.row.metric.id == each.id


def test_the_catalogue_is_searched_by_word_and_capability(layer):
    found = catalogue.search(layer.catalogue, "four hours")
    assert "ae_four_hour" in [each.id for each in found.metrics]
    assert found.total == len(layer.catalogue.metrics)
    only = catalogue.search(layer.catalogue, "", ("access",))
    assert {each.capability for each in only.metrics} == {"access"}
    assert catalogue.search(layer.catalogue, "no such thing").metrics == ()


def test_every_publication_states_licence_source_and_files(layer):
    held = holdings.build(layer, TODAY)
    assert held.newest <= TODAY
    assert held.provenances == ("published",)
    for each in held.held:
        assert each.publication.licence
        assert each.publication.source.startswith("http")
        assert each.files.rows, each.publication.id
        assert "licensed under the Open Government Licence v3.0." in holdings.attribution(each.publication)
    reference = {each.publication.id for each in held.held if not each.metrics}
    assert reference == {"bank_holidays", "deprivation", "ods_reference"}
    registered = set(PUBLICATIONS) | reference
    assert {each.publication.id for each in held.held} == registered


def test_rows_left_out_are_listed_with_reasons_and_all_are_in_the_file(layer):
    """The winter files leave out 3,909 rows; the first of each file are kept with their reasons."""
    held = next(each for each in holdings.build(layer, TODAY).held if each.publication.id == "uec_winter_sitrep")
    listed = layer.rejections("uec_winter_sitrep")
    found = holdings.left_out(layer, held)
    assert len(found.table.rows) == min(listed.height, holdings.MOST_REJECTIONS)
    assert all(row[4] for row in found.table.rows)
    assert f"{listed.height:,} of the {held.rows_rejected:,} rows left out are listed" in found.table.more
    lines = found.download.text().splitlines()
    assert lines[0] == "file,row_number,column_name,value,reason"
    assert len(found.download.rows) == listed.height


def test_a_publication_without_rows_left_out_lists_none(layer):
    held = next(each for each in holdings.build(layer, TODAY).held if each.publication.id == "bank_holidays")
    assert held.rows_rejected == 0
    assert holdings.left_out(layer, held) is None


class _Revised:
    """A layer with one revision: what a later file of A&E figures did to March 2026."""

    def revisions(self, _publication):
        row = {
            "file": "AE-March-2026-revised.csv", "loaded_at": datetime(2026, 7, 9, 9, 30),  # noqa: DTZ001 - UTC, as the warehouse has it
            "replaced_file": "AE.csv",
            "table_name": "fact_ae_month", "period": date(2026, 3, 1), "rows_before": 198, "rows_after": 199,
            "organisations_added": 1, "organisations_removed": 0, "cells_changed": 12, "measure": None,
            "sum_before": None, "sum_after": None,
        }  # fmt: skip
        summed = {**row, "measure": "attendances", "sum_before": 2432272.0, "sum_after": 2432300.0}
        return pl.DataFrame([row, summed], schema_overrides={"measure": pl.String, "sum_before": pl.Float64})


def test_what_a_later_file_changed_is_told_in_words_and_in_the_time_of_the_united_kingdom():
    assert holdings.changes(_Revised(), "ae_attendances") == (
        (
            "9 July 2026 10:30, March 2026: AE-March-2026-revised.csv took the place of AE.csv; 12 figures changed; "
            "1 organisation came in; attendances 2,432,272 to 2,432,300."
        ),
    )


def test_ratings_are_told_in_words_and_counted(layer, places, england):
    segment = next(row for row in england.rows if row.metric.id == "oversight_segment")
    assert segment.unit == "trusts rated"
    assert segment.spread.bands_text.startswith("Segment 1 ")
    row = metric.build(layer, places, Filters(), "cqc_overall", TODAY).row
    frame = layer.ask(Request.of("cqc_overall", by=("organisation",))).frame.drop_nulls("value")
    held = frame.filter(frame["period"] == frame["period"].max())["value"].to_list()
    counts = {word: held.count(number) for number, word in words.BANDS["cqc_overall"].items()}
    assert dict(row.spread.bands) == counts
    assert (row.value, row.unit) == (f"{len(held)}", "trusts rated")
    view = metric.build(layer, places, Filters(organisation=MANCHESTER), "cqc_overall", TODAY)
    assert view.row.value in counts
    like = sum(item.value == view.series.latest.value for item in view.peers.items)
    valued = sum(item.value is not None for item in view.peers.items)
    assert f"{view.row.value}, as {like} of {valued} acute trusts" in view.peers.title
    assert view.peers.references == ()


def test_equal_values_share_a_rank(layer, places):
    view = metric.build(layer, places, Filters(organisation=MANCHESTER), "dma_well_led", TODAY)
    value = view.series.latest.value
    above = sum(item.value is not None and item.value > value for item in view.peers.items)
    like = sum(item.value == value for item in view.peers.items)
    rank = f"{words.ordinal(above + 1)} highest" if above else "highest"
    assert f", {'joint ' if like > 1 else ''}{rank} of " in view.peers.title


def test_the_scorecard_is_in_the_order_of_a_board_paper_and_says_what_it_comes_to(england):
    access = [row.metric.id for row in next(group for group in england.groups if group.key == "access").rows]
    assert access[:2] == ["ae_four_hour", "ae_dta_12h"]
    assert access.index("rtt_within_18_weeks") < access.index("cancer_fds") < access.index("diagnostics_over_6_weeks")
    summary = {tile.title: tile.text for tile in england.summary}
    assert england.matrix.total == len(england.rows)
    concern = [row for row in england.rows if row.verdict.variation == "concern"]
    assert summary["Concern"] == str(len(concern))
    stale = [row for row in england.rows if row.freshness and row.freshness.stale]
    assert summary["Newer data due"] == str(len(stale))
    ends = [row.freshness.last_day for row in england.rows if row.freshness]
    oldest = next(row for row in england.rows if row.freshness and row.freshness.last_day == min(ends))
    assert england.oldest == f"{oldest.period} ({oldest.metric.name})"


def test_a_trusts_summary_counts_its_own_figures_only(layer, places):
    card = scorecard.build(layer, places, Filters(organisation=MANCHESTER), TODAY)
    assert 0 < len(card.own) < len(card.rows)
    assert f"{len(card.own)} of them its own" in card.headline
    counted = card.matrix
    assert counted.total == len(card.rows)
    others = next(cell.count for cell in counted.unjudged if cell.key == "other")
    assert counted.total - others == len(card.own)
