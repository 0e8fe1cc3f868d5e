"""Every metric of a trust's own records gives the same from its cube and from its rows, whole and by each dimension."""

from __future__ import annotations

from datetime import date

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
    cubed, plain = layers
    metrics = own(cubed)
    assert len(metrics) > 50
    for metric in metrics:
        model = cubed.catalogue.model_of(metric)
        for by in [(), *((name,) for name in dimensions_of(model)[-2:])]:  # levels come first, and there is one trust
            request = Request((metric.id,), by=by)
            ours, theirs = cubed.ask(request), plain.ask(request)
            assert_frame_equal(ours.frame, theirs.frame, rel_tol=1e-9, abs_tol=1e-9)


def test_most_are_answered_by_cubes_and_the_others_say_why(layers: tuple[MetricsLayer, MetricsLayer]) -> None:
    cubed, _ = layers
    told = {metric.id: cubed.ask(Request((metric.id,))).queries[0] for metric in own(cubed)}
    missed = {name: query.miss for name, query in told.items() if not query.from_cube}
    assert len(missed) < len(told) / 5, missed
    assert all(missed.values())
    assert not cubed.cubes.refused
