"""Real NHS publications and their readers."""

from __future__ import annotations
