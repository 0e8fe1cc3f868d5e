"""People: workforce, sickness absence and the staff survey."""

from __future__ import annotations
