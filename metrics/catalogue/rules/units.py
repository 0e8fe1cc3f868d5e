"""Rules of units: like is added to like, and a formula gives the unit that is declared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from sqlglot import exp

from metrics.catalogue import expression
from metrics.catalogue.catalogue import Catalogue
from metrics.catalogue.definition import Metric
from metrics.catalogue.rules.rule import Fault, rule
from metrics.catalogue.rules.scope import arithmetic_of, terms_of

# Units with their powers: seconds per call is {"seconds": 1, "count": -1}. Shares and ratios have none.
Powers = Mapping[str, int]
_SHARES = ("percent", "ratio")
_TIMES = ("weeks", "days", "hours", "minutes", "seconds")


class _MixedUnitsError(ValueError):
    """A sum of two units."""


@rule(
    "E055",
    "A formula adds, subtracts and offsets values of one unit.",
    "Bring both to one unit first, or divide one by the other.",
)
def sums_are_of_one_unit(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        tree, units = arithmetic_of(metric), _units(catalogue, metric)
        if tree is None or units is None:
            continue
        try:
            _powers(tree, units)
        except _MixedUnitsError as error:
            yield Fault(f"metric:{metric.id}", ("formula",), f"formula: {error}")


@rule(
    "W102",
    "A metric that is made of others has the unit that they give it.",
    "Correct the unit, or what it is made of.",
)
def units_are_those_of_what_it_is_made_of(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        inner = catalogue.metrics.get(metric.metric or "")
        is_read = inner is not None and inner.model is not None and inner.type != "index"
        if metric.type == "cumulative" and inner is not None and is_read and metric.unit != inner.unit:
            message = f"'{inner.id}' is of the unit {inner.unit}, and this is of {metric.unit}."
            yield Fault(f"metric:{metric.id}", ("unit",), message)
        if metric.type == "conversion" and metric.unit not in _SHARES:
            yield Fault(
                f"metric:{metric.id}", ("unit",), f"a conversion gives percent or ratio, and the unit is {metric.unit}."
            )
        tree, units = arithmetic_of(metric), _units(catalogue, metric)
        if tree is None or units is None:
            continue
        try:
            powers = _powers(tree, units)
        except _MixedUnitsError:
            continue
        possible = _possible(powers, converts=tree.find(exp.Literal) is not None)
        if metric.unit not in possible:
            message = f"the formula gives {' or '.join(possible)}, and the unit is {metric.unit}."
            yield Fault(f"metric:{metric.id}", ("unit",), message)


@rule(
    "W104",
    "A share is a part of 1: formulas and expressions of the unit percent are not multiplied by 100.",
    "Take '100' out: 0.85 is shown as 85 %.",
)
def shares_are_not_multiplied(catalogue: Catalogue) -> Iterator[Fault]:
    for metric in catalogue:
        if metric.unit != "percent":
            continue
        texts = [(("formula",), metric.formula or "")] if terms_of(metric) else []
        texts += [((name, "expr"), getattr(metric, name).expr) for name in ("numerator",) if getattr(metric, name)]  # type: ignore[misc]
        for path, text in texts:
            if _multiplies_by_100(text):
                yield Fault(f"metric:{metric.id}", path, f"{'.'.join(path)}: '{text}' makes a percentage of a share.")


def _multiplies_by_100(text: str) -> bool:
    try:
        tree = expression.parse(text)
    except expression.ExpressionError:
        return False
    return any(
        isinstance(side, exp.Literal) and not side.is_string and float(side.this) == 100
        for node in tree.find_all(exp.Mul)
        for side in (node.left, node.right)
    )


def _units(catalogue: Catalogue, metric: Metric) -> Mapping[str, str] | None:
    """Returns each name in the formula with its unit; None when there is no formula, or a name is not known."""
    terms = terms_of(metric)
    if not terms or any(name not in catalogue.metrics for name in terms.values()):
        return None
    return {name: catalogue.metrics[other].unit for name, other in terms.items()}


def _powers(node: exp.Expr, units: Mapping[str, str]) -> Powers | None:
    """Returns the units of the node; None for a bare number, which goes with any.

    Raises:
        _MixedUnitsError: it adds values of two units.
    """
    match node:
        case exp.Column():
            unit = units[node.name]
            return {} if unit in _SHARES else {unit: 1}
        case exp.Paren() | exp.Neg():
            return _powers(node.this, units)
        case exp.Add() | exp.Sub():
            one, other = _powers(node.left, units), _powers(node.right, units)
            if one is not None and other is not None and one != other:
                how = "adds" if isinstance(node, exp.Add) else "subtracts"
                raise _MixedUnitsError(f"'{node.sql()}' {how} values of two units, {_words(one)} and {_words(other)}.")
            return other if one is None else one
        case exp.Mul() | exp.Div():
            one, other = _powers(node.left, units), _powers(node.right, units)
            if one is None and other is None:
                return None
            sign = 1 if isinstance(node, exp.Mul) else -1
            total = Counter(one or {})
            for unit, power in (other or {}).items():
                total[unit] += sign * power
            return {unit: power for unit, power in total.items() if power}
    return None


def _words(powers: Powers) -> str:
    if not powers:
        return "a share"
    above = [unit for unit, power in powers.items() if power > 0]
    below = [unit for unit, power in powers.items() if power < 0]
    return " per ".join([" times ".join(above) or "1", *below])


def _possible(powers: Powers | None, *, converts: bool) -> tuple[str, ...]:
    """Returns the units that a value of these powers can be declared as. What stands below is 'per' something."""
    if not powers:
        return _SHARES
    above = tuple(unit for unit, power in powers.items() if power > 0)
    if any(unit in _TIMES for unit in powers):
        # Multiplied by a number, minutes can be hours; over a time, a count is a rate.
        above = (*above, *_TIMES) if converts and any(unit in _TIMES for unit in above) else above
    rate = ("ratio",) if len(above) < len(powers) or not above else ()
    return tuple(dict.fromkeys((*above, *rate)))


RULES = (sums_are_of_one_unit, units_are_those_of_what_it_is_made_of, shares_are_not_multiplied)
