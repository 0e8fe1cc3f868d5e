"""Data that come late change the number as one whole, at the next look and not in the middle; no stale one stays.

first load   1 April   booked 10   missed 1     rate 10 %
second load  1 April   booked 10   missed 5     rate 20 % of both rows
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from metrics import Grain, Request
from metrics.warehouse.writing import writing
from tests.query import daily

DAY = date(2026, 4, 1)
ASKED = Request.of("missed_rate", grain=Grain.DAY)


def test_late_rows_are_counted_after_a_refresh_and_kept_answers_are_dropped(tmp_path: Path) -> None:
    url = f"duckdb:///{tmp_path / 'warehouse'}"
    layer = daily.build(url, [(DAY, "A", "North", 10, 1, None)], tmp_path / "definitions", lambda: date(2026, 6, 1))
    first = layer.ask(ASKED)
    assert first.frame["value"].to_list() == [0.1]
    held = layer.as_it_stands()
    table = layer.catalogue.table("sheet")
    assert isinstance(table, sa.Table)
    with writing(url) as writer:
        late: list[daily.Row] = [(DAY, "A", "North", 20, 5, None), (date(2026, 4, 3), "A", "North", 10, 0, None)]
        writer.insert(table, pl.DataFrame(late, schema=daily.KINDS, orient="row"))
    assert layer.ask(ASKED).frame["value"].to_list() == [0.1]  # as of the state it was opened on, and no mixture
    assert layer.refresh()
    second = layer.ask(ASKED)
    assert second.frame["value"].to_list() == [0.2, None, 0.0]
    assert second.data_version != first.data_version
    assert held.ask(ASKED).frame["value"].to_list() == [0.1]  # a page that is being drawn stays with one state
    assert not layer.refresh()
