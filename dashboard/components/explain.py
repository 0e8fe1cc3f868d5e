"""What stands behind one number, as words, lists and the statements that were sent."""

from __future__ import annotations

from datetime import date
from html import escape

import sqlalchemy as sa
import streamlit as st

from dashboard import format as words
from dashboard.components.html import definition_list, put, table
from dashboard.viewmodels.charts import Table
from dashboard.viewmodels.explained import bins_of, pairs_of, statement_titles
from dashboard.viewmodels.series import TARGET_KINDS, target_text
from dashboard.viewmodels.why import Why, why_of
from dashboard.visit import Visit
from metrics.catalogue import Catalogue, Metric
from metrics.catalogue.definition import Target
from metrics.query.dialects import TARGETS
from metrics.query.explaining import Explanation
from metrics.query.layout import laid_out
from metrics.query.request import Against, Filter, Grain
from metrics.query.shareable import dimensions_to_split, titles_of

_AGAINST = {
    Against.PREVIOUS: "The period before",
    Against.LAST_YEAR: "The same period of the year before",
}

_DIRECTIONS = {
    "increase": "Higher is better",
    "decrease": "Lower is better",
    "neutral": "Neither higher nor lower is better",
}


def definition(catalogue: Catalogue, metric: Metric, provenance: str) -> str:
    """Returns a metric's definition as HTML, in plain words; `provenance` is that of the rows held."""
    numerator = metric.numerator or metric.measure
    targets = "; ".join(_target(each, metric) for each in metric.targets)
    model = catalogue.model_of(metric)
    pairs = [
        ("What it tells", metric.description),
        ("Numerator" if metric.denominator else "What is counted", numerator.words if numerator else ""),
        ("Denominator", metric.denominator.words if metric.denominator else ""),
        ("Formula", metric.formula or ""),
        ("Which way is better", _DIRECTIONS[metric.direction]),
        ("Standards and plans", targets),
        ("Benchmark", f"{metric.benchmark.words} ({metric.benchmark.source})" if metric.benchmark else ""),
        ("How to read it", metric.interpretation or ""),
        ("Follows", metric.source),
        ("Data", f"{model.title} ({provenance}, by {model.grain.replace('_', ' ')})"),
        ("Owner", metric.owner),
        ("Name in queries", metric.id),
        ("Definition version", catalogue.version_of(metric)),
    ]
    return definition_list(pairs)


def _target(target: Target, metric: Metric) -> str:
    until = f" to {words.day_words(target.valid_to)}" if target.valid_to else ""
    kind = TARGET_KINDS[target.kind].capitalize()
    since = f"from {words.day_words(target.valid_from)}{until}"
    return f"{kind} {target_text(target, metric)}{target.whose} {since} ({target.source})"


def number(visit: Visit, metric: Metric, period: date, grain: Grain, where: tuple[Filter, ...]) -> None:
    """Draws everything behind one number: why it moved, what it is made of, and what was sent to the warehouse."""
    layer = visit.layer
    asked = (metric.id, period, grain, where)
    found = visit.answer(lambda: layer.explain(metric.id, period=period, grain=grain, where=where), "explain", *asked)
    st.subheader("Why it moved", anchor=False)
    dimensions = titles_of(metric, dimensions_to_split(metric, where, layer.catalogue), layer.catalogue)
    against = st.selectbox("Compared with", list(_AGAINST), key="why_against", format_func=_AGAINST.__getitem__)
    by = None
    if dimensions:
        by = st.selectbox("Shared out by", list(dimensions), key="why_by", format_func=dimensions.__getitem__)
    movement = visit.answer(
        lambda: layer.why(
            metric.id, period=period, grain=grain, where=where, against=against, by=[by] if by else []
        ),
        "why", *asked, against, by,
    )  # fmt: skip
    _why(why_of(movement, metric, by))
    st.subheader("What is behind it", anchor=False)
    put(definition_list(pairs_of(found, metric)))
    _bins(found, metric)
    for name, each in found.inputs.items():
        _folded(f"Made of {name}: {each.title}", definition_list(pairs_of(each, layer.catalogue.metric(each.metric))))
    st.subheader("What was sent to the warehouse", anchor=False)
    _statements(found, layer.warehouse.dialect)
    st.subheader("As written", anchor=False)
    for name, text in found.texts.items():
        put(f'<p class="bw bw-note">{escape(name.replace(":", " ").capitalize())}, version {found.versions[name]}:</p>')
        st.code(text, language="yaml", wrap_lines=True)


def _why(view: Why) -> None:
    put("".join(f'<p class="bw">{escape(sentence)}</p>' for sentence in view.sentences))
    for content in (view.inputs, view.table):
        if content is not None:
            put(_effects(content))
    for note in view.notes:
        put(f'<p class="bw bw-note">{escape(note)}</p>')


def _effects(content: Table) -> str:
    """Returns a table whose rows become short lists on a phone; the last row is the whole."""
    heads = "".join(f'<th scope="col">{escape(title)}</th>' for title in content.columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(
            f'<td data-label="{escape(title)}">{escape(text)}</td>'
            for title, text in zip(content.columns[1:], row[1:], strict=True)
        )
        + "</tr>"
        for row in content.rows
    )
    return (
        f'<div class="bw"><table class="bw-table bw-effects"><caption>{escape(content.caption)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _bins(found: Explanation, metric: Metric) -> None:
    bins = bins_of(found, words.unit_words(metric) or "Value")
    if bins is not None:
        _folded(bins.caption, table(bins))


def _folded(title: str, content: str) -> None:
    put(f'<details class="bw"><summary>{escape(title)}</summary>{content}</details>')


def _laid_out(sql: str, dialect: str) -> str:
    grammar = next((each.grammar for name, each in TARGETS.items() if name == dialect), None)
    return sql if grammar is None else laid_out(sql, grammar)


def _statements(found: Explanation, dialect: str) -> None:
    """Draws the statements as they were sent, or as each kind of warehouse would be sent them."""
    titles = {"": f"As sent to this warehouse ({dialect})"} | {name: each.title for name, each in TARGETS.items()}
    backend = st.selectbox("In the SQL of", list(titles), key="explain_sql", format_func=titles.__getitem__)
    if not backend:
        for line, query in zip(statement_titles(found), found.queries, strict=True):
            put(f'<p class="bw bw-note">{escape(line)}</p>')
            st.code(_laid_out(query.sql, dialect), language="sql", wrap_lines=True)
            if query.parameters:
                values = ", ".join(f"{name} = {value!r}" for name, value in query.parameters.items())
                put(f'<p class="bw bw-note">with {escape(values)}</p>')
        return
    try:
        for statement in found.sql(backend):
            st.code(statement, language="sql", wrap_lines=True)
    except sa.exc.CompileError as error:
        put(f'<p class="bw">{escape(titles[backend])} cannot say this: {escape(str(error))}</p>')
