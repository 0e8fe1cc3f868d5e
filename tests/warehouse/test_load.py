"""Loading real A&E files: once, again, revised, superseded, and all or nothing."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from metrics.warehouse.connect import open_warehouse
from metrics.warehouse.errors import WarehouseNotBuiltError
from metrics.warehouse.tables import metadata
from metrics.warehouse.tables.access import fact_ae_month
from metrics.warehouse.tables.dimensions import dim_organisation, dim_organisation_identity
from metrics.warehouse.tables.meta import meta_load, meta_published_total, meta_rejection, meta_revision
from sample_data.published.build import merged
from sample_data.published.load import SupersededFileError, load_file, load_files, load_shipped
from sample_data.published.reading import UnreadableFileError
from sample_data.published.registry import PUBLICATIONS
from sample_data.published.shipment import write_shipment

FILES = Path(__file__).parents[1] / "readers" / "files"
MARCH = FILES / "ae_attendances" / "Monthly-AE-March-2026-revised-flkg42.csv"
APRIL_2019 = FILES / "ae_attendances" / "Monthly-AE-April-2019-revised-220720-ab123.csv"
# The file's own TOTAL row, type 1 attendances, booked ones apart.
TYPE_1_MARCH = 1_451_010
KINGS = "MSitAE-MARCH-2026,RJZ,NHS ENGLAND LONDON,KING'S COLLEGE HOSPITAL NHS FOUNDATION TRUST,16182,"


@pytest.fixture
def revised(tmp_path: Path) -> Path:
    """March 2026 with 100 more type 1 attendances at King's."""
    path = tmp_path / "Monthly-AE-March-2026-revised-again.csv"
    text = MARCH.read_text("utf-8-sig")
    assert KINGS in text
    path.write_text(text.replace(KINGS, KINGS.replace("16182", "16282")), "utf-8")
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """March 2026 with a word where a number belongs."""
    path = tmp_path / "broken.csv"
    path.write_text(MARCH.read_text("utf-8-sig").replace(KINGS, KINGS.replace("16182", "many")), "utf-8")
    return path


def type_1(url: str, month: date = date(2026, 3, 1)) -> int | None:
    column = fact_ae_month.c
    total = sa.select(sa.func.sum(column.attendances).label("n")).where(
        column.department == "type1", column.period == month
    )
    return open_warehouse(url).frame(total).item()


def everything(url: str) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables, but for the times of loading."""
    warehouse = open_warehouse(url)
    return {
        table.name: warehouse.frame(sa.select(*(c for c in table.columns if c.name != "loaded_at")))
        .sort(pl.all())
        .rows()
        for table in metadata.tables.values()
    }


def test_a_file_is_loaded_with_its_provenance(url):
    report = load_file("ae_attendances", MARCH, url=url)
    warehouse = open_warehouse(url)

    assert report.loaded
    assert report.revisions == ()
    assert type_1(url) == TYPE_1_MARCH
    loads = warehouse.frame(sa.select(meta_load)).row(0, named=True)
    assert (loads["source_file"], loads["origin"], loads["is_current"]) == (MARCH.name, "file", True)
    assert (loads["period_from"], loads["period_to"]) == (date(2026, 3, 1), date(2026, 3, 1))
    facts = warehouse.frame(sa.select(fact_ae_month))
    assert facts["source_file"].unique().to_list() == [MARCH.name]
    assert facts["load_id"].unique().to_list() == [loads["load_id"]]
    assert facts["loaded_at"].unique().to_list() == [loads["loaded_at"]]
    assert loads["rows_read"] == facts.height == report.rows["fact_ae_month"]


def test_every_code_is_known_afterwards(url):
    load_file("ae_attendances", MARCH, url=url)
    warehouse = open_warehouse(url)
    codes = set(warehouse.frame(sa.select(fact_ae_month.c.org_code))["org_code"])
    named = dict(warehouse.frame(sa.select(dim_organisation.c.org_code, dim_organisation.c.name)).iter_rows())
    assert codes <= set(named)
    assert named["RJZ"] == "King's College Hospital NHS Foundation Trust"
    identity = warehouse.frame(sa.select(dim_organisation_identity))
    assert set(identity["org_code"]) == set(named)


def test_the_same_file_again_changes_nothing(url):
    load_file("ae_attendances", MARCH, url=url)
    before, version = everything(url), open_warehouse(url).data_version
    report = load_file("ae_attendances", MARCH, url=url)
    assert (report.loaded, report.rows) == (False, {})
    assert (everything(url), open_warehouse(url).data_version) == (before, version)


def test_the_same_file_twice_in_one_call_is_loaded_once(url):
    first, second = load_files("ae_attendances", [MARCH, MARCH], url=url)
    assert (first.loaded, second.loaded) == (True, False)
    assert type_1(url) == TYPE_1_MARCH


def test_a_revision_replaces_its_month_and_is_recorded(url, revised):
    load_files("ae_attendances", [APRIL_2019, MARCH], url=url)
    april = type_1(url, date(2019, 4, 1))
    report = load_file("ae_attendances", revised, url=url)
    warehouse = open_warehouse(url)

    assert type_1(url) == TYPE_1_MARCH + 100
    assert type_1(url, date(2019, 4, 1)) == april
    assert report.replaced == (MARCH.name,)
    changed = [r for r in report.revisions if r.measure is not None]
    assert [(r.period, r.measure, r.sum_after - r.sum_before) for r in changed] == [
        (date(2026, 3, 1), "attendances", 100)
    ]
    assert {(r.rows_before, r.rows_after) for r in report.revisions} == {(report.rows["fact_ae_month"],) * 2}
    kept = warehouse.frame(sa.select(meta_revision).where(meta_revision.c.measure == "attendances")).row(0, named=True)
    assert kept["sum_after"] - kept["sum_before"] == 100
    loads = warehouse.frame(sa.select(meta_load).order_by(meta_load.c.load_id))
    assert loads["is_current"].to_list() == [True, False, True]
    assert loads["replaced_by"].to_list() == [None, revised.name, None]
    assert kept["replaced_load_id"] == loads["load_id"][1]


def test_a_revision_replaces_the_published_totals(url, revised):
    load_file("ae_attendances", MARCH, url=url)
    before = open_warehouse(url).frame(sa.select(meta_published_total))
    load_file("ae_attendances", revised, url=url)
    after = open_warehouse(url).frame(sa.select(meta_published_total))
    keys = ["publication", "period", "measure", "value"]
    assert before.select(keys).sort(keys).equals(after.select(keys).sort(keys))
    assert set(after["load_id"]) == {2}


def test_a_superseded_file_is_refused_and_again_insists(url, revised):
    load_files("ae_attendances", [MARCH, revised], url=url)
    before = everything(url)
    with pytest.raises(SupersededFileError, match=r"revised-again\.csv has replaced its rows"):
        load_file("ae_attendances", MARCH, url=url)
    assert everything(url) == before

    assert load_file("ae_attendances", MARCH, url=url, again=True).loaded
    assert type_1(url) == TYPE_1_MARCH


def test_a_bad_file_among_good_ones_changes_nothing(url, revised, broken):
    load_file("ae_attendances", MARCH, url=url)
    before, version = everything(url), open_warehouse(url).data_version
    with pytest.raises(UnreadableFileError) as error:
        load_files("ae_attendances", [APRIL_2019, revised, broken], url=url)
    assert "broken.csv, row 130" in str(error.value)
    assert "many" in str(error.value)
    assert (everything(url), open_warehouse(url).data_version) == (before, version)


def test_a_refusal_in_the_middle_of_writing_changes_nothing(url, revised):
    load_files("ae_attendances", [MARCH, revised], url=url)
    before = everything(url)
    with pytest.raises(SupersededFileError):
        load_files("ae_attendances", [APRIL_2019, MARCH], url=url)
    assert everything(url) == before
    assert type_1(url, date(2019, 4, 1)) is None


def test_a_bad_first_file_builds_nothing(url, broken):
    with pytest.raises(UnreadableFileError):
        load_file("ae_attendances", broken, url=url)
    with pytest.raises(WarehouseNotBuiltError):
        open_warehouse(url)


@pytest.mark.parametrize("publication", sorted(PUBLICATIONS))
def test_a_file_of_something_else_is_refused_with_a_sentence(publication, tmp_path):
    other = tmp_path / "shopping.csv"
    other.write_text("fruit,price\napple,1\n")
    with pytest.raises(UnreadableFileError, match=r"shopping\.csv"):
        load_file(publication, other, url=f"duckdb:///{tmp_path / 'warehouse'}")
    assert not (tmp_path / "warehouse").exists()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UnreadableFileError, match="there is no such file"):
        load_file("ae_attendances", tmp_path / "gone.csv", url=f"duckdb:///{tmp_path / 'w'}")


# Shipped data


def shipped(folder: Path, *paths: Path) -> Path:
    publication = PUBLICATIONS["ae_attendances"]
    write_shipment("ae_attendances", merged(publication, [(path, publication.read(path)) for path in paths]), folder)
    return folder


def test_shipped_data_are_loaded_once(url, tmp_path):
    folder = shipped(tmp_path / "shipped", APRIL_2019, MARCH)
    first = load_shipped(url, folder=folder)
    before, version = everything(url), open_warehouse(url).data_version
    again = load_shipped(url, folder=folder)
    assert ([report.files for report in first], [report.files for report in again]) == ([2], [0])
    assert (everything(url), open_warehouse(url).data_version) == (before, version)
    assert type_1(url) == TYPE_1_MARCH


def test_a_shipped_file_is_known_when_it_is_loaded_by_hand(url, tmp_path):
    load_shipped(url, folder=shipped(tmp_path / "shipped", MARCH))
    assert not load_file("ae_attendances", MARCH, url=url).loaded


def test_a_file_of_ones_own_outlives_new_shipped_data(url, tmp_path, revised):
    load_shipped(url, folder=shipped(tmp_path / "one", MARCH))
    load_file("ae_attendances", revised, url=url)
    (report,) = load_shipped(url, folder=shipped(tmp_path / "two", APRIL_2019, MARCH))
    assert type_1(url) == TYPE_1_MARCH + 100
    assert type_1(url, date(2019, 4, 1)) is not None
    assert (
        report.kept
        == open_warehouse(url)
        .frame(sa.select(sa.func.count().label("n")).where(fact_ae_month.c.period == date(2026, 3, 1)))
        .item()
    )


def test_new_shipped_data_replace_old_ones(url, tmp_path, revised):
    load_shipped(url, folder=shipped(tmp_path / "one", APRIL_2019, MARCH))
    load_shipped(url, folder=shipped(tmp_path / "two", revised))
    assert type_1(url) == TYPE_1_MARCH + 100
    assert type_1(url, date(2019, 4, 1)) is None
    assert open_warehouse(url).frame(sa.select(meta_load))["source_file"].to_list() == [revised.name]


def test_a_file_that_later_shipped_ones_replaced_is_refused(url, tmp_path, revised):
    load_shipped(url, folder=shipped(tmp_path / "shipped", MARCH, revised))
    with pytest.raises(SupersededFileError, match=re.escape(revised.name)):
        load_file("ae_attendances", MARCH, url=url)


def test_fresh_forgets_files_of_ones_own(url, tmp_path, revised):
    folder = shipped(tmp_path / "shipped", MARCH)
    load_shipped(url, folder=folder)
    load_file("ae_attendances", revised, url=url)
    load_shipped(url, folder=folder, fresh=True)
    assert type_1(url) == TYPE_1_MARCH


def test_rejected_rows_are_kept_with_their_reasons(url, tmp_path):
    whole = FILES / "ae_attendances" / "May-26-AE-by-provider-QVPHP.xls"
    shutil.copy(whole, tmp_path / whole.name)
    report = load_file("ae_attendances", tmp_path / whole.name, url=url)
    held = open_warehouse(url).frame(sa.select(meta_rejection))
    assert held.height == len(report.rejections)
    assert held["reason"].to_list() == [rejection.reason for rejection in report.rejections]
