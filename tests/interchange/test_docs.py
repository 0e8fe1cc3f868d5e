"""The page on interchange lists every loss as the code has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from metrics.interchange import cml, losses, ossie
from metrics.interchange.metricflow_metrics import META_KEYS

PAGE = (Path(__file__).parents[2] / "docs" / "interchange.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kinds", [cml.KINDS, ossie.KINDS], ids=["cml", "ossie"])
def test_the_tables_of_losses_are_current(kinds: tuple[losses.Kind, ...]) -> None:
    assert losses.table(kinds) in PAGE
    codes = [kind.code for kind in kinds]
    assert codes == sorted(set(codes))


def test_what_a_project_can_say_of_its_own_is_listed() -> None:
    for key in META_KEYS:
        assert f"`{key}`" in PAGE


def test_the_schemas_carry_their_licences() -> None:
    page = (Path(__file__).parents[2] / "DATA_LICENCES.md").read_text(encoding="utf-8")
    for file in (Path(__file__).parent / "schemas").iterdir():
        assert file.name in page
