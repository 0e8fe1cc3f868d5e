"""Holding the facts in the warehouse against the totals that the publications state themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

import polars as pl
import sqlalchemy as sa

from metrics.warehouse.connect import Snapshot
from metrics.warehouse.tables import LOAD_COLUMNS, metadata
from metrics.warehouse.tables.meta import meta_load, meta_published_total
from sample_data.published.known_differences import cause_of
from sample_data.published.stated_totals import parts_of

# Publications round some totals; sums of fractions differ in their last digits.
_SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Line:
    """One total that a publication states, and what its facts add up to.

    Attributes:
        facts: the sum of the facts; None when no fact of the period is loaded.
        cause: why the two differ; None when they do not, or when nobody knows. A month that is gone from the middle of
            what is held has none.
    """

    publication: str
    period: date
    measure: str
    stated: float
    facts: float | None
    stated_in: str
    cause: str | None

    @property
    def difference(self) -> float | None:
        """Returns facts less stated."""
        return None if self.facts is None else self.facts - self.stated

    @property
    def ties(self) -> bool:
        """Returns whether both are the same number."""
        return self.facts is not None and abs(self.facts - self.stated) <= _SAME * max(1.0, abs(self.stated))

    @property
    def is_explained(self) -> bool:
        """Returns whether the two tie, or the cause of their difference is known."""
        return self.ties or self.cause is not None


def reconcile(snapshot: Snapshot, publication: str | None = None, period: date | None = None) -> tuple[Line, ...]:
    """Returns one line for each stated total that names columns of a fact table, in order.

    Args:
        snapshot: the warehouse at one data version.
        publication: only this one.
        period: only this one.
    """
    totals = meta_published_total
    wanted = sa.select(totals.c.publication, totals.c.period, totals.c.measure, totals.c.value, totals.c.stated_in)
    if publication is not None:
        wanted = wanted.where(totals.c.publication == publication)
    if period is not None:
        wanted = wanted.where(totals.c.period == period)
    stated = snapshot.frame(wanted).sort("publication", "measure", "period", "stated_in")
    lines = []
    for (name, measure), rows in stated.group_by("publication", "measure", maintain_order=True):
        sums = _sums(snapshot, str(name), str(measure), period)
        if sums is None:
            continue
        for row in rows.iter_rows(named=True):
            facts = sums.get(row["period"])
            line = Line(str(name), row["period"], str(measure), row["value"], facts, row["stated_in"], None)
            if facts is None and sums and not min(sums) <= line.period <= max(sums):
                line = replace(line, cause="The facts of this period are not held.")
            elif facts is not None and not line.ties:
                line = replace(line, cause=cause_of(line.publication, line.period, line.measure, facts, line.stated))
            lines.append(line)
    return tuple(lines)


def sums_by_organisation(snapshot: Snapshot, table: str, columns: Iterable[str], period: date) -> pl.DataFrame:
    """Returns `org_code` and `sum` Float64 of the columns in one period, as the publication has them."""
    facts = metadata.tables[table]
    total = sum((sa.func.coalesce(facts.c[name], 0) for name in columns), start=sa.literal(0.0))
    select = sa.select(facts.c.org_code, sa.func.sum(sa.cast(total, sa.Double)).label("sum"))
    return snapshot.frame(select.where(facts.c.period == period).group_by(facts.c.org_code)).sort("org_code")


def unstated(snapshot: Snapshot, lines: Iterable[Line]) -> pl.DataFrame:
    """Returns the periods held for which the publication's files state no total that the facts can be held against.

    Columns: `publication`, `table`, `periods` Int64, `first` and `last` Date; one row for each fact table and
    publication with such periods.
    """
    stated: dict[tuple[str, str], set[date]] = defaultdict(set)
    for line in lines:
        if line.facts is not None:
            for table in _tables_with(line.measure):
                stated[line.publication, table.name].add(line.period)
    rows = []
    for name, table in sorted(metadata.tables.items()):
        if not name.startswith("fact_"):
            continue
        held = snapshot.frame(
            sa.select(meta_load.c.publication, table.c.period)
            .join_from(table, meta_load, meta_load.c.load_id == table.c.load_id)
            .distinct()
        )
        for (publication,), group in held.group_by("publication", maintain_order=True):
            days = sorted(set(group["period"]) - stated[str(publication), name])
            if days:
                rows.append((str(publication), name, len(days), days[0], days[-1]))
    names = {"publication": pl.String, "table": pl.String, "periods": pl.Int64, "first": pl.Date, "last": pl.Date}
    return pl.DataFrame(rows, schema=names, orient="row").sort("publication", "table")


def report(lines: Iterable[Line], without: pl.DataFrame) -> str:
    """Returns the reconciliation as Markdown: a summary, every difference with its cause, and what cannot be compared.

    `without` is the frame that `unstated` gives.
    """
    lines = tuple(lines)
    groups: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines:
        groups[line.publication, line.measure].append(line)
    text = [
        "# Reconciliation with the publications' own totals",
        "",
        "Each total that a publication states, held against the sum of the facts that were loaded from it.",
        "Made by `bellwether check --reconcile`.",
        "",
        "| Publication | Measure | Periods | Tie | Differ, cause known | Differ, cause not known | Not comparable |",
        "|---|---|---|---:|---:|---:|---:|",
    ]
    for (publication, measure), group in groups.items():
        compared = [line for line in group if line.facts is not None]
        tie = sum(line.ties for line in compared)
        known = sum(not line.ties and line.cause is not None for line in compared)
        first, last = min(line.period for line in group), max(line.period for line in group)
        text.append(
            f"| {publication} | {measure} | {first:%B %Y} to {last:%B %Y} | {tie} | {known} "
            f"| {len(compared) - tie - known} | {len(group) - len(compared)} |"
        )
    text += ["", "Not comparable: the publication states a total for a period whose facts are not held.", ""]
    text += ["## Differences", ""]
    differences = [line for group in groups.values() for line in group if line.facts is not None and not line.ties]
    if not differences:
        text.append("None.")
    else:
        text += _listed(differences)
    text += ["", "## Periods without a stated total", ""]
    text += ["The files that are held state no total for these, so there is nothing to compare the facts with.", ""]
    text += ["| Publication | Table | Periods | From | To |", "|---|---|---:|---|---|"]
    text += [
        f"| {row['publication']} | {row['table']} | {row['periods']:,} "
        f"| {row['first']:%d %B %Y} | {row['last']:%d %B %Y} |"
        for row in without.iter_rows(named=True)
    ]
    return "\n".join(text) + "\n"


def _listed(differences: list[Line]) -> Iterator[str]:
    by_cause: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in differences:
        by_cause[line.publication, line.cause or "The cause is not known."].append(line)
    for (publication, cause), lines in by_cause.items():
        yield from (f"### {publication}", "", cause, "")
        yield "| Period | Measure | Facts | Stated | Difference | % | Stated in |"
        yield "|---|---|---:|---:|---:|---:|---|"
        for line in sorted(lines, key=lambda each: (each.measure, each.period)):
            difference = line.difference or 0.0
            share = f"{difference / line.stated:+.3%}" if line.stated else ""
            yield (
                f"| {line.period:%B %Y} | {line.measure} | {line.facts:,.10g} | {line.stated:,.10g} "
                f"| {difference:+,.10g} | {share} | {line.stated_in} |"
            )
        yield ""


def _tables_with(measure: str) -> list[sa.Table]:
    columns, where = parts_of(measure)
    return [
        table
        for name, table in metadata.tables.items()
        if name.startswith("fact_") and {*columns, *where} <= set(table.columns.keys()) - set(LOAD_COLUMNS)
    ]


def _sums(snapshot: Snapshot, publication: str, measure: str, period: date | None) -> dict[date, float] | None:
    """Returns the sum per period over the publication's own rows; None when no fact table has the columns."""
    columns, where = parts_of(measure)
    found: dict[date, float] = {}
    tables = _tables_with(measure)
    if not tables:
        return None
    own = sa.select(meta_load.c.load_id).where(meta_load.c.publication == publication)
    for table in tables:
        parts = [table.c[name] for name in columns]
        total = sum((sa.func.coalesce(part, 0) for part in parts), start=sa.literal(0.0))
        conditions = [table.c[name] == value for name, value in where.items()]
        conditions += [sa.or_(*(part.is_not(None) for part in parts)), table.c.load_id.in_(own)]
        if period is not None:
            conditions.append(table.c.period == period)
        select = sa.select(table.c.period, sa.func.sum(sa.cast(total, sa.Double)).label("sum"))
        for day, value in snapshot.frame(select.where(*conditions).group_by(table.c.period)).iter_rows():
            found.setdefault(day, value)
    return found
