"""Who reported when: read from the rows of a table or its cube, and looked at as organisations stand on a day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import TypeAlias

import polars as pl

from metrics.catalogue import Catalogue, Model
from metrics.query import sql
from metrics.query.coverage import CODES, Presence
from metrics.query.cube import Cube
from metrics.query.errors import PeriodError
from metrics.query.organisations import Organisations
from metrics.query.periods import HOURS, day_of, hour_column, kind_of, sequence, start_column
from metrics.query.plan import LEVELS
from metrics.query.request import Grain
from metrics.query.source import Source, sources_of
from metrics.warehouse.frames import Select

Read: TypeAlias = Callable[[Select], pl.DataFrame]
_RANKS = {"england": 2, "region": 1}


def reported(
    model: Model, catalogue: Catalogue, cube: Cube | None, read: Read, since: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Returns `period`, `org_code`, and for each metric of the model 0, 1 or 2; see `sql.presence`.

    `since` has by `org_code` the day before which nobody reported, whatever rows there are; see `first_days`.
    """
    kept = _throughout if model.absence_is_zero else rows_held
    found = kept(model, catalogue, cube, read)
    if since is None:
        return found
    whole = pl.col("since").is_null() | (pl.col("period").dt.date() >= pl.col("since"))
    return found.join(since, on="org_code", how="left").filter(whole).drop("since")


def rows_held(model: Model, catalogue: Catalogue, cube: Cube | None, read: Read) -> pl.DataFrame:
    """Returns likewise, of the periods in which an organisation has rows, whatever none of them means.

    Raises:
        PeriodError: the table holds days within its native periods.
    """
    sources = sources_of(model, catalogue)
    flags = read(sql.presence(model, catalogue, sources)) if cube is None else cube.presence()
    periods = local_periods(flags["period"], Grain(model.grain))
    check_starts(periods, model)
    return flags.with_columns(periods)


def _throughout(model: Model, catalogue: Catalogue, cube: Cube | None, read: Read) -> pl.DataFrame:
    """Returns the flags of a table in which no row means that nothing happened.

    Whoever has rows reports in every period from the first row to the last of anybody.
    """
    grain = Grain(model.grain)
    extents = read(sql.extent(model, catalogue)) if cube is None else cube.extent()
    extents = extents.drop_nulls(["first", "last"])
    moments = pl.concat([extents["first"], extents["last"]]) if extents.height else pl.Series([], dtype=pl.Date)
    if isinstance(moments.dtype, pl.Datetime):
        moments = moments.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/London")
    days = [] if moments.is_empty() else moments.sort().gather([0, -1]).to_list()
    if days and grain is Grain.HOUR:
        spine = hour_column(day_of(days[0]), day_of(days[1])).to_frame("period").filter(pl.col("period") <= days[1])
    else:
        periods = sequence(day_of(days[0]), day_of(days[1]), grain) if days else []
        spine = pl.DataFrame({"period": periods}, schema={"period": kind_of(grain)})
    flags = [pl.lit(2, pl.Int64).alias(source.base.id) for source in sources_of(model, catalogue)]
    return spine.join(extents.select("org_code"), how="cross").with_columns(*flags)


def presence_of(
    source: Source, flags: pl.DataFrame, organisations: Organisations, located: pl.DataFrame, as_at: date
) -> Presence:
    """Returns who reported the source's metric when, from the flags of its model.

    `located` is where organisations stand on the day, see `Organisations.at`.
    """
    sent = flags.select("period", "org_code", pl.col(source.base.id).alias("reported"))
    sent = sent.join(located, on="org_code", how="left").with_columns(
        pl.coalesce("organisation", "org_code").alias("organisation"),
        pl.col("org_type").replace_strict(_RANKS, default=0, return_dtype=pl.Int64).alias("rank"),
    )
    # What a publication states for England or a region is no organisation, where its parts report too.
    sent = sent.filter(pl.col("rank") == pl.col("rank").min().over("period"))
    found = sent.filter(pl.col("reported") > 0)
    # Nobody is missed who never had any.
    had = found.filter(pl.col("reported") > 1)["org_code"].unique()
    ever = sent.filter(pl.col("org_code").is_in(had.implode(), nulls_equal=True))
    columns = [*CODES, "rank"]
    return Presence(
        rows=found.select(columns).unique(),
        submitted=ever.select(columns).unique(),
        had=had,
        within=source.model.coverage.within,
        ends=organisations.ends,
        owed=_owed(found, organisations.divided(as_at), located),
    )


def _owed(found: pl.DataFrame, parts: pl.DataFrame, located: pl.DataFrame) -> pl.DataFrame:
    """Returns the rows of divided boards under each board that took a part of them."""
    boards = found.filter(pl.col("org_type") == "icb").select("period", "org_code")
    heirs = located.select(pl.col("org_code").alias("successor"), *LEVELS)
    return boards.join(parts, on="org_code").join(heirs, on="successor").select(CODES).unique()


def overlaps_of(held: pl.DataFrame, organisations: Organisations) -> dict[str, tuple[date, ...]]:
    """Returns for `england` and `region` the periods in which somebody of a finer level has rows (`held`) too."""
    kinds = organisations.all.select("org_code", "org_type")
    levels = (
        held.join(kinds, on="org_code", how="left")
        .select("period", pl.col("org_type").replace_strict(_RANKS, default=0, return_dtype=pl.Int64).alias("rank"))
        .unique()
    )
    finest = levels.group_by("period").agg(pl.col("rank").min().alias("finest"))
    coarser = levels.join(finest, on="period").filter(pl.col("rank") > pl.col("finest"))
    return {name: tuple(coarser.filter(pl.col("rank") == rank)["period"].sort()) for name, rank in _RANKS.items()}


def lately(flags: pl.DataFrame, located: pl.DataFrame) -> Iterable[str]:
    """Returns the codes that answer, as `located`, for whoever reported in the last two years of the flags."""
    any_of_them = pl.any_horizontal(pl.col(flags.columns).exclude("period", "org_code") > 0)
    found = flags.filter(any_of_them)
    recent = found.filter(pl.col("period") > pl.col("period").max().dt.offset_by("-2y"))
    return recent.join(located, on="org_code")["organisation"].unique()


def check_starts(periods: pl.Series, model: Model) -> None:
    """Checks that the periods of a table are the first days of its native periods.

    Raises:
        PeriodError: some are days within one, of which a longer period would miss all but the first.
    """
    grain = Grain(model.grain)
    if grain in (Grain.HOUR, Grain.DAY):
        return
    within = periods.to_frame("period").filter(pl.col("period") != start_column("period", grain))
    if within.height:
        raise PeriodError.of(model, within["period"][0])


def local_periods(periods: pl.Series, grain: Grain) -> pl.Series:
    """Returns native periods as the engine works with them: hours, which come in UTC, as those of Europe/London."""
    if grain is not Grain.HOUR:
        return periods
    return periods.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/London").cast(HOURS)
