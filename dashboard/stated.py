"""An England figure beside the total that its publication states, organisation by organisation where they differ."""

from __future__ import annotations

from datetime import date

import polars as pl

from metrics.catalogue import Metric, Part
from metrics.catalogue.expression import names
from metrics.query.engine import MetricsLayer
from metrics.query.request import Request
from metrics.query.result import Result
from sample_data.published.reconcile import Line, reconcile, sums_by_organisation
from sample_data.published.stated_totals import parts_of

_MOST_PERIODS = 3


def against_stated_totals(layer: MetricsLayer, result: Result) -> list[str]:
    """Returns paragraphs, none twice, that hold each England figure of the result against its publication's own total.

    Empty for a result that is split, filtered or accumulated, or that has many periods: there is no such total then.
    """
    request = result.request
    if request.by or request.where or request.window or request.to_date:
        return []
    lines: list[str] = []
    for metric_id in result.request.metrics:
        metric = layer.catalogue.metric(metric_id)
        rows = result.frame.filter((pl.col("metric") == metric_id) & pl.col("value").is_not_null())
        if metric.model is None or rows.height > _MOST_PERIODS:
            continue
        if result.grains[metric_id] != layer.catalogue.models[metric.model].grain:
            continue
        for period in rows["period"]:
            lines += _of_period(layer, metric, period)
    return list(dict.fromkeys(lines))


def _of_period(layer: MetricsLayer, metric: Metric, period: date) -> list[str]:
    model = layer.catalogue.models[metric.model or ""]
    used = {name for part in _parts(metric) for name in names(part.expr)}
    snapshot = layer.warehouse.snapshot()
    stated = [
        line
        for line in reconcile(snapshot, model.publication, period)
        if set(parts_of(line.measure)[0]) <= used and not parts_of(line.measure)[1]
    ]
    if not stated:
        return []
    lines = [_sentence(line, period) for line in stated]
    if metric.denominator is not None:
        lines.append(_left_out(layer, metric, model.table, period))
    return lines


def _parts(metric: Metric) -> list[Part]:
    return [part for part in (metric.measure, metric.numerator, metric.denominator) if part is not None]


def _sentence(line: Line, period: date) -> str:
    words = line.measure.replace("+", " + ")
    said = f"{period:%B %Y}: {line.stated_in} states {line.stated:,.10g} for {words}"
    if line.ties:
        return f"{said}; the organisations add up to the same."
    cause = line.cause or "The cause is not known."
    return f"{said}; the organisations add up to {line.facts:,.10g} ({line.difference:+,.10g}). {cause}"


def _left_out(layer: MetricsLayer, metric: Metric, table: str, period: date) -> str:
    """Returns who is in the publication's total and not in the denominator, with how many, line by line."""
    columns = tuple(sorted(names(metric.denominator.expr))) if metric.denominator else ()
    everyone = sums_by_organisation(layer.warehouse.snapshot(), table, columns, period)
    request = Request.of(metric.id, by=("organisation",), period_from=period, period_to=period, as_at=period)
    counted = layer.ask(request).frame.select(pl.col("organisation").alias("org_code"), "denominator")
    gaps = (
        everyone.join(counted, on="org_code", how="left")
        .with_columns(left_out=pl.col("sum") - pl.col("denominator").fill_null(0.0))
        .filter(pl.col("left_out").abs() > 0)
        .sort("left_out", descending=True)
    )
    if gaps.is_empty():
        return f"{period:%B %Y}: no organisation is left out of the denominator."
    known = dict(layer.organisations().select("org_code", "name").iter_rows())
    total = f"{gaps['left_out'].sum():,.10g} in all"
    lines = [f"{period:%B %Y}: left out of the denominator, as they did not report ({total}):"]
    for code, amount in gaps.select("org_code", "left_out").iter_rows():
        lines.append(f"  {known.get(code, code)} ({code}): {amount:,.10g}")
    return "\n".join(lines)
