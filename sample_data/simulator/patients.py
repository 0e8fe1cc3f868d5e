"""People: pseudonyms that stay with a person, ages, and how deprived their homes are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

# Shares of the catchment by quintile of deprivation, 1 the most deprived.
_QUINTILES: Final = np.cumsum([0.24, 0.22, 0.20, 0.18, 0.16])
_SCRAMBLE: Final = 0x9E3779B97F4A7C15 % 2**36 | 1
_A_CELL: Final = 700  # people of one year of birth and one quintile, at scale 1


@dataclass(frozen=True, slots=True)
class People:
    """Pseudonyms, ages in whole years and quintiles of deprivation."""

    patient: npt.NDArray[np.int64]
    age: npt.NDArray[np.int16]
    quintile: npt.NDArray[np.int8]


def people(random: np.random.Generator, ages: npt.NDArray[Any], year: int, scale: float) -> People:
    """Returns one person for each age. A pseudonym tells year of birth and quintile to nobody, but always is of one."""
    age = np.clip(np.rint(ages), 0, 104).astype(np.int16)
    quintile = (np.searchsorted(_QUINTILES, random.random(len(age))) + 1).clip(1, 5).astype(np.int8)
    cell = (year - age.astype(np.int64) - 1900) * 5 + quintile - 1
    serial = random.integers(0, max(1, round(_A_CELL * scale)), len(age))
    return People(((cell << 24) + serial) * _SCRAMBLE % 2**36, age, quintile)


def emergency_ages(random: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    """Returns ages of people who come unplanned: many young children, many old people."""
    which = random.random(count)
    young, grown, old = random.gamma(1.6, 3.5, count), random.normal(40, 15, count), random.normal(78, 9, count)
    return np.where(which < 0.20, young, np.where(which < 0.68, np.abs(grown), old))
