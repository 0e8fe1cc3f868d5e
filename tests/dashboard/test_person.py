"""Who looks at a page: told by sign-in where there is one, and by the machine only when nobody else can reach it."""

from __future__ import annotations

import os
import pwd

import pytest

from dashboard.local_user import os_user
from dashboard.person import is_local, signed_in_name

HERE = {"host": "127.0.0.1:8501", "origin": "http://127.0.0.1:8501"}


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("127.0.0.1", HERE),
        ("localhost", {"host": "localhost:8501", "origin": "http://localhost:8501"}),
        ("::1", {"host": "[::1]:8501", "origin": "http://[::1]:8501"}),
        ("127.0.0.1", {"host": "localhost"}),
    ],
)
def test_a_request_from_this_machine_is_local(address: str, headers: dict[str, str]) -> None:
    assert is_local(address, headers)


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("0.0.0.0", HERE),  # noqa: S104 - what is refused
        ("", HERE),
        ("10.1.2.3", HERE),
        ("127.0.0.1", {}),
        ("127.0.0.1", {"host": "board.nhs.example"}),
        ("127.0.0.1", {"host": "localhost.nhs.example"}),
        ("127.0.0.1", {"host": "[::1"}),
        # A server in between that names this one as the host, and hands on where the page came from.
        ("127.0.0.1", {"host": "127.0.0.1:8501", "origin": "https://board.nhs.example"}),
        ("127.0.0.1", {"host": "127.0.0.1:8501", "origin": "null"}),
        *(("127.0.0.1", HERE | {name: "10.1.2.3"}) for name in ("forwarded", "via", "x-forwarded-for", "x-real-ip")),
    ],
)
def test_a_request_that_can_come_from_elsewhere_is_not(address: str, headers: dict[str, str]) -> None:
    assert not is_local(address, headers)


def test_the_name_is_that_of_the_sign_in() -> None:
    ada = {"email": "ada@nhs.example"}
    assert signed_in_name({"is_logged_in": True} | ada, trusts_headers=False) == "ada@nhs.example"
    assert signed_in_name({"is_logged_in": False} | ada, trusts_headers=True) == ""
    assert signed_in_name({"is_logged_in": True}, trusts_headers=False) == ""
    assert signed_in_name(ada, trusts_headers=True) == "ada@nhs.example"
    assert signed_in_name({"email": None}, trusts_headers=True) == ""


def test_without_sign_in_nothing_that_a_request_says_is_a_name() -> None:
    assert signed_in_name({}, trusts_headers=False) is None
    assert signed_in_name({"email": "ada@nhs.example"}, trusts_headers=False) is None


def test_an_address_that_was_not_verified_is_nobodys() -> None:
    said = {"is_logged_in": True, "email": "ada@nhs.example"}
    assert signed_in_name(said | {"email_verified": False}, trusts_headers=False) == ""
    assert signed_in_name(said | {"email_verified": True}, trusts_headers=False) == "ada@nhs.example"


def test_the_user_of_the_system_is_not_who_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "somebody-else")
    monkeypatch.setenv("USER", "somebody-else")
    assert os_user() == pwd.getpwuid(os.getuid()).pw_name
