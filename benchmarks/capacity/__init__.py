"""What the beds of the capacity page are worth, held against simulated trusts that play on."""

from __future__ import annotations
