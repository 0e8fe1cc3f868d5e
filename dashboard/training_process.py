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
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from dashboard.forecast_parts import demand_metrics, part_of, parts_of
from dashboard.viewmodels.places import Places
from metrics import MetricsLayer
from metrics.journal import JournalError
from metrics.query.errors import QueryError
from models.forecast_store import ForecastStore
from models.publishing import Part, bring_up, is_due, learn

Say = Callable[[Mapping[str, Any]], None]
_NICE: Final = 19


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody waits for: the forecast of a metric at a place, or of its services there."""

    metric: str
    place: str
    by_service: bool = False


def work(
    layer: MetricsLayer,
    store: ForecastStore,
    say: Say,
    wanted: Callable[[], Iterable[Wanted]] = tuple,
    *,
    only: str | None = None,
) -> None:
    """Makes what is due, part by part: first what somebody waits for, then what most look at.

    Args:
        layer: asked for final periods.
        store: where forecasts are published.
        say: told before and after each part; `what` is 'begun', 'ended', 'failed', 'elsewhere' or 'done'.
        wanted: gives what somebody has begun to wait for since it was last called.
        only: the one metric to forecast; None is all of them.
    """
    places = Places.of(layer.organisations())
    waiting = [part for part in parts_of(layer.catalogue, places.owners) if only in (None, part.metric)]
    done, seen = 0, set[tuple[str, str]]()
    while True:
        for each in wanted():
            if each.place in places.by_code and any(m.id == each.metric for m in demand_metrics(layer.catalogue)):
                metric, place = layer.catalogue.metric(each.metric), places.by_code[each.place]
                waiting.insert(0, part_of(layer.catalogue, metric, place, by_service=each.by_service))
        waiting = [part for part in dict.fromkeys(waiting) if (part.metric, part.name) not in seen]
        if not waiting:
            say({"what": "done"})
            return
        part = waiting.pop(0)
        seen.add((part.metric, part.name))
        told = {"metric": part.metric, "part": part.name, "done": done, "of": done + 1 + len(waiting)}
        _one(layer, store, part, partial(_say_with, say, told))
        done += 1


def _one(layer: MetricsLayer, store: ForecastStore, part: Part, say: Say) -> None:
    holder = f"{platform.node()[:60]} {os.getpid()}"
    try:
        learnt = learn(layer, part)
        if not is_due(store, learnt):
            return
        if not store.claim(part.metric, part.name, holder):
            say({"what": "elsewhere"})
            return
        say({"what": "begun"})
        try:
            is_new = bring_up(store, learnt)
        finally:
            store.release(part.metric, part.name, holder)
        say({"what": "ended", "new": is_new})
    except (QueryError, JournalError) as error:
        say({"what": "failed", "why": str(error)})
    except Exception as error:  # noqa: BLE001 - one part that fails must not keep the others from being made
        say({"what": "failed", "why": f"{type(error).__name__}: {error}"})


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

    work(MetricsLayer.open(), ForecastStore.open(), say, wanted)


def _listen(asked: queue.SimpleQueue[Wanted]) -> None:
    for line in sys.stdin:
        asked.put(Wanted(**json.loads(line)))
    os._exit(0)  # nobody listens any more; what is written is written as a whole or not at all


if __name__ == "__main__":
    main()
