"""Whether a forecast adds up with those of other levels, and what it is the sum of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.charts import Table
from dashboard.viewmodels.filters import Filters, link
from dashboard.viewmodels.forecast_record import UNIT, Context
from dashboard.viewmodels.places import LEVEL_PLURALS, Places
from dashboard.viewmodels.published_forecast import Published
from models.coherence import OTHER
from models.forecast_run import Kind
from models.forecast_store import ForecastStore

ALONE: Final = "It was made by itself: it need not add up with forecasts of other levels."
_MOST: Final = 20
_NOTHING: Final = 0.5
_COLUMNS: Final = ("Forecast of", "Expected", "Share")


@dataclass(frozen=True, slots=True)
class Summing:
    """Whether a forecast adds up with others.

    Attributes:
        sentences: what it is the sum of, and of what it is a part.
        tables: what it is the sum of, the largest first: by sites and by services where both sum to it.
    """

    sentences: tuple[str, ...]
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """What organisations, sites and services are called, and where their forecasts are shown.

    Attributes:
        filters: what is chosen now, which links keep.
    """

    places: Places
    services: Mapping[str, str]
    sites: Mapping[str, str]
    filters: Filters

    def of(self, row: Mapping[str, str], *, across: bool = False) -> str:
        """Returns the name of a series of the store, by its `part`, `organisation`, `site` and `service`.

        A service at a site is called by its service, or `across` sites by its site.
        """
        site, service = row["site"], row["service"]
        if row["part"].endswith(OTHER):
            return "Not forecast by itself"
        if service and not (site and across):
            return self.services.get(service, service)
        return self.sites.get(site, site) if site else self.places.name_of(row["organisation"])

    def whole(self, organisation: str, site: str, service: str) -> str:
        """Returns the full name of a series: 'Trauma, North Hospital, A trust'."""
        told = (self.services.get(service, service), self.sites.get(site, site), self.places.name_of(organisation))
        return ", ".join(name for name in told if name)

    def address(self, metric: str, row: Mapping[str, str]) -> str:
        """Returns the address of the page that shows a series; empty where none does."""
        if row["part"].endswith(OTHER) or row["organisation"] not in self.places:
            return ""
        services = (row["service"],) if row["service"] else ()
        if not self.services.keys() >= set(services):
            return ""  # the filters do not offer it
        filters = replace(self.filters, organisation=row["organisation"], services=services)
        return link("demand", filters, metric=metric, site=row["site"])


def summing_of(store: ForecastStore, context: Context, names: Names, published: Published, ahead: int) -> Summing:
    """Returns whether the first `ahead` periods of a published forecast add up with those of other levels.

    Raises:
        JournalUnusableError: the store cannot be read.
    """
    if published.kind != Kind.PUBLISHED:
        return Summing(())
    ways = {across: told for across in (False, True) if (told := store.summed(published.series_id, across=across))}
    coherence = store.coherence(published.run_id)
    why = f" {coherence[2]}" if coherence and coherence[2] else ""
    if not ways:
        return Summing((f"{ALONE}{why}",))
    sums, parts, tables = [], [], []
    for across, (above, children) in ways.items():
        below = _weighed(store, children, ahead)
        if below.height:
            sums.append(_kinds(below, across=across))
            tables.append(_table(context, names, below, ahead, across=across))
        for row in above.iter_rows(named=True):
            others = store.summed(row["series_id"], across=across)
            count = others[1].height if others else 0
            parts.append(f"one of {words.counted(count, 'forecast')} that sum to that of {names.of(row)}")
    said = [f"the sum of {', and also of '.join(sums)}"] if sums else []
    return Summing((f"It adds up: it is {', and '.join((*said, *parts))}.",), tuple(tables))


def _weighed(store: ForecastStore, children: pl.DataFrame, ahead: int) -> pl.DataFrame:
    """Children with what is expected of each in the periods ahead; without what else there is where that is nothing."""
    sums = store.means(children["series_id"].to_list()).filter(pl.col("ahead") <= ahead).group_by("series_id")
    return children.join(sums.agg(pl.col("mean").sum()), on="series_id", maintain_order="left").filter(
        ~pl.col("part").str.ends_with(OTHER) | (pl.col("mean") >= _NOTHING)
    )


def _kinds(below: pl.DataFrame, *, across: bool) -> str:
    own = below.filter(~pl.col("part").str.ends_with(OTHER))
    told = []
    for part in own["part"].unique(maintain_order=True):
        found = own.filter(pl.col("part") == part)
        noun = _noun(found.row(0, named=True), across=across)
        told.append(
            f"the forecasts of {found.height:,} {noun}" if found.height > 1
            else f"the forecast of 1 {noun.removesuffix('s')}"
        )  # fmt: skip
    if own.height < below.height:
        told.append("what is not forecast by itself")
    return " and ".join((", ".join(told[:-1]), told[-1]) if len(told) > 1 else told)


def _noun(row: Mapping[str, str], *, across: bool) -> str:
    """What children of a forecast are called, by one of them."""
    if row["service"] and not (row["site"] and across):
        return "services"
    return "sites" if row["site"] else LEVEL_PLURALS.get(row["part"], "forecasts")


def _table(context: Context, names: Names, below: pl.DataFrame, ahead: int, *, across: bool) -> Table:
    found = below.sort("mean", descending=True)
    shown = list(found.head(_MOST).iter_rows(named=True))
    whole = float(found["mean"].sum())
    rows = tuple(
        (names.of(row, across=across), context.text(row["mean"]),
         words.percentage(row["mean"] / whole) if whole else "Not stated")
        for row in shown
    )  # fmt: skip
    left = found.height - len(rows)
    rest = float(found["mean"].slice(_MOST).sum())
    more = f"And {words.counted(left, 'smaller one')}, together {context.text(rest)}." if left else ""
    unit = words.counted(ahead, UNIT[context.grain])
    noun = _noun(next((row for row in shown if row["service"] or row["site"]), shown[0]), across=across)
    by = f", by {noun.removesuffix('s')}" if noun in ("sites", "services") else ""
    links = tuple(names.address(context.metric.id, row) for row in shown)
    return Table(f"What sums to it in the {unit} ahead{by}", _COLUMNS, rows, frozenset({1, 2}), more, links)
