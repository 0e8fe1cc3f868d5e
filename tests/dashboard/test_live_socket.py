"""The line to open pages: who shows the same shares a look, a held answer comes when something moved, others are refused."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
import streamlit as st
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from dashboard import layer as data
from dashboard import live
from dashboard.live import Part, Watched
from dashboard.live_socket import HELD_SECONDS, Asked, Line
from dashboard.today_board import TodayBoard
from dashboard.viewmodels import today_beds
from dashboard.viewmodels.now import Chosen
from metrics.warehouse.errors import WarehouseUnreachableError
from metrics.warehouse.settings import embedded_url
from tests.records import arrival, arrive

AT = datetime(2026, 11, 2, 14, 20)  # noqa: DTZ001 - UTC, as the tables hold it
NUMBERS = count(10**12)
SHOWN = ("today_ed_present",)


@dataclass(frozen=True)
class Counting:
    """A board whose parts say how often they were drawn, and from which data."""

    drawings: list[str] = field(default_factory=list, repr=False, compare=False)
    raised_by: tuple[str, ...] = field(default=("first", "second"), repr=False, compare=False)
    raises: list[Exception] = field(default_factory=list, repr=False, compare=False)

    def html(self, layer, part):
        if self.raises and part in self.raised_by:
            raise self.raises[-1]
        self.drawings.append(part)
        return f"{part} {len(self.drawings)} {layer.data_version}"

    def unanswered(self, part):
        return f"{part} is not answered"

    def failed(self, part, error):
        return f"{part} failed: {error}"


@pytest.fixture(scope="module")
def home(trust_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("line") / "home"
    shutil.copytree(trust_home, folder, ignore=shutil.ignore_patterns("done"))
    return folder


@pytest.fixture
def watched(home, monkeypatch):
    monkeypatch.setenv("BELLWETHER_HOME", str(home))
    st.cache_resource.clear()
    layer = data.metrics_layer()
    layer.refresh()
    board = Counting()
    yield Watched(parts=(Part("first", SHOWN), Part("second", SHOWN)), board=board)
    st.cache_resource.clear()


def asked(token: str, told: str = "", **shown: tuple[str, float]) -> Asked:
    return Asked(token, told, shown)


def someone_arrives(home: Path) -> None:
    arrive(embedded_url(home / "warehouse"), arrival(next(NUMBERS), AT - timedelta(minutes=5), changed_at=AT))


def test_what_many_show_is_drawn_once_and_each_is_told(watched):
    token = live.watch(watched)

    async def many():
        line = Line()
        return await asyncio.gather(*(line.answer(asked(token, first=("old", 0.0))) for _ in range(20)))

    texts = [json.loads(each) for each in asyncio.run(many())]
    assert watched.board.drawings == ["first"]
    assert {each["drawn"]["first"]["html"] for each in texts} == {f"first 1 {data.metrics_layer().data_version}"}
    assert all(each["versions"]["first"] == each["drawn"]["first"]["version"] for each in texts)


def test_an_answer_is_held_until_something_moved_and_brings_the_part_from_the_newer_data(watched, home):
    token = live.watch(watched)
    shown = {name: (one.version, 0.0) for name, one in live.drawn(watched).items()}
    version = data.metrics_layer().data_version

    async def told():
        line = Line()
        watching = asyncio.create_task(line.watch())
        first = said = json.loads(await line.answer(asked(token, **shown)))
        committing = asyncio.create_task(asyncio.to_thread(someone_arrives, home))
        while not said["drawn"]:  # a slow machine commits after an answer's time is up
            said = json.loads(await line.answer(asked(token, said["told"], **shown)))
        await committing
        watching.cancel()
        return first, said

    first, said = asyncio.run(told())
    newer = data.metrics_layer().data_version
    assert newer != version
    assert first["drawn"] == {}
    assert said["told"] != first["told"]
    assert list(said["drawn"]) == ["first"]
    assert said["drawn"]["first"]["html"].endswith(newer)
    assert said["drawn"]["first"]["version"] != shown["first"][0]


def test_a_part_that_rests_is_not_drawn_before_its_time(watched):
    token = live.watch(watched)
    rest = HELD_SECONDS * 0.6

    async def both():
        line = Line()
        first = json.loads(await line.answer(asked(token, first=("old", rest))))
        then = json.loads(await line.answer(asked(token, first["told"], first=("old", rest))))
        return first, then

    first, then = asyncio.run(both())
    assert first["drawn"] == {}
    assert list(then["drawn"]) == ["first"]
    assert datetime.fromisoformat(then["now"]) - datetime.fromisoformat(first["now"]) >= timedelta(seconds=rest * 0.9)


def test_only_the_first_part_that_moved_is_drawn_and_what_is_there_comes_at_once(watched):
    token = live.watch(watched)
    assert list(live.standing_of(token, {"first": "old", "second": "old"})["drawn"]) == ["first"]
    live.drawn(watched)
    assert list(live.standing_of(token, {"first": "old", "second": "old"})["drawn"]) == ["first", "second"]
    assert watched.board.drawings == ["first", "second"]


def test_a_part_that_the_warehouse_does_not_answer_keeps_the_state_that_it_was_drawn_from(watched, home):
    token = live.watch(watched)
    before = live.drawn(watched)
    someone_arrives(home)
    data.metrics_layer().refresh()
    now = live.versions(data.metrics_layer(), watched)
    assert now["first"] != before["first"].version
    watched.board.raises.append(WarehouseUnreachableError("gone"))
    shown = {name: one.version for name, one in before.items()}
    assert live.standing_of(token, shown)["drawn"] == {}, "an open page is told of none"
    assert live.standing_of(token, shown)["lost"] is not None
    assert live.drawn(watched) == before, "a page that is opened shows the last, and says of when it is"
    watched.board.raises.clear()
    data.reachability().lost_at = None
    assert live.standing_of(token, shown)["drawn"]["first"]["version"] == now["first"]


def test_a_part_of_which_nothing_was_read_says_that_the_warehouse_does_not_answer_and_comes_when_it_does(watched):
    token = live.watch(watched)
    watched.board.raises.append(WarehouseUnreachableError("gone"))
    opened = live.drawn(watched)
    assert {name: one.html for name, one in opened.items()} == {
        "first": "first is not answered",
        "second": "second is not answered",
    }
    watched.board.raises.clear()
    data.reachability().lost_at = None
    shown = {name: one.version for name, one in opened.items()}
    assert live.standing_of(token, shown)["drawn"]["first"]["html"].startswith("first 1 ")


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("not foreseen"), sa.exc.ProgrammingError("select", {}, Exception("no such column"))]
)
def test_a_part_that_fails_keeps_no_other_from_being_drawn_and_is_tried_again(watched, monkeypatch, error):
    token, clock = live.watch(watched), [0.0]
    monkeypatch.setattr(live.time, "monotonic", lambda: clock[0])
    board = replace(watched.board, raised_by=("first",), raises=[error])
    watched = replace(watched, board=board)
    assert live.watch(watched) == token
    shown = {"first": "old", "second": "old"}
    for _ in range(2):
        shown |= {name: one["version"] for name, one in live.standing_of(token, shown)["drawn"].items()}
    assert live.drawn(watched)["first"].html == f"first failed: {error}"
    assert live.drawn(watched)["second"].html.startswith("second 1 ")
    assert data.reachability().lost_at is None
    assert live.standing_of(token, shown)["drawn"] == {}, "what failed is not told again and again"
    board.raises.clear()
    assert live.standing_of(token, shown)["drawn"] == {}
    clock[0] = 31.0
    assert live.standing_of(token, shown)["drawn"]["first"]["html"].startswith("first 2 ")


def test_the_board_gives_no_earlier_answer_while_the_warehouse_is_silent(watched, monkeypatch):
    board, layer = TodayBoard(Chosen()), data.metrics_layer().as_it_stands()
    assert "Beds occupied" in board.html(layer, "beds")

    def silent(_now):
        raise WarehouseUnreachableError("gone")

    monkeypatch.setattr(today_beds, "build", silent)
    st.cache_resource.clear()
    with pytest.raises(WarehouseUnreachableError):
        board.html(layer, "beds")
    assert "The warehouse does not answer." in board.unanswered("beds")
    assert "Beds" in board.unanswered("beds")


def test_a_part_that_fails_says_so_under_a_reference_and_the_others_are_drawn(watched, monkeypatch, caplog):
    def fails(_now):
        raise ZeroDivisionError("not foreseen")

    monkeypatch.setattr(today_beds, "build", fails)
    board = TodayBoard(Chosen())
    parts = live.drawn(Watched(parts=(Part("ed", SHOWN), Part("beds", SHOWN)), board=board, by_clock=True))
    assert "In the department" in parts["ed"].html
    assert "newest record" in parts["ed"].html
    reference = re.search("give the reference ([0-9a-f]{8})", parts["beds"].html)
    assert reference is not None
    assert reference.group(1) in caplog.text
    assert "not foreseen" in caplog.text


def test_the_line_goes_on_after_a_look_that_failed(watched, monkeypatch, caplog):
    looks, went_on = count(), asyncio.Event()

    def pulse():
        look = next(looks)
        if look == 1:
            raise ZeroDivisionError("not foreseen")
        if look == 3:
            went_on.set()
        return (look,)

    monkeypatch.setattr(live, "pulse", pulse)

    async def turns():
        watching = asyncio.create_task(Line().watch())
        await asyncio.wait_for(went_on.wait(), 60)
        watching.cancel()

    asyncio.run(turns())
    assert "not foreseen" in caplog.text


@pytest.mark.parametrize(
    "said",
    [None, [], {}, {"watch": "a", "told": ""}, {"watch": "a", "told": "", "shown": {"ed": "old"}},
     {"watch": "a", "told": "", "shown": [1]}, {"watch": "a", "told": "", "shown": {"ed": ["old", "soon"]}},
     {"watch": "a", "told": "", "shown": {"ed": ["old", 10**400]}}],
)  # fmt: skip
def test_what_is_not_a_pages_message_is_refused(said):
    with pytest.raises(ValueError):
        Asked.of(said)


def address(dashboard: str) -> str:
    return f"ws://{urlsplit(dashboard).netloc}/live"


def test_a_page_of_another_site_is_refused(dashboard):
    with pytest.raises(InvalidStatus, match="403"):
        connect(address(dashboard), origin="https://elsewhere.example")


def test_an_unknown_page_is_told_so_at_once(dashboard):
    with connect(address(dashboard), origin=dashboard) as socket:
        socket.send(json.dumps({"watch": "unknown", "told": "", "shown": {}}))
        said = json.loads(socket.recv())
        assert said["versions"] is None
        assert said["drawn"] == {}


@pytest.mark.parametrize(
    "nonsense",
    ["nonsense", b"\x00", "[" * 100_000, json.dumps({"watch": "a", "told": "", "shown": {"\u20ac" * 99: 1}})],
)
def test_nonsense_ends_the_line_and_nothing_else(dashboard, nonsense):
    with connect(address(dashboard), origin=dashboard) as socket:
        socket.send(nonsense)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "Not a page's message")
