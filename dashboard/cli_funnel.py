"""`bellwether funnel`: funnel plots of one's own numbers, from CSV to CSV."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from dashboard.cli_frames import FrameFileError, read_csv_frame, refuse_same_file, write_csv_frame
from dashboard.cli_layer import beside, refuse, told
from metrics.spc.frame import FrameError
from metrics.spc.funnel import Funnel, Limit, funnel
from metrics.spc.funnel_limits import METHODS, Kind, Method

SETS_SAID = 10
# The letters that FunnelPlotR gives the kinds.
LETTERS: dict[Kind, str] = {"proportion": "PR", "ratio": "RC", "standardised": "SR"}
KINDS: dict[str, Kind] = {name.casefold(): kind for kind, letters in LETTERS.items() for name in (kind, letters)}
OTHER_NAMES = {"num": "numerator", "den": "denominator"}
WRITTEN = {
    "rr": "value", "uz": "z", "wz": "z_used", "LCL95": "lcl_95", "UCL95": "ucl_95", "LCL99": "lcl_998",
    "UCL99": "ucl_998", "OD95LCL": "od_lcl_95", "OD95UCL": "od_ucl_95", "OD99LCL": "od_lcl_998",
    "OD99UCL": "od_ucl_998",
}  # fmt: skip


class Level(StrEnum):
    """Beyond which limits a unit is an outlier."""

    WARNING = "95"
    CONTROL = "99.8"


LIMITS: dict[Level, Limit] = {Level.WARNING: "95", Level.CONTROL: "99.8"}


def draw_funnel(
    source: Annotated[Path, typer.Argument(metavar="IN.csv", help="The file to read.", show_default=False)],
    target: Annotated[Path, typer.Argument(metavar="OUT.csv", help="The file to write.", show_default=False)],
    kind: Annotated[
        str | None,
        typer.Option(
            help="What is compared: proportion (0 to 1), ratio (of two counts), or standardised (observed over "
            "expected); PR, RC and SR mean the same. The file's column 'type' when left out, else proportion.",
            metavar="KIND",
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="proportion: arcsine or exact; ratio: denominator or both; standardised: SHMI or CQC. The first of "
            "each when left out, or the file's column 'sr_method' for standardised ratios.",
            metavar="METHOD",
        ),
    ] = None,
    overdispersion: Annotated[
        bool,
        typer.Option(
            "--overdispersion/--no-overdispersion", help="Let the limits allow for differences beyond chance."
        ),
    ] = True,
    limit: Annotated[Level, typer.Option(help="The limits, in %, beyond which a unit is an outlier.")] = Level.CONTROL,
) -> None:
    """Compare many units by funnel plots: limits, z-scores, over-dispersion and outliers.

    IN.csv has the columns group, numerator and denominator (num and den will do; the expected count for standardised
    ratios), one row per unit or several that are added up; and set, where it holds several funnels. OUT.csv has a row
    per unit with its rate (rr), z-scores, limits of chance alone (LCL, UCL) and over-dispersed (OD), at 95 % and
    99.8 % (99), outlier, phi, tau2, and what they say in words.

    For example: `bellwether funnel readmissions.csv funnel.csv`,
    `bellwether funnel shmi.csv funnel.csv --kind standardised --method CQC`.
    """
    with told():
        try:
            refuse_same_file(source, target)
            rows = _chosen(_read(source), source, kind, method)
            written, said = _drawn(rows, source, overdispersion=overdispersion, limit=limit)
        except (FrameFileError, FrameError) as error:
            refuse(str(error))
        write_csv_frame(written, target)
    units = f"{written.height:,} {'unit' if written.height == 1 else 'units'}"
    beside.print(f"Wrote {units} to {target}.", markup=False)
    for words in said[:SETS_SAID]:
        beside.print(words, markup=False)
    if len(said) > SETS_SAID:
        beside.print(f"And {len(said) - SETS_SAID:,} more funnels.")


def _read(source: Path) -> pl.DataFrame:
    names = ("group", "numerator", "denominator")
    rows = read_csv_frame(source, names, ("set", "type", "sr_method"), OTHER_NAMES)
    absent = {"set": "", "type": None, "sr_method": None}
    return rows.with_columns(
        pl.lit(text, pl.String).alias(name) for name, text in absent.items() if name not in rows.columns
    )


def _chosen(rows: pl.DataFrame, source: Path, kind: str | None, method: str | None) -> pl.DataFrame:
    """Returns the rows with `kind` and `method` filled in for each.

    Raises:
        FrameFileError: a kind, or a method of the kind, that does not exist.
    """
    if kind is not None:
        rows = rows.with_columns(type=pl.lit(kind))
    pairs = rows.select("type", "sr_method").unique(maintain_order=True)
    found = [
        _pair(asked, of_file, method, "--kind" if kind is not None else f"{source}, column 'type'", source)
        for asked, of_file in pairs.iter_rows()
    ]
    chosen = pairs.with_columns(
        pl.Series("kind", [each for each, _ in found], dtype=pl.String),
        pl.Series("method", [each for _, each in found], dtype=pl.String),
    )
    return rows.join(chosen, on=["type", "sr_method"], nulls_equal=True, maintain_order="left")


def _pair(asked: str | None, of_file: str | None, method: str | None, where: str, source: Path) -> tuple[Kind, Method]:
    kind = KINDS.get((asked or "proportion").strip().casefold())
    if kind is None:
        raise FrameFileError(f"{where}: there is no funnel of kind '{asked}'. Write one of {', '.join(LETTERS)}.")
    if method is None and (kind != "standardised" or of_file is None):
        return kind, METHODS[kind][0]
    wanted = method or of_file or ""
    for each in METHODS[kind]:
        if each.casefold() == wanted.strip().casefold():
            return kind, each
    told_at = "--method" if method is not None else f"{source}, column 'sr_method'"
    raise FrameFileError(
        f"{told_at}: a {kind} funnel has no method '{wanted}'. Write one of {', '.join(METHODS[kind])}."
    )


def _drawn(rows: pl.DataFrame, source: Path, *, overdispersion: bool, limit: Level) -> tuple[pl.DataFrame, list[str]]:
    """Returns the table to write, funnels in the order of the file, and what each says."""
    rows = rows.with_row_index("at")
    parts: list[pl.DataFrame] = []
    said: list[tuple[int, str]] = []
    several = rows["set"].n_unique() > 1
    same = ("kind", "method", "type", "sr_method")
    for held in rows.partition_by(same, maintain_order=True):
        kind, method, _, sr_method = held.select(same).row(0)
        try:
            made = funnel(held, kind, method, overdispersion=overdispersion, limit=LIMITS[limit])
        except FrameError as error:
            raise FrameFileError(f"{source}: {error}") from None
        order = held.group_by("set").agg(pl.col("at").min())
        parts.append(_table(made, order, sr_method))
        words = made.sets.join(order, on="set").select("at", "set", "words").rows()
        said += [(at, f"{name}: {each}" if several else each) for at, name, each in words]
    if not parts:
        raise FrameFileError(f"{source}: there is no row below the header.")
    return pl.concat(parts).sort("at", "group").drop("at"), [words for _, words in sorted(said)]


def _table(made: Funnel, order: pl.DataFrame, sr_method: str | None) -> pl.DataFrame:
    letters = LETTERS[made.kind]
    judged = pl.col("state") == "ok"
    return (
        made.points.join(made.sets.select("set", "phi", "tau2"), on="set")
        .join(order, on="set")
        .select(
            "at",
            pl.col("set").replace("", "1"),
            pl.lit(letters).alias("type"),
            pl.lit(made.method if letters == "SR" else sr_method, pl.String).alias("sr_method"),
            "group",
            "numerator",
            "denominator",
            *(pl.col(ours).alias(theirs) for theirs, ours in WRITTEN.items()),
            pl.when(judged).then(pl.col("outlier").cast(pl.Int64)).alias("outlier"),
            "phi",
            "tau2",
            "direction",
            "state",
            "words",
        )
    )
