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
SIMULATED = "simulated"
_SAID = "{} (simulated)"


@dataclass(frozen=True)
class Organisations:
    """The organisation tables as frames.

    Attributes:
        all: `dim_organisation`.
        identities: `dim_organisation_identity`.
        successions: `dim_organisation_succession`.
    """

    all: pl.DataFrame
    identities: pl.DataFrame
    successions: pl.DataFrame

    def at(self, day: date) -> pl.DataFrame:
        """Returns `org_code` (as published), `organisation`, `icb`, `region` and `org_type`, as on the day.

        The organisation is the one that answers for the code on the day; its board and region are always today's.
        """
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
        """Returns code to name, of all levels; a simulated organisation's says that it is."""
        said = pl.when(pl.col("org_type") == SIMULATED).then(pl.format(_SAID, "name")).otherwise("name")
        return dict(self.all.select("org_code", said.alias("name")).iter_rows())

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        """Returns code to `org_type`."""
        return dict(self.all.select("org_code", "org_type").iter_rows())

    @cached_property
    def ends(self) -> pl.DataFrame:
        """Returns `org_code` and `end` Date: the last day that the code stood for itself; no row while it does."""
        own = self.identities.filter(pl.col("org_code") == pl.col("current_code"))
        last = own.group_by("org_code").agg(pl.col("valid_to").max())
        closed = self.all.select("org_code", "close_date").join(last, on="org_code", how="left")
        end = pl.min_horizontal("close_date", "valid_to")
        return closed.select("org_code", end.alias("end")).filter(pl.col("end") < date(9999, 12, 31))

    def divided(self, day: date) -> pl.DataFrame:
        """Returns `org_code` and `successor` of organisations that several others had shared out by the day."""
        own = self.identities.filter(
            (pl.col("valid_from") <= day) & (pl.col("valid_to") >= day) & (pl.col("org_code") == pl.col("current_code"))
        )
        return (
            self.successions.filter(pl.col("effective") <= day)
            .filter(pl.col("successor_code").n_unique().over("predecessor_code") > 1)
            .filter(pl.col("predecessor_code").is_in(own["org_code"].implode()))
            .select(pl.col("predecessor_code").alias("org_code"), pl.col("successor_code").alias("successor"))
            .unique()
        )

    def resolve(self, level: str, value: str, day: date, today: date) -> str:
        """Returns the code that stands for a code or a name of the level on the day; boards and regions are today's.

        Raises:
            UnknownValueError: with the nearest codes and names, or those that share the name.
        """
        wanted = value.strip()
        code = wanted.upper()
        if not (code in self.kinds and self._is_of(level, code)):
            code = self._named(level, wanted)
        at = day if level == "organisation" else today
        held = self.identities.filter(
            (pl.col("org_code") == code) & (pl.col("valid_from") <= at) & (pl.col("valid_to") >= at)
        )
        return str(held["current_code"][0]) if held.height else code

    def _is_of(self, level: str, code: str) -> bool:
        kind = self.kinds[code]
        return kind not in HIGHER if level == "organisation" else kind == level

    def _named(self, level: str, name: str) -> str:
        """Returns the code of the organisation of that name: the open trust before sites and closed ones."""
        wanted = (name.casefold(), _SAID.format(name).casefold())
        found = [code for code, each in self.names.items() if each.casefold() in wanted and self._is_of(level, code)]
        ended = set(self.ends["org_code"])
        for preferred in (
            [code for code in found if code not in ended and self.kinds[code] in ("trust", level)],
            [code for code in found if code not in ended],
            found,
        ):
            if len(preferred) == 1:
                return preferred[0]
            if preferred:
                raise UnknownValueError(
                    f"Several organisations are called '{name}'. Give a code: {', '.join(preferred)}."
                )
        known = [code for code in self.kinds if self._is_of(level, code)]
        raise UnknownValueError.of(level, name, [*known, *(self.names[code] for code in known)])
