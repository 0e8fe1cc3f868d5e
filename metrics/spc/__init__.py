"""Control charts and what they say: frames in, frames out, every series at once."""

from __future__ import annotations

from metrics.spc.attribute import c, i, p, pp, u, up
from metrics.spc.chart import Chart
from metrics.spc.charts import KINDS, Kind, KindError, chart, kind_of, settings_words
from metrics.spc.frame import FrameError
from metrics.spc.moving_range import mr
from metrics.spc.profile import PROFILES, Profile, ProfileError, profile_of
from metrics.spc.rare import g, t
from metrics.spc.rebasing import suggested
from metrics.spc.recommend import recommended
from metrics.spc.run_chart import run
from metrics.spc.xmr import xmr

__all__ = [
    "KINDS",
    "PROFILES",
    "Chart",
    "FrameError",
    "Kind",
    "KindError",
    "Profile",
    "ProfileError",
    "c",
    "chart",
    "g",
    "i",
    "kind_of",
    "mr",
    "p",
    "pp",
    "profile_of",
    "recommended",
    "run",
    "settings_words",
    "suggested",
    "t",
    "u",
    "up",
    "xmr",
]
