"""The engine gives the figures that the publishers state."""

from __future__ import annotations

import pytest

from metrics import Grain, MetricsLayer, Request
from tests.catalogue.published import EXACT, FIGURES, Published


@pytest.mark.parametrize(
    "figure", FIGURES, ids=lambda each: f"{each.metric} {each.period:%Y-%m} {'/'.join(each.where.values())}"
)
def test_the_engine_gives_the_published_figure(figure: Published, shipped: MetricsLayer) -> None:
    request = Request.of(
        figure.metric,
        where=figure.where,
        grain=Grain(figure.grain),
        period_from=figure.period,
        period_to=figure.period,
    )
    row = shipped.ask(request).frame.row(0, named=True)
    assert row["period"] == figure.period
    whole = figure.within == EXACT
    expected = (
        pytest.approx(figure.value, rel=EXACT) if whole else pytest.approx(figure.value, rel=0, abs=figure.within)
    )
    assert row["value"] == expected, figure.stated_in
    for part in ("numerator", "denominator"):
        stated = getattr(figure, part)
        if stated is not None:
            assert row[part] == pytest.approx(stated, rel=1e-12), figure.stated_in


def test_figures_are_many_and_of_many_metrics() -> None:
    assert len(FIGURES) >= 70
    assert len({figure.metric for figure in FIGURES}) >= 45
