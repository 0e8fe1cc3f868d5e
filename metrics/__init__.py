"""What a number means, and how it is got.

>>> from metrics import MetricsLayer, Request
>>> layer = MetricsLayer.open()                                          # doctest: +SKIP
>>> layer.ask(Request.of("ae_four_hour", by=("region",))).frame          # doctest: +SKIP
"""

from __future__ import annotations

from metrics.query.engine import MetricsLayer
from metrics.query.request import Caller, Filter, Grain, Request
from metrics.query.result import Note, Result, Status

__all__ = ["Caller", "Filter", "Grain", "MetricsLayer", "Note", "Request", "Result", "Status"]
