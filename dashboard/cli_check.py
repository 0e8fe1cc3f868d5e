"""`bellwether check`: lint the definitions, probe the warehouse, run golden numbers, reconcile with publications."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from dashboard.cli_layer import opened, told
from metrics.catalogue import SHIPPED, Catalogue, Finding, folders_of, json_schema
from metrics.catalogue import check as found_in
from metrics.query import golden
from metrics.query.engine import MetricsLayer
from metrics.query.golden import Outcome
from metrics.query.probing import probe
from metrics.warehouse.settings import load_settings
from sample_data.published.reconcile import reconcile, report, unstated

console = Console(highlight=False, soft_wrap=True)
FAILED = 1


class CheckFormat(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found.

    Attributes:
        outcomes: of the golden numbers; None when they were not run.
    """

    folders: tuple[Path, ...]
    catalogue: Catalogue | None
    findings: tuple[Finding, ...]
    outcomes: tuple[Outcome, ...] | None = None

    @property
    def errors(self) -> int:
        """Returns how many findings are errors."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        """Returns how many findings are warnings."""
        return len(self.findings) - self.errors

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Returns the golden numbers that were not met."""
        return tuple(outcome for outcome in self.outcomes or () if not outcome.passed)


def check(
    definitions: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of definition files, in place of the settings' own. Several are read together."),
    ] = None,
    form: Annotated[CheckFormat, typer.Option("--format", help="How to write the findings.")] = CheckFormat.TEXT,
    live: Annotated[
        bool, typer.Option("--live", help="Probe every table and column in the warehouse, without reading rows.")
    ] = False,
    tests: Annotated[
        bool, typer.Option("--tests", help="Run the golden numbers that stand beside the metrics.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail too.")] = False,
    schema: Annotated[
        Path | None, typer.Option(help="Write schema.json into this folder, for editors to complete by, and leave.")
    ] = None,
    reconciled: Annotated[
        bool,
        typer.Option("--reconcile", help="Compare the warehouse with the totals that the publications state."),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="With --reconcile: write the report to this Markdown file.")] = None,
    warehouse: Annotated[str | None, typer.Option(help="Database URL, in place of the settings' own.")] = None,
) -> None:
    """Check the definitions of metrics, and say file, line and remedy for what is wrong.

    Needs no warehouse, unless --live, --tests or --reconcile ask for it.

    Leaves with 0 when nothing is wrong (warnings are allowed, without --strict); with 1 when there are errors, golden
    numbers that are not met, or differences without a known cause; with 2 when it could not check: the warehouse does
    not answer, or a folder or setting cannot be used.

    For example: `bellwether check`, `bellwether check --live --tests`, `bellwether check --format github`,
    `bellwether check --definitions my-metrics --schema my-metrics`.
    """
    with told():
        if schema is not None:
            _write_schema(schema)
            return
        folders = tuple(definitions) if definitions else folders_of(load_settings())
        found = Report(folders, *found_in(folders))
        unsound = found.errors > 0
        if not unsound and (live or tests):
            found = _asked(found, opened(warehouse, folders), live=live, tests=tests)
    _write(found, form)
    if form is CheckFormat.TEXT and unsound and definitions:
        _tell_of_shipped(found, definitions)
    if form is CheckFormat.TEXT and unsound and (live or tests):
        console.print("The warehouse was not asked: put the errors right first.")
    failed = bool(found.errors or found.failed or (strict and found.warnings))
    if reconciled:
        failed = _reconciled(warehouse, out, says=form is CheckFormat.TEXT) or failed
    raise typer.Exit(FAILED if failed else 0)


def _asked(found: Report, layer: MetricsLayer, *, live: bool, tests: bool) -> Report:
    """Returns the report with what the warehouse answers."""
    probed = probe(layer.warehouse.engine, layer.catalogue) if live else ()
    findings = (*found.findings, *probed)
    outcomes = tuple(golden.run(layer)) if tests and not probed else None
    return Report(found.folders, found.catalogue, findings, outcomes)


def _tell_of_shipped(found: Report, definitions: Sequence[Path]) -> None:
    """Says that names are unknown only because the shipped definitions are not read with --definitions."""
    if any(folder.resolve() == SHIPPED for folder in definitions):
        return
    unknown = {name for each in found.findings if each.code in _UNKNOWN for name in _NAMED.findall(each.message)}
    shipped = found_in(SHIPPED)[0] if unknown else None
    known = sorted(unknown & {*shipped.models, *shipped.metrics}) if shipped is not None else []
    if known:
        names = ", ".join(f"'{name}'" for name in known)
        folders = os.pathsep.join(map(str, definitions))
        console.print(
            f"The shipped definitions, which have {names}, are not read with --definitions. To read both: "
            f"BELLWETHER_DEFINITIONS={folders} bellwether check",
            markup=False,
        )


_UNKNOWN = ("E016", "E017", "E019")
_NAMED = re.compile(r"there is no (?:model|metric) '([^']*)'")


def _write_schema(folder: Path) -> None:
    target = folder / json_schema.PATH.name
    target.write_text(json_schema.text(), encoding="utf-8")
    console.print(f"Wrote {target}. Begin each definition file with this line:", markup=False)
    console.print(f"# yaml-language-server: $schema={target.name}", markup=False)


def _reconciled(warehouse: str | None, out: Path | None, *, says: bool) -> bool:
    """Writes the reconciliation, and returns whether a difference has no known cause."""
    with told():
        snapshot = opened(warehouse).warehouse.snapshot()
        lines = reconcile(snapshot)
    text = report(lines, unstated(snapshot, lines))
    if out is not None:
        out.write_text(text, encoding="utf-8")
        if says:
            console.print(f"Wrote the report to {out}.")
    elif says:
        console.print(text, markup=False)
    return any(not line.is_explained for line in lines)


def _write(found: Report, form: CheckFormat) -> None:
    match form:
        case CheckFormat.JSON:
            print(json.dumps(_document(found), indent=2, ensure_ascii=False))  # noqa: T201
        case CheckFormat.GITHUB:
            for line in _annotations(found):
                print(line)  # noqa: T201
        case CheckFormat.TEXT:
            for line in _lines(found):
                console.print(line, markup=False)


def _lines(found: Report) -> list[str]:
    lines = [str(finding) for finding in found.findings]
    for outcome in found.outcomes or ():
        verdict = "pass" if outcome.passed else "FAIL"
        expected, got = _number(outcome.test.expect), _number(outcome.got)
        within = f" ± {outcome.test.tolerance:g}" if outcome.test.tolerance else ""
        reason = f" {_capital(outcome.reason)}" if outcome.reason else ""
        where = f"{outcome.file}:{outcome.line}: {verdict}: {outcome.asked}"
        lines.append(f"{where}: expected {expected}{within}, got {got}.{reason} Source: {outcome.test.source}")
    size = 0 if found.catalogue is None else len(found.catalogue.metrics)
    names = ", ".join(f"{folder.name}/" for folder in found.folders)
    warnings = f", {_counted(found.warnings, 'warning')}" if found.warnings else ""
    lines.append(f"{_counted(size, 'metric')} in {names}: {_counted(found.errors, 'error')}{warnings}.")
    if found.outcomes is not None:
        met = len(found.outcomes) - len(found.failed)
        lines.append(f"{met} of {_counted(len(found.outcomes), 'golden number')} met.")
    return lines


def _document(found: Report) -> dict[str, Any]:
    return {
        "folders": [str(folder) for folder in found.folders],
        "metrics": 0 if found.catalogue is None else len(found.catalogue.metrics),
        "errors": found.errors,
        "warnings": found.warnings,
        "findings": [
            {
                "code": each.code, "severity": each.severity, "file": each.file, "line": each.line,
                "path": None if each.path is None else str(each.path), "message": each.message, "fix": each.fix,
            }
            for each in found.findings
        ],
        "tests": None if found.outcomes is None else [
            {
                "metric": each.metric, "file": each.file, "line": each.line,
                **each.test.model_dump(mode="json"), "got": each.got, "passed": each.passed, "reason": each.reason,
            }
            for each in found.outcomes
        ],
    }  # fmt: skip


def _annotations(found: Report) -> list[str]:
    """Returns workflow commands, with paths from the root of the repository, where annotations are shown."""
    lines = [
        _annotation(each.severity, each.path, each.file, each.line, each.code, f"{each.message} {each.fix}".strip())
        for each in found.findings
    ]
    for each in found.failed:
        path = found.catalogue.places[f"metric:{each.metric}"].file if found.catalogue else None
        numbers = f"Expected {_number(each.test.expect)}, got {_number(each.got)}"
        text = f"{numbers}: {each.asked}. {_capital(each.reason)}".strip()
        lines.append(_annotation("error", path, each.file, each.line, "golden number", text))
    return lines


def _annotation(severity: str, path: Path | None, shown: str, line: int, title: str, text: str) -> str:
    file = _from_root(path or Path(shown))
    return f"::{severity} file={_property(file)},line={line},title={_property(title)}::{_data(_capital(text))}"


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _from_root(path: Path) -> str:
    whole = path.resolve()
    root = next((folder for folder in whole.parents if (folder / ".git").exists()), Path.cwd())
    return Path(os.path.relpath(whole, root)).as_posix()


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _number(value: float | None) -> str:
    return "no value" if value is None else f"{value:.12g}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


__all__: Sequence[str] = ("CheckFormat", "check")
