"""`bellwether spc`: control charts of one's own numbers, from CSV to CSV."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from dashboard.cli_frames import FrameFileError, Kind, read_csv_frame, refuse_same_file, write_csv_frame
from dashboard.cli_layer import beside, refuse, told
from metrics.spc import (
    KINDS,
    PROFILES,
    Chart,
    FrameError,
    KindError,
    Profile,
    ProfileError,
    kind_of,
    profile_of,
    settings_words,
)

OPTIONAL = {
    "series": Kind.TEXT, "date": Kind.DAY, "i": Kind.COUNT, "value": Kind.NUMBER, "num": Kind.NUMBER,
    "den": Kind.NUMBER, "target": Kind.NUMBER, "rebase": Kind.YES_NO, "improvement_direction": Kind.TEXT,
    "fix_after_n_points": Kind.COUNT, "screen_outliers": Kind.YES_NO, "status": Kind.TEXT,
    "lower_bound": Kind.NUMBER, "upper_bound": Kind.NUMBER, "due": Kind.DAY,
}  # fmt: skip
OTHER_NAMES = {"y": "value", "numerator": "num", "denominator": "den"}
CALLED = {"ip": "i"}
ROW = "_row"

# The columns of the golden files of NHSRplotthedots and qicharts2, in their order; ours follow.
XMR_COLUMNS = (
    "series", "date", "value", "target", "improvement_direction", "fix_after_n_points", "screen_outliers",
    "rebase_group", "mean", "lpl", "upl", "relative_to_mean", "outside_limits", "close_to_limits", "rule_outside",
    "rule_trend", "rule_two_in_three", "rule_shift", "special_cause_type", "special_cause_flag", "point_type",
    "short_group_warning", "variation_type", "variation_icon", "assurance_type", "assurance_icon", "error",
)  # fmt: skip
OTHER_COLUMNS = (
    "series", "chart", "i", "num", "den", "y", "cl", "lcl", "ucl", "longest_run", "longest_run_max", "crossings",
    "crossings_min", "runs_signal", "sigma_signal", "date",
)  # fmt: skip
OF_SERIES = ("state", "near_constant", "variation_type", "variation_icon", "assurance_type", "assurance_icon")


def spc(
    source: Annotated[Path, typer.Argument(metavar="IN.csv", help="The file to read.", show_default=False)],
    target: Annotated[Path, typer.Argument(metavar="OUT.csv", help="The file to write.", show_default=False)],
    profile: Annotated[str, typer.Option(help=f"How to judge: {', '.join(PROFILES)}.", metavar="PROFILE")] = "mdc",
    chart: Annotated[str, typer.Option(help=f"What to draw: {', '.join(KINDS)}.", metavar="KIND")] = "xmr",
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", help="The day on which this is read, as 2026-03-31. Today when left out.", metavar="DATE"
        ),
    ] = None,
    stale_days: Annotated[
        int | None, typer.Option("--stale-days", help="A newest value more than so many days old is stale.", min=0)
    ] = None,
) -> None:
    """Draw control charts: limits, rules, icons and states of every series.

    IN.csv has the columns series, date and value. It may have target, rebase (1 at the row where a phase starts),
    improvement_direction (increase, decrease, neutral), fix_after_n_points, screen_outliers, status (rows that are
    not final are drawn and not judged), lower_bound, upper_bound, and due. For p, pp, u and up num and den take the
    place of value; for all but xmr the row's number i may take the place of date.

    OUT.csv has a row per row of IN.csv, in the same order: its lines, every rule that fired, what it comes to, and the
    icons of its series.

    For example: `bellwether spc waits.csv points.csv`, `bellwether spc dna.csv points.csv --chart pp`.
    """
    with told():
        try:
            settings = profile_of(profile)
            kind = CALLED.get(chart, chart)
            kind_of(kind)
            refuse_same_file(source, target)
            rows = _read(source, kind)
            drawn = _drawn(source, _with_due(rows, as_of, stale_days), kind, settings)
        except (FrameFileError, ProfileError, KindError) as error:
            refuse(str(error))
        write_csv_frame(_table(drawn, rows, chart), target)
    beside.print(_said(drawn, target), markup=False)
    beside.print(settings_words(kind, settings), markup=False)


def _read(source: Path, kind: str) -> pl.DataFrame:
    """Returns the file's rows with `series` and `date` filled in, each with its number in the file."""
    required = ("date", "value") if kind == "xmr" else ()
    rows = read_csv_frame(
        source,
        {name: OPTIONAL[name] for name in required},
        {name: each for name, each in OPTIONAL.items() if name not in required},
        OTHER_NAMES,
        numbered=ROW,
    )
    _need(source, rows, kind)
    if "series" not in rows.columns:
        rows = rows.with_columns(series=pl.lit("1"))
    if not rows.height:
        raise FrameFileError(f"{source}: there is no row below the header.")
    if "date" not in rows.columns:
        # Rows are in order, or numbered: days in their place, which are neither written nor told.
        number = (pl.col("i").rank("dense") if "i" in rows.columns else pl.int_range(1, pl.len() + 1)).over("series")
        rows = rows.with_columns(date=pl.date(1900, 1, 1) + pl.duration(days=number), _undated=pl.lit(value=True))
    for name in ("series", "i", "date"):
        if name in rows.columns and rows[name].null_count():
            row = rows.filter(pl.col(name).is_null())[ROW][0]
            raise FrameFileError(f"{source}, row {row}, column '{name}': the cell is empty. Every row needs one.")
    return rows


def _need(source: Path, rows: pl.DataFrame, kind: str) -> None:
    if any(each <= set(rows.columns) for each in KINDS[kind].needs):
        return
    ways = "; or ".join(" and ".join(f"'{name}'" for name in sorted(each, reverse=True)) for each in KINDS[kind].needs)
    held = ", ".join(name for name in rows.columns if name != ROW)
    raise FrameFileError(
        f"{source}: a {kind} chart needs the columns {ways}. Of those that it knows the file has {held}."
    )


def _with_due(rows: pl.DataFrame, as_of: str | None, stale_days: int | None) -> pl.DataFrame:
    if stale_days is None:
        if as_of is not None:
            raise FrameFileError("--as-of says on which day a value is stale: write --stale-days too.")
        return rows
    try:
        day = datetime.now().astimezone().date() if as_of is None else date.fromisoformat(as_of)
    except ValueError:
        raise FrameFileError(f"--as-of: '{as_of}' is no date. Write it as 2026-03-31.") from None
    try:
        due = day - timedelta(days=stale_days)
    except OverflowError:
        raise FrameFileError(f"--stale-days: {stale_days} days reach back beyond any date. Write fewer.") from None
    return rows.with_columns(due=pl.lit(due))


def _drawn(source: Path, rows: pl.DataFrame, kind: str, profile: Profile) -> Chart:
    try:
        return KINDS[kind].draws(rows, profile)
    except FrameError as error:
        if error.row is None:
            raise FrameFileError(f"{source}: {error}") from error
        found = rows.filter((pl.col("series") == error.row["series"]) & (pl.col("date") == error.row["date"]))
        at, message = found[ROW], str(error)
        if "_undated" in rows.columns:
            number = f"i {found['i'][0]}" if "i" in rows.columns else "this point"
            message = message.replace(str(error.row["date"]), number)
        where = f"row {at[0]}" if len(at) == 1 else f"rows {', '.join(map(str, at))}"
        column = f", column '{error.column}'" if error.column else ""
        raise FrameFileError(f"{source}, {where}{column}: {message}") from error


def _table(drawn: Chart, rows: pl.DataFrame, called: str) -> pl.DataFrame:
    """Returns what is written: golden columns, then ours, in the order of the file."""
    # The chart's points are in order of series and date, which no two rows share.
    read = rows.sort("series", "date")
    points = (
        drawn.points.drop("error", strict=False)
        .with_columns(
            read[ROW],
            *(read[name] for name in ("num", "den") if name in read.columns and name not in drawn.points.columns),
            chart=pl.lit(called),
            profile=pl.lit(drawn.profile.name),
            error=pl.lit(None, pl.String),
        )
        .join(drawn.series.select("series", *OF_SERIES), on="series", how="left", maintain_order="left")
    )
    first: tuple[str, ...] = XMR_COLUMNS
    if drawn.kind != "xmr":
        first = OTHER_COLUMNS
        numbers = read["i"] if "i" in read.columns else pl.int_range(1, pl.len() + 1).over("series").alias("i")
        absent = [pl.lit(None, pl.Float64).alias(name) for name in ("num", "den") if name not in points.columns]
        points = points.with_columns(numbers, *absent).rename(
            {"value": "y", "mean": "cl", "lower_drawn": "lcl", "upper_drawn": "ucl"}
        )
        if "_undated" in read.columns:
            points = points.with_columns(date=pl.lit(None, pl.Date))
    return points.sort(ROW).select(*first, pl.exclude(*first, ROW))


def _said(drawn: Chart, target: Path) -> str:
    states = drawn.series["state"].value_counts(sort=True).rows()
    counts = ", ".join(f"{count:,} {state.replace('_', ' ')}" for state, count in states)
    return f"Wrote {drawn.points.height:,} points of {drawn.series.height:,} series to {target}: {counts}."
