"""Who may write: those listed where people sign in, the user of the machine where they do not, else nobody."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from metrics.governance import Person, writer


@dataclass(frozen=True)
class Settings:
    writers: tuple[str, ...] = ("Ada.Lovelace@nhs.example", "grace@nhs.example")


@pytest.mark.parametrize("loopback", [True, False])
@pytest.mark.parametrize("name", ["Ada.Lovelace@nhs.example", "ada.lovelace@NHS.example ", "grace@nhs.example"])
def test_who_is_listed_may_write_under_their_own_name(name: str, loopback: bool) -> None:
    assert writer(Settings(), name, loopback, "root") == Person(name.strip(), may_write=True)


@pytest.mark.parametrize("name", ["alan@nhs.example", "ada.lovelace@nhs.example.org", "grace", "ada.lovelace"])
def test_who_is_not_listed_may_not_even_on_this_machine(name: str) -> None:
    found = writer(Settings(), name, True, "root")
    assert (found.name, found.may_write) == (name, False)
    assert found.why_not.startswith(f"{name} may read and not write.")
    assert "BELLWETHER_WRITERS" in found.why_not


def test_with_an_empty_list_nobody_who_signs_in_may() -> None:
    assert not writer(Settings(()), "ada.lovelace@nhs.example", True, "root").may_write


@pytest.mark.parametrize("name", ["", "  "])
def test_where_there_is_sign_in_it_comes_first(name: str) -> None:
    found = writer(Settings(("", "ada")), name, True, "root")
    assert found == Person("", may_write=False, why_not="Sign in to write annotations and phases.")


def test_without_sign_in_the_user_of_the_machine_may_and_nobody_else() -> None:
    assert writer(Settings(()), None, True, "ada") == Person("ada", may_write=True)
    elsewhere = writer(Settings(), None, False, "ada")
    assert (elsewhere.name, elsewhere.may_write) == ("", False)
    assert "there is no sign-in" in elsewhere.why_not
    assert "'writers' in bellwether.toml" in elsewhere.why_not
    nameless = writer(Settings(), None, True, " ")
    assert not nameless.may_write
    assert "does not say who you are" in nameless.why_not
