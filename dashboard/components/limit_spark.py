"""A small control chart for one row of a table: limits as a band, mean, target, and the special-cause points marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

WIDTH: Final = 150
HEIGHT: Final = 40
_PAD: Final = 5.0
_LEVEL: Final = 0.5
# As the icons: improvement a disc, concern a diamond, a change without a better direction a square.
_MARKS: Final[Mapping[str, tuple[str, str]]] = {
    "improvement": ("good", "m-2.5 0a2.5 2.5 0 1 1 5 0a2.5 2.5 0 1 1-5 0"),
    "concern": ("poor", "m0-3.4l3.4 3.4-3.4 3.4-3.4-3.4Z"),
    "neutral": ("neutral", "m-2.2-2.2h4.4v4.4h-4.4Z"),
}


def limit_spark(
    values: Sequence[float | None],
    marks: Sequence[str | None],
    text: str,
    *,
    mean: float | None = None,
    lower: float | None = None,
    upper: float | None = None,
    target: float | None = None,
    since: int = 0,
) -> str:
    """Returns a small chart described by `text`; nothing of fewer than two values. Gaps stay gaps.

    Args:
        values: the values, oldest first, None where nothing was reported.
        marks: for each value its point type ('special_cause_concern'); anything else is drawn without a mark.
        text: the chart in words, for screen readers.
        mean: the centre line of the newest phase.
        lower: its lower limit as drawn.
        upper: its upper limit as drawn.
        target: the target, drawn dotted; left out when it lies so far off that the line would become flat.
        since: the place of the first value of the newest phase, from which mean and limits are drawn.
    """
    held = [value for value in values if value is not None]
    if len(held) < 2:
        return ""
    levels = [*held, *(each for each in (mean, lower, upper) if each is not None)]
    low, high = min(levels), max(levels)
    if target is not None and not low - (high - low) <= target <= high + (high - low):
        target = None
    if target is not None:
        low, high = min(low, target), max(high, target)
    span = high - low
    step = (WIDTH - 2 * _PAD) / (len(values) - 1)

    def across(place: int) -> str:
        return f"{_PAD + place * step:.1f}"

    def down(value: float) -> str:
        share = (value - low) / span if span > 0 else None  # a scale of tiny spans has no number
        return f"{HEIGHT * _LEVEL if share is None else HEIGHT - _PAD - share * (HEIGHT - 2 * _PAD):.1f}"

    parts = []
    start, end = across(min(max(since, 0), len(values) - 1)), across(len(values) - 1)
    if lower is not None and upper is not None:
        parts.append(f'<path class="bw-band" d="M{start} {down(upper)}H{end}V{down(lower)}H{start}Z"/>')
    if mean is not None:
        parts.append(f'<path class="bw-mean" d="M{start} {down(mean)}H{end}"/>')
    if target is not None:
        parts.append(f'<path class="bw-target" d="M{across(0)} {down(target)}H{end}"/>')
    line, broken, last = "", True, ""
    marked: dict[str, str] = {}
    for place, (value, mark) in enumerate(zip(values, marks, strict=True)):
        if value is None:
            broken = True
            continue
        last = f"{across(place)} {down(value)}"
        line += f"{'M' if broken else 'L'}{last}"
        broken = False
        kind = _kind(mark)
        if kind:
            marked[kind] = marked.get(kind, "") + f"M{last}{_MARKS[kind][1]}"
    parts.append(f'<path class="bw-course" d="{line}"/>')
    newest = last.split()
    parts.append(f'<circle class="bw-newest" cx="{newest[0]}" cy="{newest[1]}" r="2.5"/>')
    parts += [f'<path class="bw-mark-{_MARKS[kind][0]}" d="{path}"/>' for kind, path in marked.items()]
    return (
        f'<svg class="bw-spc bw-limits" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{escape(text)}">{"".join(parts)}</svg>'
    )


def _kind(mark: str | None) -> str | None:
    kind = (mark or "").removeprefix("special_cause_").split("_")[0]
    return kind if kind in _MARKS else None
