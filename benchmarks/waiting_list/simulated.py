"""Projects the lists of simulated trusts, and holds them against what the simulator then plays.

Make the trusts first, with several seeds: `bellwether simulate --from 2023-11-01 --seed 101 --out trusts/101`. From the
ends of October 2024, April and October 2025, each by the year before, one to twelve months on.
"""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path

import polars as pl

from benchmarks.measuring import RESULTS, machine
from benchmarks.waiting_list.__main__ import Tested, lines, table, tested

MONTHS = (1, 3, 6, 12)
ORIGINS = (date(2024, 10, 1), date(2025, 4, 1), date(2025, 10, 1))


def lists_of(folder: Path) -> list[pl.DataFrame]:
    """Returns `period`, `weeks`, `pathways` of each service of a trust."""
    held = pl.read_parquet(folder / "tables" / "fact_rtt_snapshot" / "*.parquet").filter(pl.col("rtt_part") == "Part_2")
    tidy = held.select(
        "period", "service_code", weeks=pl.col("weeks_waiting").cast(pl.Int64), pathways=pl.col("pathways").cast(float)
    )
    return [each.drop("service_code") for each in tidy.partition_by("service_code")]


def months_on(month: date, months: int) -> date:
    """Returns the first day of a month so many months later."""
    years, place = divmod(month.month - 1 + months, 12)
    return date(month.year + years, place + 1, 1)


def main() -> None:
    """Projects every list, and keeps what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    folders = parser.parse_args().folders
    found: list[Tested] = []
    for folder in folders:
        for lists in lists_of(folder):
            for origin in ORIGINS:
                near = lists.filter(pl.col("period") > months_on(origin, -13))
                found += tested(near, {origin: tuple(months_on(origin, months) for months in MONTHS)})
    rows, about = table(found), {**machine(), "trusts": len(folders)}
    text = [
        "# Waiting lists: projected from a simulated trust's past, and what it then played",
        "",
        "`python -m benchmarks.waiting_list.simulated trusts/*`: every service, three cut-offs.",
        "",
        *lines(rows),
        "",
        ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in about.items()) + ".",
        "",
    ]
    kept = json.dumps({**about, "rows": rows}, indent=2) + "\n"
    (RESULTS / "waiting_list_simulated.json").write_text(kept, encoding="utf-8")
    (RESULTS / "waiting_list_simulated.md").write_text("\n".join(text), encoding="utf-8")
    print("\n".join(text))


if __name__ == "__main__":
    main()
