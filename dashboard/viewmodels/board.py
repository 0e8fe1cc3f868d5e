"""How a board reads its scorecard: which cell of the matrix, in what order; read from and written to the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from dashboard import format as words
from dashboard.viewmodels.filters import Filters, link
from dashboard.viewmodels.matrix import ASSURANCES, CELLS, UNJUDGED, VARIATIONS

ORDERS: Final[Mapping[str, str]] = {"exceptions": "Exceptions first", "capability": "By capability"}
KEYS: Final = ("cell", "order", "fdr")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader chose on the scorecard. The defaults show every measure, exceptions first.

    Attributes:
        cell: a key of `CELLS`; empty for every measure.
        order: a key of `ORDERS`.
        controlled: whether signals that chance alone may explain are called weak.
    """

    cell: str = ""
    order: str = "exceptions"
    controlled: bool = False

    def address(self, filters: Filters, **changes: object) -> str:
        """Returns the address of the scorecard with these choices, some of them changed."""
        chosen = replace(self, **changes)  # type: ignore[arg-type]
        order = "" if chosen.order == "exceptions" else chosen.order
        return link("scorecard", filters, cell=chosen.cell, order=order, fdr="1" if chosen.controlled else "")

    def told(self, shown: int, total: int) -> str:
        """Returns what is listed, for everybody to hear, as in '3 of 48 measures: concern and failing'."""
        if not self.cell:
            return f"All {words.counted(total, 'measure')}."
        return f"{shown:,} of {words.counted(total, 'measure')}: {CELLS[self.cell]}."


def read(query: Mapping[str, str]) -> tuple[Reading, tuple[str, ...]]:
    """Returns the choices that an address asks for, and what in it could not be used, in words."""
    found, messages = Reading(controlled=query.get("fdr", "") == "1"), []
    cell, order = query.get("cell", "").strip(), query.get("order", "").strip()
    if cell:
        if cell in CELLS:
            found = replace(found, cell=cell)
        else:
            rows, columns = ", ".join(VARIATIONS), ", ".join(ASSURANCES)
            messages.append(
                f"The link's cell '{cell}' is not one of the matrix: a row ({rows}), a hyphen and a column "
                f"({columns}), or one of {', '.join(UNJUDGED)}. All measures are shown."
            )
    if order and order not in ORDERS:
        messages.append(f"The link's order '{order}' is not one of {', '.join(ORDERS)}. Exceptions are shown first.")
    elif order:
        found = replace(found, order=order)
    return found, tuple(messages)
