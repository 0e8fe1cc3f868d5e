"""A warehouse small enough to check by hand, for tests of the engine.

England holds London (Y56) with the board QA1 of RA1, RA2 (which became RA3 on 1 July 2024) and RA3; and the North West
(Y62) with the board QB1 of RB1. NX1 is an independent provider of no known region.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import polars as pl

from metrics import MetricsLayer
from metrics.warehouse.tables import metadata
from metrics.warehouse.writing import writing

FOREVER = date(9999, 12, 31)
LOADED = datetime(2024, 12, 1, 9, 30)  # noqa: DTZ001 - the warehouse holds UTC without a zone
TODAY = date(2024, 12, 1)


def build(
    url: str, facts: dict[str, pl.DataFrame], definitions: str, folder: Path, today: Callable[[], date] = lambda: TODAY
) -> MetricsLayer:
    """Returns a layer over a new warehouse that holds the facts and the organisations above."""
    with writing(url, fresh=True) as writer:
        for name, frame in {**_organisations(), **facts}.items():
            table = metadata.tables[name]
            loaded = "load_id" in table.c and "load_id" not in frame.columns
            writer.insert(table, _with_load(frame) if loaded else frame)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "definitions.yml").write_text(definitions, encoding="utf-8")
    return MetricsLayer.open(url, definitions=folder, today=today)


def _with_load(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.lit(1).alias("load_id"), pl.lit(LOADED).alias("loaded_at"), pl.lit("by-hand.csv").alias("source_file")
    )


def _organisations() -> dict[str, pl.DataFrame]:
    rows = [
        ("ENG", "England", "england", None, None, None),
        ("Y56", "London", "region", None, "Y56", None),
        ("Y62", "North West", "region", None, "Y62", None),
        ("QA1", "NHS Alpha", "icb", "QA1", "Y56", None),
        ("QB1", "NHS Beta", "icb", "QB1", "Y62", None),
        ("RA1", "Alpha One NHS Trust", "trust", "QA1", "Y56", None),
        ("RA2", "Alpha Two NHS Trust", "trust", "QA1", "Y56", date(2024, 6, 30)),
        ("RA3", "Alpha Three NHS Trust", "trust", "QA1", "Y56", None),
        ("RB1", "Beta One NHS Trust", "trust", "QB1", "Y62", None),
        ("NX1", "Nowhere Clinic", "independent", None, None, None),
        ("NX2", "Twin Clinic", "independent", None, None, None),
        ("NX3", "Twin Clinic", "independent", None, None, None),
        ("QD1", "NHS Divided", "icb", "QD1", "Y56", date(2024, 6, 30)),
    ]
    names = ["org_code", "name", "org_type", "icb_code", "region_code", "close_date"]
    start = date(2000, 1, 1)
    identities = [(row[0], start, FOREVER, row[0]) for row in rows if row[0] != "RA2"]
    identities += [("RA2", start, date(2024, 6, 30), "RA2"), ("RA2", date(2024, 7, 1), FOREVER, "RA3")]
    publication = {
        "publication": "by_hand",
        "title": "Counted by hand",
        "publisher": "The tests",
        "licence": "none",
        "source": "here",
        "cadence": "monthly",
        "caveats": "",
    }
    return {
        "dim_organisation": pl.DataFrame(
            rows, schema={**dict.fromkeys(names[:5], pl.String), "close_date": pl.Date}, orient="row"
        ).with_columns(pl.col("name").alias("official_name")),
        "dim_organisation_identity": pl.DataFrame(
            identities, schema=["org_code", "valid_from", "valid_to", "current_code"], orient="row"
        ),
        "dim_organisation_succession": pl.DataFrame(
            [("RA2", "RA3", date(2024, 7, 1)), ("QD1", "QA1", date(2024, 7, 1)), ("QD1", "QB1", date(2024, 7, 1))],
            schema=["predecessor_code", "successor_code", "effective"],
            orient="row",
        ),
        "dim_service": pl.DataFrame({"service_code": ["100", "110"], "name": ["General Surgery", "Orthopaedics"]}),
        "meta_publication": pl.DataFrame([publication]),
        "meta_load": one_load(),
    }


def one_load() -> pl.DataFrame:
    """Returns the row of `meta_load` for what the tests made by hand."""
    load = {
        "load_id": 1,
        "publication": "by_hand",
        "source_file": "by-hand.csv",
        "sha256": "0" * 64,
        "era": "by hand",
        "loaded_at": LOADED,
        "period_from": date(2024, 1, 1),
        "period_to": date(2024, 12, 31),
        "rows_read": 1,
        "rows_rejected": 0,
        "organisations": 5,
        "is_current": True,
        "origin": "file",
        "notes": "",
    }
    return pl.DataFrame([load])


def ae(rows: list[tuple[str, str, int | None, int | None]]) -> pl.DataFrame:
    """Returns rows of `fact_ae_month` from (month 'YYYY-MM', organisation, attendances, over four hours)."""
    return pl.DataFrame(
        [(date.fromisoformat(month + "-01"), org, "type1", seen, late) for month, org, seen, late in rows],
        schema={"period": pl.Date, "org_code": pl.String, "department": pl.String, "attendances": pl.Int64,
                "over_4h": pl.Int64},
        orient="row",
    )  # fmt: skip
