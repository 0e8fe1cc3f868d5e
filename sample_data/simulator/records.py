"""Records as structured arrays, moved as whole blocks of bytes: numpy moves them field by field, ten times slower."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Records = npt.NDArray[Any]


def joined(*parts: Records) -> Records:
    """Returns the records of several arrays of one type, one after another."""
    return np.concatenate([_blocks(part) for part in parts]).view(parts[0].dtype)


def those(records: Records, which: npt.NDArray[Any]) -> Records:
    """Returns the records for which `which` is true."""
    return np.asarray(_blocks(records)[which].view(records.dtype))


def _blocks(records: Records) -> npt.NDArray[np.void]:
    return np.ascontiguousarray(records).view(np.dtype((np.void, records.dtype.itemsize)))
