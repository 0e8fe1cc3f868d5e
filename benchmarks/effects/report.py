"""What was read off, as a page."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Final

from benchmarks.effects.reads import Read

LEAST_SHARE: Final = 0.8
"""An initiative of whose readings fewer are within counts as lost."""

_METHOD: Final = """\
The sample trust is simulated over three years, and each of its initiatives is looked for on the one monthly control
chart that counts what it acts on, narrowed to what it reaches. The chart is made as pages make it. The journal's phases
set it anew at the go-live and where the effect is at its full size; the effect read is the step from the first phase's
mean line to the last one's. It is within when it lies in the 95 % interval that the truth file states. Beside others
means: the step over that of the same chart of all that the initiative does not reach, and the interval widened by how
sure theirs is. Charts of `effects_...` are of measures that a trust would add (`benchmarks/effects/measures.yml`),
where none that ships counts just that.
"""
_SIGNALS: Final = """\
When the charts told: months from that of the go-live (0) to the first special cause on the side of the effect, with
limits frozen at the go-live. The Metric page narrows to services and no further; its charts are one a service that is
reached, or that of the trust, of a measure that ships.
"""
_WHY: Final[Mapping[str, str]] = {
    "INI08": (
        "It does nothing, and the chart shows fewer long stays after it: same-day care at the same site, from two "
        "months later on, empties the department (simulated without it, first seed: a step of -8 % in place of -25 %, "
        "and no signal). No chart of this measure tells the two apart."
    ),
    "INI10": (
        "Take-up grows by itself, and the step credits the campaign with the growth of a year and a half. Services "
        "without the campaign grow too: beside them the effect is there."
    ),
}
_SIZES_HEAD: Final = (
    "Initiative", "Chart", "True, in the measure", "Stated 95 % interval, first seed", "Read, mean of seeds",
    "Read, least to most", "Error stated", "Error over seeds", "Error by the chart", "Others moved", "Within",
    "Within beside others",
)  # fmt: skip
_SIGNALS_HEAD: Final = (
    "Initiative", "Signalled", "Months, seed by seed", "Such points before, a seed", "Metric page: charts that signal",
    "Nearest that ships",
)  # fmt: skip


def markdown(reads: Sequence[Read], about: Mapping[str, object]) -> str:
    """Returns the results as Markdown: what they come to, what is lost, and a row an initiative."""
    rows = [[read for read in reads if read.initiative == each] for each in dict.fromkeys(r.initiative for r in reads)]
    lost = [own for own in rows if sum(read.is_within for read in own) < LEAST_SHARE * len(own)]
    parts = [
        "# Known effects, read off charts",
        f"`python -m benchmarks.effects --seeds {about['seeds']}`",
        _METHOD.strip(),
        _sums(reads),
        "\n".join(map(_loss, lost)),
        _table(_SIZES_HEAD, 2, map(_size, rows)),
        _SIGNALS.strip(),
        _table(_SIGNALS_HEAD, 1, map(_signal, rows)),
        ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in about.items()) + ".",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _sums(reads: Sequence[Read]) -> str:
    real = [read for read in reads if read.effect]
    months = [read.signal.periods for read in real if read.signal.periods is not None]
    ships = [read for read in real if not read.metric.startswith("effects_")]
    return (
        f"**{sum(read.is_within for read in real)} of {len(real)} readings of real effects are within the stated "
        f"uncertainty on the one chart, {sum(read.is_within_beside for read in real)} beside the chart of the others** "
        f"(of measures that ship {sum(read.is_within for read in ships)} and "
        f"{sum(read.is_within_beside for read in ships)} of {len(ships)}). Of these charts {len(months)} signal on the "
        f"right side, {sum(each <= 1 for each in months)} in the month of the go-live or the next; on "
        f"{sum(not read.signal.before for read in real)} nothing had fired on that side before."
    )


def _loss(own: Sequence[Read]) -> str:
    first = own[0]
    text = (
        f"- **Lost on the one chart: {first.initiative} {first.title}**, {sum(read.is_within for read in own)} of "
        f"{len(own)} within ({sum(read.is_within_beside for read in own)} of {len(own)} beside others). "
    )
    return (text + _WHY.get(first.initiative, "")).rstrip()


def _size(own: Sequence[Read]) -> list[str]:
    first, changes = own[0], [read.own.change for read in own]
    return [
        f"{first.initiative} {first.title}",
        f"{'100 % less ' if first.of_rest else ''}`{first.metric}`",
        _percent(first.size),
        f"{_percent(first.low)} to {_percent(first.high)}",
        _percent(statistics.mean(changes)),
        f"{_percent(min(changes))} to {_percent(max(changes))}",
        _error(statistics.mean(read.error for read in own)),
        _error(statistics.stdev(changes)) if len(own) > 1 else "",
        _error(statistics.mean(read.own.error for read in own)),
        _percent(statistics.mean(read.others.change for read in own)),
        f"{sum(read.is_within for read in own)} of {len(own)}",
        f"{sum(read.is_within_beside for read in own)} of {len(own)}",
    ]


def _signal(own: Sequence[Read]) -> list[str]:
    nearest = [read.nearest for read in own if read.nearest is not None]
    return [
        own[0].initiative,
        f"{sum(read.signal.periods is not None for read in own)} of {len(own)}",
        ", ".join("none" if read.signal.periods is None else str(read.signal.periods) for read in own),
        f"{statistics.mean(read.signal.before for read in own):.1f}",
        f"{sum(read.page[0] for read in own)} of {sum(read.page[1] for read in own)}",
        f"{sum(each.periods is not None for each in nearest)} of {len(nearest)} signal" if nearest else "",
    ]


def _table(head: Sequence[str], words: int, rows: map[list[str]]) -> str:
    rule = ["---" if at < words else "---:" for at in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def _error(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")


def _percent(share: float) -> str:
    return f"{share:+.1%}".replace("%", " %")
