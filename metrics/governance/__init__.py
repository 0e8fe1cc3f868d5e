"""Who may do what. Plain values in, plain values out: nothing here reads, asks or draws."""

from __future__ import annotations

from metrics.governance.writers import Person, writer

__all__ = ["Person", "writer"]
