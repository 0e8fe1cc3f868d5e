"""What kind of formula a derived metric is: a weighted sum of metrics, or one divided by another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from metrics.catalogue.expression import parse


@dataclass(frozen=True, slots=True)
class Sum:
    """Names with their weights, and a constant: `a - 2 * b + 1`."""

    weights: Mapping[str, float] = field(default_factory=dict)
    constant: float = 0.0

    def times(self, factor: float) -> Sum:
        """Returns the sum, multiplied."""
        return Sum({name: weight * factor for name, weight in self.weights.items()}, self.constant * factor)

    def plus(self, other: Sum) -> Sum:
        """Returns the sum of both; a name in both has the sum of its weights."""
        names = dict.fromkeys((*self.weights, *other.weights))
        weights = {name: self.weights.get(name, 0.0) + other.weights.get(name, 0.0) for name in names}
        return Sum(weights, self.constant + other.constant)


@dataclass(frozen=True, slots=True)
class Quotient:
    """`scale * upper / lower + constant`."""

    upper: Sum
    lower: Sum
    scale: float = 1.0
    constant: float = 0.0


def form_of(formula: str) -> Sum | Quotient | None:
    """Returns the form of the formula; None when it is neither a sum nor one sum divided by another."""
    return _form(parse(formula))


def _form(node: exp.Expr) -> Sum | Quotient | None:  # noqa: PLR0911 - one case a construct
    match node:
        case exp.Column():
            return Sum({node.name: 1.0})
        case exp.Literal() if not node.is_string:
            return Sum(constant=float(node.this))
        case exp.Paren():
            return _form(node.this)
        case exp.Neg():
            return _times(_form(node.this), -1.0)
        case exp.Add():
            return _plus(_form(node.left), _form(node.right))
        case exp.Sub():
            return _plus(_form(node.left), _times(_form(node.right), -1.0))
        case exp.Mul():
            return _product(_form(node.left), _form(node.right))
        case exp.Div():
            return _divided(_form(node.left), _form(node.right))
    return None


def _constant(form: Sum | Quotient | None) -> float | None:
    return form.constant if isinstance(form, Sum) and not form.weights else None


def _times(form: Sum | Quotient | None, factor: float) -> Sum | Quotient | None:
    if isinstance(form, Quotient):
        return replace(form, scale=form.scale * factor, constant=form.constant * factor)
    return form if form is None else form.times(factor)


def _plus(left: Sum | Quotient | None, right: Sum | Quotient | None) -> Sum | Quotient | None:
    if isinstance(left, Sum) and isinstance(right, Sum):
        return left.plus(right)
    for one, other in ((left, right), (right, left)):
        constant = _constant(other)
        if isinstance(one, Quotient) and constant is not None:
            return replace(one, constant=one.constant + constant)
    return None


def _product(left: Sum | Quotient | None, right: Sum | Quotient | None) -> Sum | Quotient | None:
    for one, other in ((left, right), (right, left)):
        constant = _constant(other)
        if constant is not None:
            return _times(one, constant)
    return None


def _divided(left: Sum | Quotient | None, right: Sum | Quotient | None) -> Sum | Quotient | None:
    constant = _constant(right)
    if constant is not None:
        return _times(left, 1 / constant) if constant else None
    if isinstance(left, Sum) and isinstance(right, Sum):
        return Quotient(left, right)
    return None
