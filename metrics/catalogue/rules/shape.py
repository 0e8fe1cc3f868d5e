"""Rules of what each type of metric says, and of the names that it refers to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.finding import suggest
from metrics.catalogue.rules.rule import Fault, rule
from metrics.catalogue.rules.scope import formula_names, holders_of, made_of

NEEDED: Mapping[str, tuple[str, ...]] = {
    "simple": ("model", "measure"),
    "snapshot": ("model", "measure"),
    "ratio": ("model", "numerator", "denominator"),
    "percentile": ("model", "measure", "percentile"),
    "index": ("model", "measure"),
    "derived": ("formula",),
    "cumulative": ("metric",),
    "conversion": ("base_metric", "conversion_metric", "entity", "window"),
}
_READ = ("alternates", "over_time")
POSSIBLE: Mapping[str, tuple[str, ...]] = {
    "simple": _READ, "snapshot": (*_READ, "per"), "ratio": _READ, "percentile": _READ, "index": _READ,
    "derived": ("inputs", "paired", "minimum_denominator"), "cumulative": ("window", "grain_to_date"), "conversion": (),
}  # fmt: skip
_PARTICULAR = (
    "model", "measure", "numerator", "denominator", "percentile", "formula", "inputs", "metric", "window",
    "grain_to_date", "base_metric", "conversion_metric", "entity", "per", "paired", "minimum_denominator", *_READ,
)  # fmt: skip


@rule("E014", "A metric says what its type needs.", "Add it.")
def needed_fields(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        for name in NEEDED[metric.type]:
            if getattr(metric, name) is None:
                yield Fault(f"metric:{metric.id}", ("type",), f"a {metric.type} metric needs '{name}'.")


@rule("E015", "A metric says nothing that its type ignores.", "Remove it, or change the type.")
def ignored_fields(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        for name in _PARTICULAR:
            if name not in (*NEEDED[metric.type], *POSSIBLE[metric.type]) and getattr(metric, name):
                yield Fault(f"metric:{metric.id}", (name,), f"a {metric.type} metric has no '{name}'.")
        if metric.minimum_denominator is not None and metric.type == "derived" and not metric.paired:
            message = "'minimum_denominator' is for paired formulas, and this one is not."
            yield Fault(f"metric:{metric.id}", ("minimum_denominator",), message, "Write paired: true, or remove it.")


@rule("E016", "The models of a metric and of its alternates are defined.", "Define the model, or correct the name.")
def models_exist(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        for path, name, _ in holders_of(metric):
            if name is not None and name not in catalogue.models and f"model:{name}" not in catalogue.unsound:
                fix = suggest(name, catalogue.models)
                yield Fault(f"metric:{metric.id}", (*path, "model"), f"there is no model '{name}'.", fix)


@rule("E017", "Every metric that a metric is made of is defined.", "Define the metric, or correct the name.")
def made_of_what_is_defined(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        for path, name in made_of(metric):
            if name not in catalogue.metrics and f"metric:{name}" not in catalogue.unsound:
                known = [*catalogue.metrics, *metric.inputs] if path == ("formula",) else list(catalogue.metrics)
                message = f"{path[0]}: there is no metric '{name}'."
                yield Fault(f"metric:{metric.id}", path, message, suggest(name, known))
        if metric.type == "derived" and metric.formula is not None and not formula_names(metric):
            yield Fault(f"metric:{metric.id}", ("formula",), "formula: it names no metric.", "Name at least one.")


@rule("E018", "No metric is made of itself, by any way round.", "Take one of them out of the circle.")
def no_circles(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        circle = _circle(catalogue, metric.id, ())
        if circle and circle[0] == metric.id:
            path = next(path for path, name in made_of(metric) if name == circle[1])
            yield Fault(f"metric:{metric.id}", path, f"made of itself: {' → '.join(circle)}.")


def _circle(catalogue: Catalogue, metric_id: str, path: tuple[str, ...]) -> tuple[str, ...]:
    if metric_id in path:
        return (*path[path.index(metric_id) :], metric_id)
    metric = catalogue.metrics.get(metric_id)
    for _, name in made_of(metric) if metric is not None else ():
        found = _circle(catalogue, name, (*path, metric_id))
        if found and found[0] in (*path, metric_id)[:1]:
            return found
    return ()


@rule("E019", "The metrics to read beside one are defined.", "Define the metric, or correct the name.")
def companions_exist(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        for index, name in enumerate(metric.shown_with):
            if name not in catalogue.metrics and f"metric:{name}" not in catalogue.unsound:
                message, fix = f"shown_with: there is no metric '{name}'.", suggest(name, catalogue.metrics)
                yield Fault(f"metric:{metric.id}", ("shown_with", index), message, fix)


@rule(
    "E020",
    "A percentile comes from the counts of a histogram's bins, or from the value of each row.",
    "With bins, let 'measure' add up how many stand in each; without, name the value of a row and leave 'agg' out.",
)
def percentiles_have_numbers(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        model = catalogue.models.get(metric.model or "")
        if metric.type != "percentile" or model is None or metric.measure is None:
            continue
        subject, path, agg = f"metric:{metric.id}", ("measure", "agg"), metric.measure.agg
        if model.bins is not None and agg not in ("sum", "count"):
            message = f"the model '{model.name}' has bins, whose counts are added up; '{agg}' does not."
            yield Fault(subject, path, message, "Use sum or count.")
        elif model.bins is None and "agg" in metric.measure.model_fields_set:
            message = (
                f"the model '{model.name}' has no bins: 'measure' is the value of each row, and nothing is aggregated."
            )
            yield Fault(subject, path, message, "Leave 'agg' out, or name the edges of a histogram under 'bins'.")


@rule(
    "E038",
    "An alternate has the parts that its metric has: a measure, or a numerator and a denominator.",
    "Give it the same parts as the metric.",
)
def alternates_have_the_same_parts(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        wanted = [part for part in ("measure", "numerator", "denominator") if getattr(metric, part) is not None]
        for index, alternate in enumerate(metric.alternates):
            has = [part for part in ("measure", "numerator", "denominator") if getattr(alternate, part) is not None]
            if has != wanted:
                message = f"the alternate '{alternate.model}' has {_listed(has)}, and the metric {_listed(wanted)}."
                yield Fault(f"metric:{metric.id}", ("alternates", index), message)


def _listed(parts: list[str]) -> str:
    return " and ".join(parts) or "no part"


RULES = (
    needed_fields, ignored_fields, models_exist, made_of_what_is_defined, no_circles, companions_exist,
    percentiles_have_numbers, alternates_have_the_same_parts,
)  # fmt: skip
