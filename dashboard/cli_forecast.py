"""`bellwether forecast`: demand forecasts of a metric, or of one's own numbers from CSV to CSV."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer

from dashboard import cli_asked as asked
from dashboard.cli_frames import FrameFileError, Kind, read_csv_frame, refuse_same_file, unread, write_csv_frame
from dashboard.cli_layer import beside, opened, refuse, told
from dashboard.cli_publish import alerts_told, published
from metrics.query.request import Grain, Request
from models.calendar import Frequency
from models.choice import FEWEST, MARGIN
from models.holidays import COUNTRIES, UnknownCountryError
from models.panel import UnusableSeriesError
from models.training import training_frame

if TYPE_CHECKING:
    from models.backtest import Backtest
    from models.choosing import ChosenForecast
    from models.demand import Forecast

TESTS = 12
_ROW = "_row"
_SHOWN = 10
_MOST = 1_000
_HORIZON = {Frequency.DAILY: 28, Frequency.WEEKLY: 8, Frequency.MONTHLY: 6}
_FREQUENCY = {
    Grain.DAY.value: Frequency.DAILY, Grain.WEEK.value: Frequency.WEEKLY, Grain.MONTH.value: Frequency.MONTHLY,
}  # fmt: skip
_COUNTRY, _LEVELS = "GB", "80,95"
_COLUMNS = {"series": Kind.TEXT, "date": Kind.DAY, "value": Kind.NUMBER}


def forecast(
    metric: Annotated[
        str | None,
        typer.Argument(help="Metric id, as `bellwether metrics` lists them. Left out with --csv.", show_default=False),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", help="Forecast this file in place of a metric: series, date, value.", metavar="IN.csv"),
    ] = None,
    horizon: Annotated[
        int | None, typer.Option(help="Periods ahead. 28 days, 8 weeks or 6 months when left out.", min=1, max=_MOST)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write to this file, in place of the screen.", metavar="OUT.csv")
    ] = None,
    country: Annotated[
        str | None,
        typer.Option(
            help=f"Whose bank holidays: {', '.join(COUNTRIES)}. GB is England and Wales.", show_default=_COUNTRY
        ),
    ] = None,
    holidays: Annotated[
        Path | None,
        typer.Option(
            help="Bank holidays of your own, in place of a country's: date, and title if named.", metavar="DAYS.csv"
        ),
    ] = None,
    levels: Annotated[
        str | None, typer.Option(help="Intervals, in per cent.", metavar="LIST", show_default=_LEVELS)
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="A series for each value of a dimension of the metric. Can be repeated."),
    ] = None,
    grain: Annotated[
        Grain | None, typer.Option(help="Days, weeks or months. The metric's own grain when left out.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", help="Keep one value of a dimension, as for `bellwether query`.", metavar="DIM=VALUE"),
    ] = None,
    test: Annotated[
        bool,
        typer.Option("--backtest", help=f"Write how {TESTS} earlier forecasts would have done, in place of a new one."),
    ] = False,
    choose: Annotated[
        bool,
        typer.Option(
            "--choose",
            help="Forecast each series by the model that did best on its own past: the usual one, unless another was "
            f"better by {MARGIN:.0%} and surely so.",
        ),
    ] = False,
    publish: Annotated[
        bool,
        typer.Option(
            "--publish",
            help="Publish forecasts of the metric, or of all where none is named, for the pages: as the server does.",
        ),
    ] = False,
    alerts: Annotated[
        bool,
        typer.Option("--alerts", help="List the forecasts that drift, and days unlike their forecast, as CSV."),
    ] = False,
    warehouse: Annotated[str | None, typer.Option(help="Database URL, in place of the settings' own.")] = None,
) -> None:
    """Forecast demand by day, week or month, with intervals, many series at once.

    IN.csv has the columns series, date and value, parted by commas, semicolons or tabs. Dates may be missing and rows
    in any order; days, weeks (dates on one weekday) and months (one day of each month, such as the first or the last)
    are told by each series' own dates. OUT.csv has series, date, mean, lo80, hi80, lo95, hi95 for the periods after
    each series' last one; weekdays on which a series reports nothing are left out, and those with only 0 are 0. Series
    that cannot be forecast are named with the reason, and so are intervals that rest on little. Of a metric, only final
    periods are learnt from.

    With --backtest the columns are model, series, cutoff, date, ahead, actual, mean, lo80, hi80, lo95, hi95: ours and
    repeating the last week or year, from the same cut-offs. --levels holds for it too.

    With --choose each series is forecast by the calendar regression, or by repeating the last week or year, the mean of
    late, or the last value, where that missed by less in earlier forecasts. OUT.csv says which in a column `model`, and
    series that left the calendar regression are named with what it saves. With --backtest besides, the rows of the
    model `chosen` are what choosing would have given, each time by what was known before.

    With --publish forecasts at every level are kept for good, as the pages show them; what is there is not made twice.

    With --alerts nothing is forecast: the open alerts of published forecasts are listed, with when each was raised and
    by which rule.

    For example:

        bellwether forecast --csv arrivals.csv --horizon 28 --country GB --out ahead.csv

        bellwether forecast discharges_daily --by organisation --horizon 28 --out ahead.csv
    """
    # scikit-learn takes a second to load, and the other commands do without it.
    from models.backtest import backtest_as  # noqa: PLC0415
    from models.choosing import Choosing  # noqa: PLC0415
    from models.demand import Forecaster  # noqa: PLC0415

    with told():
        if publish:
            if any((csv, out, by, where, grain, test, choose, holidays, horizon, country, levels)):
                refuse("--publish takes a metric and nothing else: it publishes every level that pages show.")
            published(metric, warehouse)
            return
        if alerts:
            alerts_told(metric, warehouse)
            return
        try:
            wanted = _levels(levels or _LEVELS)
            days = None if holidays is None else _own_holidays(holidays)
            series, frequency, most = _asked(metric, csv, out, warehouse, by, grain, where)
            ahead = _HORIZON if horizon is None else horizon
            whose, together = country or _COUNTRY, csv is None
            forecaster = Forecaster(None, frequency, days, whose, wanted, together=together, most=most)
            if test:
                by_choice, alone = Choosing(forecaster).backtest, partial(backtest_as, forecaster)
                _write_test((by_choice if choose else alone)(series, ahead, TESTS), wanted, out)
                return
            if choose:
                chosen = Choosing(forecaster).forecast(series, ahead)
                _write(chosen, out)
                _tell_choices(chosen)
                return
            found = forecaster.fit(series).forecast(ahead)
        except (FrameFileError, UnusableSeriesError, UnknownCountryError) as error:
            refuse(str(error))
        _write(found, out)


def _levels(text: str) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        refuse(f"--levels '{text}' is no list of numbers. Write it as 80,95.")
    for level in found:
        if not 0 < level < 100:
            refuse(f"--levels {text}: {level:g} is not between 0 and 100. Write per cent, as 80,95.")
    return found


def _asked(
    metric: str | None,
    csv: Path | None,
    out: Path | None,
    warehouse: str | None,
    by: list[str] | None,
    grain: Grain | None,
    where: list[str] | None,
) -> tuple[pl.DataFrame, Frequency | None, float | None]:
    """Returns the series to forecast, their frequency if the grain is known, and what values cannot exceed."""
    if (metric is None) == (csv is None):
        refuse("Name a metric, or a file with --csv: one of the two.")
    if csv is not None:
        if by or where or grain:
            refuse("--by, --where and --grain belong to a metric. A file has a column 'series' in their place.")
        if out is not None:
            refuse_same_file(csv, out)
        return _read(csv), None, None
    layer = opened(warehouse)
    request = Request(metrics=(str(metric),), by=tuple(by or ()), grain=grain, where=asked.filters(where or ()))
    result = layer.ask(request)
    for line in dict.fromkeys(note.text for note in result.notes):
        beside.print(line, markup=False)
    used = result.grains[str(metric)]
    if used not in _FREQUENCY:
        refuse(f"Forecasts are by day, week or month, and '{metric}' is by {used}. No forecast is made.")
    return training_frame(result, str(metric)), _FREQUENCY[used], layer.catalogue.metric(str(metric)).bounds[1]


def _read(path: Path) -> pl.DataFrame:
    """Returns the file's series. Raises `FrameFileError` with file, row and column where it cannot be taken."""
    rows = read_csv_frame(path, _COLUMNS, numbered=_ROW)
    if others := unread(path, list(_COLUMNS)):
        beside.print(
            f"{path}: {_listed(others)} not read; a file's series, date and value are. "
            "What is known ahead is for the Python interface.",
            markup=False,
        )
    if not rows.height:
        raise FrameFileError(f"{path}: there is no row below the header.")
    for name in ("series", "date"):
        if rows[name].null_count():
            row = rows.filter(pl.col(name).is_null())[_ROW][0]
            raise FrameFileError(f"{path}, row {row}, column '{name}': the cell is empty. Every row needs one.")
    if rows.schema["date"] != pl.Date:
        row = rows.filter(pl.col("date").dt.time() != pl.time(0))[_ROW]
        if row.len():
            raise FrameFileError(
                f"{path}, row {row[0]}, column 'date': it has a time of day. Add up to days, weeks or months first."
            )
        rows = rows.with_columns(pl.col("date").cast(pl.Date))
    twice = rows.filter(pl.struct("series", "date").is_duplicated()).sort("series", "date", _ROW)
    if twice.height:
        first, second = twice[_ROW][0], twice[_ROW][1]
        raise FrameFileError(
            f"{path}, rows {first} and {second}, column 'date': series '{twice['series'][0]}' has "
            f"{twice['date'][0]} twice. Keep one of them, or add them up."
        )
    return rows.drop(_ROW)


def _own_holidays(path: Path) -> pl.DataFrame:
    days = read_csv_frame(path, {"date": Kind.DAY}, {"title": Kind.TEXT})
    return days.drop_nulls("date").with_columns(pl.col("date").cast(pl.Date))


def _write(found: Forecast | ChosenForecast, out: Path | None) -> None:
    _tell_refused(found.refused, "forecast")
    if found.frame.is_empty():
        refuse("There is no series that can be forecast.")
    for said in dict.fromkeys(line for lines in found.notes.values() for line in lines):
        names = [name for name, lines in found.notes.items() if said in lines]
        beside.print(f"{_some(names)}: {said}", markup=False)
    _put(found.frame, out)
    if out is not None:
        beside.print(
            f"Wrote {found.frame.height:,} forecasts of {found.frame['series'].n_unique():,} series to {out}.",
            markup=False,
        )


def _tell_choices(found: ChosenForecast) -> None:
    moved = found.moved.sort("lower", descending=True)
    for row in moved.head(_SHOWN).iter_rows(named=True):
        beside.print(
            f"Series '{row['series']}' is forecast by {row['model']}: over {row['cutoffs']} earlier forecasts it "
            f"missed by {_amount(row['error'])} on average, {row['lower']:.0%} less than the {found.usual} "
            f"({_amount(row['usual_error'])}).",
            markup=False,
        )
    if moved.height > _SHOWN:
        beside.print(f"{moved.height - _SHOWN:,} more series left the {found.usual}; the column 'model' has them.")
    few = found.choices.filter(pl.col("cutoffs") < FEWEST)["series"].to_list()
    if few:
        beside.print(
            f"{_some(few)}: fewer than {FEWEST} earlier forecasts can be checked, so the {found.usual} stays.",
            markup=False,
        )
    stayed = found.choices.height - moved.height
    beside.print(f"{stayed:,} of {found.choices.height:,} series are forecast by the {found.usual}.", markup=False)


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _write_test(tested: Backtest, levels: tuple[float, ...], out: Path | None) -> None:
    _tell_refused(tested.refused, "tested")
    if tested.frame.is_empty():
        refuse("There is no series with enough history to test a forecast on.")
    _put(tested.frame.drop("step", "step_squared"), out)
    for row in tested.scores().iter_rows(named=True):
        said = [] if row["mase"] is None else [f"MASE {row['mase']:.3f}"]
        for level in sorted(set(levels)):
            held = row[f"coverage{level:g}"]
            said.append(
                f"the {level:g}% interval held {held:.0%}"
                if held is not None
                else f"no {level:g}% interval could be given"
            )
        beside.print(f"{row['model'].capitalize()}: {', '.join(said)}, of {row['points']:,} values.", markup=False)


def _tell_refused(refused: Mapping[str, str], what: str) -> None:
    for name, reason in list(refused.items())[:_SHOWN]:
        beside.print(f"Series '{name}' is not {what}. {reason}", markup=False)
    if len(refused) > _SHOWN:
        beside.print(f"{len(refused) - _SHOWN:,} more series are not {what} either.")


def _put(frame: pl.DataFrame, out: Path | None) -> None:
    if out is None:
        typer.echo(frame.write_csv(), nl=False)
    else:
        write_csv_frame(frame, out)


def _some(names: list[str]) -> str:
    if len(names) == 1:
        return f"Series '{names[0]}'"
    return f"{len(names):,} series, '{names[0]}' among them"


def _listed(columns: list[str]) -> str:
    named = ", ".join(f"'{name}'" for name in columns)
    return f"the column {named} is" if len(columns) == 1 else f"the columns {named} are"
