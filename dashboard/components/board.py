"""A board: parts of a page that stand beside each other, and are put anew one by one when the live line brings them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard import live
from dashboard.live import Watched

_SCRIPT: Final = (Path(__file__).parent / "board.js").read_text(encoding="utf-8")
_board = st.components.v2.component("bellwether-board", html="<div data-board></div>", js=_SCRIPT, isolate_styles=False)


def draw(watched: Watched, rows: Sequence[Sequence[Sequence[str]]]) -> None:
    """Draws the parts of a board.

    Args:
        watched: what the page registers, with its board.
        rows: of the board: columns side by side, each with the names of parts beneath each other.
    """
    _board(
        key="board",
        data={
            "token": live.watch(watched),
            "frame": "".join(_row(columns) for columns in rows),
            "parts": {name: asdict(one) for name, one in live.drawn(watched).items()},
            "every": {part.name: part.every * 1000 for part in watched.parts},
        },
    )


def _row(columns: Sequence[Sequence[str]]) -> str:
    sections = ("".join(f'<section data-part="{escape(name)}"></section>' for name in names) for names in columns)
    inner = "".join(f"<div>{each}</div>" for each in sections)
    return f'<div class="bw-board-row" data-columns="{len(columns)}">{inner}</div>'
