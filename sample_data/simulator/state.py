"""What a simulation knows at the end of a day, and needs to go on."""

from __future__ import annotations

import base64
import io
import os
import uuid
import zlib
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(slots=True)
class State(MutableMapping[str, Array]):
    """Named arrays: who is in the department, in which bed, on which list, and the counters of record numbers.

    Attributes:
        next_day: number of the first day that is not simulated yet.
        scenario: the scenario's JSON; going on under another one is refused.
    """

    next_day: int
    scenario: str
    arrays: dict[str, Array] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Array:
        """Returns an array."""
        return self.arrays[name]

    def __setitem__(self, name: str, value: Array) -> None:
        """Puts an array in the place of the one of that name."""
        self.arrays[name] = value

    def __delitem__(self, name: str) -> None:
        """Forgets an array."""
        del self.arrays[name]

    def __iter__(self) -> Iterator[str]:
        """Gives the names."""
        return iter(self.arrays)

    def __len__(self) -> int:
        """Returns how many arrays there are."""
        return len(self.arrays)

    def numbers(self, name: str, count: int) -> npt.NDArray[np.int64]:
        """Returns the next so many numbers of a kind of record, never given twice."""
        first = int(self.arrays.get(f"next {name}", np.array(1))) if count else 0
        if count:
            self.arrays[f"next {name}"] = np.array(first + count, dtype=np.int64)
        return np.arange(first, first + count, dtype=np.int64)

    def digest(self) -> str:
        """Returns a digest of all of it."""
        found = sha256(f"{self.next_day} {self.scenario}".encode())
        for name in sorted(self.arrays):
            found.update(name.encode())
            found.update(np.ascontiguousarray(self.arrays[name]).tobytes())
        return found.hexdigest()

    def save(self, path: Path) -> None:
        """Writes it to a file, which is whole or as it was before."""
        draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
        try:
            with draft.open("wb") as file:
                self._write(file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    def copy(self) -> State:
        """Returns another one that is the same, and stays so while this one goes on."""
        return State(self.next_day, self.scenario, {name: array.copy() for name, array in self.arrays.items()})

    def packed(self) -> str:
        """Returns it as text, to be kept in a table."""
        file = io.BytesIO()
        self._write(file)
        return base64.b64encode(zlib.compress(file.getvalue(), 1)).decode("ascii")

    @classmethod
    def unpacked(cls, text: str) -> State:
        """Returns what `packed` made a text of."""
        return cls._read(io.BytesIO(zlib.decompress(base64.b64decode(text))))

    def _write(self, file: Any) -> None:
        meta = {"next_day": np.array(self.next_day), "scenario": np.array(self.scenario)}
        np.savez(file, allow_pickle=False, **{f"state/{k}": v for k, v in meta.items()}, **self.arrays)

    @classmethod
    def load(cls, path: Path) -> State:
        """Returns what `save` wrote."""
        return cls._read(path)

    @classmethod
    def _read(cls, file: Any) -> State:
        with np.load(file, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
        return cls(int(arrays.pop("state/next_day")), str(arrays.pop("state/scenario")), arrays)
