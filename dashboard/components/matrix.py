"""The matrix of variation by assurance, drawn as a table whose counts are links that narrow the scorecard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from dashboard import format as words
from dashboard.components.spc_icons import hidden, icon
from dashboard.viewmodels.board import ORDERS, Reading
from dashboard.viewmodels.filters import Filters
from dashboard.viewmodels.matrix import ASSURANCES, UNJUDGED, VARIATIONS, Cell, Matrix
from dashboard.viewmodels.signals import Signals

_ROW_ICONS: Final[Mapping[str, Sequence[str]]] = {
    "improvement": ("improvement_high", "improvement_low"),
    "common": ("common_cause",),
    "concern": ("concern_high", "concern_low"),
    "neutral": ("neutral_high", "neutral_low"),
}
_SMALL: Final = 26


def matrix_table(matrix: Matrix, reading: Reading, filters: Filters) -> str:
    """Returns the matrix and the line of what is not judged, the chosen cell marked."""
    heads = "".join(_column_head(column) for column in ASSURANCES)
    rows = "".join(
        f"<tr><th scope='row'>{_row_head(row)}</th>"
        f"{''.join(_cell(matrix.cells[row][column], reading, filters) for column in ASSURANCES)}</tr>"
        for row in VARIATIONS
    )
    corner = f"<th scope='col'>{hidden('Variation')}</th>"
    return (
        '<div class="bw bw-matrix-frame"><table class="bw-matrix" data-testid="matrix">'
        f"<caption>{words.counted(matrix.judged, 'measure')} judged, by variation (down) and assurance "
        f"(across). A count lists its measures below.</caption><thead><tr>{corner}{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
        f"{_unjudged(matrix, reading, filters)}{_due(matrix, reading, filters)}</div>"
    )


def order_links(reading: Reading, filters: Filters) -> str:
    """Returns the choice between the orders, the chosen one marked."""
    links = " ".join(
        _link(reading.address(filters, order=order), escape(title), chosen=order == reading.order)
        for order, title in ORDERS.items()
    )
    return f'<nav class="bw bw-choices" aria-label="Order of the measures">{links}</nav>'


def chance(signals: Signals, reading: Reading, filters: Filters) -> str:
    """Returns what chance has to do with the signals, and the choice to weigh them together."""
    if not signals.shown:
        return f'<p class="bw-note" data-testid="chance">{escape(signals.text)}</p>'
    on = reading.controlled
    text = f"{signals.text} {signals.controlled_text}" if on else signals.text
    choice = "Take each signal by itself" if on else "Weigh them together"
    link = _link(reading.address(filters, controlled=not on), choice, chosen=False)
    return f'<p class="bw-note" data-testid="chance">{escape(text)} {link}</p>'


def listing(reading: Reading, shown: int, total: int, filters: Filters) -> str:
    """Returns what is listed, announced when it changes, and the way back to all."""
    back = f" {_link(reading.address(filters, cell=''), 'Show all', chosen=False)}" if reading.cell else ""
    told = escape(reading.told(shown, total))
    return f'<p class="bw bw-told"><span role="status" data-testid="told">{told}</span>{back}</p>'


def _column_head(column: str) -> str:
    drawn = icon(column, _SMALL, silent=True) if column != "none" else '<span class="bw-no-icon">\N{EM DASH}</span>'
    return f'<th scope="col"><span aria-hidden="true">{drawn}</span><span>{escape(ASSURANCES[column])}</span></th>'


def _row_head(row: str) -> str:
    icons = "".join(icon(kind, _SMALL, silent=True) for kind in _ROW_ICONS[row])
    return f'<span class="bw-pair"><span aria-hidden="true">{icons}</span><span>{escape(VARIATIONS[row])}</span></span>'


def _cell(cell: Cell, reading: Reading, filters: Filters) -> str:
    if not cell.count and cell.key != reading.cell:
        return '<td><span class="bw-zero">0</span></td>'
    return f"<td>{_count(cell, reading, filters, f'{cell.count:,}', f': {cell.words}')}</td>"


def _unjudged(matrix: Matrix, reading: Reading, filters: Filters) -> str:
    if not matrix.unjudged:
        return ""
    links = ", ".join(
        _count(cell, reading, filters, f"{cell.count:,} {UNJUDGED[cell.key]}", "") for cell in matrix.unjudged
    )
    left = words.counted(matrix.total - matrix.judged, "measure")
    return f'<p class="bw-note">{left} not judged: {links}.</p>'


def _due(matrix: Matrix, reading: Reading, filters: Filters) -> str:
    """Returns how many of the judged are of a time for which newer data are due; nothing when none is."""
    if not matrix.judged_due:
        return ""
    whole = "All" if matrix.judged_due == matrix.judged else f"{matrix.judged_due:,} of the"
    link = _count(matrix.due, reading, filters, "newer data are due", "")
    return (
        f'<p class="bw-note">{whole} {matrix.judged:,} judged are of periods since which {link}: their icons say how '
        "things were then.</p>"
    )


def _count(cell: Cell, reading: Reading, filters: Filters, text: str, more: str) -> str:
    """Returns a count as a link to its measures; that of the chosen cell leads back to all."""
    chosen = cell.key == reading.cell
    address = reading.address(filters, cell="" if chosen else cell.key)
    said = f"{more}, listed below; show all" if chosen else more
    return _link(address, f"{text}{hidden(said) if said else ''}", chosen=chosen)


def _link(address: str, content: str, *, chosen: bool) -> str:
    mark = ' aria-current="true"' if chosen else ""
    return f'<a data-view data-stay{mark} href="{escape(address)}" target="_self">{content}</a>'
