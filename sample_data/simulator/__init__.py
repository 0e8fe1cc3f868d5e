"""A fictional trust, simulated day by day from one seed."""

from __future__ import annotations
