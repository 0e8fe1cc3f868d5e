"""Organisations as a reader picks them: England, regions, boards and trusts, and who is whose peer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import polars as pl

ENGLAND: Final = "ENG"
SIMULATED: Final = "simulated"
KINDS: Final = ("england", "region", "icb", SIMULATED, "trust", "independent", "other")
HIGHER: Final = ("england", "region", "icb")
KIND_WORDS: Final[Mapping[str, str]] = {
    "england": "England", "region": "Region", "icb": "Integrated care board", "simulated": "Simulated trust",
    "trust": "Trust", "independent": "Independent provider", "other": "Other provider",
}  # fmt: skip
# As a reader looks for them; a trust of no known type stands after the others.
TRUST_TYPES: Final = ("Acute", "Mental health", "Community", "Ambulance")
LEVEL_PLURALS: Final[Mapping[str, str]] = {
    "region": "regions", "icb": "integrated care boards", "organisation": "organisations",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """One organisation that can be chosen.

    Attributes:
        kind: one of `KINDS`.
        level: the engine's dimension that it is a value of: england, region, icb or organisation.
        is_offered: it is open and reports, and so stands in the list of organisations.
        own_records: `operational` or `simulated`: the warehouse holds its own records beside what is published.
    """

    code: str
    name: str
    kind: str
    trust_type: str | None = None
    icb: str | None = None
    region: str | None = None
    is_offered: bool = True
    own_records: str | None = None

    @property
    def is_simulated(self) -> bool:
        """Returns whether it is made up: nothing is published of it."""
        return self.kind == SIMULATED

    @property
    def level(self) -> str:
        return self.kind if self.kind in HIGHER else "organisation"

    @property
    def label(self) -> str:
        """Returns the words in the organisation list: 'Acute trust: Barts Health NHS Trust (R1H)'."""
        if self.kind == "england":
            return "England"
        if self.is_simulated:
            return f"{self.name} ({self.code})"
        kind = "ICB" if self.kind == "icb" else KIND_WORDS[self.kind]
        if self.kind == "trust" and self.trust_type:
            kind = f"{self.trust_type} trust"
        return f"{kind}: {self.name} ({self.code})"

    @property
    def where(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Returns the request filter that keeps this place; none for England."""
        return () if self.kind == "england" else ((self.level, (self.code,)),)


@dataclass(frozen=True)
class Places:
    """All organisations that answer for themselves today, looked up by code.

    Attributes:
        by_code: open or closed; a closed one that nobody took over still answers for its own past.
        successors: code to the code of the organisation that answers for it today.
        former: names of the codes in `successors`.
    """

    by_code: Mapping[str, Place]
    successors: Mapping[str, str] = field(default_factory=dict)
    former: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, organisations: pl.DataFrame) -> Places:
        """Returns the places of the engine's organisation frame.

        Columns read: `org_code`, `name`, `org_type`, `trust_type`, `icb_code`, `region_code`, `own_records`, `answers`,
        `is_current`, `is_reporting`.
        """
        known = organisations.filter(pl.col("org_type").is_in(KINDS))
        itself = pl.col("org_code") == pl.col("answers")
        places = [
            Place(row["org_code"], row["name"], row["org_type"], row["trust_type"], row["icb_code"], row["region_code"],
                  row["is_current"] and (row["is_reporting"] or row["org_type"] in HIGHER), row.get("own_records"))
            for row in known.filter(itself).iter_rows(named=True)
        ]  # fmt: skip
        if not any(place.kind == "england" for place in places):
            places.append(Place(ENGLAND, "England", "england"))
        places.sort(key=_order)
        codes = {place.code for place in places}
        moved = known.filter(~itself, pl.col("answers").is_in(sorted(codes)))
        return cls(
            {place.code: place for place in places},
            dict(moved.select("org_code", "answers").iter_rows()),
            dict(moved.select("org_code", "name").iter_rows()),
        )

    def __iter__(self) -> Iterator[Place]:
        return iter(self.by_code.values())

    def __contains__(self, code: str) -> bool:
        return code in self.by_code

    @cached_property
    def offered(self) -> tuple[str, ...]:
        """Returns the codes to choose from: England, regions, boards, trusts by type, then other providers."""
        return tuple(place.code for place in self if place.is_offered)

    @cached_property
    def england(self) -> Place:
        """Returns England."""
        return next(place for place in self if place.kind == "england")

    @cached_property
    def owners(self) -> tuple[Place, ...]:
        """Returns the trusts whose own records are held."""
        return tuple(place for place in self if place.own_records)

    def get(self, code: str | None) -> Place | None:
        """Returns the place, None when the code is unknown."""
        return self.by_code.get(code) if code else None

    def name_of(self, code: str) -> str:
        """Returns the name, the code itself when it is unknown."""
        place = self.by_code.get(code)
        return place.name if place else code

    def above(self, place: Place) -> tuple[Place, ...]:
        """Returns the places that the place belongs to, nearest first; England last."""
        codes = {"england": (), "region": (), "icb": (place.region,)}.get(place.kind, (place.icb, place.region))
        found = [self.by_code[code] for code in codes if code and code in self.by_code and code != place.code]
        return (*found, self.england) if place.kind != "england" else ()

    def within(self, place: Place, level: str) -> tuple[Place, ...]:
        """Returns the places of a level that belong to the place."""
        return tuple(
            each
            for each in self
            if each.level == level
            and (place.kind == "england" or place.code in (each.icb, each.region))
            and each.code != place.code
        )

    def peers(self, place: Place) -> tuple[Place, ...]:
        """Returns the places to compare with: trusts of the same type, or all of the same level. Includes itself.

        A trust of no known type is compared with all trusts; what is shown must say so.
        """
        if place.kind == "trust" and place.trust_type:
            return tuple(each for each in self if each.kind == "trust" and each.trust_type == place.trust_type)
        return tuple(each for each in self if each.kind == place.kind)


def _order(place: Place) -> tuple[int, int, str, str]:
    kind = place.trust_type if place.kind == "trust" else None
    rank = TRUST_TYPES.index(kind) if kind in TRUST_TYPES else len(TRUST_TYPES)
    return (KINDS.index(place.kind), rank, place.name.casefold(), place.code)


def search(places: Iterable[Place], text: str) -> tuple[Place, ...]:
    """Returns the places whose code or name holds the text, case ignored."""
    wanted = text.casefold().strip()
    return tuple(place for place in places if wanted in place.name.casefold() or wanted == place.code.casefold())
