"""The feed: the simulated trust's days unfolded in time, as its systems would have written them."""

from __future__ import annotations
