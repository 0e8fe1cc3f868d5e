"""Who may write into the journal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

_LIST_THEM = "An administrator lists who may under 'writers' in bellwether.toml, or in BELLWETHER_WRITERS."


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever looks at a page.

    Attributes:
        name: under which they write; empty when it is not known.
        why_not: what keeps them from writing and what to do about it; empty when they may.
    """

    name: str
    may_write: bool
    why_not: str = ""


class Listed(Protocol):
    """What `writer` reads of the settings."""

    @property
    def writers(self) -> tuple[str, ...]:
        """Returns the sign-in names of those who may write."""


def writer(settings: Listed, signed_in: str | None, loopback: bool, local_user: str = "") -> Person:
    """Returns who looks at a page, and whether they may write.

    With sign-in, those may who are listed. Without it nobody is known but the user of the machine itself, who may.

    Args:
        settings: lists who may write.
        signed_in: the name under which they signed in; empty when they did not; None where there is no sign-in.
        loopback: whether nobody but the users of this machine can reach the page.
        local_user: the name of the operating system's user.
    """
    if signed_in is not None:
        return _signed_in(settings, signed_in.strip())
    if not loopback:
        return _nobody(
            "Nobody can write from here: there is no sign-in, so that it is not known who you are. Open Bellwether on "
            f"the machine that it runs on, or set up sign-in. {_LIST_THEM}"
        )
    name = local_user.strip()
    if not name:
        return _nobody("The operating system does not say who you are. Run Bellwether as a user that has a name.")
    return Person(name, may_write=True)


def _signed_in(settings: Listed, name: str) -> Person:
    if not name:
        return _nobody("Sign in to write annotations and phases.")
    if name.casefold() in {each.strip().casefold() for each in settings.writers}:
        return Person(name, may_write=True)
    return Person(name, may_write=False, why_not=f"{name} may read and not write. {_LIST_THEM}")


def _nobody(why_not: str) -> Person:
    return Person("", may_write=False, why_not=why_not)
