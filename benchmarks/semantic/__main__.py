"""Times and judges three metrics: `python -m benchmarks.semantic [--rows N] [--rounds N] [--without-peers]`.

Makes the table (some 20 seconds) and the environments of the peers the first time, in `build/semantic/`.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.semantic import hand, oracle, ours, report, table
from benchmarks.semantic.peers.process import Peer, running
from benchmarks.semantic.rounds import Contestant, Taken, measure, timed
from metrics.warehouse.connect import embedded_folder
from metrics.warehouse.embedded import current_version, snapshot_path

FOLDER = Path(__file__).parent.parent.parent / "build" / "semantic"
PEERS = {"boring-semantic-layer": "boring", "sidemantic": "side"}


def run(rows: int, rounds: int, *, with_peers: bool) -> report.Findings:
    """Returns all that was found."""
    url = table.warehouse(FOLDER, rows)
    with ExitStack() as stack:
        asked = ours.Asked.open(url)
        native = stack.enter_context(asked.native())
        threads = int(native.sql("SELECT current_setting('threads')").fetchall()[0][0])
        wanted = oracle.answers(native)
        peers = [
            stack.enter_context(running(name, module, _database(url), threads, FOLDER))
            for name, module in PEERS.items()
            if with_peers
        ]
        contestants = [_ourselves(asked, native), *(_contestant(peer) for peer in peers)]
        times = measure(contestants, rounds)
        verdicts = {
            (report.HAND, name): oracle.judge(hand.answer(native, question), wanted[name])
            for name, question in hand.QUESTIONS.items()
        }
        verdicts |= {(report.OURS, name): oracle.judge(asked.rates(name), wanted[name]) for name in hand.QUESTIONS}
        for peer in peers:
            for query in peer.queries:
                verdicts[peer.name, query] = oracle.judge(peer.answer(query, FOLDER), wanted[query[0]])
        packages = ("duckdb", "polars", "sqlalchemy")
        own = {**{name: metadata.version(name) for name in packages}, "python": platform.python_version()}
        return report.Findings(
            shape=table.shape(native),
            contestants=contestants,
            times=times,
            verdicts=verdicts,
            versions={report.OURS: own, **{peer.name: peer.versions for peer in peers}},
            rounds=rounds,
            threads=threads,
            load_average_after=round(os.getloadavg()[0], 2),
        )


def _ourselves(asked: ours.Asked, native: Any) -> Contestant:
    def by_hand(question: str) -> Taken:
        return timed(lambda: hand.answer(native, hand.QUESTIONS[question]))

    return Contestant(
        report.OURS,
        dict.fromkeys(hand.QUESTIONS, "a request"),
        by_hand,
        {
            "compile": lambda name: timed(lambda: asked.compile(name)),
            "cached": lambda name: timed(lambda: asked.cached(name)),
            "total": lambda name: timed(lambda: asked.answer(name)),
        },
    )


def _contestant(peer: Peer) -> Contestant:
    return Contestant(
        peer.name,
        peer.queries,
        lambda question: peer.ask(do="hand", sql=hand.QUESTIONS[question].sql),
        {
            "compile": lambda query: peer.ask(do="compile", query=query),
            "total": lambda query: peer.ask(do="answer", query=query),
        },
    )


def _database(url: str) -> Path:
    folder = embedded_folder(url)
    assert folder is not None  # noqa: S101 - it was made embedded
    return snapshot_path(folder, current_version(folder) or "")


def main() -> int:
    """Measures, writes the results of the whole table, and returns 1 when an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=table.ROWS, help="rows of the table; fewer are a quick look")
    parser.add_argument("--rounds", type=int, default=7, help="times that everything is run (7)")
    parser.add_argument("--without-peers", action="store_true", help="hand-written SQL and Bellwether alone")
    options = parser.parse_args()
    found = run(options.rows, options.rounds, with_peers=not options.without_peers)
    print(report.markdown(found))
    if options.rows == table.ROWS and not options.without_peers:
        print(f"Written to {report.write(found)}")
    return 1 if report.missed_aims(found) else 0


if __name__ == "__main__":
    sys.exit(main())
