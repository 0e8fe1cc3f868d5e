"""A warehouse of each kind: tests do not know which."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from metrics.warehouse.settings import embedded_url


@pytest.fixture(params=["embedded", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a warehouse that holds nothing, embedded and on a real PostgreSQL server."""
    if request.param == "embedded":
        return embedded_url(tmp_path / "warehouse")
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    return new_database()
