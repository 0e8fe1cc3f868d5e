"""What docs/control_charts.md says can be done."""

from __future__ import annotations

import re
from pathlib import Path

from typer.testing import CliRunner

from dashboard.cli import app
from metrics.spc import KINDS, PROFILES

DOCUMENT = (Path(__file__).parent.parent.parent / "docs" / "control_charts.md").read_text(encoding="utf-8")


def test_the_example_in_python_runs_and_finds_its_improvement() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    names: dict[str, object] = {}
    exec(example, names)  # noqa: S102 - the document is ours
    assert names["drawn"].series.select("state", "variation_icon").row(0) == ("ok", "improvement_high")  # type: ignore[attr-defined]


def test_every_chart_profile_and_option_that_is_there_is_named() -> None:
    for name in [*KINDS, *PROFILES]:
        assert f"`{name}`" in DOCUMENT, name
    shown = CliRunner().invoke(app, ["spc", "--help"], env={"COLUMNS": "200"}).output
    for option in set(re.findall(r"--[a-z][a-z-]+", DOCUMENT)):
        assert option in shown, option
