"""Definition files into a catalogue, or into findings that say what is wrong where."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from metrics.catalogue import rules
from metrics.catalogue.catalogue import Catalogue, Place
from metrics.catalogue.definition import DefinitionFile, Metric, Model, Table
from metrics.catalogue.finding import CatalogueError, Finding
from metrics.catalogue.schema_faults import schema_findings
from metrics.catalogue.yaml_lines import DuplicateKeyError, ValueFaultError, parse
from metrics.warehouse.settings import Settings

SHIPPED = Path(__file__).resolve().parent.parent / "definitions"

Kind = TypeVar("Kind", bound=BaseModel)


@dataclass
class _Gathered:
    tables: list[tuple[Table, Place]] = field(default_factory=list)
    models: list[tuple[Model, Place]] = field(default_factory=list)
    metrics: list[tuple[Metric, Place, str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    unsound: set[str] = field(default_factory=set)


# Most files are as they were when definitions are loaded again, and reading YAML is most of the work.
_parsed = lru_cache(maxsize=256)(parse)


def folders_of(settings: Settings) -> tuple[Path, ...]:
    """Returns the folders of definitions that the settings name, the shipped one first."""
    return tuple(dict.fromkeys((*([SHIPPED] if settings.shipped_definitions else []), *settings.definitions)))


def load(folders: Path | Sequence[Path] = SHIPPED) -> Catalogue:
    """Returns the catalogue of all `*.yml` files in the folder, or in several folders together.

    Raises:
        CatalogueError: any definition is wrong; its findings name file and line.
    """
    catalogue, findings = check(folders)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors or catalogue is None:
        raise CatalogueError(errors)
    return catalogue


def check(folders: Path | Sequence[Path] = SHIPPED) -> tuple[Catalogue | None, tuple[Finding, ...]]:
    """Returns the catalogue (None when files cannot be read at all) and everything found wrong with it."""
    looked_in = (folders,) if isinstance(folders, Path) else tuple(folders)
    files = [file for folder in looked_in for file in sorted(folder.glob("*.yml"))]
    gathered = _Gathered()
    gathered.findings += _unusable(looked_in)
    names = _names(files)
    for file, shown in names.items():
        _read(file, shown, gathered)
    duplicates = list(_duplicates(gathered))
    catalogue = Catalogue(
        models=_first((model.name, model) for model, _ in gathered.models),
        metrics=_first((metric.id, metric) for metric, _, _ in gathered.metrics),
        places=_first(_places(gathered)),
        texts=_first((metric.id, text) for metric, _, text in gathered.metrics),
        tables=_first((table.name, table) for table, _ in gathered.tables),
        unsound=frozenset(gathered.unsound),
    )
    if files and not gathered.metrics and not gathered.findings:
        gathered.findings.append(Finding("E000", "error", names[files[0]], 1, "no metric is defined."))
    paths = {shown: file for file, shown in names.items()}
    found = [*gathered.findings, *duplicates, *rules.run(catalogue)]
    findings = [replace(finding, path=paths.get(finding.file)) for finding in found]
    findings.sort(key=lambda finding: (finding.file, finding.line, finding.code))
    return (catalogue if gathered.metrics else None), tuple(findings)


def _unusable(folders: Sequence[Path]) -> Iterator[Finding]:
    """Yields an error for a folder that is not there and for having no files; a warning for one without, of several."""
    held = {folder: any(folder.glob("*.yml")) for folder in folders}
    for folder in folders:
        if not folder.is_dir():
            yield Finding("E000", "error", str(folder), 1, "there is no such folder.", "Make it, or name another.")
        elif not held[folder]:
            severity = "warning" if any(held.values()) else "error"
            yield Finding("E000", severity, str(folder), 1, "no definition files (*.yml) in this folder.")  # type: ignore[arg-type]


def _names(files: Sequence[Path]) -> Mapping[Path, str]:
    """Returns what each file is called: its name; where several share it, with the folder's, or the whole path."""
    own = Counter(file.name for file in files)
    within = Counter((file.parent.name, file.name) for file in files)
    names: dict[Path, str] = {}
    for file in files:
        if own[file.name] == 1:
            names[file] = file.name
        elif within[file.parent.name, file.name] == 1:
            names[file] = f"{file.parent.name}/{file.name}"
        else:
            names[file] = str(file)
    return names


def _first(entries: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Returns the entries by name; of those that share one, the first, as the others are to be renamed."""
    found: dict[str, Any] = {}
    for name, entry in entries:
        found.setdefault(name, entry)
    return found


def _read(file: Path, shown: str, gathered: _Gathered) -> None:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        reason = f"cannot be read: {error.strerror}."
        gathered.findings.append(Finding("E001", "error", shown, 1, reason, "Let Bellwether read it, or remove it."))
        return
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        gathered.findings.append(Finding("E001", "error", shown, line, "not UTF-8 text.", "Save it as UTF-8."))
        gathered.unsound |= _named_in(error.object.decode(errors="replace"))
        return
    try:
        data, lines = _parsed(text)
    except DuplicateKeyError as error:
        gathered.findings.append(Finding("E002", "error", shown, error.line, str(error) + ".", "Keep one of them."))
        gathered.unsound |= _named_in(text)
        return
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem, fix = error.problem or "cannot be read", error.note or ""
        if isinstance(error, ValueFaultError):
            gathered.findings.append(Finding("E005", "error", shown, line, f"{problem}.", fix))
        else:
            gathered.findings.append(Finding("E001", "error", shown, line, f"not YAML: {problem}.", fix))
        gathered.unsound |= _named_in(text)
        return
    try:
        DefinitionFile.model_validate(data)
    except ValidationError as error:
        gathered.findings += schema_findings(error, shown, lines, text)
    places = _places_in(file, shown, lines)
    for index, table in _sound(data, "tables", Table, gathered.unsound):
        gathered.tables.append((table, places["tables", index]))
    for index, model in _sound(data, "models", Model, gathered.unsound):
        gathered.models.append((model, places["models", index]))
    for index, metric in _sound(data, "metrics", Metric, gathered.unsound):
        place = places["metrics", index]
        gathered.metrics.append((metric, place, _excerpt(text, place.line)))


def _places_in(file: Path, shown: str, lines: Mapping[tuple[str | int, ...], int]) -> Mapping[Any, Place]:
    """Returns where each entry of the file stands, by its list and its number."""
    within: dict[tuple[str | int, ...], dict[tuple[str | int, ...], int]] = {}
    for path, line in lines.items():
        within.setdefault(path[:2], {})[path[2:]] = line
    return {entry: Place(file, paths[()], shown, paths) for entry, paths in within.items() if len(entry) == 2}


def _sound(data: Any, key: str, kind: type[Kind], unsound: set[str]) -> Iterator[tuple[int, Kind]]:
    """Yields the entries that are valid by themselves, so that one bad entry hides no other finding.

    The names of the others are added to `unsound`, so that no rule calls them unknown.
    """
    entries = data.get(key) if isinstance(data, dict) else None
    if isinstance(entries, dict):  # a list whose '-' was forgotten: by name, or the keys of one entry
        unsound |= {f"{key[:-1]}:{name}" for name in (*entries, _name_of(entries))}
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        try:
            yield index, kind.model_validate(entry)
        except ValidationError:
            unsound.add(f"{key[:-1]}:{_name_of(entry)}")


def _name_of(entry: Any) -> str:
    return str(entry.get("id", entry.get("name", ""))).strip() if isinstance(entry, dict) else ""


_NAMED = re.compile(r"""(?:^|[-{,\s])(?:id|name)\s*:\s*["']?([\w.]+)""", re.MULTILINE)


def _named_in(text: str) -> set[str]:
    """Returns what a file that cannot be read may define, as far as its text shows."""
    return {f"{kind}:{name}" for name in _NAMED.findall(text) for kind in ("table", "model", "metric")}


def _places(gathered: _Gathered) -> Iterator[tuple[str, Place]]:
    for table, place in gathered.tables:
        yield f"table:{table.name}", place
    for model, place in gathered.models:
        yield f"model:{model.name}", place
    for metric, place, _ in gathered.metrics:
        yield f"metric:{metric.id}", place


def _duplicates(gathered: _Gathered) -> Iterator[Finding]:
    named = [("table", table.name, place) for table, place in gathered.tables]
    named += [("model", model.name, place) for model, place in gathered.models]
    named += [("metric", metric.id, place) for metric, place, _ in gathered.metrics]
    first: dict[tuple[str, str], Place] = {}
    for kind, name, place in named:
        other = first.setdefault((kind, name), place)
        if other is not place:
            gathered.unsound.add(f"{kind}:{name}")
            where = f"{other.name}:{other.line}"
            yield Finding(
                "E010", "error", place.name, place.line,
                f"the {kind} '{name}' is already defined in {where}.", "Rename one of them.",
            )  # fmt: skip


def _excerpt(text: str, line: int) -> str:
    """Returns the YAML of the list entry that starts on the line."""
    rows = text.splitlines()
    start = line - 1
    indent = len(rows[start]) - len(rows[start].lstrip())
    end = start + 1
    while end < len(rows) and (not rows[end].strip() or len(rows[end]) - len(rows[end].lstrip()) > indent):
        end += 1
    return "\n".join(row[indent:] for row in rows[start:end]).rstrip()
