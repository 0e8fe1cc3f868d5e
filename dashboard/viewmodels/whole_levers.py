"""Levers that are whole numbers within limits, as the address of a page holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any


def read_levers(
    query: Mapping[str, str], limits: Mapping[str, tuple[int, int]]
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Returns what an address asks for, and what in it could not be used, in words."""
    found, messages = {}, []
    for name, (low, high) in limits.items():
        text = query.get(name, "").strip()
        whole = text.removeprefix("-")
        if whole.isascii() and whole.isdigit() and low <= int(text) <= high:
            found[name] = int(text)
        elif text:
            messages.append(
                f"The link's '{name}' is '{text}', which is no whole number from {low:,} to {high:,}. It is left out."
            )
    return found, tuple(messages)


def written_levers(choices: Any) -> dict[str, str]:
    """Returns the parts of the address that say what is not the default, of a dataclass of levers."""
    return {
        each.name: str(getattr(choices, each.name))
        for each in fields(choices)
        if getattr(choices, each.name) != each.default
    }
