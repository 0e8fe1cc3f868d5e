"""What a number means, and how it is got.

>>> from metrics import MetricsLayer, Request
>>> layer = MetricsLayer.open()                                          # doctest: +SKIP
>>> layer.ask(Request.of("ae_four_hour", by=("region",))).frame          # doctest: +SKIP
"""

from __future__ import annotations

from metrics.query.engine import MetricsLayer
from metrics.query.request import Against, Caller, Comparison, Filter, Grain, Request, Sort, Top
from metrics.query.result import Note, Result, Status

__all__ = [
    "Against", "Caller", "Comparison", "Filter", "Grain", "MetricsLayer", "Note", "Request", "Result", "Sort", "Status",
    "Top",
]  # fmt: skip
