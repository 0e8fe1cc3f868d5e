"""`bellwether cubes`: what is kept, how large it is, and whether it holds."""

from __future__ import annotations

from typer.testing import CliRunner

from dashboard.cli import app


def test_it_builds_tells_and_checks(trust_warehouse: str) -> None:
    told = CliRunner().invoke(
        app, ["cubes", "--warehouse", trust_warehouse, "--model", "local_alerts", "--check"], env={"COLUMNS": "200"}
    )
    assert told.exit_code == 0, told.output
    rows = [line.split() for line in told.stdout.splitlines() if line.startswith(("local_alerts", "all"))]
    cells = [int(row[1].replace(",", "")) for row in rows]
    assert cells[-1] == sum(cells[:-1]) > 0
    assert "months held against their rows: no days differ." in told.stderr


def test_an_unknown_model_is_refused(trust_warehouse: str) -> None:
    told = CliRunner().invoke(app, ["cubes", "--warehouse", trust_warehouse, "--model", "nothing"])
    assert told.exit_code == 2
    assert "There is no model 'nothing'." in told.stderr
