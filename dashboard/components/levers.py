"""Boxes of a what-if page, whose values live in the page's address: a link reopens what was tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

Offered = TypeVar("Offered")


def pick(
    name: str,
    label: str,
    offered: Sequence[Offered],
    value: Offered,
    *,
    shown: Callable[[Offered], str],
    default: object = None,
) -> None:
    """Draws a list to pick from. What is picked goes to the address under `name`; the default leaves it."""
    box = f"lever_{name}"
    st.session_state[box] = value
    st.selectbox(label, offered, key=box, format_func=shown, on_change=_choose, args=(name, box, default))


def number(
    name: str,
    label: str,
    value: int,
    limits: tuple[int, int],
    *,
    step: int = 1,
    default: int = 0,
    explained: str | None = None,
) -> None:
    """Draws a box for a whole number within limits. It goes to the address under `name`; the default leaves it."""
    box = f"lever_{name}"
    st.session_state[box] = value
    st.number_input(
        label, min_value=limits[0], max_value=limits[1], step=step, key=box, on_change=_choose,
        args=(name, box, default), help=explained,
    )  # fmt: skip


def reset(names: Sequence[str]) -> None:
    """Takes the levers out of the address."""
    for name in names:
        st.query_params.pop(name, None)


def _choose(name: str, box: str, default: object) -> None:
    value = st.session_state[box]
    if value == default:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = f"{value:g}" if isinstance(value, float) else str(value)
