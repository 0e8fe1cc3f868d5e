"""Rules of models: the table, its columns, its time and its organisations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.definition import Model
from metrics.catalogue.finding import suggest
from metrics.catalogue.rules.rule import Fault, Path, rule
from metrics.catalogue.rules.scope import LEVELS, columns_of, kinds_in
from metrics.catalogue.types import WORDS, Kind
from metrics.warehouse.tables import KNOWN
from metrics.warehouse.tables.forecasts import metadata as forecasts

RESULT_COLUMNS = (
    "metric", "period", "value", "numerator", "denominator", "status", "reporting", "expected", "is_total",
    "over", "compared_period", "compared_value", "compared_numerator", "compared_denominator", "compared_status",
    "change", "change_share", "basis",
)  # fmt: skip


@rule(
    "E011",
    "A model's table is one of the warehouse's, or one that is declared.",
    "Declare it with its columns under 'tables', or correct the name.",
)
def tables_exist(catalogue: Catalogue) -> Iterator[Fault]:
    for model in catalogue.models.values():
        if catalogue.table(model.table) is None and f"table:{model.table}" not in catalogue.unsound:
            fix = suggest(model.table, [*KNOWN, *catalogue.tables])
            yield Fault(f"model:{model.name}", ("table",), f"there is no table '{model.table}'.", fix)


@rule(
    "E012",
    "The columns that a model names are columns of its table, or of the joined one.",
    "Correct the name; of a declared table, declare the column.",
)
def model_columns_exist(catalogue: Catalogue) -> Iterator[Fault]:
    for model in catalogue.models.values():
        for table, path, label, column in _named(model):
            columns = kinds_in(catalogue, table)
            if columns is not None and column not in columns:
                message = f"{label}: the table '{table}' has no column '{column}'."
                yield Fault(f"model:{model.name}", path, message, suggest(column, columns))


def _named(model: Model) -> Iterator[tuple[str, Path, str, str]]:
    joined = {join.to for join in model.joins}
    for index, dimension in enumerate(model.dimensions):
        if dimension.join is None or dimension.join in joined:
            table = dimension.join or model.table
            yield table, ("dimensions", index, "column"), f"dimension '{dimension.name}'", dimension.column
    if model.bins:
        for edge, column in model.bins.columns.items():
            yield model.table, ("bins", edge), f"bins.{edge}", column
    for index, column in enumerate(model.primary_key):
        yield model.table, ("primary_key", index), "primary_key", column
    if model.changed_at is not None:
        yield model.table, ("changed_at",), "changed_at", model.changed_at


@rule(
    "E024",
    "A dimension's name is none of a result's own columns or levels, and stands once in its model.",
    "Choose another name.",
)
def dimensions_have_own_names(catalogue: Catalogue) -> Iterator[Fault]:
    for model in catalogue.models.values():
        seen: set[str] = set()
        for index, dimension in enumerate(model.dimensions):
            if dimension.name in (*RESULT_COLUMNS, *LEVELS) or dimension.name in seen:
                path = ("dimensions", index, "name")
                yield Fault(f"model:{model.name}", path, f"the dimension's name '{dimension.name}' is taken.")
            seen.add(dimension.name)


@rule(
    "E025",
    "A model's time is a column of dates or timestamps of its table; of timestamps where its grain is the hour.",
    "Name the column that says when a row counts: 'time: {column: ...}'.",
)
def times_fit_the_grain(catalogue: Catalogue) -> Iterator[Fault]:
    for model in catalogue.models.values():
        columns, column = columns_of(catalogue, model), model.time.column
        if columns is None:
            continue
        kind = columns.get(column)
        usable = ("timestamp",) if model.grain == "hour" else ("date", "timestamp")
        if kind is None:
            message = f"the table '{model.table}' has no column '{column}' that says when a row counts."
        elif kind not in usable and kind != "unknown":
            message = f"time: '{column}' is {WORDS[kind]}, which cannot give {model.grain.replace('_', ' ')}s."
        else:
            continue
        fix = _columns_of_kinds(columns.items(), usable, "Write time: {{column: {}}}.")
        yield Fault(f"model:{model.name}", ("time", "column"), message, fix)


def _columns_of_kinds(columns: Iterable[tuple[str, Kind]], kinds: tuple[str, ...], words: str) -> str:
    found = [name for name, kind in columns if kind in kinds]
    return words.format(" or ".join(found)) if found else ""


@rule(
    "E026",
    "A model's organisation is a column of text of its table; null where rows are nobody's.",
    "Name the column of the organisation's code, or write organisation: null.",
)
def organisations_are_columns(catalogue: Catalogue) -> Iterator[Fault]:
    for model in catalogue.models.values():
        columns, column = columns_of(catalogue, model), model.organisation
        if columns is None or column is None:
            continue
        if column not in columns:
            message = f"organisation: the table '{model.table}' has no column '{column}'."
        elif columns[column] not in ("text", "unknown"):
            message = f"organisation: '{column}' is {WORDS[columns[column]]}, and codes are text."
        else:
            continue
        yield Fault(f"model:{model.name}", ("organisation",), message)


@rule(
    "E027",
    "Levels are of organisations: a model without organisations has none.",
    "Remove 'levels', or name the column of the organisation.",
)
def levels_have_organisations(catalogue: Catalogue) -> Iterator[Fault]:
    for model in catalogue.models.values():
        stated = [level for level in model.levels if level in LEVELS and "levels" in model.model_fields_set]
        if model.organisation is None and stated:
            message = f"its rows are nobody's, and cannot be grouped by {', '.join(stated)}."
            yield Fault(f"model:{model.name}", ("levels",), message)


@rule(
    "E031",
    "The column of a row's last change is one of timestamps.",
    "Name a column of timestamps in UTC, or leave 'changed_at' out.",
)
def changes_are_timestamps(catalogue: Catalogue) -> Iterator[Fault]:
    for model in catalogue.models.values():
        kind = (columns_of(catalogue, model) or {}).get(model.changed_at or "", "unknown")
        if kind not in ("timestamp", "unknown"):
            message = f"changed_at: '{model.changed_at}' is {WORDS[kind]}, no timestamp."
            yield Fault(f"model:{model.name}", ("changed_at",), message)


@rule(
    "W109",
    "A model of published data names its publication, unless its rows are Bellwether's own published forecasts.",
    "Name it: 'publication: ...'.",
)
def published_models_name_their_publication(catalogue: Catalogue) -> Iterator[Fault]:
    for model in catalogue.models.values():
        if model.provenance == "published" and model.publication is None and model.table not in forecasts.tables:
            yield Fault(f"model:{model.name}", ("provenance",), "published data without 'publication'.")


@rule(
    "E094",
    "The dimensions of a model's cube are its own.",
    "Name dimensions of the model, or leave them out to keep all of them.",
)
def cubes_keep_dimensions_of_the_model(catalogue: Catalogue) -> Iterator[Fault]:
    for model in catalogue.models.values():
        known = [dimension.name for dimension in model.dimensions]
        for index, name in enumerate(model.cube.dimensions or () if model.cube is not None else ()):
            if name not in known:
                message = f"its cube is to keep '{name}', which is no dimension of the model."
                yield Fault(f"model:{model.name}", ("cube", "dimensions", index), message, suggest(name, known))


@rule(
    "E095",
    "Bins say the column of their upper edge, or how wide they are; which are open is said of the latter.",
    "Write 'bins: {lower: ..., upper: ...}', or 'bins: {lower: ..., width: 1, open_from: 104}'.",
)
def bins_have_one_upper_edge(catalogue: Catalogue) -> Iterator[Fault]:
    for model in catalogue.models.values():
        bins = model.bins
        if bins is None:
            continue
        if bins.upper is None and bins.width is None:
            yield Fault(f"model:{model.name}", ("bins",), "bins: they have a lower edge, and no upper one.")
        elif bins.upper is not None and bins.width is not None:
            yield Fault(f"model:{model.name}", ("bins", "width"), "bins: they have an upper edge and a width too.")
        elif bins.open_from is not None and bins.width is None:
            message = "bins.open_from: a bin is open where the column of its upper edge is null."
            yield Fault(f"model:{model.name}", ("bins", "open_from"), message, "Remove it.")


RULES = (
    tables_exist, model_columns_exist, dimensions_have_own_names, times_fit_the_grain, organisations_are_columns,
    levels_have_organisations, changes_are_timestamps, published_models_name_their_publication,
    cubes_keep_dimensions_of_the_model, bins_have_one_upper_edge,
)  # fmt: skip
