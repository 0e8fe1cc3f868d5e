"""Outcomes, cost, and digital maturity: published indicators, PROMs, medical records, the NHS App."""

from __future__ import annotations
