"""What a definition may say about control charts. The words are those of `metrics.spc`, which knows no definitions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final, Literal

from pydantic import Field

from metrics.catalogue.strict import Strict

ChartKind = Literal["xmr", "p", "u", "pp", "up", "c", "t", "g", "i", "mr", "run"]
ChartProfile = Literal["mdc", "mdc-2.6", "plotthedots"]
# Two to four years, as is advised for limits; a season or more of what is held oftener.
CHART_PERIODS: Final[Mapping[str, int]] = {
    "hour": 168, "day": 91, "week": 104, "month": 36, "quarter": 16, "financial_year": 20,
}  # fmt: skip


class ChartSettings(Strict):
    """How a metric's control chart is drawn."""

    kind: ChartKind = Field(
        default="xmr",
        description="xmr suits most; p, u, pp (P') and up (U') divide, c, t and g are of rare events, i (I'), mr, run",
    )
    profile: ChartProfile | None = Field(default=None, description="the rules that judge it; null is the house's")
    screen_outliers: bool | None = Field(
        default=None, description="whether outlying moving ranges are left out of the limits; null is the profile's"
    )
    lower_bound: float | None = Field(
        default=None, description="values are never below; null is worked out from the unit"
    )
    upper_bound: float | None = Field(
        default=None, description="values are never above; null is worked out from the unit"
    )
    unbounded: bool = Field(
        default=False, description="true: nothing is worked out from the unit; bounds that are written hold"
    )
    periods: int | None = Field(
        default=None,
        ge=13,
        description="newest periods that a chart is made of; null is by grain: 36 months, 16 quarters",
    )

    def newest(self, grain: str) -> int:
        """Returns how many of the newest periods of a grain a chart is made of."""
        return CHART_PERIODS[grain] if self.periods is None else self.periods


class Phase(Strict):
    """A day from which a metric's mean and limits are set anew, and the known fact that is the reason."""

    from_day: date = Field(description="the first day of the phase")
    reason: str = Field(max_length=500, description="what changed, in words")
    author: str = Field(description="who says so")
    source: str | None = Field(default=None, description="where it is written")
    organisation: str | None = Field(default=None, description="an organisation code; null is everywhere")
    service: str | None = Field(default=None, description="a code of the dimension 'service'; null is all")
    baseline_points: int | None = Field(
        default=None,
        description="the first so many points, 12 at least, set limits that are frozen; null is every point",
    )
