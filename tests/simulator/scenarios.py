"""Scenarios for tests that need rows and no settled queues."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sample_data.simulator.scenario import Scenario, usual_scenario


def short(first: date, last: date, *, seed: int = 1, scale: float = 1.0) -> Scenario:
    """Returns the usual scenario with two weeks of warming up."""
    return replace(usual_scenario(first, last, seed=seed, scale=scale), warm_up=14)
