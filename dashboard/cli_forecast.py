"""`bellwether forecast`: demand forecasts of a metric, or of one's own numbers from CSV to CSV."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer

from dashboard import cli_asked as asked
from dashboard.cli_frames import FrameFileError, Kind, read_csv_frame, refuse_same_file, write_csv_frame
from dashboard.cli_layer import beside, opened, refuse, told
from dashboard.cli_publish import alerts_told, published
from metrics.query.request import Grain, Request
from models.holidays import COUNTRIES, UnknownCountryError
from models.panel import UnusableSeriesError
from models.training import training_frame

if TYPE_CHECKING:
    from models.backtest import Backtest
    from models.demand import Forecast

TESTS = 12
_ROW = "_row"
_SHOWN = 10
_MOST = 1_000
_HORIZON = {Grain.DAY.value: 28, Grain.WEEK.value: 8, Grain.MONTH.value: 6}


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
        str, typer.Option(help=f"Whose bank holidays: {', '.join(COUNTRIES)}. GB is England and Wales.")
    ] = "GB",
    holidays: Annotated[
        Path | None,
        typer.Option(
            help="Bank holidays of your own, in place of a country's: date, and title if named.", metavar="DAYS.csv"
        ),
    ] = None,
    levels: Annotated[str, typer.Option(help="Intervals, in per cent.", metavar="LIST")] = "80,95",
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

    IN.csv has the columns series, date and value. Dates may be missing and rows in any order; days, weeks (dates on one
    weekday) and months (firsts of the month) are told by the dates. OUT.csv has series, date, mean, lo80, hi80, lo95,
    hi95 for the periods after each series' last one. Series that cannot be forecast are named with the reason, and so
    are intervals that rest on little. Of a metric, only final periods are learnt from.

    With --backtest the columns are model, series, cutoff, date, ahead, actual, mean, lo80, hi80, lo95, hi95: ours and
    repeating the last week or year, from the same cut-offs.

    With --publish forecasts at every level are kept for good, as the pages show them; what is there is not made twice.

    With --alerts nothing is forecast: the open alerts of published forecasts are listed, with when each was raised and
    by which rule.

    For example:

        bellwether forecast --csv arrivals.csv --horizon 28 --country GB --out ahead.csv

        bellwether forecast patients_discharged --by organisation --horizon 28 --out ahead.csv
    """
    # scikit-learn takes a second to load, and the other commands do without it.
    from models.backtest import backtest  # noqa: PLC0415
    from models.demand import Forecaster  # noqa: PLC0415

    with told():
        if publish:
            if any((csv, out, by, where, grain, test, holidays)):
                refuse("--publish takes a metric and nothing else: it publishes every level that pages show.")
            published(metric, warehouse)
            return
        if alerts:
            alerts_told(metric, warehouse)
            return
        try:
            wanted = _levels(levels)
            days = None if holidays is None else _own_holidays(holidays)
            series, length, most = _asked(metric, csv, out, warehouse, by, grain, where)
            ahead = horizon or length or _usual(series)
            if test:
                _write_test(backtest(series, ahead, TESTS, holidays=days, country=country), out)
                return
            found = (
                Forecaster(holidays=days, country=country, levels=wanted, together=csv is None, most=most)
                .fit(series)
                .forecast(ahead)
            )
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
) -> tuple[pl.DataFrame, int | None, float | None]:
    """Returns the series to forecast, the usual horizon if the grain is known, and what values cannot exceed."""
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
    if used not in _HORIZON:
        refuse(f"Forecasts are by day, week or month, and '{metric}' is by {used}. No forecast is made.")
    return training_frame(result, str(metric)), _HORIZON[used], layer.catalogue.metric(str(metric)).bounds[1]


def _read(path: Path) -> pl.DataFrame:
    """Returns the file's series. Raises `FrameFileError` with file, row and column where it cannot be taken."""
    rows = read_csv_frame(path, {"series": Kind.TEXT, "date": Kind.DAY, "value": Kind.NUMBER}, numbered=_ROW)
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


def _usual(series: pl.DataFrame) -> int:
    days = series["date"].unique().sort()
    if (days.dt.day() == 1).all():
        return _HORIZON[Grain.MONTH.value]
    return _HORIZON[(Grain.WEEK if days.dt.weekday().n_unique() == 1 else Grain.DAY).value]


def _write(found: Forecast, out: Path | None) -> None:
    for name, reason in list(found.refused.items())[:_SHOWN]:
        beside.print(f"Series '{name}' is not forecast. {reason}", markup=False)
    if len(found.refused) > _SHOWN:
        beside.print(f"{len(found.refused) - _SHOWN:,} more series are not forecast either.")
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


def _write_test(tested: Backtest, out: Path | None) -> None:
    for name, reason in list(tested.refused.items())[:_SHOWN]:
        beside.print(f"Series '{name}' is not tested. {reason}", markup=False)
    if tested.frame.is_empty():
        refuse("There is no series with enough history to test a forecast on.")
    _put(tested.frame.drop("step", "step_squared"), out)
    for row in tested.scores().iter_rows(named=True):
        numbers = (
            f"MASE {row['mase']:.3f}, " if row["mase"] is not None else ""
        ) + f"the 80% interval held {row['coverage80'] or 0:.0%} and the 95% interval {row['coverage95'] or 0:.0%}"
        beside.print(f"{row['model'].capitalize()}: {numbers} of {row['points']:,} values.", markup=False)


def _put(frame: pl.DataFrame, out: Path | None) -> None:
    if out is None:
        typer.echo(frame.write_csv(), nl=False)
    else:
        write_csv_frame(frame, out)


def _some(names: list[str]) -> str:
    if len(names) == 1:
        return f"Series '{names[0]}'"
    return f"{len(names):,} series, '{names[0]}' among them"
