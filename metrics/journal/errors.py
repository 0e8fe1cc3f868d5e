"""What can go wrong with the journal.

JournalError
├── EntryRefusedError      what somebody wants to write cannot be written; says what to change
└── JournalUnusableError   the journal cannot be read or written; pages go on without it
"""

from __future__ import annotations


class JournalError(Exception):
    """Anything about the journal that its user can put right. The message says how."""


class EntryRefusedError(JournalError):
    """What somebody wants to write cannot be written; says what to change."""


class JournalUnusableError(JournalError):
    """The journal cannot be read or written; says where it is, why, and what to do."""

    @classmethod
    def broken(cls, place: str, error: object, name: str = "journal") -> JournalUnusableError:
        """Returns the error for a file that is no journal, or a damaged one."""
        return cls(
            f"The {name} {place} cannot be read ({_said(error)}). Put its last backup in its place, or move it "
            "away: a new one is begun, and the entries of the old one are no longer shown."
        )

    @classmethod
    def closed(cls, place: str, error: object, name: str = "journal") -> JournalUnusableError:
        """Returns the error for a journal that may not, or not now, be opened or written."""
        return cls(
            f"The {name} {place} cannot be opened or written ({_said(error)}). Check that the user who runs "
            "Bellwether may write there, that the disk has room, and that no other program holds it."
        )

    @classmethod
    def unreachable(cls, place: str, error: object, name: str = "journal") -> JournalUnusableError:
        """Returns the error for a server that does not answer, or refuses."""
        return cls(
            f"The {name} in {place} cannot be reached ({_said(error)}). Check that the server runs, and that its "
            "user may make tables there, read them and add rows to them."
        )

    @classmethod
    def newer(cls, place: str, name: str = "journal") -> JournalUnusableError:
        """Returns the error for a journal of a later version of Bellwether."""
        return cls(f"The {name} {place} was written by a later version of Bellwether. Update this one.")


def _said(error: object) -> str:
    """Returns the first line of what a driver said."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")
