"""Clinics over the next four weeks: what the referrals to come need, the chance of too few, and what would help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from dashboard.viewmodels.asking import Layer, filters_of
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.forecast_record import Context
from dashboard.viewmodels.places import Place, Places
from dashboard.viewmodels.published_paths import published_paths
from dashboard.viewmodels.waiting_list import LEVELS
from dashboard.viewmodels.whole_levers import read_levers, written_levers
from metrics.catalogue import Catalogue
from metrics.query.request import Grain, Request
from metrics.query.result import Status
from models.capacity import Against, clinics_needed
from models.demand_paths import DemandPaths
from models.forecast_store import ForecastStore
from models.training import training_frame

WEEKS: Final = 4
DRAWS: Final = 2_000
SEED: Final = 7
BOOKED_AGAIN: Final = 1.0
"""The share of missed appointments that is booked again: all of them, once."""
HELD_WEEKS: Final = 8
_WEEK: Final = 7
_YEAR: Final = 364

REFERRALS: Final = "local_referrals"
ATTENDED: Final = "local_attended"
MISSED: Final = "local_dna"


@dataclass(frozen=True, slots=True)
class ClinicFacts:
    """What the clinics of a trust are worked out from.

    Attributes:
        paths: referrals of the weeks ahead; None where there is no forecast, which `refused` explains, or `waits`.
        each: appointments attended over referrals, of the year before.
        missed: share of appointments that patients missed, of the year before.
        held: appointments attended or missed in a week, on average of the last eight.
        since: the last day that the forecast knew.
        made: when the forecast of referrals was made, in words.
        record: how such forecasts did, in sentences.
    """

    place: Place
    paths: DemandPaths | None
    refused: str = ""
    waits: bool = False
    each: float = 0.0
    missed: float = 0.0
    held: float = 0.0
    since: date = date.min
    made: str = ""
    record: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClinicChoices:
    """What was chosen; the defaults change nothing.

    Attributes:
        clinics: held a week more, or below 0 fewer.
        dna: change of the share of appointments that are missed, in %.
        referred: change of referrals, in %.
        slots: appointments in a clinic.
        enough: probability, in %, with which clinics are to suffice in every week.
    """

    clinics: int = 0
    dna: int = 0
    referred: int = 0
    slots: int = 12
    enough: int = 90

    @property
    def moved(self) -> bool:
        """Returns whether anything changes clinics or patients."""
        return any((self.clinics, self.dna, self.referred))

    def query(self) -> dict[str, str]:
        """Returns the parts of the address that say what is not the default."""
        return written_levers(self)


LIMITS: Final[Mapping[str, tuple[int, int]]] = {
    "clinics": (-1_000, 1_000), "dna": (-90, 100), "referred": (-50, 50), "slots": (1, 60), "enough": (50, 99),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClinicsView:
    """What is shown of clinics; `weeks` are the first days, and the capacity is the clinics held a week."""

    facts: ClinicFacts
    choices: ClinicChoices
    weeks: tuple[date, ...]
    as_now: Against
    changed: Against
    effects: tuple[tuple[str, float, float], ...]


def read(query: Mapping[str, str]) -> tuple[ClinicChoices, tuple[str, ...]]:
    """Returns what an address asks for, and what in it could not be used, in words."""
    found, messages = read_levers(query, LIMITS)
    return replace(ClinicChoices(), **found), messages


def offered(catalogue: Catalogue, place: Place) -> bool:
    """Returns whether a place's own records have what clinics are worked out from."""
    return place.own_records is not None and {REFERRALS, ATTENDED, MISSED} <= set(catalogue.metrics)


def learn(layer: Layer, store: ForecastStore, places: Places, filters: Filters, today: date) -> ClinicFacts:
    """Returns what the clinics of a trust with own records are worked out from; nothing is forecast here.

    Args:
        layer: what answers.
        store: where forecasts are published.
        places: all organisations.
        filters: organisation and last month.
        today: the day that ages are counted to.

    Raises:
        JournalUnusableError: the store cannot be read.
    """
    place = places.by_code[filters.organisation]
    metric = layer.catalogue.metric(REFERRALS)
    result = layer.ask(Request((REFERRALS,), grain=Grain.DAY, where=filters_of(place), period_to=filters.period_to))
    training = training_frame(result, REFERRALS)
    known = training.drop_nulls("value")
    if known.is_empty():
        return ClinicFacts(place, None, "There is no final day of referrals to learn from.")
    context = Context(
        metric, place.name, place.code, Grain.DAY, layer.catalogue.version_of(metric), result.data_version, today
    )
    ahead = published_paths(
        layer, store, context, place, training, days=WEEKS * _WEEK, draws=DRAWS, seed=SEED, until=filters.period_to
    )
    if ahead.paths is None:
        return ClinicFacts(place, None, ahead.refused, waits=ahead.waits)
    year, recent = (_up_to(layer, place, ahead.since, days) for days in (_YEAR, HELD_WEEKS * _WEEK))
    if not (year.get(REFERRALS) and year.get(ATTENDED) and year.get(MISSED) and recent.get(MISSED)):
        return ClinicFacts(place, None, "A whole year of referrals and of appointments is needed, and not held.")
    missed, booked = year[MISSED]
    return ClinicFacts(
        place, weekly(ahead.paths), each=year[ATTENDED][0] / year[REFERRALS][0], missed=missed / booked,
        held=recent[MISSED][1] / HELD_WEEKS, since=ahead.since, made=ahead.made, record=ahead.record,
    )  # fmt: skip


def weekly(paths: DemandPaths) -> DemandPaths:
    """Returns daily paths summed over each seven days from the first on; days beyond whole weeks are left out."""
    weeks = len(paths.starts) // _WEEK
    kept = paths.values[:, : weeks * _WEEK].reshape(len(paths.values), weeks, _WEEK)
    return DemandPaths(paths.starts[: weeks * _WEEK : _WEEK], kept.sum(axis=2))


def _up_to(layer: Layer, place: Place, last: date, days: int) -> dict[str, tuple[float, float]]:
    """Returns by metric the numerator and denominator over so many days up to a day, where all of them are held."""
    asked = Request(
        (REFERRALS, ATTENDED, MISSED), grain=Grain.DAY, where=filters_of(place), window=f"{days} days",
        period_from=last, period_to=last,
    )  # fmt: skip
    frame = layer.ask(asked).frame.filter(pl.col("status") == Status.FINAL.value).drop_nulls("value")
    held = frame.select("metric", "numerator", pl.col("denominator").fill_null(0.0)).iter_rows()
    return {name: (numerator, denominator) for name, numerator, denominator in held if numerator or denominator}


def build(facts: ClinicFacts, choices: ClinicChoices) -> ClinicsView:
    """Returns the weeks ahead without and with the levers.

    Raises:
        ValueError: there is no forecast.
    """
    if facts.paths is None:
        raise ValueError(facts.refused)
    plain = ClinicChoices(slots=choices.slots, enough=choices.enough)
    as_now = _clinics(facts, plain)
    changed = _clinics(facts, choices) if choices.moved else as_now
    tried = [("As it is", as_now)]
    tried += [(name, _clinics(facts, replace(plain, **levers))) for name, levers in _TRIED]
    tried += [("What is chosen above", changed)] if choices.moved else []
    effects = tuple((name, each.ever, each.short) for name, each in tried)
    return ClinicsView(facts, choices, facts.paths.starts, as_now, changed, effects)


_TRIED: Final[tuple[tuple[str, Mapping[str, int]], ...]] = (
    ("10 clinics a week more", {"clinics": 10}),
    ("A quarter fewer missed appointments", {"dna": -25}),
    ("Referrals 5% higher", {"referred": 5}),
)


def _clinics(facts: ClinicFacts, choices: ClinicChoices) -> Against:
    assert facts.paths is not None  # noqa: S101 - build has looked
    need = clinics_needed(
        facts.paths.times(1 + choices.referred / 100), appointments_each=facts.each,
        missed=min(facts.missed * (1 + choices.dna / 100), 0.99), slots=choices.slots, rebooked=BOOKED_AGAIN, seed=SEED,
    )  # fmt: skip
    held = max(int(np.floor(facts.held / choices.slots + 0.5)) + choices.clinics, 0)
    return Against.of(need, held, levels=LEVELS, sure=choices.enough / 100)
