"""What people have written into the journal, as pages use it: pages go on without a journal that cannot be used."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import polars as pl
import streamlit as st

from metrics.journal import Journal, JournalError
from metrics.journal.reading import no_entries
from metrics.warehouse.settings import load_settings

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Written:
    """The journal at one moment.

    Attributes:
        version: changes with every entry.
        entries: as `Journal.everything` gives them, the retracted ones too.
        problem: why the journal cannot be used, empty while it can.
    """

    version: str = ""
    entries: pl.DataFrame = field(default_factory=no_entries)
    problem: str = ""


@st.cache_resource(show_spinner=False)
def journal() -> Journal:
    """Returns the one journal of this process.

    Raises:
        JournalError: it cannot be opened.
    """
    return Journal.open(load_settings())


@st.cache_resource(show_spinner=False, max_entries=4)
def _entries(_book: Journal, version: str) -> pl.DataFrame:  # noqa: ARG001 - the version is the key
    return _book.everything(with_retracted=True)


def written() -> Written:
    """Returns what the journal holds now; nothing, and why, when it cannot be read."""
    try:
        book = journal()
        version = book.version
        return Written(version, _entries(book, version))
    except JournalError as error:
        _log.warning("The journal cannot be read: %s", error)
        return Written(problem=str(error))
