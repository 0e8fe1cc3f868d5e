"""The engine on all shipped data, as it stands on a day after the last of them."""

from __future__ import annotations

from datetime import date

import pytest

from metrics import MetricsLayer

TODAY = date(2026, 11, 1)


@pytest.fixture(scope="module")
def shipped(shipped_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(shipped_warehouse, today=lambda: TODAY)
