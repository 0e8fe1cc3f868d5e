"""Demand forecasts and their errors: frames in, frames out."""

from __future__ import annotations
