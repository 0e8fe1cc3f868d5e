"""Random numbers that depend on what they are for and on the day, and on nothing drawn before."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, purpose: str, day: int) -> np.random.Generator:
    """Returns the random numbers of one purpose on one day.

    They come from a counter (Philox: Salmon et al., 2011), keyed by seed and purpose, so that a day can be simulated
    again, or first, and gives the same rows; and what one component draws changes nothing for another.
    """
    key = np.array([seed, zlib.crc32(purpose.encode())], dtype=np.uint64)
    counter = np.array([0, 0, 0, day], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))
