"""A published index is shown as published: never added up, averaged, ranked across a total or accumulated.

    score   RA1 2.5   RB1 3.5   England (published) 2.9

England is 2.9, not the mean of the two, 3.0; London has no score of its own, and none is made up.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from metrics import MetricsLayer, Request
from metrics.query.errors import QueryError
from tests.query import small
from tests.query.test_engine import AE, DEFINITIONS, INDICATORS


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> MetricsLayer:
    folder: Path = tmp_path_factory.mktemp("index")
    facts = {"fact_ae_month": AE, "fact_published_indicator": INDICATORS}
    return small.build(f"duckdb:///{folder / 'warehouse'}", facts, DEFINITIONS, folder / "definitions")


def test_each_level_has_what_is_published_for_it_alone(layer: MetricsLayer) -> None:
    assert layer.ask(Request.of("maturity")).frame["value"].to_list() == [2.9]
    by = layer.ask(Request.of("maturity", by=("organisation",), totals=True)).frame
    assert dict(by.select("organisation", "value").iter_rows()) == {"RA1": 2.5, "RB1": 3.5, None: 2.9}
    assert layer.ask(Request.of("maturity", by=("region",))).frame.filter(pl.col("value").is_not_null()).is_empty()


def test_two_scores_make_no_third(tmp_path: Path) -> None:
    rows = [(date(2024, 4, 1), org, "dma_overall", value) for org, value in (("RA2", 2.0), ("RA3", 4.0))]
    facts = {"fact_published_indicator": pl.DataFrame(rows, schema=INDICATORS.columns, orient="row")}
    layer = small.build(f"duckdb:///{tmp_path / 'w'}", facts, DEFINITIONS, tmp_path / "definitions")
    result = layer.ask(Request.of("maturity", by=("organisation",)))  # RA2 has become RA3
    assert result.frame.select("organisation", "value").rows() == [("RA3", None)]
    assert [note.code for note in result.notes] == ["index-not-aggregated"]


def test_an_index_is_never_accumulated(layer: MetricsLayer) -> None:
    with pytest.raises(QueryError, match="never accumulated"):
        layer.ask(Request.of("maturity", window="2 years"))
