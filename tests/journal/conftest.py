"""A journal of each kind: tests do not know which."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from metrics.journal import Journal
from metrics.warehouse.settings import Settings, embedded_url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings whose journal holds nothing: a file, or a database of its own on a real PostgreSQL server."""
    if request.param == "sqlite":
        return Settings(tmp_path, embedded_url(tmp_path / "warehouse"))
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    return Settings(tmp_path, new_database())


@pytest.fixture
def journal(settings: Settings) -> Journal:
    """The journal of those settings."""
    return Journal.open(settings)
