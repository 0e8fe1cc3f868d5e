"""Every kind of chart by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import polars as pl

from metrics.spc.chart import Chart
from metrics.spc.frame import FrameError
from metrics.spc.profile import Profile
from metrics.spc.xmr import xmr

KINDS: Final[Mapping[str, Callable[[pl.DataFrame, str | Profile], Chart]]] = {"xmr": xmr}


def chart(frame: pl.DataFrame, kind: str, profile: str | Profile = "mdc") -> Chart:
    """Returns the charts of one kind of all series of a frame; see the function of the kind.

    Raises:
        FrameError: there is no such kind, or the frame does not suit it.
    """
    if kind not in KINDS:
        raise FrameError(f"There is no chart '{kind}'. Write one of {', '.join(KINDS)}.")
    return KINDS[kind](frame, profile)
