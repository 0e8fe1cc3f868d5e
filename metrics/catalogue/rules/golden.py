"""Rules of golden numbers: what they ask for can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.definition import GoldenTest, Metric
from metrics.catalogue.finding import suggest
from metrics.catalogue.rules.rule import Fault, Path, rule
from metrics.catalogue.rules.scope import dimensions_of, holders_of, models_behind, nests_in


def _tests(catalogue: Catalogue) -> Iterator[tuple[Metric, Path, GoldenTest]]:
    for metric in catalogue:
        for index, test in enumerate(metric.tests):
            yield metric, ("tests", index), test


@rule(
    "E064",
    "A golden number is of a period that the metric can be shown by.",
    "Choose a grain that its periods make up, or leave 'grain' out for its own.",
)
def golden_grains_nest(catalogue: Catalogue) -> Iterator[Fault]:
    for metric, path, test in _tests(catalogue):
        wanted = test.grain
        if wanted is None:
            continue
        models = list(models_behind(catalogue, metric))
        models += [catalogue.models[name] for _, name, _ in holders_of(metric) if name in catalogue.models]  # type: ignore[index]
        if metric.type in ("derived", "cumulative", "conversion"):
            possible = all(nests_in(model.grain, wanted) for model in models)
        else:
            possible = not models or any(nests_in(model.grain, wanted) for model in models)
        if not possible:
            held = " or ".join(dict.fromkeys(model.grain.replace("_", " ") for model in models))
            message = f"tests: the metric is held by {held}, and cannot be shown by {wanted.replace('_', ' ')}."
            yield Fault(f"metric:{metric.id}", (*path, "grain"), message)


@rule(
    "E065",
    "A golden number is filtered by dimensions that the metric has.",
    "Use one of the metric's dimensions, or 'region', 'icb', 'organisation'.",
)
def golden_filters_exist(catalogue: Catalogue) -> Iterator[Fault]:
    for metric, path, test in _tests(catalogue):
        known = dimensions_of(catalogue, metric)
        for name in test.where:
            if known is not None and name not in known:
                message = f"tests: the metric has no dimension '{name}'."
                yield Fault(f"metric:{metric.id}", (*path, "where", name), message, suggest(name, known))


@rule("E066", "A golden number is of a time that has been.", "Correct the period.")
def golden_periods_have_been(catalogue: Catalogue) -> Iterator[Fault]:
    today = datetime.now(UTC).date()
    for metric, path, test in _tests(catalogue):
        if test.period > today:
            day = f"{test.period.day} {test.period:%B %Y}"
            yield Fault(f"metric:{metric.id}", (*path, "period"), f"tests: {day} lies in the future.")


RULES = (golden_grains_nest, golden_filters_exist, golden_periods_have_been)
