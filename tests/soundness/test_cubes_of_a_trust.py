"""Every metric of a trust's own records gives the same from its cube and from its rows, whole and by each dimension."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics import MetricsLayer, Request
from metrics.catalogue import Metric
from metrics.query.plan import dimensions_of

AS_AT = date(2026, 11, 2)


@pytest.fixture(scope="module")
def layers(trust_warehouse: str) -> tuple[MetricsLayer, MetricsLayer]:
    """From cubes, and from rows."""
    cubed, plain = (MetricsLayer.open(trust_warehouse, today=lambda: AS_AT) for _ in range(2))
    cubed.keep_cubes()
    while cubed.build_cube():
        pass
    return cubed, plain


def own(layer: MetricsLayer) -> list[Metric]:
    """Returns the metrics of operational models that are read from a table."""
    found = [metric for metric in layer.catalogue if metric.model is not None]
    return [each for each in found if layer.catalogue.models[each.model or ""].provenance == "operational"]


def test_cube_and_rows_agree_on_every_metric(layers: tuple[MetricsLayer, MetricsLayer]) -> None:
    """Each metric is asked for alone from cubes, and with the others of its model from the rows."""
    cubed, plain = layers
    metrics = own(cubed)
    assert len(metrics) > 50
    for name in {metric.model: None for metric in metrics}:
        ids = [metric.id for metric in metrics if metric.model == name]
        for by in [(), *((each,) for each in dimensions_of(cubed.catalogue.models[name]))]:
            theirs = plain.ask(Request(tuple(ids), by=by)).frame
            for metric in ids:
                ours = cubed.ask(Request((metric,), by=by)).frame
                assert_frame_equal(ours, theirs.filter(pl.col("metric") == metric), rel_tol=1e-9, abs_tol=1e-9)


def test_most_are_answered_by_cubes_and_the_others_say_why(layers: tuple[MetricsLayer, MetricsLayer]) -> None:
    cubed, _ = layers
    told = {metric.id: cubed.ask(Request((metric.id,))).queries[0] for metric in own(cubed)}
    missed = {name: query.miss for name, query in told.items() if not query.from_cube}
    assert len(missed) < len(told) / 5, missed
    assert all(missed.values())
    assert not cubed.cubes.refused
