"""What a number means, and how it is got."""

from __future__ import annotations
