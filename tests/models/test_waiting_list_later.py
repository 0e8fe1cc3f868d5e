"""A list is brought up to later counts of its size and share, on made lists and on published ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from metrics import Grain, MetricsLayer, Request
from models.waiting_list import BANDS, LONG, WITHIN, project
from models.waiting_list_calibration import Calibration, calibrate, month_end
from models.waiting_list_flows import flows_ahead
from models.waiting_list_later import Count, brought_up
from tests.models.test_waiting_list_calibration import YEAR, in_balance, lists

LAST = date(2024, 10, 1)
NOW = date(2025, 3, 1)


def counted(on: date, bands: np.ndarray) -> Count:
    return Count(on, float(bands.sum()), float(bands[:WITHIN].sum()))


@pytest.fixture(scope="module")
def balanced() -> Calibration:
    return calibrate(lists(dict.fromkeys(YEAR, in_balance(100, 0.04))))


def test_a_list_in_balance_stays_what_it_is(balanced: Calibration) -> None:
    later = [counted(day, balanced.start.waiting) for day in (date(2025, 4, 30), date(2025, 7, 31))]
    found = brought_up(balanced, later)
    assert found.start.on == date(2025, 7, 31)
    assert found.start.waiting == pytest.approx(balanced.start.waiting, rel=0.02, abs=0.2)
    assert found.growth.changes[-2:] == pytest.approx([0, 0], abs=1e-9)
    assert found.growth.spans[-2:] == (1, 3)
    assert brought_up(balanced, []) is balanced


def test_size_and_share_are_exactly_those_counted(balanced: Calibration) -> None:
    found = brought_up(balanced, [Count(date(2025, 4, 30), 2_600, 1_200), Count(date(2025, 5, 31), 2_700, 1_500)])
    assert found.start.waiting.sum() == pytest.approx(2_700)
    assert found.start.waiting[:WITHIN].sum() == pytest.approx(1_500)
    ahead = project(found.start, flows_ahead(found, 8))
    assert ahead.on == date(2025, 5, 31)
    assert ahead.share[:, 0] == pytest.approx(1_500 / 2_700)
    assert found.growth.changes[-1] == pytest.approx(100 / 2_650)
    assert found.odds.changes[-1] > 0


def test_counts_out_of_order_are_refused(balanced: Calibration) -> None:
    with pytest.raises(ValueError, match="in the order of their days"):
        brought_up(balanced, [Count(balanced.start.on, 100, 50)])


def test_ages_of_published_lists_are_nearer_than_those_of_the_old_list(shipped_warehouse: str) -> None:
    """Trusts' lists of October 2024, brought up to March 2025 by size and share, beside those of March 2025."""
    layer = MetricsLayer.open(shipped_warehouse, today=lambda: date(2026, 11, 23))
    asked = Request.of(
        "rtt_list_by_week", by=("organisation", "weeks_waited"), where={"commissioning": "english"}, grain=Grain.MONTH,
        period_from=YEAR[0], period_to=NOW,
    )  # fmt: skip
    frame = layer.ask(asked).frame.filter(pl.col("status") == "final", pl.col("value") > 0)
    held = frame.select("period", org="organisation", weeks=pl.col("weeks_waited").cast(pl.Int64), pathways="value")
    ours, old = [], []
    for (_,), lists_of in sorted(held.partition_by("org", as_dict=True).items()):
        bands = {
            period: _bands(of_month) for (period,), of_month in lists_of.partition_by("period", as_dict=True).items()
        }
        if set(bands) != set(YEAR) or bands[NOW].sum() < 20_000:
            continue
        known = calibrate(lists_of.filter(pl.col("period") <= LAST).drop("org"))
        found = brought_up(known, [counted(month_end(month), bands[month]) for month in YEAR if month > LAST])
        scaled = replace(known.start, waiting=known.start.waiting * bands[NOW].sum() / known.start.waiting.sum())
        for waiting, errors in ((found.start.waiting, ours), (scaled.waiting, old)):
            errors.append([
                np.abs(waiting - bands[NOW]).sum() / bands[NOW].sum(),
                abs(waiting[LONG:].sum() - bands[NOW][LONG:].sum()) / bands[NOW].sum(),
            ])  # fmt: skip
    assert len(ours) > 60
    ages, long = np.mean(ours, axis=0)
    old_ages, old_long = np.mean(old, axis=0)
    assert ages < 0.9 * old_ages
    assert long < old_long


def _bands(of_month: pl.DataFrame) -> np.ndarray:
    found = np.zeros(BANDS)
    for weeks, pathways in of_month.select("weeks", "pathways").iter_rows():
        found[min(weeks, BANDS - 1)] += pathways
    return found
