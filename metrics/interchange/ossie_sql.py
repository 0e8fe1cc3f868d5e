"""Definitions as SQL text in the dialects that Apache Ossie names: what a row adds, and the aggregate of it.

The text gives the number that the engine gives, or nothing: a level that would be summed over time, and an index that
would be aggregated, are null.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from metrics.catalogue import Catalogue, Metric, Model, Part
from metrics.catalogue.expression import LENGTHS, names, parse

# Ossie's name of a dialect to the grammar that writes it. PostgreSQL keeps to the standard, and stands for ANSI's.
DIALECTS: Mapping[str, str] = {
    "ANSI_SQL": "postgres", "SNOWFLAKE": "snowflake", "DATABRICKS": "databricks", "BIGQUERY": "bigquery",
}  # fmt: skip


class NotExpressibleError(ValueError):
    """A metric that is no single aggregate expression; the message says why."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A computed field of a dataset: what one row adds to a part of a metric, or null."""

    dataset: str
    name: str
    words: str
    tree: exp.Expr


@dataclass(frozen=True, slots=True)
class Written:
    """The aggregate expression of a metric, and the facts that it is over."""

    tree: exp.Expr
    facts: tuple[Fact, ...]
    datasets: frozenset[str]


def texts(tree: exp.Expr) -> dict[str, str]:
    """Returns dialect to text: ANSI's, and that of each dialect which writes it otherwise."""
    every = {name: tree.sql(dialect=grammar) for name, grammar in DIALECTS.items()}
    if tree.find(exp.PercentileCont) is not None:
        every.pop("BIGQUERY")  # its PERCENTILE_CONT is no aggregate
    return {name: text for name, text in every.items() if name == "ANSI_SQL" or text != every["ANSI_SQL"]}


def written(catalogue: Catalogue, metric: Metric) -> Written:
    """Returns the metric as one aggregate expression.

    Raises:
        NotExpressibleError: Ossie has no word for what the metric does.
    """
    if metric.type == "derived":
        return _derived(catalogue, metric)
    if metric.type in ("cumulative", "conversion"):
        raise NotExpressibleError(f"a {metric.type} metric reads other periods than the one it is shown for")
    model = catalogue.model_of(metric)
    if metric.type == "percentile" and model.bins is not None:
        raise NotExpressibleError("a percentile of a histogram is no aggregate function")
    if _reads_joined(catalogue, metric, model):
        raise NotExpressibleError("a filter reads a joined table")
    facts = tuple(_facts(metric, model))
    tree = _aggregate(metric, facts)
    if metric.type == "index":
        alone = exp.EQ(this=exp.Count(this=_field(facts[0])), expression=_number(1))
        tree = _only_if(alone, tree)
    elif metric.type != "percentile" and metric.combines_over_time != "sum":
        periods = exp.Count(this=exp.Distinct(expressions=[exp.column(model.time.column, table=model.name)]))
        tree = _only_if(exp.EQ(this=periods, expression=_number(1)), tree)
    return Written(tree, facts, frozenset({model.name}))


def _reads_joined(catalogue: Catalogue, metric: Metric, model: Model) -> bool:
    parts = (metric.measure, metric.numerator, metric.denominator)
    filters = [model.filter, *(part.filter for part in parts if part is not None)]
    named = frozenset[str]().union(*(names(text) for text in filters if text))
    return bool(named - set(catalogue.table_of(model).columns.keys()))


def scalar(text: str) -> exp.Expr:
    """Returns a definition's expression over the columns of a row. Division is of fractions, and never by zero.

    Raises:
        NotExpressibleError: it measures a length of time, for which dialects share no function.
    """
    tree = parse(text)
    for node in tree.find_all(exp.Anonymous):
        if node.name.lower() in LENGTHS:
            raise NotExpressibleError(f"'{node.sql()}' has no form that all dialects read")
    return _safe(tree)


def _safe(tree: exp.Expr) -> exp.Expr:
    # From the inside out, so that what a division becomes is not taken for another one.
    for node in reversed(list(tree.find_all(exp.Div))):
        replaced = _ratio(node.left.copy(), node.right.copy())
        if node is tree:
            return replaced
        node.replace(replaced)
    return tree


def _ratio(upper: exp.Expr, lower: exp.Expr) -> exp.Expr:
    return exp.Div(
        this=exp.cast(upper, "DOUBLE"),
        expression=exp.Nullif(this=lower, expression=_number(0)),
        typed=True,
        safe=False,
    )


def _number(value: float) -> exp.Expr:
    return exp.Literal.number(value)


def _field(fact: Fact) -> exp.Column:
    return exp.column(fact.name, table=fact.dataset)


def _facts(metric: Metric, model: Model) -> Iterator[Fact]:
    named = {"numerator": metric.numerator, "denominator": metric.denominator}
    parts = {name: part for name, part in named.items() if part is not None}
    both = [condition for part in parts.values() for condition in _reported(part)]
    if metric.measure is not None:
        parts = {"measure": metric.measure}
    for name, part in parts.items():
        # Of published data, a measure is not reported where no row passes its filter.
        zero = part.agg == "sum" and (name != "measure" or model.absence_is_zero)
        yield Fact(model.name, f"{metric.id}_{name}", part.words, _row(part, model, both, adds_nothing=zero))


def _reported(part: Part) -> Iterator[exp.Expr]:
    """Yields the condition that a row reports the part: in a ratio a row adds to both parts or to neither."""
    tree = scalar(part.expr)
    if not isinstance(tree, exp.Literal):
        operand = tree if isinstance(tree, exp.Column) else exp.paren(tree, copy=False)
        yield exp.Not(this=exp.Is(this=operand, expression=exp.Null()))


def _row(part: Part, model: Model, both: Sequence[exp.Expr], *, adds_nothing: bool) -> exp.Expr:
    """Returns what one row adds to the part: null when it is no row of the model or does not report.

    A row that does not pass the part's filter adds 0 where `adds_nothing`, else null.
    """
    value = scalar(part.expr)
    ours = [*([scalar(model.filter)] if model.filter else []), *both]
    if part.filter is None:
        return exp.Case(ifs=[exp.If(this=_all(ours), true=value)]) if ours else value
    branches = [exp.If(this=_all([*ours, scalar(part.filter)]), true=value)]
    if not adds_nothing:
        return exp.Case(ifs=branches)
    if not ours:
        return exp.Case(ifs=branches, default=_number(0))
    return exp.Case(ifs=[*branches, exp.If(this=_all(ours), true=_number(0))])


def _all(conditions: Sequence[exp.Expr]) -> exp.Expr:
    distinct = {each.sql(): each.copy() for each in conditions}
    return exp.and_(*distinct.values(), copy=False)


def _aggregate(metric: Metric, facts: Sequence[Fact]) -> exp.Expr:
    if metric.numerator is not None and metric.denominator is not None:
        upper, lower = facts
        return _ratio(_aggregated(upper, metric.numerator.agg), _aggregated(lower, metric.denominator.agg))
    if metric.measure is None:  # linted: every metric that is read from a table has one
        raise NotExpressibleError("it has no measure")
    (fact,) = facts
    if metric.type == "percentile":
        quantile = exp.PercentileCont(this=_number(metric.percentile or 0))
        return exp.WithinGroup(this=quantile, expression=exp.Order(expressions=[exp.Ordered(this=_field(fact))]))
    return _aggregated(fact, "max" if metric.type == "index" else metric.measure.agg)


def _aggregated(fact: Fact, agg: str) -> exp.Expr:
    field = _field(fact)
    match agg:
        case "count":
            return exp.Count(this=field)
        case "count_distinct":
            return exp.Count(this=exp.Distinct(expressions=[field]))
        case "min":
            return exp.Min(this=field)
        case "max":
            return exp.Max(this=field)
        case "mean":
            return exp.Avg(this=field)
    return exp.Sum(this=field)


def _only_if(condition: exp.Expr, value: exp.Expr) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=condition, true=value)])


def _derived(catalogue: Catalogue, metric: Metric) -> Written:
    if metric.minimum_denominator is not None:
        raise NotExpressibleError("organisations with a small denominator are left out of both parts")
    inner: dict[str, Written] = {}
    for name, term in catalogue.terms(metric).items():
        if term.offset_window is not None:
            raise NotExpressibleError(f"'{name}' is {term.metric} of {term.offset_window} before")
        inner[name] = written(catalogue, catalogue.metric(term.metric))
    datasets = frozenset[str]().union(*(each.datasets for each in inner.values()))
    if metric.paired and len(datasets) > 1:
        raise NotExpressibleError("only organisations that have both parts count")
    formula = _safe(parse(metric.formula or ""))
    tree = formula.transform(lambda node: exp.paren(inner[node.name].tree) if isinstance(node, exp.Column) else node)
    facts = dict.fromkeys(fact for each in inner.values() for fact in each.facts)
    return Written(tree, tuple(facts), datasets)
