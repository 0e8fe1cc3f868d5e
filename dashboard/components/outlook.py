"""How a page that looks ahead begins: the place, whose figures stand for it, how old they are, and the finding."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import streamlit as st

from dashboard.components import provenance
from dashboard.components.html import badge, put
from dashboard.viewmodels.places import Place
from dashboard.viewmodels.reach import Reach


def title(page: str, place: Place) -> None:
    """Draws the page's name with that of the place, and that it is simulated where it is."""
    st.title(f"{page}: {place.name}", anchor=False)
    provenance.told(place)


def whose(reach: Reach) -> None:
    """Draws whose figures they are, where they are not the place's own."""
    if not reach.is_own:
        put(f'<p class="bw">{badge(reach.label, "warn")}</p>')


def finding(name: str, age: str, headline: str, sentences: Iterable[str]) -> None:
    """Draws how old the data are, the finding, and what explains it; `name` is that of the test ids."""
    put(f'<div class="bw bw-note" role="status" data-testid="{name}-age">{escape(age)}</div>')
    put(f'<div class="bw"><h2 class="bw-title" data-testid="{name}-headline">{escape(headline)}</h2></div>')
    put("".join(f'<p class="bw">{escape(text)}</p>' for text in sentences))
