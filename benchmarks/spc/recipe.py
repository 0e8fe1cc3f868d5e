"""The usual recipe in pandas: one function of one series, applied to each group. The peer of the timings.

It does what `metrics.spc.xmr` does under the profile "mdc" for series without phases: limits, the four rules and both
icons. It has no guards.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

RULES = ("rule_outside", "rule_trend", "rule_two_in_three", "rule_shift")


def icons(frame: pd.DataFrame) -> pd.DataFrame:
    """Returns `series`, `variation_icon`, `assurance_icon` and the number of rows on which each rule fired."""
    return frame.groupby("series", sort=True)[list(frame.columns[1:])].apply(_one).reset_index()


def _one(group: pd.DataFrame) -> pd.Series:
    group = group.sort_values("date")
    mean = group["value"].mean()
    width = 2.66 * group["value"].diff().abs().mean()
    given = group.dropna(subset="value")
    value = given["value"]
    side = np.sign(value - mean)
    outside = (value > mean + width) | (value < mean - width)
    beyond = (value > mean + width * 2 / 3) | (value < mean - width * 2 / 3)
    shift_up, shift_down = _runs(side == 1, 7), _runs(side == -1, 7)
    rising = _runs(value.diff() > 0, 6) | _runs(value.diff() > 0, 6).shift(-1, fill_value=False)
    falling = _runs(value.diff() < 0, 6) | _runs(value.diff() < 0, 6).shift(-1, fill_value=False)
    thirds = pd.Series(data=False, index=value.index)
    for way in (1, -1):
        window = ((side == way).rolling(3).sum() == 3) & ((beyond & (side == way)).rolling(3).sum() >= 2)
        thirds |= window | window.shift(-1, fill_value=False) | window.shift(-2, fill_value=False)
    thirds &= beyond
    up = (outside & (side > 0)) | rising | (thirds & (side > 0)) | shift_up
    down = (outside & (side < 0)) | falling | (thirds & (side < 0)) | shift_down
    direction, target = group["improvement_direction"].iloc[-1], group["target"].iloc[-1]
    last = (bool(up.iloc[-1]), bool(down.iloc[-1]))
    # Of the rules, only outside comes before a trend; all but a trend follow the side of the mean.
    follows_trend = not outside.iloc[-1] and (rising.iloc[-1] or falling.iloc[-1])
    ranked = (1 if rising.iloc[-1] else -1) if follows_trend else int(side.iloc[-1])
    return pd.Series(
        {
            "variation_icon": _variation(last, ranked, direction),
            "assurance_icon": _assurance(target, mean - width, mean + width, direction),
            "rule_outside": int(outside.sum()),
            "rule_trend": int((rising | falling).sum()),
            "rule_two_in_three": int(thirds.sum()),
            "rule_shift": int((shift_up | shift_down).sum()),
        }
    )


def _runs(flags: pd.Series, length: int) -> pd.Series:
    """Returns where a flag is part of so many in a row."""
    ends = flags.rolling(length).sum() == length
    return ends[::-1].rolling(length, min_periods=1).max()[::-1].astype(bool)


def _variation(last: tuple[bool, bool], ranked: int, direction: str) -> str:
    up, down = last
    if not up and not down:
        return "common_cause"
    if direction == "neutral":
        return "neutral_high" if ranked > 0 else "neutral_low"
    better = up if direction == "increase" else down
    height = ("high", "low") if direction == "increase" else ("low", "high")
    return f"improvement_{height[0]}" if better else f"concern_{height[1]}"


def _assurance(target: float, lower: float, upper: float, direction: str) -> str | None:
    if np.isnan(target) or direction == "neutral":
        return None
    below, above = target <= lower, target >= upper
    passes, fails = (below, above) if direction == "increase" else (above, below)
    if passes:
        return "pass"
    return "fail" if fails else "inconsistent"


def agreement(ours: Any, theirs: pd.DataFrame) -> dict[str, int]:
    """Returns how many series differ by column; `ours` has a row a series with the columns of `icons`."""
    mine = ours.to_pandas().set_index("series").sort_index()
    other = theirs.set_index("series").sort_index()
    return {
        column: int((mine[column].astype(object).fillna("") != other[column].astype(object).fillna("")).sum())
        for column in other.columns
    }
