"""The denominator is part of the definition and is shown: the same missed appointments make several headlines.

    England, FY 2023/24   not attended                      8,020,272
                          of 112,655,089 attended or not        7.1 %
                          of 135,445,596 booked                 5.9 %

The shipped rate divides by attended or not: cancelled appointments were nobody's to miss. Both are printed as the rate.
"""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from metrics import MetricsLayer, Request
from metrics.warehouse.tables.capacity import fact_outpatient_year


@pytest.fixture(scope="module")
def layer(shipped_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(shipped_warehouse)


def test_missed_appointments_are_of_those_attended_or_missed(layer: MetricsLayer) -> None:
    newest = layer.ask(Request.of("outpatient_dna")).frame.drop_nulls("value").row(-1, named=True)
    year = fact_outpatient_year.c
    row = layer.warehouse.frame(sa.select(fact_outpatient_year).where(year.period == newest["period"])).row(
        0, named=True
    )
    missed, attended = row["did_not_attend"], row["attended"]
    assert (newest["numerator"], newest["denominator"]) == (missed, attended + missed)
    assert (missed, attended + missed, row["appointments"]) == (8_020_272, 112_655_089, 135_445_596)
    assert newest["value"] == pytest.approx(0.0712, abs=5e-5)
    assert missed / row["appointments"] == pytest.approx(0.0592, abs=5e-5)  # the other headline


def test_both_parts_say_in_words_what_they_count(layer: MetricsLayer) -> None:
    metric = layer.catalogue.metric("outpatient_dna")
    assert metric.denominator is not None
    assert metric.denominator.words == "Appointments attended or not attended"
    for each in layer.catalogue:
        for part in (each.numerator, each.denominator, each.measure):
            assert part is None or part.words, each.id
