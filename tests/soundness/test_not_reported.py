"""What is not reported is missing: never 0, never 100 %."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
import sqlalchemy as sa

from metrics import MetricsLayer, Request
from metrics.warehouse.tables.access import fact_ae_month

FIELD_TEST = "RGT"  # Cambridge University Hospitals: in the field test of new standards until May 2023
FIELD_TEST_TRUSTS = {
    "R0D", "RC9", "RDU", "RFR", "RGR", "RGT", "RHU", "RK9", "RNQ", "RQM", "RVW", "RX1", "RXF", "RYJ",
}  # fmt: skip


@pytest.fixture(scope="module")
def layer(shipped_warehouse: str) -> MetricsLayer:
    return MetricsLayer.open(shipped_warehouse)


def test_a_field_test_trust_has_no_four_hour_figure(layer: MetricsLayer) -> None:
    asked = Request.of(
        "ae_four_hour", where={"organisation": FIELD_TEST}, period_from=date(2022, 4, 1), period_to=date(2023, 8, 31)
    )
    frame = layer.ask(asked).frame
    during = frame.filter(pl.col("period") <= date(2023, 5, 1))
    after = frame.filter(pl.col("period") >= date(2023, 6, 1))
    assert during.height == 14
    assert during["value"].null_count() == 14
    assert set(during["status"]) == {"missing"}
    assert after["value"].null_count() == 0
    assert after["value"].max() < 0.95


def test_field_test_attendances_are_not_in_the_denominator(layer: MetricsLayer) -> None:
    month = {"period_from": date(2023, 5, 1), "period_to": date(2023, 5, 31)}
    frame = layer.ask(Request.of("ae_attendances", "ae_four_hour", **month)).frame
    attended, share = frame.row(0, named=True), frame.row(1, named=True)
    facts = layer.warehouse.frame(
        sa.select(
            sa.func.sum(fact_ae_month.c.attendances + sa.func.coalesce(fact_ae_month.c.attendances_booked, 0)).label(
                "all"
            ),
            sa.func.sum(
                sa.case(
                    (
                        fact_ae_month.c.over_4h.is_(None),
                        fact_ae_month.c.attendances + sa.func.coalesce(fact_ae_month.c.attendances_booked, 0),
                    ),
                    else_=0,
                )
            ).label("unreported"),
        ).where(fact_ae_month.c.period == date(2023, 5, 1))
    ).row(0, named=True)
    assert attended["value"] == facts["all"]
    assert share["denominator"] == facts["all"] - facts["unreported"]
    absent = layer.explain("ae_four_hour", period=date(2023, 5, 1), as_at=date(2023, 5, 1)).absent
    assert set(absent) >= FIELD_TEST_TRUSTS


def test_no_metric_is_exactly_one_hundred_per_cent_for_want_of_numbers(layer: MetricsLayer) -> None:
    shares = [metric.id for metric in layer.catalogue if metric.type == "ratio" and metric.unit == "percent"]
    assert len(shares) >= 15
    for name in shares:
        frame = layer.ask(Request.of(name)).frame
        assert frame.filter((pl.col("denominator") == 0) & pl.col("value").is_not_null()).is_empty(), name
        assert frame.filter(pl.col("denominator").is_null() & pl.col("value").is_not_null()).is_empty(), name
