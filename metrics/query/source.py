"""One metric as one model answers it: which parts are read, and how periods combine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from metrics.catalogue import Alternate, Catalogue, Metric, Model, Part, Window
from metrics.catalogue.definition import OverTime
from metrics.query.request import Grain


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a conversion waits for.

    Attributes:
        source: the rows that are the outcome.
        entity: the column, of both tables, of who or what converts.
        within: how long it may take, counted from the row that starts the clock.
        followed_to: the last day whose starts have been followed for the whole window; None when no outcome is held.
    """

    source: Source
    entity: str
    within: Window
    followed_to: date | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One metric as one model answers it.

    `numerator` alone is the measure of a metric that is no ratio. `note` is set when an alternate answers.

    Attributes:
        metric: the metric asked for.
        of: what a cumulative metric accumulates; None otherwise.
        window: how far back each period reaches; None is its own length.
        to_date: each period reaches back to the start of the week, month, quarter or financial year that holds it.
    """

    metric: Metric
    model: Model
    numerator: Part
    denominator: Part | None
    grain: Grain
    note: str | None = None
    of: Metric | None = None
    window: Window | None = None
    to_date: Grain | None = None
    outcome: Outcome | None = None

    @property
    def key(self) -> str:
        """Returns the name of the parts' columns in a scan."""
        return self.metric.id

    @property
    def base(self) -> Metric:
        """Returns the metric whose parts are read."""
        return self.of or self.metric

    @property
    def kind(self) -> str:
        """Returns the type of the metric whose parts are read."""
        return self.base.type

    @property
    def native(self) -> Grain:
        """Returns the grain of the model."""
        return Grain(self.model.grain)

    @property
    def accumulates(self) -> bool:
        """Returns whether periods reach back before their own start."""
        return self.window is not None or self.to_date is not None

    @property
    def counts_distinct(self) -> bool:
        """Returns whether a part counts distinct values, which no two periods or members share out."""
        parts = (self.numerator, self.denominator)
        return any(part is not None and part.agg == "count_distinct" for part in parts)

    @property
    def histogram(self) -> str | None:
        """Returns `bins` or `values` for a percentile: what its distribution is read from; None for other metrics."""
        if self.kind != "percentile":
            return None
        return "bins" if self.model.bins is not None else "values"

    @property
    def has_denominator(self) -> bool:
        """Returns whether the value is the numerator divided by the denominator."""
        return self.denominator is not None or self.numerator.agg == "mean"

    @property
    def combines(self) -> OverTime:
        """Returns how native periods combine into longer ones."""
        if self.base.over_time is None and self.histogram == "values":
            return "sum"  # every row is an event of its own period
        return self.base.combines_over_time

    @property
    def picks_a_period(self) -> bool:
        """Returns whether longer periods show one of their native periods, as a level does."""
        return self.combines in ("last", "first")


def sources_of(model: Model, catalogue: Catalogue) -> tuple[Source, ...]:
    """Returns every metric of the catalogue as the model answers it."""
    grain = Grain(model.grain)
    found = []
    for metric in catalogue:
        holders: tuple[Metric | Alternate, ...] = (metric, *metric.alternates)
        for holder in holders:
            part = holder.numerator or holder.measure
            if holder.model == model.name and part is not None:
                found.append(Source(metric, model, part, holder.denominator, grain))
    return tuple(found)
