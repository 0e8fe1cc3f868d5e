"""Who looks at the page that is drawn, and whether they may write into the journal."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import streamlit as st

from dashboard.local_user import os_user
from metrics.governance import Person, writer
from metrics.journal import EntryRefusedError
from metrics.warehouse.settings import Settings

# What a server in between leaves in a request: whoever sent it can be anywhere.
_PASSED_ON: Final = (
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip",
)  # fmt: skip


def person(settings: Settings) -> Person:
    """Returns who looks at the page that runs, and whether they may write."""
    address = str(st.get_option("server.address") or "")
    headers = {name.casefold(): value for name, value in st.context.headers.items()}
    trusts_headers = bool(st.get_option("server.trustedUserHeaders"))
    signed_in = signed_in_name(st.user.to_dict(), trusts_headers=trusts_headers)
    return writer(settings, signed_in, is_local(address, headers), os_user())


def author(settings: Settings) -> str:
    """Returns the name to write into the journal under, found out anew at the moment of writing.

    Raises:
        EntryRefusedError: whoever looks may not write.
    """
    who = person(settings)
    if not who.may_write:
        raise EntryRefusedError(who.why_not)
    return who.name


def signed_in_name(user: Mapping[str, Any], *, trusts_headers: bool) -> str | None:
    """Returns the name under which somebody signed in; empty when they did not; None where there is no sign-in.

    Args:
        user: what Streamlit knows of them. It has `is_logged_in` where sign-in is configured.
        trusts_headers: whether a server in between signs people in, and says who they are.
    """
    if "is_logged_in" not in user:
        return _name_in(user) if trusts_headers else None
    return _name_in(user) if user["is_logged_in"] else ""


def _name_in(user: Mapping[str, Any]) -> str:
    """Returns the e-mail address, unless it is known to be unverified: anybody can claim such a one."""
    return "" if user.get("email_verified") is False else str(user.get("email") or "")


def is_local(address: str, headers: Mapping[str, str]) -> bool:
    """Returns whether a request can only come from this machine.

    The server listens on the machine's own address alone, the browser asked for that very address, and no server in
    between passed the request on.

    Args:
        address: where the server listens.
        headers: of the request, their names in lower case.
    """
    if not _is_loopback(address) or any(name in headers for name in _PASSED_ON):
        return False
    asked = [f"//{headers.get('host', '')}"]
    if "origin" in headers:
        asked.append(headers["origin"])
    return all(_is_loopback(_host_of(each)) for each in asked)


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # a bracket that is not closed
        return ""


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
