"""A rule: one function that finds faults of one kind, with its code, what it asks for, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.finding import Finding

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One breach of a rule.

    Attributes:
        subject: `table:name`, `model:name` or `metric:id`.
        path: where in that definition, such as `("numerator", "filter")`.
        fix: what to do in this case; empty takes the rule's own remedy.
    """

    subject: str
    path: Path
    message: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a sound catalogue keeps to. Codes start with E for errors and W for warnings."""

    code: str
    says: str
    remedy: str
    faults: Callable[[Catalogue], Iterator[Fault]]

    @property
    def severity(self) -> Literal["error", "warning"]:
        """Returns what its findings are."""
        return "warning" if self.code.startswith("W") else "error"

    def __call__(self, catalogue: Catalogue) -> Iterator[Finding]:
        """Yields what breaks the rule, with file and line."""
        for fault in self.faults(catalogue):
            place = catalogue.places[fault.subject]
            name = fault.subject.split(":", 1)[1]
            message = f"'{name}': {fault.message}"
            fix = fault.fix or self.remedy
            yield Finding(self.code, self.severity, place.name, place.line_of(fault.path), message, fix)


def rule(code: str, says: str, remedy: str) -> Callable[[Callable[[Catalogue], Iterator[Fault]]], Rule]:
    """Returns a decorator that makes a rule of a function."""
    return lambda faults: Rule(code, says, remedy, faults)
