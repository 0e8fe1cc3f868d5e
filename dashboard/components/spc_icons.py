"""The icons of control charts, drawn for Bellwether: shape, letter and arrow say what the colour says.

Improvement is a filled circle, concern a diamond, a change without a better direction a hexagon, common cause a light
circle; what cannot be judged has a broken outline. Passing is a square with P and a tick, failing an octagon with F and
a cross, hit and miss a light square with a question mark. Colours are set by `style.css` for either theme; an icon
outside the page keeps those of the light one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

from dashboard.viewmodels.spc_terms import ASSURANCE, NO_TARGET, STATES, TERMS, VARIATION

SIZE: Final = 40
_CLOCK: Final = 18
_CIRCLE: Final = "M24 3a21 21 0 1 1 0 42a21 21 0 1 1 0-42Z"
_DIAMOND: Final = "M24 2 46 24 24 46 2 24Z"
_HEXAGON: Final = "M13 4H35L46 24 35 44H13L2 24Z"
_OCTAGON: Final = "M15 3H33L45 15V33L33 45H15L3 33V15Z"
_SQUARE: Final = "M10 3H38Q45 3 45 10V38Q45 45 38 45H10Q3 45 3 38V10Q3 3 10 3Z"
_ZIGZAG: Final = "M11 25L17 20 24 28 31 20 37 25"
_ZIGZAG_DOTS: Final = ((11, 25), (17, 20), (24, 28), (31, 20), (37, 25))
# The colours of the light theme, for an icon that stands outside the page; style.css has both themes.
_FILLS: Final[Mapping[str, tuple[str, str]]] = {
    "good": ("#005eb8", "#ffffff"),
    "poor": ("#d05a00", "#ffffff"),
    "plain": ("#e8edee", "#33434f"),
    "neutral": ("#6b2fa0", "#ffffff"),
    "none": ("#ffffff", "#33434f"),
}
_INK: Final = "#212b32"


@dataclass(frozen=True, slots=True)
class _Art:
    """How an icon is drawn.

    Attributes:
        tone: a key of `_FILLS`.
        outline: the path of its shape.
        strokes: the path of letter, arrow or line within.
        dots: centres of small discs.
        rings: centres of small rings.
        thin: the path of thin broken lines, such as limits.
        broken: draws the outline broken.
        weight: the width of the strokes.
    """

    tone: str
    outline: str
    strokes: str = ""
    dots: tuple[tuple[int, int], ...] = ()
    rings: tuple[tuple[int, int], ...] = ()
    thin: str = ""
    broken: bool = False
    weight: float = 4


_ART: Final[Mapping[str, _Art]] = {
    "common_cause": _Art(
        "plain", _CIRCLE, _ZIGZAG, _ZIGZAG_DOTS, thin="M11 13H37M11 35H37", weight=2.5
    ),
    "improvement_high": _Art("good", _CIRCLE, "M12 15V33M22 15V33M12 24H22M34 33V16M29 21L34 15 39 21"),
    "improvement_low": _Art("good", _CIRCLE, "M14 15V33H24M34 15V32M29 27L34 33 39 27"),
    "concern_high": _Art("poor", _DIAMOND, "M13 17V31M21 17V31M13 24H21M33 31V18M28 22L33 17 38 22"),
    "concern_low": _Art("poor", _DIAMOND, "M15 16V32H23M32 16V31M28 27L32 32 36 27"),
    "neutral_high": _Art("neutral", _HEXAGON, "M24 37V13M14 22L24 12 34 22"),
    "neutral_low": _Art("neutral", _HEXAGON, "M24 11V35M14 26L24 36 34 26"),
    "no_variation": _Art("plain", _CIRCLE, "M11 24H37", ((11, 24), (20, 24), (28, 24), (37, 24)), weight=2.5),
    "too_few_points": _Art("none", _CIRCLE, "", ((15, 27), (24, 20), (33, 25)), broken=True),
    "missing_latest": _Art(
        "none", _CIRCLE, "M10 25L16 20 23 27", ((10, 25), (16, 20), (23, 27)), ((34, 23),), broken=True, weight=2.5
    ),
    "stale": _Art("none", _CIRCLE, "M24 13V25L31 30", broken=True),
    "no_data": _Art("none", _CIRCLE, "M16 16L32 32M32 16L16 32", broken=True),
    "pass": _Art("good", _SQUARE, "M12 34V14H18a6 6 0 0 1 0 12H12M27 28L32 33 39 21"),
    "fail": _Art("poor", _OCTAGON, "M14 34V14H24M14 24H22M29 21L37 31M37 21L29 31"),
    "inconsistent": _Art(
        "plain", _SQUARE, "M18 18a6 6 0 1 1 9 5C24.5 24.5 24 26 24 29", ((24, 35),), thin="M8 25H15M33 25H40"
    ),
}  # fmt: skip


def icon(kind: str | None, size: int = SIZE, *, silent: bool = False) -> str:
    """Returns an icon as inline SVG with its words; an em dash with the words 'No target' for none.

    Args:
        kind: a variation icon, a state or an assurance icon, a key of `TERMS`; None where there is no target.
        size: width and height in pixels.
        silent: hides it from screen readers, where the words stand beside it.

    Raises:
        KeyError: there is no such icon.
    """
    if kind is None:
        return no_icon(NO_TARGET)
    art, words = _ART[kind], escape(TERMS[kind].words)
    said = 'aria-hidden="true"' if silent else f'role="img" aria-label="{words}"'
    title = "" if silent else f"<title>{words}</title>"
    return (
        f'<svg class="bw-spc bw-spc-{art.tone}" viewBox="0 0 48 48" width="{size}" height="{size}" {said}>'
        f"{title}{_drawn(art)}</svg>"
    )


def _drawn(art: _Art) -> str:
    fill, glyph = _FILLS[art.tone]
    lined = f'class="bw-spc-line" fill="none" stroke="{glyph}"'
    outline = (
        f'd="{art.outline}" fill="{fill}" stroke="{_INK}" stroke-width="3"{_dashed("5 3.25") if art.broken else ""}'
    )
    parts = [f'<path class="bw-spc-shape" {outline} stroke-linejoin="round"/>']
    if art.thin:
        parts.append(f'<path {lined} d="{art.thin}" stroke-width="2"{_dashed("4 3")}/>')
    if art.strokes:
        round_ends = 'stroke-linecap="round" stroke-linejoin="round"'
        parts.append(f'<path {lined} d="{art.strokes}" stroke-width="{art.weight}" {round_ends}/>')
    parts += [f'<circle class="bw-spc-dot" cx="{x}" cy="{y}" r="3.25" fill="{glyph}"/>' for x, y in art.dots]
    parts += [f'<circle {lined} cx="{x}" cy="{y}" r="4" stroke-width="2"{_dashed("3 2")}/>' for x, y in art.rings]
    return "".join(parts)


def worded(kind: str | None, size: int = SIZE, *, due: bool = False) -> str:
    """Returns an icon with its short words below it, seen by everybody; screen readers hear the whole meaning.

    Where newer data are `due`, a small clock stands beside it, which says so.
    """
    if kind is None:
        return icon(None)
    drawn = icon(kind, size)
    if due:
        drawn = f'<span class="bw-aged">{drawn}{icon("stale", _CLOCK)}</span>'
    return f'{drawn}<span class="bw-icon-words" aria-hidden="true">{escape(TERMS[kind].short)}</span>'


def no_icon(text: str) -> str:
    """Returns an em dash, and words for screen readers that say why there is no icon."""
    return f'<span class="bw-no-icon"><span aria-hidden="true">\N{EM DASH}</span>{hidden(text)}</span>'


def hidden(text: str) -> str:
    """Returns words for screen readers alone."""
    return f'<span class="bw-hidden">{escape(text)}</span>'


def legend() -> str:
    """Returns every icon with its words in full, and how icons come about, for 'What the icons mean'."""
    sets = (
        ("Variation: what the newest final value says about the process", VARIATION),
        ("Assurance: whether the process as it runs will meet the target", ASSURANCE),
        ("No verdict on variation", STATES),
    )
    return f'<div class="bw bw-legend">{"".join(_listed(title, kinds) for title, kinds in sets)}{_HOW}</div>'


def _listed(title: str, kinds: Iterable[str]) -> str:
    items = "".join(
        f"<li>{icon(kind, silent=True)}<span><strong>{escape(TERMS[kind].short)}:</strong> "
        f"{escape(TERMS[kind].text)}</span></li>"
        for kind in kinds
    )  # fmt: skip
    return f"<section><p><strong>{escape(title)}</strong></p><ul>{items}</ul></section>"


def _dashed(pattern: str) -> str:
    return f' stroke-dasharray="{pattern}"'


_HOW: Final = (
    '<p class="bw-note">Values always go up and down. Common cause is the ups and downs of a process that runs as it '
    "did; special cause is more than that. High and low say towards which side the change went. A measure without a "
    "better direction gets neither improvement nor concern, and without a target there is no assurance icon.</p>"
)
