"""What a sound catalogue keeps to: one rule, one function."""

from __future__ import annotations

from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.finding import Finding
from metrics.catalogue.rules import (
    additivity,
    charts,
    expressions,
    golden,
    joins,
    labels,
    made_of,
    models,
    presentation,
    shape,
    tables,
    twins,
    unfilled,
    units,
)
from metrics.catalogue.rules.rule import Fault, Rule

RULES: tuple[Rule, ...] = (
    *tables.RULES, *models.RULES, *joins.RULES, *shape.RULES, *expressions.RULES, *labels.RULES, *made_of.RULES,
    *additivity.RULES, *units.RULES, *presentation.RULES, *charts.RULES, *golden.RULES,
    *twins.RULES, *unfilled.RULES,
)  # fmt: skip


def run(catalogue: Catalogue) -> list[Finding]:
    """Returns everything that any rule finds."""
    return [finding for rule in RULES for finding in rule(catalogue)]


__all__ = ["RULES", "Fault", "Rule", "run"]
