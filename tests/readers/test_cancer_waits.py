from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.cancer_waits import PUBLICATION, read
from sample_data.published.cells import read_csv_as_text
from sample_data.published.checking import checked
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment
from sample_data.published.stated_totals import sum_of
from tests.readers.written_workbook import write_workbook

FILES = Path(__file__).parent / "files" / "cancer_waits"
JULY = FILES / "cwt_provider_extract_2025-07.csv.gz"
PERIOD = date(2025, 7, 1)


def facts_of(path: Path) -> pl.DataFrame:
    return read(path).frames["fact_cancer_month"]


def test_july_2025_is_england_as_published() -> None:
    """28-day 76.6 %, 31-day 92.4 %, 62-day 69.2 %."""
    facts = checked(JULY, read(JULY)).frames["fact_cancer_month"]
    sums = facts.group_by("standard").agg(pl.col("total_treated", "within_standard").sum()).sort("standard")
    assert sums.rows() == [("day_31", 61970.0, 57263.0), ("day_62", 31270.0, 21633.0), ("fds_28", 308636.0, 236263.0)]
    assert round(236263 / 308636, 3) == 0.766
    assert facts["period"].unique().to_list() == [PERIOD]


def test_the_facts_equal_a_plain_count_of_the_rows_by_type() -> None:
    expected: dict[tuple[str, str], float] = defaultdict(float)
    with gzip.open(JULY, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["TREATMENT MODALITY"] in {"", "ALL MODALITIES"}:
                assert row["CANCER TYPE"] != "ALL CANCERS"
                expected[row["ORG CODE"], row["STANDARD"][:2]] += float(row["TOTAL TREATED"])
    got = (
        facts_of(JULY)
        .group_by("org_code", pl.col("standard").str.extract(r"(\d\d)"))
        .agg(pl.col("total_treated").sum())
    )
    assert {(code, standard): total for code, standard, total in got.iter_rows()} == dict(expected)


def test_the_two_forms_of_a_figure_are_equal_and_counted_once() -> None:
    reading = read(JULY)
    assert len(reading.totals) == 4
    for total in reading.totals:
        assert sum_of(reading.frames["fact_cancer_month"], total.measure) == {PERIOD: total.value}
    assert reading.rejections == ()
    assert "ALL CANCERS" not in set(reading.frames["fact_cancer_month"]["cancer_type"])


def test_shared_pathways_count_a_half() -> None:
    facts = facts_of(JULY).filter(pl.col("standard") == "day_62")
    assert ((facts["total_treated"] * 2) % 1 == 0).all()
    assert ((facts["total_treated"] % 1) == 0.5).sum() > 100


def test_routes_are_written_alike() -> None:
    assert set(facts_of(JULY)["route"]) == {
        "Breast symptomatic",
        "Breast symptomatic, cancer not suspected",
        "Consultant upgrade",
        "First treatment",
        "National screening programme",
        "Screening",
        "Subsequent treatment",
        "Urgent suspected cancer",
    }


def test_the_workbook_reads_like_the_csv(tmp_path: Path) -> None:
    table = read_csv_as_text(JULY).filter(pl.col("ORG CODE").is_in(["R0A", "RYJ", "S3H9L"]))
    dated = table.with_columns(PERIOD=pl.col("PERIOD") + " 00:00:00")
    path = write_workbook(tmp_path / "extract.xlsx", {"CWT CRS Provider Extract": [dated.columns, *dated.rows()]})
    expected = facts_of(JULY).filter(pl.col("org_code").is_in(["R0A", "RYJ", "S3H9L"]))
    assert facts_of(path).equals(expected)


def test_shipped_months_hold_each_month_once() -> None:
    shipment = read_shipment(PUBLICATION.id)
    facts = shipment.frames["fact_cancer_month"]
    assert facts["period"].n_unique() == 16
    july = facts.filter((pl.col("period") == PERIOD) & (pl.col("standard") == "fds_28"))
    assert (july["total_treated"].sum(), july["within_standard"].sum()) == (308636.0, 236263.0)
    stated = [total for source in shipment.sources for total in source.totals]
    assert len(stated) == 16 * 4
    for total in stated:
        sums = sum_of(facts, total.measure)
        assert sums is not None
        assert sums[total.period] == total.value


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = gzip.decompress(JULY.read_bytes()).decode("utf-8")
    assert old in text
    path = tmp_path / "extract.csv"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("WITHIN STANDARD", "WITHIN", r"missing: 'WITHIN STANDARD'"),
        ("28-day FDS", "14-day FDS", r"row 2, column 'STANDARD': '14-day FDS' is no cancer standard"),
        ("2025-07-01", "2025-17-01", r"row 2, column 'PERIOD': '2025-17-01' names no period"),
    ],
)
def test_a_spoilt_file_is_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    with pytest.raises(UnreadableFileError, match=problem):
        read(changed(tmp_path, old, new))


def test_a_text_among_the_figures_is_refused(tmp_path: Path) -> None:
    table = read_csv_as_text(JULY).head(3).with_columns(BREACHES=pl.Series(["1", "two", "3"]))
    path = tmp_path / "extract.csv"
    table.write_csv(path)
    with pytest.raises(UnreadableFileError, match=r"row 3, column 'BREACHES': 'two' is not a number"):
        read(path)


def test_rows_that_do_not_add_up_are_rejected(tmp_path: Path) -> None:
    table = read_csv_as_text(JULY)
    first = pl.int_range(pl.len()) == 0
    table = table.with_columns(BREACHES=pl.when(first).then(pl.lit("99999")).otherwise("BREACHES"))
    path = tmp_path / "extract.csv"
    table.write_csv(path)
    reading = read(path)
    assert [rejection.row for rejection in reading.rejections] == [2]
    assert "do not add up" in reading.rejections[0].reason
    assert reading.frames["fact_cancer_month"].height == facts_of(JULY).height - 1


def test_a_difference_between_the_two_forms_is_told(tmp_path: Path) -> None:
    table = read_csv_as_text(JULY)
    by_modality = table.with_row_index().filter(pl.col("CANCER TYPE") == "ALL CANCERS").row(0, named=True)
    path = tmp_path / "extract.csv"
    table.with_row_index().filter(pl.col("index") != by_modality["index"]).drop("index").write_csv(path)
    reading = read(path)
    assert len(reading.rejections) == 1
    assert by_modality["ORG CODE"] in reading.rejections[0].reason
    assert "differ; those by type are held" in reading.rejections[0].reason
    assert reading.frames["fact_cancer_month"].height == facts_of(JULY).height


def test_other_workbooks_are_refused() -> None:
    with pytest.raises(UnreadableFileError, match="not a cancer waiting times provider extract"):
        read(FILES.parent / "cancelled_operations" / "Q1-2025-26-Cancelled-Operations.xlsx")
