"""A run of forecasts, as it is published: what it holds, and how it is written as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

import polars as pl
import sqlalchemy as sa

from models.forecast_tables import (
    PARTS,
    QUANTILES,
    forecast_across,
    forecast_coherence,
    forecast_part,
    forecast_run,
    forecast_series,
    forecast_sum,
    forecast_value,
)

SCHEMAS: Final[Mapping[str, Mapping[str, pl.DataType | type[pl.DataType]]]] = {
    "series": {"organisation": pl.String, "site": pl.String, "service": pl.String, "cutoff": pl.Date,
               "refused": pl.String, "notes": pl.String},
    "values": {"organisation": pl.String, "site": pl.String, "service": pl.String, "cutoff": pl.Date, "ahead": pl.Int64,
               "period": pl.Date, **dict.fromkeys((*QUANTILES, "naive"), pl.Float64)},
    "parts": {"organisation": pl.String, "site": pl.String, "service": pl.String, "ahead": pl.Int64,
              **dict.fromkeys(PARTS, pl.Float64)},
}  # fmt: skip
WHOSE: Final = ["organisation", "site", "service"]
"""What tells series apart; site and service are empty for all."""

Whose = tuple[str, str, str]
"""Organisation, site and service of a series."""


class Kind(StrEnum):
    """Whether a forecast was made before its periods were known, or afterwards, as it would have been made then."""

    PUBLISHED = "published"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True)
class Key:
    """What makes one run of forecasts: the same is not made twice.

    Attributes:
        part: which of the metric's series are forecast together.
        learnt: fingerprint of the values learnt from; empty of replays, which are made once for each model.
    """

    kind: Kind
    metric: str
    part: str
    grain: str
    definition_version: str
    model_version: str
    learnt: str

    @property
    def replayed(self) -> Key:
        """Returns the key of the replays that go with a forecast."""
        return replace(self, kind=Kind.REPLAYED, learnt="")


@dataclass(frozen=True, slots=True)
class Sums:
    """Which series of a run add up with others.

    Attributes:
        above: of each series that does its parent and the part of that; None of a top.
        told: why others do not; empty where nothing stands against it.
        across: of each series that adds up another way as well, what it is part of there, and the part of that.
    """

    above: Mapping[Whose, tuple[str, *Whose] | None]
    told: str = ""
    across: Mapping[Whose, tuple[str, *Whose]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Made:
    """A run of forecasts, to be published.

    Attributes:
        series: `organisation`, `site`, `service` String (empty: all), `cutoff` Date (the first period not known),
            `refused`, `notes` String; a series without a forecast has no cut-off and says why.
        values: `organisation`, `site`, `service`, `cutoff`, `ahead` Int64, `period` Date, the quantiles and `naive`
            Float64.
        parts: of daily forecasts `organisation`, `site`, `service`, `ahead` and the parts that add up to the mean.

    Frames without a column `site` are of whole organisations.
    """

    key: Key
    data_version: str
    data_as_of: date | None
    series: pl.DataFrame
    values: pl.DataFrame
    parts: pl.DataFrame | None = None
    sums: Sums | None = None


def in_shape(made: Made) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Returns the frames of a run with their columns as they are kept; refuses those that do not belong together."""
    empty = pl.DataFrame(schema=dict(SCHEMAS["parts"]))
    frames = {"series": made.series, "values": made.values, "parts": empty if made.parts is None else made.parts}
    frames = {name: frame if "site" in frame.columns else frame.with_columns(site=pl.lit(""))
              for name, frame in frames.items()}  # fmt: skip
    series, values, parts = (
        frame.select(pl.col(name).cast(dtype) for name, dtype in SCHEMAS[which].items())
        .with_columns(pl.selectors.float().fill_nan(None))
        for which, frame in frames.items()
    )  # fmt: skip
    whose = [*WHOSE, "cutoff"]
    if series.select(pl.struct(whose).is_duplicated().any()).item():
        raise ValueError(f"The forecasts of '{made.key.metric}' name a series twice from the same cut-off.")
    if values.join(series, on=whose, how="anti").height or parts.join(series, on=WHOSE, how="anti").height:
        raise ValueError(f"The forecasts of '{made.key.metric}' have values of a series that is not among them.")
    if values.select(pl.struct(*whose, "ahead").is_duplicated().any()).item():
        raise ValueError(f"The forecasts of '{made.key.metric}' have a period twice in a series.")
    return series, values, parts


def add(
    connection: sa.Connection, made: Made, frames: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame],
    ids: dict[tuple[str, *Whose], int], at: datetime,
) -> None:  # fmt: skip
    """Adds one run; `ids` are those of the series that were added with it, by part, organisation, site and service."""
    series, values, parts = frames
    run_id = next_number(connection, forecast_run)
    first = next_number(connection, forecast_series)
    connection.execute(
        forecast_run.insert().values(
            id=run_id, **columns_of(made.key), data_version=made.data_version, data_as_of=made.data_as_of, made_at=at
        )
    )
    rows = series.with_row_index("number").select(
        (pl.col("number").cast(pl.Int64) + first).alias("id"), pl.lit(run_id).alias("run_id"),
        pl.lit(made.key.metric).alias("metric"), *SCHEMAS["series"],
    )  # fmt: skip
    if rows.height:
        connection.execute(forecast_series.insert(), rows.to_dicts())
    numbered = rows.select(*WHOSE, "cutoff", series_id="id")
    told = values.join(numbered, on=[*WHOSE, "cutoff"], how="inner").drop(*WHOSE, "cutoff")
    if told.height:
        connection.execute(forecast_value.insert(), told.to_dicts())
    explained = parts.join(numbered.drop("cutoff"), on=WHOSE, how="inner").drop(WHOSE)
    if explained.height:
        connection.execute(forecast_part.insert(), explained.to_dicts())
    if made.sums is None:
        return
    own: dict[Whose, int] = {(organisation, site, service): number for organisation, site, service, number in
                             numbered.select(*WHOSE, "series_id").iter_rows()}  # fmt: skip
    ids |= {(made.key.part, *whose): number for whose, number in own.items()}
    above = [
        {"series_id": own[whose], "above_id": None if over is None else ids[over]}
        for whose, over in made.sums.above.items()
    ]
    if above:
        connection.execute(forecast_sum.insert(), above)
    across = [{"series_id": own[whose], "above_id": ids[over]} for whose, over in made.sums.across.items()]
    if across:
        connection.execute(forecast_across.insert(), across)
    adding_up = len({*made.sums.above, *made.sums.across})
    count = rows["cutoff"].count() - adding_up
    connection.execute(
        forecast_coherence.insert().values(run_id=run_id, adding_up=adding_up, alone=count, told=made.sums.told)
    )


def columns_of(key: Key) -> dict[str, str]:
    """Returns the columns of `forecast_run` that a key fills."""
    return {
        "kind": key.kind.value, "metric": key.metric, "part": key.part, "grain": key.grain,
        "definition_version": key.definition_version, "model_version": key.model_version, "learnt": key.learnt,
    }  # fmt: skip


def found(connection: sa.Connection, key: Key) -> int | None:
    """Returns the number of the run that was published under a key; None where none was."""
    where = [forecast_run.c[name] == value for name, value in columns_of(key).items()]
    return connection.scalar(sa.select(forecast_run.c.id).where(*where))


def next_number(connection: sa.Connection, table: sa.Table) -> int:
    """Returns the next number of a table; nobody else writes meanwhile."""
    return int(connection.scalar(sa.select(sa.func.max(table.c.id))) or 0) + 1
