"""From demand day by day to beds, staff and clinics, and the probability that they do not suffice.

Beds follow demand through two facts: the share of demand that needs a bed, and how long such patients stay. Those who
are in now leave as the stays of a hospital in balance do. Staff follow beds, clinics follow referrals, by ratios that
are stated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from models.demand_paths import DemandPaths, Floats

LONGEST_STAY: Final = 365
_RIDGE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Stays:
    """How long patients stay.

    Attributes:
        still_in: share of patients who are in at midnight 0, 1, 2, … nights after their day of admission; never rises.
    """

    still_in: Floats

    def __post_init__(self) -> None:
        shares = self.still_in
        if shares.ndim != 1 or not len(shares) or shares[0] > 1 or shares[-1] < 0 or (np.diff(shares) > 0).any():
            raise ValueError("The shares still in must lie between 0 and 1 and never rise.")

    @property
    def mean_nights(self) -> float:
        """Returns the mean of the nights that a patient stays."""
        return float(self.still_in.sum())

    def cut(self, share: float) -> Stays:
        """Returns stays that are shorter by a share of their nights, all alike: 0.1 is a tenth shorter.

        Raises:
            ValueError: the share is 1 or more.
        """
        if share >= 1:
            raise ValueError(f"Stays can be cut by less than their whole length; {share:.0%} was asked.")
        nights = np.arange(len(self.still_in) + 1, dtype=float)
        beyond = np.concatenate([np.cumsum(self.still_in[::-1])[::-1], [0.0]])
        # Nights to come after a midnight, of stays on a scale that is shorter: keeps the mean exactly in proportion.
        at = np.interp(nights / (1 - share), nights, beyond, right=0.0) * (1 - share)
        if share < 0:
            longer = np.arange(int(np.ceil(len(nights) * (1 - share))) + 1, dtype=float)
            at = np.interp(longer / (1 - share), nights, beyond, right=0.0) * (1 - share)
        return Stays(np.minimum.accumulate(np.clip(-np.diff(at), 0.0, 1.0)))

    def left_of_present(self, days: int) -> Floats:
        """Returns the share of those in now who are still in at each next midnight, if all stands in balance."""
        beyond = np.cumsum(self.still_in[::-1])[::-1]
        shares = np.zeros(days)
        known = min(days, len(beyond) - 1)
        shares[:known] = beyond[1 : known + 1] / beyond[0]
        return shares


def stays_of(nights: Floats, patients: Floats) -> Stays:
    """Returns stays from a count of patients by nights stayed.

    Args:
        nights: whole nights, each once.
        patients: how many stayed so long.

    Raises:
        ValueError: nobody is counted.
    """
    counts = np.zeros(int(min(nights.max(initial=0), LONGEST_STAY)) + 1)
    np.add.at(counts, np.minimum(nights, LONGEST_STAY).astype(np.int64), patients)
    if counts.sum() <= 0:
        raise ValueError("No stay is counted, so nothing is known of their length.")
    longer = counts.sum() - np.cumsum(counts)
    return Stays(longer / counts.sum())


def geometric_stays(mean_nights: float) -> Stays:
    """Returns stays of which only the mean is known: each night the same share goes home, from the first on.

    Raises:
        ValueError: the mean is not above 0.
    """
    if not mean_nights > 0:
        raise ValueError(f"The mean stay must be above 0 nights; it is {mean_nights}.")
    stays_on = mean_nights / (1 + mean_nights)
    return Stays(np.asarray(stays_on ** np.arange(1, LONGEST_STAY + 1), dtype=np.float64))


@dataclass(frozen=True, slots=True)
class Need:
    """What is needed day by day, draws x days, in whole beds, staff or clinics."""

    values: Floats

    def exceeds(self, capacity: Floats | float) -> Floats:
        """Returns, for each day, the probability that more is needed than there is."""
        return np.asarray((self.values > capacity).mean(axis=0))

    def ever_exceeds(self, capacity: Floats | float) -> float:
        """Returns the probability that on any day more is needed than there is."""
        return float((self.values > capacity).any(axis=1).mean())

    def days_short(self, capacity: Floats | float) -> float:
        """Returns the mean number of days on which more is needed than there is."""
        return float((self.values > capacity).sum(axis=1).mean())

    def quantiles(self, levels: tuple[float, ...]) -> Floats:
        """Returns levels x days."""
        return np.asarray(np.quantile(self.values, levels, axis=0))


@dataclass(frozen=True, slots=True)
class Against:
    """A need beside the capacity there is, the same in every period.

    Attributes:
        quantiles: of the need, levels x periods.
        exceeds: probability, by period, that more is needed than there is.
        ever: that it is in any period.
        short: how many periods, on average.
        least: capacity that suffices in every period with the wanted probability.
    """

    need: Need
    capacity: float
    quantiles: Floats
    exceeds: Floats
    ever: float
    short: float
    least: float

    @classmethod
    def of(cls, need: Need, capacity: float, *, levels: tuple[float, ...], sure: float) -> Against:
        """Returns the need beside a capacity; `sure` is the probability with which the least is to suffice."""
        return cls(
            need, capacity, need.quantiles(levels), need.exceeds(capacity), need.ever_exceeds(capacity),
            need.days_short(capacity), least_capacity(need, sure),
        )  # fmt: skip


def beds_needed(demand: DemandPaths, stays: Stays, *, share: float, present: float, seed: int) -> Need:
    """Returns patients in beds at each midnight.

    Admissions of a day come at random around the path's expectation. Given the path, those in at a midnight have the
    mean and, with those of every other midnight, the covariance of patients who come and leave one by one; their joint
    distribution is taken as normal and rounded. The same seed throws the same chance whatever the levers, so that two
    answers differ by the levers alone.

    Args:
        demand: draws x days, from the day after the patients present were counted.
        stays: how long patients stay.
        share: of demand, that is admitted to these beds.
        present: patients in the beds at the last midnight before.
        seed: of the chance.
    """
    days = demand.values.shape[1]
    admitted = np.maximum(demand.values * share, 0.0)
    still = np.zeros(days)
    still[: min(days, len(stays.still_in))] = stays.still_in[:days]
    lag = np.arange(days)[None, :] - np.arange(days)[:, None]
    # From the day of admission (row) to the midnight (column).
    kept = np.where(lag >= 0, still[np.maximum(lag, 0)], 0.0)
    left = stays.left_of_present(days)
    mean = admitted @ kept + present * left
    typical = admitted.mean(axis=0)
    later = np.maximum.outer(np.arange(days), np.arange(days))
    earlier = np.minimum.outer(np.arange(days), np.arange(days))
    # In at both midnights: admitted by the earlier, still there at the later.
    both = np.cumsum(typical[:, None] * kept, axis=0)
    covariance = both[earlier, later] + present * left[later] * (1 - left[earlier])
    root = np.linalg.cholesky(covariance + _RIDGE * np.eye(days) * max(float(covariance.max()), 1.0))
    chance = np.random.default_rng(seed).standard_normal(mean.shape) @ root.T
    return Need(np.maximum(np.rint(mean + chance), 0.0))


def staff_needed(beds: Need, patients_each: float) -> Need:
    """Returns the staff on one shift for the patients in beds: one for each so many patients, rounded up.

    Raises:
        ValueError: the ratio is not above 0.
    """
    if not patients_each > 0:
        raise ValueError(f"Patients for each member of staff must be above 0; they are {patients_each}.")
    return Need(np.ceil(beds.values / patients_each - 1e-9))


def clinics_needed(
    demand: DemandPaths, *, appointments_each: float, missed: float, slots: float, rebooked: float, seed: int
) -> Need:
    """Returns the clinics of each period that give every referral its appointments.

    Args:
        demand: referrals, draws x periods.
        appointments_each: appointments that a referral leads to.
        missed: share of booked appointments that the patient misses.
        slots: of one clinic.
        rebooked: share of those who missed that is booked again, once.
        seed: of the chance.

    Raises:
        ValueError: a share is not between 0 and 1, or a clinic has no slots.
    """
    if not (0 <= missed < 1 and 0 <= rebooked <= 1 and slots > 0 and appointments_each >= 0):
        raise ValueError("Shares lie between 0 and 1, and a clinic has at least one slot.")
    referred = np.random.default_rng(seed).poisson(np.maximum(demand.values, 0.0))
    booked = referred * appointments_each * (1 + missed * rebooked)
    return Need(np.ceil(booked / slots - 1e-9))


def least_capacity(need: Need, probability: float) -> float:
    """Returns the least capacity, the same on every day, that suffices on every day with so high a probability."""
    worst = np.sort(need.values.max(axis=1))
    return float(worst[min(int(np.ceil(probability * len(worst))), len(worst)) - 1])
