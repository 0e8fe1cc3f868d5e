"""MetricFlow files, of either form and of both together, into one project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from metrics.catalogue.yaml_lines import DuplicateKeyError, parse
from metrics.interchange import metricflow_current as current
from metrics.interchange import metricflow_legacy as legacy
from metrics.interchange.metricflow_project import MetricFlowError, Project
from metrics.interchange.report import Note, Spot
from metrics.interchange.yaml_entry import Entry

_ENDINGS = (".yml", ".yaml")
_PASSED_OVER = ("target", "dbt_packages", "node_modules")


def read(paths: Iterable[Path]) -> Project:
    """Returns everything about metrics in the files, and in the YAML files of the folders.

    Raises:
        MetricFlowError: a file is no YAML, or holds something that is no MetricFlow; it names file and line.
        FileNotFoundError: a path is not there.
    """
    project = Project()
    measures: list[legacy.Measure] = []
    waiting: list[legacy.Waiting] = []
    for file, shown in _files(paths):
        entry = _parsed(file, shown)
        for each in entry.each("semantic_models"):
            measures += legacy.read_model(each, project)
        for each in entry.each("models"):
            current.read_model(each, project)
            project.notes += _time_spines(each)
        for each in entry.each("metrics"):
            if "type_params" in each:
                waiting.append(legacy.read_metric(each, project))
            else:
                metric = current.read_metric(each, project)
                project.metrics[metric.name] = metric
        for each in entry.each("saved_queries"):
            reason = "a saved query is no definition; save it as a view of the dashboard."
            project.notes.append(Note("not mapped", each.spot(), f"saved query {each.text('name')}", reason))
    legacy.resolve(measures, waiting, project)
    return project


def _time_spines(entry: Entry) -> Iterator[Note]:
    if "time_spine" not in entry:
        return
    spine = entry.within("time_spine")
    subject = f"time spine {entry.text('name')}"
    yield Note("changed", spine.spot(), subject, "not needed: every series is dense on a calendar.")
    for each in spine.each("custom_granularities"):
        reason = f"the granularity '{each.text('name')}': periods are hours, days, weeks, months, quarters and years."
        yield Note("not mapped", each.spot(), subject, reason)


def _files(paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Yields each file with the name that is shown for it: from the path that was given on."""
    for path in paths:
        if not path.is_dir():
            yield path, str(path)
            continue
        for file in sorted(path.rglob("*")):
            parts = file.relative_to(path).parts
            hidden = any(part.startswith(".") or part in _PASSED_OVER for part in parts)
            if file.suffix in _ENDINGS and not hidden:
                yield file, str(file)


def _parsed(file: Path, shown: str) -> Entry:
    try:
        data, lines = parse(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise MetricFlowError(Spot(shown, 1), "not UTF-8 text. Save it as UTF-8.") from error
    except DuplicateKeyError as error:
        raise MetricFlowError(Spot(shown, error.line), f"{error}. Keep one of them.") from error
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        line = mark.line + 1 if mark else 1
        raise MetricFlowError(Spot(shown, line), f"not YAML: {problem or 'cannot be read'}.") from error
    if not isinstance(data, dict):
        raise MetricFlowError(Spot(shown, 1), "a MetricFlow file is a mapping: 'semantic_models', 'models', 'metrics'.")
    named: Mapping[str, Any] = data
    return Entry(named, shown, lines)
