"""Rules of metrics made of others: formulas, windows and conversions."""

from __future__ import annotations

from collections.abc import Iterator

from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.definition import Metric, Model, NativeGrain
from metrics.catalogue.finding import suggest
from metrics.catalogue.rules.additivity import adds_up
from metrics.catalogue.rules.rule import Fault, rule
from metrics.catalogue.rules.scope import (
    columns_of,
    formula_names,
    main_model,
    models_behind,
    nests_in,
    terms_of,
)
from metrics.catalogue.types import WORDS, are_alike
from metrics.catalogue.window import Window, parse_window


@rule(
    "E023",
    "A paired formula divides one metric that adds up by another.",
    "Write 'one / another', of simple or snapshot metrics or sums of them.",
)
def pairs_divide(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        if not metric.paired or metric.formula is None:
            continue
        terms = terms_of(metric)
        sides = [side.strip() for side in metric.formula.split("/")]
        inputs = [catalogue.metrics[name] for name in terms.values() if name in catalogue.metrics]
        subject = f"metric:{metric.id}"
        if sorted(sides) != sorted(terms) or len(sides) != 2:
            yield Fault(subject, ("formula",), "a paired formula is one metric / another.")
        elif not all(adds_up(catalogue, each) for each in inputs):
            fix = "Use simple or snapshot metrics, or sums of them."
            yield Fault(subject, ("formula",), "both metrics of a paired formula must add up.", fix)


@rule(
    "E041",
    "A cumulative metric reaches back by a window, or to the start of a period.",
    "Write 'window: 28 days', or 'grain_to_date: financial_year'.",
)
def windows_are_one(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        if metric.type != "cumulative":
            continue
        subject, both = f"metric:{metric.id}", "'window' and 'grain_to_date'"
        if metric.window is None and metric.grain_to_date is None:
            yield Fault(subject, ("type",), f"a cumulative metric needs one of {both}.")
        elif metric.window is not None and metric.grain_to_date is not None:
            yield Fault(subject, ("grain_to_date",), f"a cumulative metric has one of {both}, not both.", "Keep one.")


@rule(
    "E043",
    "What is accumulated is read from rows: no index, and no metric made of others.",
    "Accumulate the metrics that it is made of, and make the same of those.",
)
def what_is_accumulated_is_read(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        inner = catalogue.metrics.get(metric.metric or "")
        if metric.type != "cumulative" or inner is None or inner is metric:
            continue
        if inner.type == "index":
            message, fix = f"'{inner.id}' is an index, which is never accumulated.", "Show it as published."
        elif inner.type == "derived":
            message = f"'{inner.id}' is made of other metrics, and sums of its values mean nothing."
            fix = f"Make cumulative metrics of what it is made of, and of those the formula '{inner.formula}'."
        elif inner.type == "cumulative":
            message, fix = f"'{inner.id}' is cumulative already.", f"Accumulate '{inner.metric}'."
        elif inner.type == "conversion":
            message = f"'{inner.id}' is a conversion, whose cohorts have a window of their own."
            fix = f"Accumulate '{inner.base_metric}' or '{inner.conversion_metric}'."
        else:
            continue
        yield Fault(f"metric:{metric.id}", ("metric",), message, fix)


@rule("E044", "A window is a whole number of the periods that the model holds.", "Choose a longer window.")
def windows_fit_the_grain(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        inner = catalogue.metrics.get(metric.metric or "")
        if metric.type != "cumulative" or inner is None:
            continue
        for model in _models(catalogue, inner):
            held = f"'{inner.id}' is held by {_words(model.grain)}"
            if metric.length is not None and not is_whole(metric.length, model.grain):
                message = f"{held}, and {metric.length} are no whole number of those."
                yield Fault(
                    f"metric:{metric.id}", ("window",), message, f"Write for example '{_example(model.grain)}'."
                )
            if metric.grain_to_date is not None and not nests_in(model.grain, metric.grain_to_date):
                message = f"{held}, which do not make up a {_words(metric.grain_to_date)}."
                fix = "Choose a period that is made up of whole ones."
                yield Fault(f"metric:{metric.id}", ("grain_to_date",), message, fix)


def _models(catalogue: Catalogue, metric: Metric) -> list[Model]:
    model = main_model(catalogue, metric)
    return [] if model is None else [model]


def is_whole(window: Window, grain: NativeGrain) -> bool:
    """Returns whether the window is a whole number of periods of the grain."""
    if window.months is not None:
        length = {"hour": 1, "day": 1, "month": 1, "quarter": 3, "financial_year": 12}.get(grain)
        return length is not None and window.months % length == 0
    if window.days is not None:
        return grain in ("hour", "day") or (grain == "week" and window.days % 7 == 0)
    return grain == "hour"


def _example(grain: NativeGrain) -> str:
    return {"hour": "24 hours", "day": "28 days", "week": "4 weeks", "quarter": "4 quarters"}.get(grain, "1 year")


def _words(grain: str) -> str:
    return grain.replace("_", " ")


@rule("E051", "An input has a name that no metric has.", "Choose another name, such as 'a_year_ago'.")
def inputs_have_own_names(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        for name in metric.inputs:
            if name in catalogue.metrics:
                yield Fault(f"metric:{metric.id}", ("inputs", name), f"the input's name '{name}' is that of a metric.")


@rule("E052", "An input lies back by whole periods.", "Write a length of whole periods, such as '1 year'.")
def offsets_fit_the_grain(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        for name, each in metric.inputs.items():
            inner = catalogue.metrics.get(each.metric)
            window = None if each.offset_window is None else parse_window(each.offset_window)
            if inner is None or window is None:
                continue
            for model in {model.name: model for model in models_behind(catalogue, inner)}.values():
                # A year before a week is the week of the same number.
                years_of_weeks = model.grain == "week" and window.unit == "year"
                if not is_whole(window, model.grain) and not years_of_weeks:
                    held = f"'{inner.id}' is held by {_words(model.grain)}"
                    message = f"inputs.{name}: {held}, and {window} are no whole number of those."
                    yield Fault(f"metric:{metric.id}", ("inputs", name, "offset_window"), message)


@rule("E053", "The metrics of a formula can be shown by one period.", "Use metrics whose periods nest in one another.")
def formulas_share_a_period(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        if metric.type != "derived":
            continue
        models = list(models_behind(catalogue, metric))
        longer = ("hour", "day", "week", "month", "quarter", "financial_year")
        if models and not any(all(nests_in(model.grain, each) for model in models) for each in longer):
            held = " and ".join(dict.fromkeys(f"{model.grain.replace('_', ' ')}s" for model in models))
            yield Fault(f"metric:{metric.id}", ("formula",), f"formula: {held} make up no period in common.")


@rule("W110", "Every input is used in the formula.", "Use it in the formula, or remove it.")
def inputs_are_used(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        used = formula_names(metric)
        for name in metric.inputs if metric.formula is not None else ():
            if name not in used:
                yield Fault(f"metric:{metric.id}", ("inputs", name), f"the formula does not use the input '{name}'.")


@rule(
    "E045",
    "A conversion is of rows that are counted: both of its metrics are simple counts.",
    "Make both simple metrics with 'agg: count'.",
)
def conversions_count_rows(catalogue: Catalogue) -> Iterator[Fault]:
    for metric, field, each, _ in _sides(catalogue):
        if each.type != "simple" or each.measure is None or not _counts_rows(each):
            agg = f", agg: {each.measure.agg}" if each.measure else ""
            yield Fault(f"metric:{metric.id}", (field,), f"{field}: '{each.id}' ({each.type}{agg}) counts no rows.")


def _counts_rows(metric: Metric) -> bool:
    measure = metric.measure
    return measure is not None and (measure.agg == "count" or (measure.agg == "sum" and measure.expr.strip() == "1"))


def _sides(catalogue: Catalogue) -> Iterator[tuple[Metric, str, Metric, Model | None]]:
    """Yields (conversion, field, metric, its model) for both sides of every conversion, as far as they are defined."""
    for metric in catalogue:
        if metric.type != "conversion":
            continue
        for field in ("base_metric", "conversion_metric"):
            each = catalogue.metrics.get(getattr(metric, field) or "")
            if each is not None:
                yield metric, field, each, catalogue.models.get(each.model or "")


@rule(
    "E046",
    "Both tables of a conversion have the column of who or what converts.",
    "Name a column that both tables have; a view can give it the same name in both.",
)
def conversions_share_an_entity(catalogue: Catalogue) -> Iterator[Fault]:
    for metric, field, each, model in _sides(catalogue):
        columns = None if model is None else columns_of(catalogue, model)
        if model is not None and columns is not None and metric.entity and metric.entity not in columns:
            message = f"entity: the table '{model.table}' of the {field} '{each.id}' has no column '{metric.entity}'."
            yield Fault(f"metric:{metric.id}", ("entity",), message, suggest(metric.entity, columns))


@rule("E047", "The entity of a conversion is of one type in both tables.", "Use columns of one type.")
def entities_are_alike(catalogue: Catalogue) -> Iterator[Fault]:
    sides: dict[str, list[tuple[str, Model]]] = {}
    for metric, _, each, model in _sides(catalogue):
        if model is not None:
            sides.setdefault(metric.id, []).append((each.id, model))
    for name, pair in sides.items():
        entity = catalogue.metrics[name].entity or ""
        kinds = [(columns_of(catalogue, model) or {}).get(entity, "unknown") for _, model in pair]
        if not are_alike(*kinds):
            held = " and ".join(
                f"{WORDS[kind]} in '{model.table}'" for kind, (_, model) in zip(kinds, pair, strict=True)
            )
            yield Fault(f"metric:{name}", ("entity",), f"entity: '{entity}' is {held}.")


@rule(
    "E048",
    "The rows that start the clock of a conversion are told apart by a primary key.",
    "Write 'primary_key: [...]' in the model: the columns that no two of its rows share.",
)
def conversions_tell_rows_apart(catalogue: Catalogue) -> Iterator[Fault]:
    for metric, field, each, model in _sides(catalogue):
        if field == "base_metric" and model is not None and not model.primary_key:
            lack = f"the model '{model.name}' of '{each.id}' has no primary key"
            message = f"{lack}: which start an outcome follows is not known."
            yield Fault(f"metric:{metric.id}", ("base_metric",), message)


@rule("E049", "The window of a conversion is one of days or months.", "Write for example '30 days' or '3 months'.")
def conversion_windows_are_days(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        if metric.type == "conversion" and metric.length is not None and metric.length.unit == "hour":
            yield Fault(f"metric:{metric.id}", ("window",), f"a conversion cannot be waited for by {metric.length}.")


RULES = (
    pairs_divide, windows_are_one, what_is_accumulated_is_read, windows_fit_the_grain, conversions_count_rows,
    conversions_share_an_entity, entities_are_alike, conversions_tell_rows_apart, conversion_windows_are_days,
    inputs_have_own_names, offsets_fit_the_grain, formulas_share_a_period, inputs_are_used,
)  # fmt: skip
