"""From a request to an answer: plan, SQL, combine, explain."""

from __future__ import annotations
