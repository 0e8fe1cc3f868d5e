"""The measures of a forecast's record, as control charts want them: what they are called, their unit and direction.

They are read from the store of forecasts, so that a page shows what became known a moment ago, of a trust's own records
too. For published figures the catalogue's `forecast_wmape`, `forecast_bias` and `forecast_coverage_80` say the same
once training has written it into the warehouse, which a test holds.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from metrics.catalogue import Metric


def _measure(**said: Any) -> Metric:
    same = {"type": "index", "capability": "data", "unit": "percent", "decimals": 1, "headline": False}
    return Metric.model_validate({**same, "owner": "Bellwether", "source": "The record of its forecasts", **said})


ERROR: Final = _measure(
    id="forecast_error", title="Forecast error (wMAPE)", short_title="Forecasts missed by",
    description="The sum of absolute errors of the forecasts of a month over the sum of what happened.",
    direction="decrease", chart={"lower_bound": 0, "unbounded": True},
)  # fmt: skip
BIAS: Final = _measure(
    id="forecast_bias", title="Forecast bias", short_title="Forecast bias",
    description="Forecasts less what happened, over what happened; below 0 they were too low.",
    direction="neutral", chart={"unbounded": True},
)  # fmt: skip
COVERAGE: Final = _measure(
    id="forecast_coverage", title="Within the 80% interval", short_title="Within the 80% interval",
    description="The share of periods that came within their 80% interval; 80% is right, and more is too wide.",
    direction="neutral", chart={"kind": "pp", "lower_bound": 0, "upper_bound": 1},
    targets=[{"value": 0.8, "kind": "benchmark", "valid_from": date(1948, 7, 5), "source": "What the interval says"}],
)  # fmt: skip
