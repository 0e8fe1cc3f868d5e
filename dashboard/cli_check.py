"""`bellwether check`: lint the definitions, and reconcile the warehouse with what publications state."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dashboard.cli_layer import opened, told
from metrics.catalogue import SHIPPED, Finding
from metrics.catalogue import check as found_in
from sample_data.published.reconcile import reconcile, report, unstated

console = Console(highlight=False, soft_wrap=True)


class CheckFormat(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def check(
    definitions: Annotated[Path, typer.Option(help="Folder of definition files.")] = SHIPPED,
    form: Annotated[CheckFormat, typer.Option("--format", help="How to write the findings.")] = CheckFormat.TEXT,
    reconciled: Annotated[
        bool,
        typer.Option("--reconcile", help="Compare the warehouse with the totals that the publications state."),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="With --reconcile: write the report to this Markdown file.")] = None,
    warehouse: Annotated[str | None, typer.Option(help="Database URL, in place of the settings' own.")] = None,
) -> None:
    """Check the definitions of metrics, and say file, line and remedy for what is wrong.

    Leaves with code 1 when there are errors; warnings alone leave with 0. With --reconcile the facts in the warehouse
    are added up and held against the totals that the publications state; differences without a known cause leave
    with code 1.

    For example: `bellwether check`, `bellwether check --format github`, `bellwether check --reconcile`.
    """
    catalogue, findings = found_in(definitions)
    _write(findings, form)
    failed = any(finding.severity == "error" for finding in findings)
    if form is CheckFormat.TEXT:
        size = 0 if catalogue is None else len(catalogue.metrics)
        verdict = "No errors." if not failed else "There are errors."
        console.print(f"{size} metrics in {definitions.name}/. {verdict}")
    if reconciled:
        with told():
            snapshot = opened(warehouse).warehouse.snapshot()
            lines = reconcile(snapshot)
        text = report(lines, unstated(snapshot, lines))
        if out is not None:
            out.write_text(text, encoding="utf-8")
            console.print(f"Wrote the report to {out}.")
        else:
            console.print(text, markup=False)
        failed = failed or any(not line.is_explained for line in lines)
    raise typer.Exit(1 if failed else 0)


def _write(findings: tuple[Finding, ...], form: CheckFormat) -> None:
    if form is CheckFormat.JSON:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))  # noqa: T201
        return
    for finding in findings:
        if form is CheckFormat.GITHUB:
            text = f"{finding.message} {finding.fix}".strip().replace("\n", " ")
            print(f"::{finding.severity} file={finding.file},line={finding.line},title={finding.code}::{text}")  # noqa: T201
        else:
            console.print(str(finding), markup=False)
