"""Capacity and flow: beds, discharges, winter reports, ambulances, outpatients, primary care."""

from __future__ import annotations
