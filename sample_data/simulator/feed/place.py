"""Where a feed stands: the day it is in, how much of it is written, and what it needs to go on."""

from __future__ import annotations

import base64
import io
import json
import zlib
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from metrics.warehouse.errors import WarehouseError
from metrics.warehouse.tables.operational.changes import meta_feed, meta_feed_state
from sample_data.simulator.days import day_of
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.state import State
from sample_data.simulator.trust import ORG_CODE

Frames = dict[str, pl.DataFrame]
_MARK: Final = "\n"


class NoFeedError(WarehouseError):
    """The warehouse holds no simulated trust that a feed could go on with."""


@dataclass(frozen=True, slots=True)
class Mishaps:
    """How often records go wrong, as shares of the rows that are put in; which ones is decided by the seed.

    Attributes:
        late: written hours after what they tell of.
        wrong: put in with a wrong value, which is amended hours later.
        erroneous: put in twice, the second of which is taken away again.
    """

    seed: int = 1
    late: float = 0.02
    wrong: float = 0.01
    erroneous: float = 0.005


NO_MISHAPS: Final = Mishaps(late=0.0, wrong=0.0, erroneous=0.0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a feed stands.

    Attributes:
        day: of which not everything is written.
        position: events of that day that are.
        scenario: what is simulated.
        morning: the state of the simulation on the morning of the day.
        pending: events of earlier days that were held back, by table.
        events: names the events of the day, of which some are written; empty before the first.
    """

    day: date
    position: int
    mishaps: Mishaps
    scenario: Scenario
    morning: State
    pending: Frames = field(default_factory=dict)
    events: str = ""


def standing(scenario: Scenario, state: State, mishaps: Mishaps | None = None) -> dict[sa.Table, pl.DataFrame]:
    """Returns the rows of `meta_feed` and `meta_feed_state` of a simulation that was written as a whole."""
    place = Place(day_of(state.next_day).date, 0, mishaps or Mishaps(scenario.seed), scenario, state)
    return {meta_feed: feed_row(place), meta_feed_state: state_row(place)}


def feed_row(place: Place) -> pl.DataFrame:
    """Returns the row of `meta_feed`, written with every commit."""
    return pl.DataFrame(
        {
            "org_code": [ORG_CODE],
            "next_day": [place.day],
            "position": [place.position],
            "settings": [json.dumps({"mishaps": asdict(place.mishaps), "events": place.events})],
        }
    )


def state_row(place: Place) -> pl.DataFrame:
    """Returns the row of `meta_feed_state`, written once a day."""
    return pl.DataFrame(
        {
            "org_code": [ORG_CODE],
            "scenario": [place.scenario.to_json()],
            "state": [place.morning.packed()],
            "pending": [_packed(place.pending)],
        }
    )


def place_of(feed: pl.DataFrame, state: pl.DataFrame) -> Place:
    """Returns where the feed stands whose rows these are.

    Raises:
        NoFeedError: there are none.
    """
    if not (feed.height and state.height):
        raise NoFeedError("The warehouse holds no simulated trust to go on with. Run: bellwether simulate --warehouse")
    one, other = feed.row(0, named=True), state.row(0, named=True)
    settings = json.loads(one["settings"])
    return Place(
        one["next_day"], one["position"], Mishaps(**settings["mishaps"]), Scenario.from_json(other["scenario"]),
        State.unpacked(other["state"]), _unpacked(other["pending"]), settings["events"],
    )  # fmt: skip


def _packed(frames: Frames) -> str:
    parts = []
    for name, frame in sorted(frames.items()):
        file = io.BytesIO()
        frame.write_ipc(file)
        parts.append(f"{name} {base64.b64encode(zlib.compress(file.getvalue(), 1)).decode('ascii')}")
    return _MARK.join(parts)


def _unpacked(text: str) -> Frames:
    found: dict[str, Any] = {}
    for part in filter(None, text.split(_MARK)):
        name, held = part.split(" ")
        found[name] = pl.read_ipc(io.BytesIO(zlib.decompress(base64.b64decode(held))))
    return found
