"""The process that makes forecasts beside the server: `python -m dashboard.training_process`.

It stands back behind everybody who looks at pages. It says what it does on standard output, a line of JSON each, and
reads what somebody waits for from standard input; when that closes, the server has gone, and so does it.
"""

from __future__ import annotations

import json
import os
import platform
import queue
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

import sqlalchemy as sa

from dashboard.forecast_parts import demand_metrics, families_of, family_with, part_of
from dashboard.viewmodels.places import Places
from metrics import MetricsLayer
from metrics.journal import JournalError
from metrics.query.errors import QueryError
from metrics.warehouse.errors import WarehouseBusyError, WarehouseError
from metrics.warehouse.settings import load_settings
from models.alerts import keep, look
from models.families import Family, bring_up_together, is_due_together, learn_together
from models.forecast_store import ForecastStore
from models.recording import Recorder

Say = Callable[[Mapping[str, Any]], None]
NOT_RECORDED: Final = "What forecasts came to could not be written into the warehouse; their metrics stay as they were."
_NICE: Final = 19


class Writes(Protocol):
    """What has gathered outcomes of forecasts, and writes them; see `models.recording.Recorder`."""

    def write(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody waits for: the forecast of a metric at a place, or of its services or sites there, or of both."""

    metric: str
    place: str
    by_service: bool = False
    by_site: bool = False


def work(
    layer: MetricsLayer,
    store: ForecastStore,
    say: Say,
    wanted: Callable[[], Iterable[Wanted]] = tuple,
    *,
    only: str | None = None,
    recorder: Recorder | None = None,
) -> None:
    """Makes what is due, a metric's parts at once: first what somebody waits for, then what most look at.

    At the end what forecasts came to is written into the warehouse, where there is anything new.

    Args:
        layer: asked for final periods.
        store: where forecasts are published.
        say: told before and after each part; `what` is 'begun', 'ended', 'failed', 'elsewhere', 'recorded',
            'unrecorded' or 'done'.
        wanted: gives what somebody has begun to wait for since it was last called.
        only: the one metric to forecast; None is all of them.
        recorder: writes what forecasts of published figures came to; None writes nothing.
    """
    places = Places.of(layer.organisations())
    families = families_of(layer.catalogue, places)
    waiting = [family for family in families if only in (None, family.metric)]
    done, seen = 0, set[tuple[str, str]]()
    while True:
        for each in wanted():
            if each.place in places.by_code and any(m.id == each.metric for m in demand_metrics(layer.catalogue)):
                metric, place = layer.catalogue.metric(each.metric), places.by_code[each.place]
                part = part_of(
                    layer.catalogue, metric, place, by_service=each.by_service, by_site=each.by_site
                )  # fmt: skip
                waiting.insert(0, family_with(families, part))
        waiting = [family for family in _once(waiting) if _names(family)[0] not in seen]
        if not waiting:
            if recorder is not None:
                if only is None:
                    recorder.leave_out({family.metric for family in families})
                record(recorder, say)
            say({"what": "done"})
            return
        family = waiting.pop(0)
        seen |= set(_names(family))
        left = sum(len(each.parts) for each in waiting)
        told = [
            {"metric": metric, "part": part, "done": done + number, "of": done + len(family.parts) + left}
            for number, (metric, part) in enumerate(_names(family))
        ]
        # A part that is forecast because somebody asked is not the whole of a metric's record.
        whole = family in families and layer.provenance(family.metric) == "published"
        _one(layer, store, family, [partial(_say_with, say, each) for each in told], recorder if whole else None)
        done += len(family.parts)


def _names(family: Family) -> list[tuple[str, str]]:
    return [(part.metric, part.name) for part in family.parts]


def _once(families: Iterable[Family]) -> list[Family]:
    return list({_names(family)[0]: family for family in families}.values())


def _one(
    layer: MetricsLayer, store: ForecastStore, family: Family, say: Sequence[Say], recorder: Recorder | None
) -> None:
    """Makes a family; `say` has one for each of its parts."""
    holder = f"{platform.node()[:60]} {os.getpid()}"

    def each_says(what: Mapping[str, Any]) -> None:
        for one in say:
            one(what)

    try:
        learnt = learn_together(layer.as_it_stands(), family)
        if not is_due_together(store, learnt):
            if recorder is not None:
                recorder.take(store, learnt)
            return
        claimed = [part for part in family.parts if store.claim(part.metric, part.name, holder)]
        try:
            if len(claimed) < len(family.parts):
                each_says({"what": "elsewhere"})
                return
            each_says({"what": "begun"})
            new = bring_up_together(store, learnt)
            keep(store, family.metric, look(store, learnt.parts))
            if recorder is not None:
                recorder.take(store, learnt)
        finally:
            for part in claimed:
                store.release(part.metric, part.name, holder)
        for part, one in zip(family.parts, say, strict=True):
            one({"what": "ended", "new": new[part.name]})
    except (QueryError, JournalError) as error:
        each_says({"what": "failed", "why": str(error)})
    except Exception as error:  # noqa: BLE001 - one family that fails must not keep the others from being made
        each_says({"what": "failed", "why": f"{type(error).__name__}: {error}"})


def record(recorder: Writes, say: Say) -> None:
    """Writes what forecasts came to; where that cannot be, says so, and all else goes on."""
    try:
        metrics = recorder.write()
    except (WarehouseError, sa.exc.DBAPIError, OSError) as error:
        why = str(error).splitlines()[0]
        say({"what": "unrecorded", "why": why, "again": isinstance(error, WarehouseBusyError)})
    else:
        if metrics:
            say({"what": "recorded", "metrics": list(metrics)})


def _say_with(say: Say, told: Mapping[str, Any], what: Mapping[str, Any]) -> None:
    say({**told, **what})


def main() -> None:
    """Makes what is due for the settings that hold here."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    asked: queue.SimpleQueue[Wanted] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(asked,), daemon=True).start()

    def wanted() -> Iterable[Wanted]:
        while not asked.empty():
            yield asked.get()

    def say(what: Mapping[str, Any]) -> None:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()

    layer = MetricsLayer.open()
    work(layer, ForecastStore.open(), say, wanted, recorder=Recorder(load_settings().warehouse))


def _listen(asked: queue.SimpleQueue[Wanted]) -> None:
    for line in sys.stdin:
        asked.put(Wanted(**json.loads(line)))
    os._exit(0)  # nobody listens any more; what is written is written as a whole or not at all


if __name__ == "__main__":
    main()
