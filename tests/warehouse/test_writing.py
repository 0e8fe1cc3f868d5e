"""Writing and reading back, on the embedded warehouse and on PostgreSQL alike."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import polars as pl
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal

from metrics.warehouse.connect import open_warehouse
from metrics.warehouse.errors import (
    WarehouseBusyError,
    WarehouseNotBuiltError,
    WarehouseOutdatedError,
    WarehouseUnreachableError,
)
from metrics.warehouse.tables.access import fact_ae_month, fact_cancer_month
from metrics.warehouse.tables.dimensions import dim_staff_group
from metrics.warehouse.tables.meta import meta_load, meta_schema
from metrics.warehouse.writing import writing

AT = datetime(2026, 11, 22, 15, 4, 5, 678900)  # noqa: DTZ001 (columns hold UTC without a zone)


def attendances(*rows: tuple[date, str, str, int | None]) -> pl.DataFrame:
    schema = {"period": pl.Date, "org_code": pl.String, "department": pl.String, "attendances": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        load_id=pl.lit(1, pl.Int64), loaded_at=pl.lit(AT), source_file=pl.lit("a.csv")
    )


MARCH = attendances((date(2026, 3, 1), "R0A", "type1", 10), (date(2026, 3, 1), "RJ1", "type1", None))
APRIL = attendances((date(2026, 4, 1), "R0A", "type1", 7))
LOAD = pl.DataFrame(
    {
        "load_id": [1],
        "publication": ["ae"],
        "source_file": ["a.csv"],
        "sha256": ["0" * 64],
        "era": ["csv"],
        "loaded_at": [AT],
        "rows_read": [2],
        "rows_rejected": [0],
        "organisations": [2],
        "is_current": [True],
        "origin": ["file"],
        "notes": [""],
    }
)
HELD = sa.select(fact_ae_month.c.period, fact_ae_month.c.org_code, fact_ae_month.c.attendances).order_by(
    fact_ae_month.c.period, fact_ae_month.c.org_code
)


def filled(url: str, *frames: pl.DataFrame) -> None:
    with writing(url) as writer:
        writer.insert(meta_load, LOAD)
        for frame in frames:
            writer.insert(fact_ae_month, frame)


def test_rows_come_back_as_they_went_in(url):
    odd = attendances((date(2026, 3, 1), 'a"b,c', "x\ny", 1), (date(2026, 3, 1), "é", " ", 2**40))
    filled(url, MARCH, odd)
    columns = [fact_ae_month.c[name] for name in odd.columns]
    found = open_warehouse(url).frame(sa.select(*columns))
    assert_frame_equal(found, pl.concat([MARCH, odd]), check_row_order=False)


def test_truth_values_come_back(url):
    groups = pl.DataFrame({"staff_group_code": ["a", "b"], "name": ["A", "B"], "is_administrative": [True, False]})
    with writing(url) as writer:
        writer.insert(meta_load, LOAD)
        writer.insert(dim_staff_group, groups)
    assert_frame_equal(open_warehouse(url).frame(sa.select(dim_staff_group)), groups, check_row_order=False)


def test_types_are_the_same_whatever_the_database(url):
    with writing(url) as writer:
        writer.insert(meta_load, LOAD)
        writer.insert(
            fact_cancer_month,
            MARCH.select(
                "period",
                "org_code",
                "load_id",
                "loaded_at",
                "source_file",
                standard=pl.lit("fds_28"),
                route=pl.lit("r"),
                cancer_type=pl.lit("c"),
                total_treated=pl.lit(2.5),
                within_standard=pl.lit(1.5),
            ),
        )
        writer.insert(fact_ae_month, MARCH)
    cancer, ae = fact_cancer_month.c, fact_ae_month.c
    warehouse = open_warehouse(url)
    found = warehouse.frame(
        sa.select(
            sa.func.max(ae.period).label("day"),
            sa.func.sum(ae.attendances).label("whole"),
            sa.func.count().label("count"),
            sa.func.avg(ae.attendances).label("mean"),
            (sa.func.sum(ae.attendances) / sa.func.count()).label("ratio"),
            sa.func.max(ae.org_code).label("text"),
            sa.func.sum(ae.over_4h).label("nothing"),
            sa.cast(sa.literal(Decimal("0.1")), sa.Numeric(10, 3)).label("decimal"),
            sa.func.max(ae.loaded_at).label("moment"),
        )
    )
    assert found.rows() == [(date(2026, 3, 1), 10, 2, 10.0, 5.0, "RJ1", None, 0.1, AT)]
    assert found.dtypes == [
        pl.Date,
        pl.Int64,
        pl.Int64,
        pl.Float64,
        pl.Float64,
        pl.String,
        pl.Int64,
        pl.Float64,
        pl.Datetime("us"),
    ]
    sums = warehouse.frame(sa.select(sa.func.sum(cancer.total_treated).label("sum")))
    assert sums.rows() == [(5.0,)]


def test_no_rows_keep_their_types(url):
    filled(url, MARCH)
    found = open_warehouse(url).frame(HELD.where(fact_ae_month.c.org_code == "none"))
    assert dict(found.schema) == {"period": pl.Date, "org_code": pl.String, "attendances": pl.Int64}


def test_filters_with_lists_dates_and_repeated_values_are_bound(url):
    filled(url, MARCH, APRIL)
    column = fact_ae_month.c
    select = HELD.where(
        column.org_code.in_(["R0A", "x'); DROP TABLE"]),
        column.period >= date(2026, 3, 1),
        sa.or_(column.department == "type1", column.department == "type1"),
    )
    assert open_warehouse(url).frame(select)["attendances"].to_list() == [10, 7]


def test_compound_selects_are_answered(url):
    filled(url, MARCH, APRIL)
    one, two = (HELD.order_by(None).where(fact_ae_month.c.period == date(2026, month, 1)) for month in (3, 4))
    assert open_warehouse(url).frame(sa.union_all(one, two)).height == 3


def test_replacing_takes_only_the_slices_that_the_frame_covers(url):
    filled(url, MARCH, APRIL)
    with writing(url) as writer:
        writer.replace(fact_ae_month, attendances((date(2026, 3, 1), "RJ1", "type1", 5)), ["period"])
    assert open_warehouse(url).frame(HELD).rows() == [(date(2026, 3, 1), "RJ1", 5), (date(2026, 4, 1), "R0A", 7)]


def test_a_slice_of_null_replaces_null(url):
    filled(url, MARCH)
    with writing(url) as writer:
        writer.delete_slices(fact_ae_month, pl.DataFrame({"attendances": [None]}, schema={"attendances": pl.Int64}))
    assert open_warehouse(url).frame(HELD)["org_code"].to_list() == ["R0A"]


def test_an_error_changes_nothing(url):
    filled(url, MARCH)
    before = open_warehouse(url)
    with pytest.raises(ZeroDivisionError), writing(url) as writer:  # noqa: PT012 (the block is the subject)
        writer.rewrite(fact_ae_month, APRIL)
        assert writer.frame(HELD).height == 1
        raise ZeroDivisionError
    after = open_warehouse(url)
    assert after.frame(HELD).rows() == [(date(2026, 3, 1), "R0A", 10), (date(2026, 3, 1), "RJ1", None)]
    assert after.data_version == before.data_version
    assert not before.refresh()


def test_an_error_while_building_leaves_nothing_built(url):
    with pytest.raises(ZeroDivisionError), writing(url) as writer:  # noqa: PT012
        writer.insert(meta_load, LOAD)
        raise ZeroDivisionError
    with pytest.raises(WarehouseNotBuiltError, match="bellwether load --shipped"):
        open_warehouse(url)


def test_a_second_writer_is_told_to_wait(url):
    with writing(url), pytest.raises(WarehouseBusyError, match="nothing was changed"), writing(url):
        pytest.fail("two writers at once")
    filled(url, MARCH)


def test_fresh_starts_from_empty_tables(url):
    filled(url, MARCH)
    with writing(url, fresh=True) as writer:
        writer.insert(meta_load, LOAD)
        writer.insert(fact_ae_month, APRIL)
    assert open_warehouse(url).frame(HELD)["attendances"].to_list() == [7]


def test_tables_of_another_version_are_noticed(url):
    filled(url, MARCH)
    with writing(url) as writer:
        writer.execute(meta_schema.update().values(fingerprint="another"))
    with pytest.raises(WarehouseOutdatedError, match="another version"):
        open_warehouse(url)
    with pytest.raises(WarehouseOutdatedError, match="--fresh"), writing(url):
        pytest.fail("wrote to tables of another version")


def test_keeping_the_same_rows_is_no_change(url):
    filled(url, MARCH)
    with writing(url) as writer:
        writer.changed = False
        writer.keep(fact_ae_month, MARCH.reverse())
        assert not writer.changed
        writer.keep(fact_ae_month, APRIL)
        assert writer.changed


def test_a_server_that_does_not_answer_is_named():
    with pytest.raises(
        WarehouseUnreachableError, match=r"127\.0\.0\.1:1/x does not answer.*Check BELLWETHER_WAREHOUSE"
    ):
        open_warehouse("postgresql://nobody@127.0.0.1:1/x")


def test_a_password_is_never_shown():
    with pytest.raises(WarehouseUnreachableError) as error:
        open_warehouse("postgresql://nobody:s3cret@127.0.0.1:1/x")
    assert "s3cret" not in str(error.value)
