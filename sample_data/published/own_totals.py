"""Whether a file's rows add up to the totals that the file itself states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample_data.published.known_differences import cause_of
from sample_data.published.stated_totals import sum_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sample_data.published.reading import PublishedTotal, Reading

# Publications round some totals; sums of fractions differ in their last digits.
_SAME = 1e-6
_SHOWN = 10


def disagreements(publication: str, reading: Reading) -> tuple[str, ...]:
    """Returns a sentence for each total that the file's own rows do not add up to, with the cause where it is known."""
    found = [_sentence(publication, total, facts) for total, facts in _differing(reading)]
    if len(found) > _SHOWN:
        beyond = f"{len(found) - _SHOWN} more totals differ; `bellwether check --reconcile` lists them all."
        return (*found[:_SHOWN], beyond)
    return tuple(found)


def _differing(reading: Reading) -> Iterator[tuple[PublishedTotal, float]]:
    sums: dict[str, dict[object, float]] = {}
    for total in reading.totals:
        if total.measure not in sums:
            by_table = (sum_of(frame, total.measure) for frame in reading.frames.values())
            sums[total.measure] = {day: value for found in by_table if found for day, value in found.items()}
        facts = sums[total.measure].get(total.period)
        if facts is not None and abs(facts - total.value) > _SAME * max(1.0, abs(total.value)):
            yield total, facts


def _sentence(publication: str, total: PublishedTotal, facts: float) -> str:
    cause = cause_of(publication, total.period, total.measure, facts, total.value)
    return (
        f"{total.measure}, {total.period:%d %B %Y}: the file's rows add up to {facts:,.10g}, and it states "
        f"{total.value:,.10g} ({total.stated_in}). {cause or 'The cause is not known: check the file.'}"
    )
