"""What stands in the warehouse is not lost to a short file, an older edition, or a silent change."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from metrics.warehouse.connect import open_warehouse
from metrics.warehouse.tables import metadata
from metrics.warehouse.tables.access import fact_ae_month, fact_rtt_band_month, fact_rtt_provider_month
from metrics.warehouse.tables.base import is_fact, key_columns, measure_columns
from metrics.warehouse.tables.meta import meta_load, meta_revision, meta_revision_row
from sample_data.published import records
from sample_data.published.cells import read_csv_as_text
from sample_data.published.checking import MAY_BE_NEGATIVE, checked, frame_schema
from sample_data.published.load import (
    FewerOrganisationsError,
    OlderEditionError,
    SupersededFileError,
    load_file,
    load_files,
    read_file,
)
from sample_data.published.own_totals import disagreements
from sample_data.published.reading import Reading, UnreadableFileError
from sample_data.published.registry import PUBLICATIONS
from tests.readers.edited import FILES, with_rows

MARCH = FILES / "ae_attendances" / "Monthly-AE-March-2026-revised-flkg42.csv"
NHSR = next((FILES / "ae_attendances").glob("nhsr*"))
MONTH = date(2026, 3, 1)


def march(folder: Path, name: str, *, without: int = 0, swap: tuple[str, str] | None = None) -> Path:
    """March 2026 without its first providers, or with one text changed."""
    header, *rows = MARCH.read_text("utf-8-sig").splitlines()
    path = folder / name
    text = "\n".join([header, *rows[without:]]) + "\n"
    if swap:
        assert swap[0] in text
        text = text.replace(*swap)
    path.write_text(text, "utf-8")
    return path


def held(url: str) -> pl.DataFrame:
    columns = [column for column in fact_ae_month.c if column.name not in {"loaded_at", "load_id", "source_file"}]
    return open_warehouse(url).frame(sa.select(*columns)).sort(pl.all())


def providers() -> int:
    return len(MARCH.read_text("utf-8-sig").splitlines()) - 2  # without header and TOTAL


def test_a_month_that_would_shrink_is_refused_with_both_numbers(url, tmp_path):
    load_file("ae_attendances", MARCH, url=url)
    before = held(url)
    short = march(tmp_path, "short.csv", without=100)
    stood, stand = providers(), providers() - 100
    with pytest.raises(FewerOrganisationsError, match=rf"{stood} organisations stand.*and {stand} would stand"):
        load_file("ae_attendances", short, url=url)
    assert held(url).equals(before)

    assert load_file("ae_attendances", short, url=url, allow_fewer=True).loaded
    assert held(url)["org_code"].n_unique() == stand


def test_a_few_organisations_fewer_are_no_reason_to_refuse(url, tmp_path):
    load_file("ae_attendances", MARCH, url=url)
    report = load_file("ae_attendances", march(tmp_path, "fewer.csv", without=10), url=url)
    (base,) = (revision for revision in report.revisions if revision.measure is None)
    assert (base.organisations_added, base.organisations_removed, base.cells_changed) == (0, 10, 0)


def test_again_loads_a_file_that_stands_again(url):
    load_file("ae_attendances", MARCH, url=url)
    before = held(url)
    report = load_file("ae_attendances", MARCH, url=url, again=True)
    assert report.loaded
    assert held(url).equals(before)
    loads = open_warehouse(url).frame(sa.select(meta_load).order_by(meta_load.c.load_id))
    assert loads["is_current"].to_list() == [False, True]


def test_a_file_of_which_a_part_was_replaced_is_not_already_loaded(url, tmp_path):
    rows = NHSR.read_text("utf-8-sig").splitlines()
    # The same file with one month more: the month that both hold is the later file's now.
    months = sorted({row.split(",")[0] for row in rows[1:]})
    assert len(months) == 1
    later = [row.replace(months[0], "2016-05-01") for row in rows[1:]]
    both = tmp_path / "both.csv"
    both.write_text("\n".join([*rows, *later]) + "\n", "utf-8")
    load_files("ae_attendances", [both], url=url)
    # One month of the two, again: it holds the first month now.
    load_file("ae_attendances", NHSR, url=url, again=True)
    with pytest.raises(SupersededFileError, match=rf"{NHSR.name} has replaced some of its rows"):
        load_file("ae_attendances", both, url=url)
    assert load_file("ae_attendances", both, url=url, again=True).loaded


def test_an_older_edition_over_a_newer_needs_again(url, tmp_path):
    rows = NHSR.read_text("utf-8-sig").splitlines()
    newer = tmp_path / "newer.csv"
    later = [f"2016-05-01{row[10:]}" for row in rows[1:]]
    assert all(row[:10] == "2016-04-01" for row in rows[1:])
    newer.write_text("\n".join([*rows, *later]) + "\n", "utf-8")
    load_file("ae_attendances", newer, url=url)
    before = held(url)
    with pytest.raises(OlderEditionError, match=r"newer\.csv, which goes on to 01 May 2016: it is an older edition"):
        load_file("ae_attendances", NHSR, url=url)
    assert held(url).equals(before)
    (warning,) = load_file("ae_attendances", NHSR, url=url, again=True).warnings
    assert "newer.csv" in warning


def test_what_changed_is_kept_figure_by_figure(url, tmp_path):
    load_file("ae_attendances", MARCH, url=url)
    # Two figures change so that no sum does.
    codes = []

    def move(rows: list[list[str]]) -> list[list[str]]:
        big = [row for row in rows[1:-1] if int(row[4]) > 10_000]
        for row, by in zip(big[:2], (7, -7), strict=True):
            codes.append((row[1], float(row[4]), float(row[4]) + by))
            row[4] = str(int(row[4]) + by)
        return rows

    moved = with_rows(MARCH, tmp_path, move)
    report = load_file("ae_attendances", moved, url=url)

    assert [revision.measure for revision in report.revisions] == [None]
    assert report.revisions[0].cells_changed == 2
    kept = open_warehouse(url).frame(sa.select(meta_revision_row))
    assert set(kept.select("org_code", "value_before", "value_after").iter_rows()) == set(codes)
    assert set(kept.select("load_id", "table_name", "period", "category", "measure").iter_rows()) == {
        (2, "fact_ae_month", MONTH, "department=type1", "attendances")
    }


def test_figures_beyond_the_number_kept_are_counted(url, tmp_path, monkeypatch):
    monkeypatch.setattr(records, "CELLS_KEPT", 3)
    load_file("ae_attendances", MARCH, url=url)
    load_file("ae_attendances", march(tmp_path, "fewer.csv", without=5), url=url)
    swap = ("MSitAE-MARCH-2026,RJZ,", "MSitAE-MARCH-2026,RJY,")
    load_file("ae_attendances", march(tmp_path, "other.csv", swap=swap), url=url)
    warehouse = open_warehouse(url)
    rows = warehouse.frame(sa.select(meta_revision_row))
    assert rows.group_by("load_id").len().sort("load_id").rows() == [(2, 3), (3, 3)]
    counts = warehouse.frame(sa.select(meta_revision).where(meta_revision.c.measure.is_(None)).order_by("load_id"))
    assert counts["organisations_added"].to_list() == [0, 6]
    assert counts["organisations_removed"].to_list() == [5, 1]


# What the file itself says


def test_rows_that_do_not_add_up_to_the_files_own_total_are_told(url, tmp_path):
    total = MARCH.read_text("utf-8-sig").splitlines()[-1]
    stated = total.split(",")[4]
    wrong = march(tmp_path, "wrong.csv", swap=(total, total.replace(stated, "1000000", 1)))
    (all_types, type_1) = load_file("ae_attendances", wrong, url=url).warnings
    assert type_1.startswith(
        f"attendances [department=type1], 01 March 2026: the file's rows add up to {int(stated):,}"
    )
    assert "it states 1,000,000 (wrong.csv, TOTAL row). The cause is not known" in type_1
    assert all_types.startswith("attendances+attendances_booked, 01 March 2026")


def test_a_difference_whose_cause_is_known_is_told_with_it():
    app = next((FILES / "nhs_app").glob("*.xlsx"))
    told = disagreements("nhs_app", read_file(PUBLICATIONS["nhs_app"], app))
    assert told
    assert all("users whose integrated care board is unknown" in warning for warning in told)


def test_a_file_that_adds_up_has_no_warning(url):
    assert load_file("ae_attendances", MARCH, url=url).warnings == ()


def test_a_month_that_has_not_come_is_refused(tmp_path):
    path = march(tmp_path, "future.csv", swap=("MSitAE-MARCH-2026", "MSitAE-MARCH-2126"))
    with pytest.raises(UnreadableFileError, match="01 March 2126, which has not come yet"):
        read_file(PUBLICATIONS["ae_attendances"], path)


def test_a_file_with_nothing_under_its_header_is_refused(tmp_path):
    for source in (MARCH, NHSR):
        path = tmp_path / source.name
        path.write_text(source.read_text("utf-8-sig").splitlines()[0] + "\n", "utf-8")
        with pytest.raises(UnreadableFileError, match=r"header|cut short|no provider"):
            read_file(PUBLICATIONS["ae_attendances"], path)


@pytest.mark.parametrize("table", [table for table in metadata.tables.values() if is_fact(table)], ids=str)
def test_a_negative_figure_is_refused_but_for_gains_and_scores(table):
    for measure in measure_columns(table):
        schema = frame_schema(table)
        keys = {name: "X" for name in key_columns(table) if schema[name] == pl.String}
        row = {**dict.fromkeys(schema), **keys, "period": date(2020, 4, 1), measure: -1}
        frame = pl.DataFrame([row], schema=schema)
        reading = Reading("made", {table.name: frame}, pl.DataFrame({"org_code": ["X"], "name": ["X"]}))
        if measure in MAY_BE_NEGATIVE.get(table.name, ()):
            checked(Path("made.csv"), reading)
        elif measure not in key_columns(table):
            with pytest.raises(UnreadableFileError, match=f"column '{measure}': X has -1.*cannot be below zero"):
                checked(Path("made.csv"), reading)


def test_the_full_rtt_file_replaces_the_whole_month_of_its_parts(url, tmp_path):
    full = FILES / "rtt" / "Full-CSV-data-file-Jan26-five-providers.zip"
    load_file("rtt", full, url=url)
    tables = (fact_rtt_band_month, fact_rtt_provider_month)

    def codes() -> list[set[str]]:
        warehouse = open_warehouse(url)
        return [set(warehouse.frame(sa.select(table.c.org_code).distinct())["org_code"]) for table in tables]

    before = codes()
    assert all("RBS" in held for held in before)
    gone = tmp_path / "Full-CSV-data-file-Jan26-revised.csv"
    rows = read_csv_as_text(full)
    rows.filter(pl.col("Provider Org Code") != "RBS").write_csv(gone)
    report = load_file("rtt", gone, url=url)
    assert codes() == [held - {"RBS"} for held in before]
    removed = {r.table: r.organisations_removed for r in report.revisions if r.measure is None}
    assert removed == {"fact_rtt_band_month": 1, "fact_rtt_provider_month": 1}


def test_an_rtt_provider_sheet_leaves_the_others_of_its_month(url, tmp_path):
    full = FILES / "rtt" / "Full-CSV-data-file-Jan26-five-providers.zip"
    load_file("rtt", full, url=url)
    sheet = next((FILES / "rtt").glob("Incomplete-Provider-Apr24*"))
    same_month = tmp_path / "Incomplete-Provider-Jan26.csv"
    read_csv_as_text(sheet).write_csv(same_month)
    load_file("rtt", same_month, url=url)
    bands = open_warehouse(url).frame(sa.select(fact_rtt_band_month.c.org_code, fact_rtt_band_month.c.part))
    assert "NVC05" in set(bands["org_code"])
    assert bands.filter(org_code="RBS")["part"].n_unique() > 1
