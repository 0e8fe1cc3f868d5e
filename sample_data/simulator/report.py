"""Writes the simulated figures beside the published ones into docs/simulator.md.

First `bellwether simulate --from 2023-11-01 --out trust`, then
`python -m sample_data.simulator.report trust docs/simulator.md`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from sample_data.simulator.calibration import as_markdown, compare


def initiatives_as_markdown(truth: Sequence[dict[str, Any]]) -> str:
    """Returns the initiatives of a truth file as a table."""
    lines = ["| Initiative | Shows in | Where | From | True size |", "|---|---|---|---|---:|"]
    for each in truth:
        reach = [*each["services"], *each["sites"], *each["systems"], *each["staff_groups"]]
        where = ", ".join(reach) or "everywhere"
        live = date.fromisoformat(each["go_live"])
        begins = f"{live.day} {live:%B %Y}"
        if each["days_to_full_size"]:
            begins += f", growing over {each['days_to_full_size']} days"
        size = f"{each['relative_size']:+.0%}".replace("%", " %") if each["relative_size"] else "none"
        lines.append(f"| {each['title']} | {each['measure']} | {where} | {begins} | {size} |")
    return "\n".join(lines) + "\n"


def put(document: str, name: str, table: str) -> str:
    """Returns the document with a table between its marks.

    Raises:
        ValueError: the document has no such marks.
    """
    marks = rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)"
    found, count = re.subn(marks, lambda match: f"{match[1]}{table}{match[2]}", document, flags=re.DOTALL)
    if not count:
        raise ValueError(f"The document has no marks <!-- {name} --> and <!-- end of {name} -->.")
    return found


def main(folder: Path, document: Path) -> None:
    """Puts the tables of a simulation's folder into the document."""
    frames = {
        path.name: pl.concat([pl.read_parquet(file) for file in sorted(path.glob("[0-9]*.parquet"))])
        for path in sorted((folder / "tables").glob("fact_*"))
    }
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    text = document.read_text(encoding="utf-8")
    text = put(text, "initiatives", initiatives_as_markdown(truth))
    text = put(text, "figures", as_markdown(compare(frames)))
    document.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
