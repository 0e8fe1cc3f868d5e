"""What one state of the warehouse holds: organisations, who reported when, the names behind codes.

Everything here is read once per data version and shared by all requests of that version.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import date
from functools import cached_property
from typing import TypeVar

import polars as pl
import sqlalchemy as sa

from metrics.catalogue import Alternate, Catalogue, Dimension, Metric, Model
from metrics.query import sql
from metrics.query.coverage import Presence
from metrics.query.organisations import Organisations
from metrics.query.plan import LEVELS, Source
from metrics.query.request import Grain
from metrics.warehouse.connect import Snapshot
from metrics.warehouse.tables import metadata
from metrics.warehouse.tables.dimensions import (
    dim_organisation,
    dim_organisation_identity,
    dim_service,
    dim_staff_group,
)

Kept = TypeVar("Kept")
_LOOKUPS = {
    "dim_service": (dim_service.c.service_code, dim_service.c.name),
    "dim_staff_group": (dim_staff_group.c.staff_group_code, dim_staff_group.c.name),
}


class Holdings:
    """One snapshot of the warehouse, seen through one catalogue."""

    def __init__(self, snapshot: Snapshot, catalogue: Catalogue) -> None:
        self.snapshot = snapshot
        self.catalogue = catalogue
        self._lock = threading.RLock()
        self._kept: dict[object, object] = {}

    @cached_property
    def organisations(self) -> Organisations:
        """Returns the organisations of the warehouse."""
        return Organisations(
            all=self.snapshot.frame(sa.select(dim_organisation)),
            identities=self.snapshot.frame(sa.select(dim_organisation_identity)),
        )

    def presence(self, source: Source, as_at: date) -> Presence:
        """Returns who reported the source's metric when, organisations as they stand on the day."""
        return self.keep(("presence", source.model.name, source.key, as_at), lambda: self._presence(source, as_at))

    def names(self, model: Model, dimension: str) -> Mapping[str, str]:
        """Returns code to name of every value of a dimension."""
        if dimension in LEVELS:
            return self.organisations.names
        found = next(each for each in model.dimensions if each.name == dimension)
        return self.keep(("names", model.name, dimension), lambda: self._names(model, found))

    def keep(self, key: object, make: Callable[[], Kept]) -> Kept:
        """Returns what is kept under the key, made once."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
            return self._kept[key]  # type: ignore[return-value]

    def _names(self, model: Model, dimension: Dimension) -> dict[str, str]:
        column = metadata.tables[model.table].c[dimension.column]
        codes = self.snapshot.frame(sa.select(column).distinct().order_by(column))[dimension.column]
        names = {code: code for code in codes.drop_nulls().cast(pl.String).to_list()}
        if dimension.lookup:
            code, name = _LOOKUPS[dimension.lookup]
            looked_up = dict(self.snapshot.frame(sa.select(code, name)).iter_rows())
            names = {each: looked_up.get(each, each) for each in names}
        return {**names, **{each: text for each, text in dimension.labels.items() if each in names}}

    def _presence(self, source: Source, as_at: date) -> Presence:
        flags = self.keep(("flags", source.model.name), lambda: self._flags(source.model))
        located = self.keep(("located", as_at), lambda: self.organisations.at(as_at))
        sent = flags.select("period", "org_code", pl.col(source.key).alias("reported")).join(
            located, on="org_code", how="left"
        )
        sent = sent.with_columns(pl.coalesce("organisation", "org_code").alias("organisation"))
        # What a publication states for England or a region is no organisation, where organisations report too.
        stated = pl.col("org_type").is_in(["england", "region"]).fill_null(value=False)
        sent = sent.filter(~stated | stated.all().over("period"))
        reported = sent.filter(pl.col("reported") == 1)
        ever = sent.filter(pl.col("organisation").is_in(reported["organisation"].unique().implode()))
        return Presence(
            rows=reported.select("period", *LEVELS).unique(),
            submitted=ever.select("period", *LEVELS).unique(),
            within=source.model.coverage.within,
            closed=self.organisations.closed(),
        )

    def _flags(self, model: Model) -> pl.DataFrame:
        return self.snapshot.frame(sql.presence(model, sources_of(model, self.catalogue)))


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
