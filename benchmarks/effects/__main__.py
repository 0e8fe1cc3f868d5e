"""Reads the simulator's known effects off control charts: `python -m benchmarks.effects [--seeds 5] [--keep FOLDER]`.

Three years of the sample trust at size 1 are simulated a seed, about a minute each, into a warehouse of their own.
`--keep` leaves the warehouses in a folder, and takes from it those that are there already.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from benchmarks.effects.reads import Read, read_off
from benchmarks.effects.report import markdown
from benchmarks.measuring import RESULTS, machine
from metrics import MetricsLayer
from metrics.catalogue.loading import SHIPPED
from metrics.warehouse.settings import embedded_url
from sample_data.simulator.loading import write_warehouse
from sample_data.simulator.scenario import usual_scenario

FIRST, LAST = date(2023, 11, 1), date(2026, 10, 31)
MEASURES: Final = Path(__file__).parent


def main() -> int:
    """Reads off and writes the results; returns 1 when not 4 in 5 real effects are within, or one is not signalled."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="how many simulations")
    parser.add_argument("--keep", type=Path, help="a folder for their warehouses")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bellwether-effects-") as passing:
        folder = options.keep or Path(passing)
        reads = [read for seed in range(1, options.seeds + 1) for read in _read(folder / f"seed-{seed}", seed)]
    about = {**machine(), "days": f"{FIRST} to {LAST}", "scale": 1, "seeds": options.seeds}
    RESULTS.mkdir(exist_ok=True)
    kept = {**about, "reads": [_kept(read) for read in reads]}
    (RESULTS / "effects.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    text = markdown(reads, about)
    (RESULTS / "effects.md").write_text(text, encoding="utf-8")
    print(text)
    real = [read for read in reads if read.effect]
    within, seen = sum(read.is_within for read in real), sum(read.signal.periods is not None for read in real)
    return 0 if within >= 0.8 * len(real) and seen == len(real) else 1


def _read(folder: Path, seed: int) -> list[Read]:
    url = embedded_url(folder)
    if not folder.exists():
        write_warehouse(usual_scenario(FIRST, LAST, seed=seed), url)
        print(f"Simulated seed {seed}.", file=sys.stderr)
    layer = MetricsLayer.open(url, definitions=(SHIPPED, MEASURES), today=lambda: LAST + timedelta(days=1))
    return list(read_off(layer))


def _kept(read: Read) -> dict[str, object]:
    found = json.loads(json.dumps(asdict(read)), parse_float=lambda text: round(float(text), 5))
    beside = {"change": round(read.beside, 5), "is_within": read.is_within_beside}
    return {**found, "is_within": read.is_within, "beside": beside}


if __name__ == "__main__":
    sys.exit(main())
