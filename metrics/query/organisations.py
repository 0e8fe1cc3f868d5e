"""Organisations as they stand on a day: names, levels, and who answers for whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from metrics.query.errors import UnknownValueError
from metrics.query.plan import LEVELS

HIGHER = ("england", "region", "icb")


@dataclass(frozen=True)
class Organisations:
    """The organisation tables as frames.

    Attributes:
        all: `dim_organisation`.
        identities: `dim_organisation_identity`.
    """

    all: pl.DataFrame
    identities: pl.DataFrame

    def at(self, day: date) -> pl.DataFrame:
        """Returns `org_code` (as published), `organisation`, `icb`, `region` (today's codes), `org_type`."""
        held = self.identities.filter((pl.col("valid_from") <= day) & (pl.col("valid_to") >= day))
        current = self.all.select("org_code").join(held.select("org_code", "current_code"), on="org_code", how="left")
        current = current.with_columns(pl.coalesce("current_code", "org_code").alias("organisation"))
        named = self.all.select(
            pl.col("org_code").alias("organisation"),
            pl.col("icb_code").alias("icb"),
            pl.col("region_code").alias("region"),
            "org_type",
        )
        return current.join(named, on="organisation", how="left").select("org_code", *reversed(LEVELS), "org_type")

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Returns code to name, of all levels."""
        return dict(self.all.select("org_code", "name").iter_rows())

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        """Returns code to `org_type`."""
        return dict(self.all.select("org_code", "org_type").iter_rows())

    def closed(self) -> Mapping[str, date]:
        """Returns organisation to closing day, where it has one."""
        rows = self.all.filter(pl.col("close_date").is_not_null()).select("org_code", "close_date")
        return dict(rows.iter_rows())

    def resolve(self, level: str, value: str, day: date) -> str:
        """Returns today's code for a code or a name, of the level.

        Raises:
            UnknownValueError: with the nearest codes and names.
        """
        wanted = value.strip()
        code = wanted.upper()
        if code not in self.kinds:
            code = self._by_name(level).get(wanted.casefold(), "")
        if code and self._is_of(level, code):
            held = self.identities.filter(
                (pl.col("org_code") == code) & (pl.col("valid_from") <= day) & (pl.col("valid_to") >= day)
            )
            return str(held["current_code"][0]) if held.height else code
        known = [c for c in self.kinds if self._is_of(level, c)]
        raise UnknownValueError.of(level, value, [*known, *(self.names[c] for c in known)])

    def _is_of(self, level: str, code: str) -> bool:
        kind = self.kinds[code]
        return kind not in HIGHER if level == "organisation" else kind == level

    def _by_name(self, level: str) -> Mapping[str, str]:
        return {name.casefold(): code for code, name in self.names.items() if self._is_of(level, code)}
