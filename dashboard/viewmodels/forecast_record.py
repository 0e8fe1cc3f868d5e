"""How forecasts like the one shown did: sentences, errors by distance, control charts, drift, and the file behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.charts import Download, Table
from dashboard.viewmodels.forecast_charts import charts_of
from dashboard.viewmodels.spc_view import ControlChart
from metrics.catalogue import Metric
from metrics.query.request import Grain
from models.choice import FEWEST, MARGIN
from models.forecast_run import Kind
from models.monitoring import drift, monthly, scores

UNIT: Final = {Grain.DAY: "day", Grain.WEEK: "week", Grain.MONTH: "month"}
REPEATING: Final = {
    Grain.DAY: "repeating the last week", Grain.WEEK: "repeating last year", Grain.MONTH: "repeating last year",
}  # fmt: skip
_LEVEL: Final = 0.8
_OFF: Final = 0.1
_FEW: Final = 20
_BUCKET: Final = {Grain.DAY: 7, Grain.WEEK: 1, Grain.MONTH: 1}


@dataclass(frozen=True, slots=True)
class Context:
    """Whose figures these are, and what names them in a file."""

    metric: Metric
    whose: str
    code: str
    grain: Grain
    version: str
    data_version: str
    today: date
    service: str = ""
    site: str = ""

    @property
    def codes(self) -> tuple[str, str, str]:
        """Returns organisation, site and service (empty for all), as files name them."""
        return self.code, self.site, self.service

    def text(self, value: float | None) -> str:
        """Returns the value in its unit, 'Not stated' for none."""
        return "Not stated" if value is None else words.value_text(value, self.metric)

    @property
    def file_name(self) -> str:
        """Returns how its files begin: 'discharges_daily-R0A'."""
        return "-".join(part for part in (self.metric.id, *self.codes) if part)


@dataclass(frozen=True, slots=True)
class Lead:
    """Distances ahead that a record is told of. `key` names it in an address; empty is all of them."""

    key: str
    words: str
    first: int = 1
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """How forecasts like this one did.

    Attributes:
        beaten: that repeating what was would have been better, by the margin at which a model is to be preferred;
            empty where it would not.
        drift: what has lately gone another way than before, in sentences; empty while nothing has.
        leads: the distances to choose from, all of them first.
        lead: the one that the charts are of.
        charts: error, bias and coverage by month; none where no month can be charted.
    """

    sentences: tuple[str, ...]
    beaten: str
    drift: tuple[str, ...]
    table: Table
    leads: tuple[Lead, ...]
    lead: Lead
    charts: tuple[ControlChart, ...]
    download: Download


def leads_of(outcomes: pl.DataFrame, grain: Grain) -> tuple[Lead, ...]:
    """Returns the distances ahead that outcomes hold: weeks of daily forecasts, else single periods; all first."""
    bucket, unit = _BUCKET[grain], UNIT[grain]
    furthest = int(outcomes.select(pl.col("ahead").max()).item() or 0)
    found = [Lead("", f"All, up to {words.counted(furthest, unit)} ahead")]
    for first in range(1, furthest + 1, bucket):
        last = min(first + bucket - 1, furthest)
        name = f"{unit.capitalize()} {first}" if first == last else f"{unit.capitalize()}s {first} to {last}"
        found.append(Lead(str(first), name, first, last))
    return tuple(found)


def record_of(context: Context, outcomes: pl.DataFrame, asked: str = "") -> Record | None:
    """Returns the record of forecasts whose periods have happened; None where none has.

    Args:
        context: whose they are.
        outcomes: as of `models.monitoring.outcomes`.
        asked: key of the distance ahead that the charts are to be of.
    """
    if outcomes.is_empty():
        return None
    leads = leads_of(outcomes, context.grain)
    lead = next((each for each in leads if each.key == asked), leads[0])
    overall = scores(outcomes).row(0, named=True)
    repeating = REPEATING[context.grain]
    columns = (
        "Ahead", "Missed by", sentence_case(repeating), "On balance", "In the 80% interval", "In the 95% interval",
        "Values",
    )  # fmt: skip
    rows = tuple(_row(each, scores(_within(outcomes, each)).row(0, named=True)) for each in leads[1:])
    table = Table(
        f"Errors by {UNIT[context.grain]}s ahead: {context.metric.title}, {context.whose}", columns, rows,
        frozenset(range(1, 7)),
    )  # fmt: skip
    months = monthly(outcomes, lead.first, lead.last)
    drifting = drift(monthly(outcomes).with_columns(series=pl.lit(context.code)))
    return Record(
        sentences=(*_sentences(overall, repeating), _made_up_of(outcomes)),
        beaten=_beaten(overall, repeating),
        drift=tuple(_drift_words(row) for row in drifting.iter_rows(named=True)),
        table=table,
        leads=leads,
        lead=lead,
        charts=charts_of(months, context.whose, context.code, context.service, lead.words),
        download=_record_download(context, outcomes),
    )


def _within(outcomes: pl.DataFrame, lead: Lead) -> pl.DataFrame:
    return outcomes.filter(pl.col("ahead").is_between(lead.first, lead.last or lead.first))


def _row(lead: Lead, row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        lead.words, _share(row["wmape"]), _share(row["naive_wmape"]), _signed(row["bias"]),
        _share(row["coverage80"], 0), _share(row["coverage95"], 0), words.number(row["points"]),
    )  # fmt: skip


def _sentences(ours: Mapping[str, Any], repeating: str) -> tuple[str, ...]:
    mine, other = ours["wmape"], ours["naive_wmape"]
    if mine is None or other is None:
        return ("Of the periods that were forecast nothing was reported to compare with.",)
    forecasts = words.counted(ours["forecasts"], "forecast")
    said = [f"{forecasts} missed by {_share(mine)} on average; {repeating} missed by {_share(other)}."]
    if mine >= other and ours["points"] >= _FEW:
        said.append(f"Here {repeating} would have done as well or better.")
    within = [f"the {level}% interval held {_share(ours[f'coverage{level}'], 0)}" for level in (80, 95)
              if ours[f"coverage{level}"] is not None]  # fmt: skip
    if within:
        said.append(f"Of the {words.counted(ours['points'], 'value')} checked, {' and '.join(within)}.")
    if ours["points"] < _FEW:
        return (*said, "That is too little to judge by.")
    held = ours["coverage80"]
    if held is not None and abs(held - _LEVEL) > _OFF:
        said.append(
            "Intervals were wider than they need be."
            if held > _LEVEL
            else "Intervals were too narrow: expect more surprises than they say."
        )
    lean = ours["bias"] or 0.0
    if abs(lean) >= max(mine / 2, 0.005):
        said.append(f"They were {'too high' if lean > 0 else 'too low'} by {_share(abs(lean))} on balance.")
    return tuple(said)


def _beaten(ours: Mapping[str, Any], repeating: str) -> str:
    """Returns that repeating would have been better by the margin, over enough forecasts; empty where it would not."""
    mine, other = ours["wmape"], ours["naive_wmape"]
    if mine is None or other is None or ours["forecasts"] < FEWEST or ours["points"] < _FEW:
        return ""
    if other >= (1 - MARGIN) * mine:
        return ""
    return (
        f"On its record {repeating} is the better forecast here: it missed by {_share(other)} on average, this one by "
        f"{_share(mine)}, over {words.counted(ours['forecasts'], 'forecast')}. Plan on it, as drawn in the chart, or "
        "look for what changed."
    )


def _made_up_of(outcomes: pl.DataFrame) -> str:
    """Returns how many of the forecasts were made before their periods were known, and how many afterwards."""
    each = outcomes.unique("cutoff")
    published = each.filter(pl.col("kind") == Kind.PUBLISHED).height
    replayed = each.height - published
    again = (
        f"{words.number(replayed)} made again for earlier dates, as {'it' if replayed == 1 else 'they'} would have "
        "been made then, from figures as they are known now"
    )
    if not replayed:
        return "All were published before their periods were known."
    if not published:
        return f"None of them was published before its periods were known: {again}."
    before = f"{words.number(published)} published before {'its' if published == 1 else 'their'} periods were known"
    return f"They are {before}, and {again}."


def _drift_words(row: Mapping[str, Any]) -> str:
    month = f"{row['month']:%B %Y}"
    if row["measure"] == "bias":
        what = "too high" if row["value"] > 0 else "too low"
        return (
            f"Forecasts of {month} were {what} by {_share(abs(row['value']))} on balance, which is unlike the months "
            f"before (on average {_signed(row['mean'])}): {row['rules']}. Look for what changed before you plan on "
            "them."
        )
    wide = "more" if row["side"] == "above" else "fewer"
    return (
        f"In {month} {_share(row['value'], 0)} of the periods came within their 80% interval, {wide} than in the "
        f"months before (on average {_share(row['mean'], 0)}): {row['rules']}."
    )


def sentence_case(text: str) -> str:
    """Returns the text with a capital first letter."""
    return text[:1].upper() + text[1:]


def _share(value: float | None, decimals: int = 1) -> str:
    return "Not stated" if value is None else words.percentage(value, decimals)


def _signed(value: float | None) -> str:
    """Returns '1.2% too high', or that it is even."""
    if value is None:
        return "Not stated"
    size = words.percentage(abs(value), 1)
    if size == words.percentage(0, 1):
        return "even"
    return f"{size} too {'high' if value > 0 else 'low'}"


def _record_download(context: Context, outcomes: pl.DataFrame) -> Download:
    columns = ("cutoff", "kind", "period", "ahead", "actual", "mean", "lo80", "hi80", "lo95", "hi95", "naive")
    names = ("metric", "definition_version", "data_version", "organisation", "site", "service", *columns)
    fixed = (context.metric.id, context.version, context.data_version, *context.codes)
    rows = tuple((*fixed, *row) for row in outcomes.sort("cutoff", "period").select(columns).iter_rows())
    return Download(f"{context.file_name}-forecast-record.csv", names, rows)
