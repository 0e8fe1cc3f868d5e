"""Inserts, corrections and deletions of operational rows: all of a commit or nothing, and which days they changed."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest
import sqlalchemy as sa

from metrics.warehouse.changing import ChangeRefusedError, changing
from metrics.warehouse.connect import open_warehouse
from metrics.warehouse.live import opened
from metrics.warehouse.tables.operational.changes import meta_change
from metrics.warehouse.tables.operational.elective import fact_rtt_snapshot
from metrics.warehouse.tables.operational.flow import fact_alert
from metrics.warehouse.tables.operational.places import dim_site
from metrics.warehouse.writing import writing
from tests.warehouse.operational import alerts, begun

at = datetime  # columns hold UTC without a zone
LOG = sa.select(meta_change.c.table_name, meta_change.c.column_name, meta_change.c.day).order_by(
    meta_change.c.table_name, meta_change.c.column_name, meta_change.c.day
)
HELD = sa.select(fact_alert.c.alert_id, fact_alert.c.severity).order_by(fact_alert.c.alert_id)


@pytest.fixture
def trust(url: str) -> str:
    """A warehouse with three alerts of 1 July 2026, and an empty log."""
    begun(url, alerts([1, 2, 3], raised_at=at(2026, 7, 1, 12)))
    return url


def log(url: str) -> list[tuple[str, str, date]]:
    return open_warehouse(url).frame(LOG).rows()


def held(url: str) -> dict[int, str]:
    return dict(open_warehouse(url).frame(HELD).rows())


def test_rows_come_go_and_change(trust):
    with changing(trust) as changes:
        changes.insert(fact_alert, alerts([4], raised_at=at(2026, 7, 2, 9)))
        changes.correct(fact_alert, pl.DataFrame({"alert_id": [2], "severity": ["medium"]}))
        changes.delete(fact_alert, pl.DataFrame({"alert_id": [1]}))
    assert held(trust) == {2: "medium", 3: "high", 4: "high"}


def test_a_correction_leaves_the_other_columns_and_says_when(trust):
    with changing(trust) as changes:
        changes.correct(fact_alert, pl.DataFrame({"alert_id": [2], "severity": ["medium"]}))
        committed = changes.at
    expected = alerts([2], raised_at=at(2026, 7, 1, 12)).with_columns(
        severity=pl.lit("medium"), changed_at=pl.lit(committed)
    )
    found = open_warehouse(trust).frame(sa.select(fact_alert).where(fact_alert.c.alert_id == 2))
    assert found.rows(named=True) == expected.select(found.columns).rows(named=True)


def test_a_row_changes_again_and_again_and_comes_back(trust):
    key = pl.DataFrame({"alert_id": [2]})
    for severity in ("medium", "high", "medium"):
        with changing(trust) as changes:
            changes.correct(fact_alert, key.with_columns(severity=pl.lit(severity)))
        assert held(trust) == {1: "high", 2: severity, 3: "high"}
    with changing(trust) as changes:
        changes.delete(fact_alert, key)
    assert held(trust) == {1: "high", 3: "high"}
    with changing(trust) as changes:
        changes.insert(fact_alert, alerts([2], raised_at=at(2026, 7, 3)))
        changes.correct(fact_alert, key.with_columns(severity=pl.lit("medium")))
        changes.delete(fact_alert, pl.DataFrame({"alert_id": [3]}))
    assert held(trust) == {1: "high", 2: "medium"}
    with changing(trust) as changes:
        changes.delete(fact_alert, key)
    assert held(trust) == {1: "high"}


def test_the_log_names_the_days_before_and_after_in_london(trust):
    with changing(trust) as changes:
        changes.correct(fact_alert, pl.DataFrame({"alert_id": [2], "acknowledged_at": [at(2026, 7, 1, 23, 30)]}))
    assert log(trust) == [
        ("fact_alert", "acknowledged_at", date(2026, 7, 2)),
        ("fact_alert", "raised_at", date(2026, 7, 1)),
        ("fact_alert", "raised_on", date(2026, 7, 1)),
    ]
    moved = {"alert_id": [2], "raised_on": [date(2026, 7, 5)], "raised_at": [at(2026, 7, 5, 1)]}
    with changing(trust) as changes:
        changes.correct(fact_alert, pl.DataFrame(moved))
    assert [row[1:] for row in log(trust)] == [
        ("acknowledged_at", date(2026, 7, 2)),
        ("raised_at", date(2026, 7, 1)),
        ("raised_at", date(2026, 7, 5)),
        ("raised_on", date(2026, 7, 1)),
        ("raised_on", date(2026, 7, 5)),
    ]


def test_numbers_of_the_log_grow_and_each_day_keeps_its_newest(trust):
    since = 0
    for _ in range(3):
        with changing(trust) as changes:
            changes.correct(fact_alert, pl.DataFrame({"alert_id": [1], "severity": ["high"]}))
        numbers = open_warehouse(trust).frame(sa.select(meta_change.c.change_id))["change_id"].to_list()
        assert len(numbers) == 2
        assert min(numbers) > since
        since = max(numbers)


def test_a_table_without_days_says_so(trust):
    with changing(trust) as changes:
        changes.insert(
            dim_site,
            pl.DataFrame(
                {"site_code": ["ZZ1"], "org_code": ["ZZ"], "name": ["A"], "has_emergency_department": [True],
                 "has_beds": [False]}
            ),
        )  # fmt: skip
    assert log(trust) == [("dim_site", "*", None)]


def test_keys_of_several_columns(trust):
    rows = pl.DataFrame(
        {"period": [date(2026, 7, 1)] * 2, "service_code": ["100", "110"], "rtt_part": ["Part_2"] * 2,
         "weeks_waiting": [1, 1], "pathways": [5, 6], "org_code": ["ZZ1"] * 2}
    )  # fmt: skip
    with changing(trust) as changes:
        changes.insert(fact_rtt_snapshot, rows)
    with changing(trust) as changes:
        changes.correct(fact_rtt_snapshot, rows[:1].with_columns(pathways=7))
        changes.delete(fact_rtt_snapshot, rows[1:].select("period", "service_code", "rtt_part", "weeks_waiting"))
    table = fact_rtt_snapshot.c
    assert open_warehouse(trust).frame(sa.select(table.service_code, table.pathways)).rows() == [("100", 7)]


REFUSED = {
    "there already": lambda changes: changes.insert(fact_alert, alerts([3, 4])),
    "comes twice": lambda changes: changes.insert(fact_alert, alerts([4, 4])),
    "to correct are not there": lambda changes: changes.correct(
        fact_alert, pl.DataFrame({"alert_id": [1, 9], "severity": ["medium"] * 2})
    ),
    "to delete are not there": lambda changes: changes.delete(fact_alert, pl.DataFrame({"alert_id": [1, 9]})),
    "no column 'colour'": lambda changes: changes.correct(
        fact_alert, pl.DataFrame({"alert_id": [1], "colour": ["red"]})
    ),
    "is missing": lambda changes: changes.delete(fact_alert, pl.DataFrame({"severity": ["high"]})),
    "'severity' may not be null": lambda changes: changes.insert(fact_alert, alerts([7]).drop("severity")),
    "key is null": lambda changes: changes.delete(
        fact_alert, pl.DataFrame({"alert_id": [None]}, schema={"alert_id": pl.Int64})
    ),
}


def test_what_cannot_be_done_undoes_the_whole_commit(trust):
    before = open_warehouse(trust)
    with opened(trust) as live:
        for problem, ask in REFUSED.items():
            with pytest.raises(ChangeRefusedError, match=problem), live.commit() as changes:  # noqa: PT012
                changes.insert(fact_alert, alerts([8]))
                ask(changes)
        assert held(trust) == {1: "high", 2: "high", 3: "high"}
        assert log(trust) == []
        assert not before.refresh()
        with live.commit() as changes:
            changes.insert(fact_alert, alerts([7]))
    assert held(trust) == {1: "high", 2: "high", 3: "high", 7: "high"}


def test_a_warehouse_without_operational_tables_says_what_to_do(url):
    with writing(url) as writer:
        writer.changed = True
    with pytest.raises(ChangeRefusedError, match="bellwether simulate"), changing(url):
        pytest.fail("there is nothing to change")


def test_each_commit_is_a_data_version(trust):
    warehouse = open_warehouse(trust)
    seen = {warehouse.data_version}
    with opened(trust) as live:
        for number in range(3):
            with live.commit() as changes:
                changes.insert(fact_alert, alerts([10 + number]))
            assert warehouse.refresh()
            assert not warehouse.refresh()
            seen.add(warehouse.data_version)
    assert len(seen) == 4
