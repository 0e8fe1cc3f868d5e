"""The metrics layer for the command line: built on first use, its errors as messages."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from sqlalchemy.exc import OperationalError

from dashboard.cli_run import bring_up_to_date
from metrics.catalogue import CatalogueError, UnknownMetricError
from metrics.catalogue.expression import ExpressionError
from metrics.journal import JournalError
from metrics.query.engine import MetricsLayer
from metrics.query.errors import QueryError
from metrics.warehouse.connect import embedded_folder
from metrics.warehouse.errors import WarehouseError, WarehouseNotBuiltError
from metrics.warehouse.settings import load_settings

BAD_REQUEST = 2

# Answers go to standard output; everything said about them goes here, so that a pipe holds data only.
beside = Console(stderr=True, highlight=False, soft_wrap=True)


def refuse(message: str) -> NoReturn:
    """Says what is wrong and leaves with the code for a bad request."""
    beside.print("[bold red]Error:[/]", end=" ")
    beside.print(message, markup=False)  # what people typed may look like markup
    raise typer.Exit(BAD_REQUEST)


@contextmanager
def told() -> Iterator[None]:
    """Turns errors that the user can put right into one message and exit code 2."""
    try:
        yield
    except BrokenPipeError:
        # The reader of the pipe has what it wanted.
        sys.stderr.close()
        raise typer.Exit(0) from None
    except (WarehouseError, QueryError, UnknownMetricError, CatalogueError, ExpressionError, JournalError) as error:
        _leave(str(error), error)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _leave(f"{place}{error.strerror or error}. Check that the folder can be written and the disk has room.", error)
    except OperationalError as error:
        _leave(f"the database refused: {str(error.orig).strip().splitlines()[0]}.", error)


def _leave(message: str, error: Exception) -> NoReturn:
    beside.print("[bold red]Error:[/]", end=" ")
    beside.print(message, markup=False)
    raise typer.Exit(BAD_REQUEST) from error


def opened(warehouse: str | None, definitions: Path | Sequence[Path] | None = None) -> MetricsLayer:
    """Returns the layer; the settings' own embedded warehouse is first filled with the data that ship, when empty.

    A database that is named by its URL is only read: filling it is for `bellwether load --shipped`.
    """
    try:
        return MetricsLayer.open(warehouse, definitions=definitions)
    except WarehouseNotBuiltError:
        settings = load_settings()
        if warehouse is not None or embedded_folder(settings.warehouse) is None:
            raise
        beside.print("The warehouse holds no data yet: loading the publications that ship with Bellwether.")
        bring_up_to_date(settings.warehouse, settings.home)
        return MetricsLayer.open(definitions=definitions)
