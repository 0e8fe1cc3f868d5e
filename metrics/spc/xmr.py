"""XmR charts: individual values and moving ranges."""

from __future__ import annotations

import polars as pl

from metrics.spc.chart import Chart, finished
from metrics.spc.frame import ordered
from metrics.spc.lines import xmr_lines
from metrics.spc.profile import Profile, profile_of


def xmr(frame: pl.DataFrame, profile: str | Profile = "mdc") -> Chart:
    """Returns the XmR charts of all series of a frame.

    Args:
        frame: `series` String (may be left out when there is one), `date` Date, Datetime or ISO text, `value` numeric,
            null where nothing was reported. Optional: `target` numeric; `rebase` true where a phase starts;
            `improvement_direction` increase, decrease or neutral; `fix_after_n_points` the rows of each phase whose
            limits hold for the rest; `screen_outliers` Boolean; `status`, of which all but `final` is drawn and not
            judged; `lower_bound` and `upper_bound`, beyond which no limit is drawn; `due`, the day before which a
            newest value is stale.
        profile: the name of a profile, or one of your own.

    Raises:
        FrameError: the frame cannot be read so.
        ProfileError: the profile is not known.
    """
    settings = profile_of(profile)
    rows = ordered(frame, settings)
    return finished("xmr", rows, xmr_lines(rows, settings), settings)
