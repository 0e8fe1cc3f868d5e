"""The last good answer to each question, for while the warehouse does not answer: a bounded number of them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

MOST: Final = 600


@dataclass(frozen=True, slots=True)
class Good:
    """An answer, and the name of the definitions that it was given by."""

    definitions: str
    value: Any


@dataclass(slots=True)
class LastGood:
    """The newest answers to the questions asked last, shared by all sessions; others are let go.

    Attributes:
        most: how many questions are remembered.
    """

    most: int = MOST
    _kept: OrderedDict[tuple[str, ...], Good] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, question: tuple[str, ...], good: Good) -> None:
        """Remembers the answer in place of an earlier one."""
        with self._lock:
            self._kept[question] = good
            self._kept.move_to_end(question)
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)

    def to(self, question: tuple[str, ...], definitions: str) -> Good | None:
        """Returns the last good answer by the same definitions; None when there is none, or it was let go."""
        with self._lock:
            good = self._kept.get(question)
            if good is None or good.definitions != definitions:
                return None
            self._kept.move_to_end(question)
            return good
