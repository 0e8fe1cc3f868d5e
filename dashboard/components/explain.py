"""What stands behind one number, as words, lists and the statements that were sent."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard import format as words
from dashboard.components.html import definition_list, put
from dashboard.viewmodels.scorecard import STATUS_WORDS
from dashboard.viewmodels.series import TARGET_KINDS, target_text
from metrics.catalogue import Catalogue, Metric
from metrics.catalogue.definition import Target
from metrics.query.explaining import Explanation

_DIRECTIONS = {
    "increase": "Higher is better",
    "decrease": "Lower is better",
    "neutral": "Neither higher nor lower is better",
}


def definition(catalogue: Catalogue, metric: Metric) -> str:
    """Returns a metric's definition as HTML, in plain words."""
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
        ("Data", f"{model.title} ({model.provenance}, by {model.grain.replace('_', ' ')})"),
        ("Owner", metric.owner),
        ("Name in queries", metric.id),
        ("Definition version", catalogue.version_of(metric)),
    ]
    return definition_list(pairs)


def _target(target: Target, metric: Metric) -> str:
    until = f" to {words.day_words(target.valid_to)}" if target.valid_to else ""
    kind = TARGET_KINDS[target.kind].capitalize()
    return f"{kind} {target_text(target, metric)} from {words.day_words(target.valid_from)}{until} ({target.source})"


def panel(explanation: Explanation, metric: Metric) -> None:
    """Draws an explanation: parts, who reported, what is absent, files and statements."""
    shown = definition_list(
        [
            ("Period", words.period_words(explanation.period, explanation.grain)),
            ("Value", words.value_words(explanation.value, metric)),
            ("Numerator", _part(explanation.numerator, explanation.numerator_words)),
            ("Denominator", _part(explanation.denominator, explanation.denominator_words)),
            ("Status", STATUS_WORDS.get(explanation.status, explanation.status)),
            ("Reported", f"{explanation.reporting:,} of {explanation.expected:,} organisations expected"),
            ("Expected but absent", ", ".join(f"{name} ({code})" for code, name in explanation.absent.items())),
            ("Notes", " ".join(note.text for note in explanation.notes)),
            ("Definition", f"version {explanation.definition_version}, {explanation.defined_in}"),
            ("Data version", explanation.data_version),
            ("Files", ", ".join(file.name for each in explanation.publications for file in each.files)),
        ]
    )
    put(shown)
    for query in explanation.queries:
        put(
            f'<p class="bw bw-note">Sent to the warehouse for {escape(query.model)}; '
            f"{words.counted(query.rows, 'row')} came back.</p>"
        )
        st.code(query.sql, language="sql", wrap_lines=True)
    put('<p class="bw bw-note">The definition as written:</p>')
    st.code(explanation.definition_text, language="yaml", wrap_lines=True)


def _part(value: float | None, said: str | None) -> str:
    if value is None:
        return ""
    return f"{words.number(value, 0 if value == round(value) else 2)}{': ' + said if said else ''}"
