"""What a page shows when it has nothing to show: empty, not built, unreachable, failed."""

from __future__ import annotations

import logging
import uuid
from html import escape

from dashboard import format as words
from dashboard.components.html import put
from dashboard.layer import reachability

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


def failed(page: str, error: BaseException, *, level: int = 1) -> None:
    """Draws that a page failed, and logs the error under the reference that is shown; `level` is its heading's."""
    reference = uuid.uuid4().hex[:8]
    _log.error("Page %s failed (reference %s)", page, reference, exc_info=error)
    state(
        "This page could not be drawn",
        "Something went wrong on our side. Other pages still work. If it happens again, tell whoever looks after "
        f"Bellwether and give the reference {reference}.",
        level=level,
    )
