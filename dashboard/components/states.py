"""What a page shows when it has nothing to show: empty, not built, unreachable, failed."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Final

from dashboard import format as words
from dashboard.components.html import put
from dashboard.layer import reachability
from metrics.catalogue import Finding

_MOST_PROBLEMS: Final = 5
_log = logging.getLogger("dashboard")


def state(title: str, text: str, *, command: str = "", level: int = 2) -> None:
    """Draws a framed message with, where there is one, the command that puts things right."""
    shown = f"<p>Run: <code>{escape(command)}</code></p>" if command else ""
    put(
        f'<div class="bw bw-state" role="status"><h{level}>{escape(title)}</h{level}><p>{escape(text)}</p>{shown}</div>'
    )


def empty(title: str, text: str) -> None:
    """Draws that there is nothing for the chosen filters, and what to try."""
    state(title, text)


def messages(texts: tuple[str, ...]) -> None:
    """Draws what in the link could not be used."""
    for text in texts:
        put(f'<div class="bw bw-banner" role="status">{escape(text)}</div>')


def unreachable_banner() -> None:
    """Draws since when the warehouse has not answered; nothing while it does."""
    lost = reachability().lost_at
    if lost is not None:
        put(
            '<div class="bw bw-banner" role="alert">The warehouse has not answered since '
            f"{words.moment_words(lost)}. You see the last good answers; they are renewed as soon as it answers.</div>"
        )


def definitions_banner(in_use: datetime | None, problems: Sequence[Finding]) -> None:
    """Draws why the newest definition files are not in use, and which are; nothing while they are."""
    if problems:
        of = f" of {words.moment_words(words.in_london(in_use))}" if in_use else ""
        put(
            '<div class="bw bw-banner" role="status" data-testid="definition-problems">'
            f"<p>The newest definitions have mistakes and are not in use. You see figures by the definitions{of}.</p>"
            f"{_listed(problems)}</div>"
        )


def wrong_definitions(problems: Sequence[Finding]) -> None:
    """Draws why there is nothing to show: no good definitions were read since the dashboard was started."""
    put(
        '<div class="bw bw-state" role="status"><h1>A definition is wrong</h1><p>There are no earlier definitions to '
        f"go on with. This page opens by itself when the files are mended.</p>{_listed(problems)}"
        "<p>Run: <code>bellwether check</code></p></div>"
    )


def _listed(problems: Sequence[Finding]) -> str:
    items = "".join(
        f"<li><strong>{escape(each.file)}, line {each.line}</strong>: {escape(each.message)} {escape(each.fix)}</li>"
        for each in problems[:_MOST_PROBLEMS]
    )
    left = len(problems) - _MOST_PROBLEMS
    more = f"<p>And {left} more: <code>bellwether check</code> lists them all.</p>" if left > 0 else ""
    return f"<ul>{items}</ul>{more}"


def failed(page: str, error: BaseException, *, level: int = 1) -> None:
    """Draws that a page failed, and logs the error under the reference that is shown; `level` is its heading's."""
    state("This page could not be drawn", f"{told_of_failure(page, error)} Other pages still work.", level=level)


def told_of_failure(where: str, error: BaseException) -> str:
    """Returns what a reader is told of an error that was not foreseen, and logs it under the reference in it."""
    reference = uuid.uuid4().hex[:8]
    _log.error("Page %s failed (reference %s)", where, reference, exc_info=error)
    return (
        "Something went wrong on our side. If it happens again, tell whoever looks after Bellwether and give the "
        f"reference {reference}."
    )
