"""A cube gives what its rows give: when built, after every change, when stored, and when told to look again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal

from metrics import Filter, Grain, MetricsLayer, Request
from metrics.query.cube import Months
from metrics.query.cube_answer import Miss
from metrics.query.cubes import Cubes
from metrics.warehouse.changing import changing
from metrics.warehouse.tables.operational.flow import fact_alert
from metrics.warehouse.tables.operational.flow import fact_ed_attendance as table
from metrics.warehouse.writing import writing
from tests.query import attendances
from tests.query.attendances import METRICS, drawn

WHERE = (
    (),
    (Filter("site", ("ZZ101",)),),
    (Filter("acuity", low=2, high=3), Filter("mode", ("other",), negate=True)),
    (Filter("disposal", null=True),),
    (Filter("organisation", ("ZZ2",)),),
)
BY = ((), ("site",), ("organisation", "mode"), ("acuity", "disposal"))
GRAINS = (None, Grain.WEEK, Grain.MONTH)


def requests() -> Iterator[Request]:
    for names, by, where, grain in product([tuple(METRICS)], BY, WHERE, GRAINS):
        for name in names:
            yield Request((name,), by=by, where=where, grain=grain, totals=bool(by))
    yield Request(("arrived", "within_4h", "age_sum"), by=("site",), window="7 days", grain=Grain.DAY)
    yield Request(("each_hour",), period_from=date(2026, 3, 29), period_to=date(2026, 3, 29))


def with_cubes(layer: MetricsLayer, folder: Path | None = None) -> MetricsLayer:
    layer.keep_cubes(folder)
    while layer.build_cube():
        pass
    return layer


def assert_same(ours: MetricsLayer, plain: MetricsLayer, asked: list[Request]) -> None:
    for request in asked:
        found, expected = ours.ask(request), plain.ask(request)
        assert_frame_equal(found.frame, expected.frame, rel_tol=1e-12)
        assert found.labels == expected.labels


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"duckdb:///{tmp_path / 'warehouse'}"


@pytest.fixture
def layer(url: str, tmp_path: Path) -> MetricsLayer:
    return with_cubes(attendances.build(url, tmp_path / "definitions", drawn(1)), tmp_path / "cubes")


@pytest.fixture
def plain(layer: MetricsLayer, url: str, tmp_path: Path) -> Callable[[], MetricsLayer]:
    """Opens a layer that answers from the rows alone."""
    return lambda: attendances.opened(url, tmp_path / "definitions")


def test_every_request_is_answered_alike(layer, plain):
    assert_same(layer, plain(), list(requests())[::6])


@pytest.mark.parametrize("most", [10_000, 0], ids=["values looked up", "values searched"])
def test_a_trust_of_its_own_whose_groups_are_single_cells_is_answered_alike(url, tmp_path, monkeypatch, most):
    monkeypatch.setattr("metrics.query.cube._MOST_LOOKED_UP", most)
    folder, own = tmp_path / "definitions", pl.lit("ZZ1").alias("org_code")
    attendances.build(url, folder, drawn(4), 1)
    with changing(url) as changes:
        changes.insert(table, attendances.rows(drawn(5), list(range(2, 500))).with_columns(own))
        changes.correct(table, attendances.rows(drawn(6), [1]).with_columns(own))
    layer, plain = with_cubes(attendances.opened(url, folder)), attendances.opened(url, folder)
    assert all(built.cube.is_of_one for built in layer.cubes.held.values())
    days = {"period_from": date(2026, 3, 27), "period_to": date(2026, 4, 2)}  # from one month into the next
    wheres = (
        *WHERE[:-1],
        (Filter("site", ("ZZ102",)), Filter("acuity", ("3",))),
        (Filter("site", ("ZZ101", "ZZ102")),),
    )
    some = [Request((name,), by=by, where=where, **days) for where in wheres
            for name, by in (("arrived", ("site",)), ("mean_age", ("acuity",)), ("within_4h", ()), ("oldest", ("mode",)),
                             ("age_sum", ("site",)), ("each_hour", ("disposal",)))]  # fmt: skip
    assert_same(layer, plain, some)


def test_what_adds_up_comes_from_the_cube_and_the_rest_says_why_not(layer):
    told = {name: layer.ask(Request((name,), by=("site",))).queries[0] for name in METRICS}
    assert {name for name, query in told.items() if not query.from_cube} == {"patients"}
    assert told["patients"].miss == Miss.DISTINCT.value


def test_it_follows_inserts_corrections_and_deletions(layer, plain, url):
    dice = drawn(2)
    asked = [request for number, request in enumerate(requests()) if number % 17 == 0]
    held, next_number = set(range(1, 601)), 601
    for _ in range(4):
        new = list(range(next_number, next_number + 20))
        changed = dice.sample(sorted(held), 20)
        with changing(url) as changes:
            changes.insert(table, attendances.rows(dice, new))
            changes.correct(table, attendances.rows(dice, changed))  # other days, sites and organisations too
            gone = set(dice.sample(sorted(held), 15))
            changes.delete(table, pl.DataFrame({"attendance_id": sorted(gone)}))
        held, next_number = (held | set(new)) - gone, next_number + 20
        assert layer.refresh()
        assert not layer.cubes.waiting
        assert_same(layer, plain(), asked)
        assert all(layer.sweep_cubes() == () for _ in layer.cubes.partitions())


def test_only_months_that_changed_are_made_anew(layer, url):
    with changing(url) as changes:
        changes.correct(table, pl.DataFrame({"attendance_id": [1], "acuity": [1]}))
    before = {name: built.cube for name, built in layer.cubes.held.items()}
    assert layer.refresh()
    for name, built in layer.cubes.held.items():
        now, old = built.cube.months[built.cube.finest], before[name].months[built.cube.finest]
        assert sum(now[month] is not frame for month, frame in old.items()) < len(old), name


def test_what_nobody_logged_is_found_and_mended_by_the_sweep(layer, plain, url):
    with writing(url) as writer:
        writer.execute(sa.update(table).where(table.c.attendance_id <= 30).values(acuity=1))
    layer.refresh()
    faults = [fault for _ in layer.cubes.partitions() for fault in layer.sweep_cubes()]
    days = {fault.day for fault in faults if fault.cube == "arrivals"}
    assert days
    assert_same(layer, plain(), list(requests())[::11])


def wronged(layer: MetricsLayer, wrong: Callable[[frozenset[str], Months], Months]) -> None:
    """Puts another cube in place of the arrivals', in which some frames are wrong."""
    cubes = layer.cubes
    built = cubes.held["arrivals"]
    months = {dimensions: wrong(dimensions, each) for dimensions, each in built.cube.months.items()}
    bad = replace(built, cube=replace(built.cube, months=months))
    layer._holdings.cubes = replace(cubes, built={**cubes.known(), "arrivals": bad})


def without_april(_dimensions: frozenset[str], months: Months) -> Months:
    return {month: frame for month, frame in months.items() if month != date(2026, 4, 1)}


def rolled_up_wrongly(dimensions: frozenset[str], months: Months) -> Months:
    if dimensions != frozenset(("site",)):
        return months
    return {month: frame.with_columns(pl.col("m0") * 2) for month, frame in months.items()}


@pytest.mark.parametrize("wrong", [without_april, rolled_up_wrongly])
def test_months_that_lack_and_roll_ups_that_differ_are_found_and_mended(layer, plain, wrong):
    wronged(layer, wrong)
    asked = [Request(("arrived",), by=("site",)), Request(("arrived",), by=("site",), grain=Grain.MONTH)]
    parts = list(layer.cubes.partitions())
    assert ("arrivals", date(2026, 4, 1)) in parts
    differing = {day for part in parts for day in layer.cubes.differing(*part)}
    faults = {fault.day for _ in parts for fault in layer.sweep_cubes()}
    first = date(2026, 4, 1) if wrong is without_april else attendances.FIRST.date()
    last = date(2026, 4, 14)  # the last arrivals, by UTC on the 13th, are after midnight in London
    assert faults == differing == {first + timedelta(days=days) for days in range((last - first).days + 1)}
    assert_same(layer, plain(), asked)


def wrong_april(_dimensions: frozenset[str], months: Months) -> Months:
    day, count = pl.col("period").is_in([date(2026, 4, 2)]), pl.col("m0")
    return {month: frame.with_columns(pl.when(day).then(count * 3).otherwise(count)) for month, frame in months.items()}


def test_what_was_mended_has_another_version_and_reaches_whoever_asks(layer, plain):
    wronged(layer, wrong_april)
    asked = Request(("arrived",), period_from=date(2026, 4, 2), period_to=date(2026, 4, 2))
    page = layer.as_it_stands()
    before, wrong = (page.data_version, page.version_of(["arrived"])), page.ask(asked)
    others = page.version_of(["left"])
    assert [fault.day for _ in layer.cubes.partitions() for fault in layer.sweep_cubes()] == [date(2026, 4, 2)]
    assert layer.data_version != before[0]
    assert layer.version_of(["arrived"]) != before[1]
    assert layer.version_of(["left"]) == others
    assert layer.ask(asked).data_version == layer.data_version
    assert (page.data_version, page.version_of(["arrived"])) == before, "a page goes on as it began"
    assert layer.ask(asked).frame["value"].to_list() == [wrong.frame["value"].item() / 3]
    assert_same(layer, plain(), [asked])
    versions = layer.data_version, layer.version_of(["arrived"])
    assert not layer.refresh()
    assert (layer.data_version, layer.version_of(["arrived"])) == versions


def test_who_reported_is_looked_at_again_when_a_month_was_mended(layer, plain):
    wronged(layer, without_april)
    asked = Request(("arrived",), grain=Grain.MONTH)
    layer.ask(asked)
    for _ in layer.cubes.partitions():
        layer.sweep_cubes()
    assert_same(layer, plain(), [asked])
    assert layer.last_day("arrived") == plain().last_day("arrived")


def test_values_that_are_gone_are_let_go(layer, plain, url, monkeypatch):
    monkeypatch.setattr("metrics.query.cube._SLACK", -(10**9))  # at every change
    with changing(url) as changes:
        changes.correct(table, pl.DataFrame({"attendance_id": list(range(1, 601)), "arrival_mode": ["foot"] * 600}))
    assert layer.refresh()
    assert layer.cubes.held["arrivals"].cube.codes["mode"].values.to_list() == [None, "foot"]
    assert_same(layer, plain(), [Request(("arrived",), by=("mode",)), Request(("within_4h",), by=("site",))])


def test_it_is_stored_and_catches_up_when_opened_again(layer, plain, url, tmp_path):
    layer.store_cubes()
    with changing(url) as changes:
        changes.delete(table, pl.DataFrame({"attendance_id": list(range(1, 40))}))
    again = with_cubes(plain(), tmp_path / "cubes")
    assert_same(again, plain(), list(requests())[::11])


def test_a_damaged_store_is_built_anew(layer, plain, tmp_path):
    for path in (tmp_path / "cubes" / "arrivals").glob("cells-*"):
        path.write_bytes(path.read_bytes()[:50])
    again = with_cubes(plain(), tmp_path / "cubes")
    assert_same(again, plain(), list(requests())[::23])


def test_another_definition_is_another_cube(layer, plain, url, tmp_path):
    folder = tmp_path / "definitions"
    text = (folder / "definitions.yml").read_text(encoding="utf-8")
    (folder / "definitions.yml").write_text(
        text.replace("filter: acuity <= 2", "filter: acuity <= 3"), encoding="utf-8"
    )
    again = with_cubes(plain(), tmp_path / "cubes")
    assert_same(again, plain(), [Request(("urgent",)), Request(("arrived",))])


@pytest.mark.parametrize("meanwhile", [(Cubes, "having"), (MetricsLayer, "_take")], ids=["a cube", "newer data"])
def test_definitions_taken_while_a_cube_or_newer_data_are_put_in(layer, plain, tmp_path, monkeypatch, meanwhile):
    """Whichever of two threads is first, both are in use afterwards, and the changed metric has its cube."""
    folder, real, told = tmp_path / "definitions", getattr(*meanwhile), []
    text = (folder / "definitions.yml").read_text(encoding="utf-8")
    with changing(f"duckdb:///{tmp_path / 'warehouse'}") as changes:
        changes.delete(table, pl.DataFrame({"attendance_id": [7]}))

    def reloaded_meanwhile(*given: object) -> object:
        if not told:
            (folder / "definitions.yml").write_text(
                text.replace("filter: acuity <= 2", "filter: acuity <= 3"), encoding="utf-8"
            )
            told.append(threading.Thread(target=layer.reload))
            told[0].start()
            told[0].join(0.5)  # it takes them now, or waits until this is done
        return real(*given)

    if meanwhile[0] is Cubes:
        layer.keep_cubes()
    monkeypatch.setattr(*meanwhile, reloaded_meanwhile)
    if meanwhile[0] is Cubes:
        layer.build_cube()
    layer.refresh()
    told[0].join()
    layer.refresh()
    while layer.build_cube():
        pass
    assert layer.cubes.layouts["arrivals"].catalogue is layer.catalogue
    assert layer.catalogue.version == plain().catalogue.version
    assert layer.ask(Request(("urgent",))).queries[0].from_cube
    assert_same(layer, plain(), [Request(("urgent",)), Request(("arrived",))])


def test_too_many_cells_are_refused_with_a_way_out(url, tmp_path, caplog):
    folder = tmp_path / "definitions"
    attendances.build(url, folder, drawn(3))
    text = (folder / "definitions.yml").read_text(encoding="utf-8")
    settings = "    cube: {most_cells: 100}\n    dimensions: &dimensions"
    (folder / "definitions.yml").write_text(text.replace("    dimensions: &dimensions", settings), encoding="utf-8")
    layer = with_cubes(attendances.opened(url, folder))
    words = layer.cubes.refused["arrivals"].words
    assert words.startswith("The cube of 'arrivals' would have more than 100 cells and is not kept")
    assert "Without 'acuity' it would have" in words
    query = layer.ask(Request(("arrived",))).queries[0]
    assert (query.from_cube, query.miss) == (False, Miss.TOO_LARGE.value)


def test_a_table_that_cannot_be_read_stops_no_other_cube(url, tmp_path):
    folder = tmp_path / "definitions"
    attendances.build(url, folder, drawn(3))
    with writing(url) as writer:
        writer.execute(sa.text("ALTER TABLE fact_ed_attendance DROP COLUMN disposal"))
    layer = with_cubes(attendances.opened(url, folder))
    assert not layer.cubes.held
    assert {each.miss for each in layer.cubes.refused.values()} == {Miss.UNREADABLE}
    assert "disposal" in layer.cubes.refused["arrivals"].words


def test_a_dimension_left_out_of_the_cube_goes_to_the_rows(url, tmp_path):
    folder = tmp_path / "definitions"
    attendances.build(url, folder, drawn(3))
    text = (folder / "definitions.yml").read_text(encoding="utf-8")
    settings = "    cube: {dimensions: [site]}\n    dimensions: &dimensions"
    (folder / "definitions.yml").write_text(text.replace("    dimensions: &dimensions", settings), encoding="utf-8")
    layer, plain = with_cubes(attendances.opened(url, folder)), attendances.opened(url, folder)
    by_site, by_mode = Request(("arrived",), by=("site",)), Request(("arrived",), by=("mode",))
    assert layer.ask(by_site).queries[0].from_cube
    assert layer.ask(by_mode).queries[0].miss == Miss.DIMENSION.value
    assert_same(layer, plain, [by_site, by_mode])


def test_the_version_of_what_did_not_change_stays(layer, url):
    before = layer.version_of(["arrived"]), layer.data_version
    with changing(url) as changes:
        changes.delete(fact_alert, pl.DataFrame({"alert_id": [1]}))
    assert layer.refresh()
    assert layer.data_version != before[1]
    assert layer.version_of(["arrived"]) == before[0]
    with changing(url) as changes:
        changes.delete(table, pl.DataFrame({"attendance_id": [5]}))
    assert layer.refresh()
    assert layer.version_of(["arrived"]) != before[0]
