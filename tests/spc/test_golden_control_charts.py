"""Every other chart gives what qicharts2 0.8.1 gave: its lines to 1e-6, and its figures of runs and signals exactly."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from metrics.spc import KINDS, Chart, chart

GOLDEN = Path(__file__).parent.parent / "golden" / "control_charts.csv.gz"
# The package calls I' "ip"; ours is I' where there are denominators, and I where there are none.
OURS = {name: name for name in ("p", "pp", "u", "up", "c", "t", "g", "i", "mr", "run")} | {"ip": "i"}
RUNS = ("longest_run", "longest_run_max", "crossings", "crossings_min", "runs_signal", "sigma_signal")
LINES = {"y": "value", "cl": "mean", "lcl": "lower_drawn", "ucl": "upper_drawn"}
POINTS = dict.fromkeys(("p", "pp", "u", "up", "c", "ip"), 384) | dict.fromkeys(("t", "g", "i", "mr", "run"), 131)


def golden(name: str) -> pl.DataFrame:
    whole = pl.read_csv(GOLDEN, infer_schema_length=None, null_values=["", "NA"])
    day = pl.date_range(date(2020, 1, 1), date(2020, 12, 31), eager=True)
    numbered = pl.DataFrame({"i": range(1, 367), "date": day})
    return whole.filter(pl.col("chart") == name).join(numbered, on="i").sort("series", "date")


def drawn(name: str) -> Chart:
    return chart(golden(name).select("series", "date", "num", "den"), OURS[name], "mdc")


@pytest.mark.parametrize("name", POINTS)
@pytest.mark.parametrize("theirs", LINES)
def test_lines(name: str, theirs: str) -> None:
    wanted = golden(name)
    assert wanted.height == POINTS[name]
    ours = drawn(name).points
    assert ours["series"].to_list() == wanted["series"].to_list()
    mine, there = ours[LINES[theirs]], wanted[theirs].cast(pl.Float64)
    assert mine.is_null().to_list() == there.is_null().to_list()
    off = ((mine - there).abs() / there.abs().clip(1.0)).max()
    assert off is None or off < 1e-6  # type: ignore[operator]
    assert (off is None) == (name == "run" and theirs in ("lcl", "ucl"))


@pytest.mark.parametrize("name", POINTS)
@pytest.mark.parametrize("figure", RUNS)
def test_runs_and_signals(name: str, figure: str) -> None:
    assert drawn(name).points[figure].to_list() == golden(name)[figure].to_list()


def test_every_kind_is_held_to_the_package_but_xmr_which_has_its_own() -> None:
    assert set(OURS.values()) == set(KINDS) - {"xmr"}
    assert set(pl.read_csv(GOLDEN, infer_schema_length=None)["chart"]) == set(OURS)
