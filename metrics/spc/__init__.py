"""Control charts and what they say: frames in, frames out, every series at once."""

from __future__ import annotations

from metrics.spc.chart import Chart
from metrics.spc.frame import FrameError
from metrics.spc.profile import PROFILES, Profile, ProfileError, profile_of
from metrics.spc.xmr import xmr

__all__ = ["PROFILES", "Chart", "FrameError", "Profile", "ProfileError", "profile_of", "xmr"]
