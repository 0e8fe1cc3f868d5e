"""Small control charts as a grid of cards, each a link to the page of its service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from itertools import groupby
from typing import Final

from dashboard.components.html import view_link
from dashboard.components.spc_icons import icon
from dashboard.viewmodels.multiples import Multiples, Small
from dashboard.viewmodels.variation import SpcPoint, Variation

WIDTH: Final = 260
HEIGHT: Final = 84
_PAD: Final = 7.0
_FIRST: Final = 12  # what a reader sees before asking for more
_LEVEL: Final = 0.5
# As in the large chart: improvement a triangle, concern a diamond, a change without a better direction a square.
_MARKS: Final = {
    "special_cause_concern": ("poor", "m0-4.75l4.75 4.75-4.75 4.75-4.75-4.75Z"),
    "special_cause_neutral_high": ("neutral", "m-3.25-3.25h6.5v6.5h-6.5Z"),
    "special_cause_neutral_low": ("neutral", "m-3.25-3.25h6.5v6.5h-6.5Z"),
}
_UP, _DOWN = "m0-4.5l4.75 8.25h-9.5Z", "m0 4.5l4.75-8.25h-9.5Z"


def grid(found: Multiples, address: Callable[[str], str], *, same_scale: bool) -> str:
    """Returns the cards.

    Args:
        found: the charts.
        address: gives a service's address by its code.
        same_scale: whether all are drawn on one scale.
    """
    span = found.span if same_scale else None
    cards = [_card(each, address(each.code), span) for each in found.charts]
    first, rest = cards[:_FIRST], cards[_FIRST:]
    more = (
        f"<details><summary>Show {len(rest)} more</summary>{_listed(rest, 'more-multiples')}</details>" if rest else ""
    )
    return f'<div class="bw">{_listed(first, "multiples")}{more}</div>'


def _listed(cards: Sequence[str], name: str) -> str:
    return f'<ul class="bw-multiples" data-testid="{name}">{"".join(cards)}</ul>'


def _card(small: Small, address: str, span: tuple[float, float] | None) -> str:
    variation = small.variation
    kinds = filter(None, (variation.variation_icon or variation.state, variation.assurance_icon))
    icons = "".join(icon(kind, 26) for kind in kinds)
    return (
        f'<li><div class="bw-multiple-head"><div>{view_link(address, small.name)}'
        f"<small>{escape(small.value)}, {escape(small.period)}</small></div><span>{icons}</span></div>"
        f"{drawing(variation, f'{small.name}. {variation.narrative.text}', span)}</li>"
    )


def drawing(variation: Variation, text: str, span: tuple[float, float] | None = None) -> str:
    """Returns a control chart as a small drawing that `text` describes: mean, limits and target by phase, points.

    Args:
        variation: what is drawn.
        text: the chart in words, for screen readers.
        span: the scale; None is the chart's own.
    """
    points = variation.points
    target = variation.target.value if variation.target else None
    levels = [level for point in points for level in (point.value, point.lower, point.upper) if level is not None]
    low, high = span or (min([*levels, *_held(target)]), max([*levels, *_held(target)]))
    scale = (HEIGHT - 2 * _PAD) / (high - low) if high > low else 0.0
    step = (WIDTH - 2 * _PAD) / max(len(points) - 1, 1)

    def at(place: int, level: float) -> str:
        return f"{_PAD + place * step:.1f} {HEIGHT - _PAD - (level - low) * scale if scale else HEIGHT * _LEVEL:.1f}"

    bands, means = _lines(points, at)
    parts = [f'<path class="bw-band" d="{bands}"/>' if bands else "", f'<path class="bw-mean" d="{means}"/>']
    if target is not None:
        parts.append(f'<path class="bw-target" d="M{at(0, target)}L{at(len(points) - 1, target)}"/>')
    course, broken, marks, dots = "", True, {"good": "", "poor": "", "neutral": ""}, ""
    for place, point in enumerate(points):
        if point.value is None:
            broken = True
            continue
        here = at(place, point.value)
        course += f"{'M' if broken else 'L'}{here}"
        broken = False
        tone, path = _look(point)
        if tone:
            marks[tone] += f"M{here}{path}"
        else:
            dots += f"M{here}{path}"
    parts.append(f'<path class="bw-course" d="{course}"/><path class="bw-dots" d="{dots}"/>')
    parts += [f'<path class="bw-mark-{tone}" d="{path}"/>' for tone, path in marks.items() if path]
    return (
        f'<svg class="bw-spc bw-limits bw-multiple" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(text)}">{"".join(parts)}</svg>'
    )


def _held(level: float | None) -> tuple[float, ...]:
    return () if level is None else (level,)


def _lines(points: Sequence[SpcPoint], at: Callable[[int, float], str]) -> tuple[str, str]:
    """Returns the paths of limits, as bands, and of means, a piece each phase."""
    bands = means = ""
    for _, members in groupby(enumerate(points), key=lambda each: each[1].phase):
        phase = list(members)
        held = [(place, point.mean) for place, point in phase if point.mean is not None]
        means += "".join(f"{'L' if number else 'M'}{at(place, mean)}" for number, (place, mean) in enumerate(held))
        upper = [at(place, point.upper) for place, point in phase if point.upper is not None]
        lower = [at(place, point.lower) for place, point in phase if point.lower is not None]
        if upper and lower:
            bands += f"M{'L'.join([*upper, *reversed(lower)])}Z"
    return bands, means


def _look(point: SpcPoint) -> tuple[str, str]:
    """Returns the tone and path of a point's mark; a dot without tone for what is no special cause."""
    if not point.included or not point.is_special:
        return "", "m-1.75 0a1.75 1.75 0 1 1 3.5 0a1.75 1.75 0 1 1-3.5 0"
    if point.nature in _MARKS:
        return _MARKS[point.nature]
    return "good", _UP if any(word in point.label for word in ("Above", "Increasing")) else _DOWN
