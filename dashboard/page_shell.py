"""The document that a page's address answers with: Streamlit's own, told where its server is.

Of an address such as /scorecard Streamlit's front end supposes that a server may stand below it, asks there first, and
waits after the 404 before it asks at the root.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from dashboard.menu import ENTRIES

_INDEX: Final = Path(st.__file__).parent / "static" / "index.html"
# As its scripts and styles, the server stands beside the page, whatever a proxy puts before both.
_SAID: Final = (
    '<script>window.__streamlit = {...window.__streamlit, BACKEND_BASE_URL: new URL(".", location.href).href}</script>'
)


@cache
def document() -> str:
    """Returns Streamlit's document with the server's address ahead of all scripts."""
    head, tag, rest = _INDEX.read_text(encoding="utf-8").partition("<head>")
    return f"{head}{tag}{_SAID}{rest}"


async def page_shell(_request: Request) -> HTMLResponse:
    """Answers the address of a page."""
    return HTMLResponse(document(), headers={"Cache-Control": "no-cache"})


ROUTES: Final = tuple(Route(f"/{entry.path}", page_shell) for entry in ENTRIES)
