from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sample_data.published.cells import (
    header_row_of,
    is_workbook,
    month_end,
    number,
    numbers,
    period_in_name,
    period_line,
    period_of,
    periods,
    read_csv_as_text,
    read_sheet,
    reported,
    require_columns,
)
from sample_data.published.reading import UnreadableFileError
from tests.readers.written_workbook import write_workbook

HERE = Path("table.csv")


@pytest.mark.parametrize(
    ("label", "first"),
    [
        ("MSitAE-APRIL-2019", date(2019, 4, 1)),
        ("RTT-January-2026", date(2026, 1, 1)),
        ("MAR2019", date(2019, 3, 1)),
        ("31MAR21", date(2021, 3, 1)),
        ("30/06/2024", date(2024, 6, 1)),
        ("01-Dec-21", date(2021, 12, 1)),
        ("April 2022", date(2022, 4, 1)),
        ("May 26", date(2026, 5, 1)),
        ("Sept 2024", date(2024, 9, 1)),
        ("2024-25 Q3", date(2024, 10, 1)),
        ("Q4 2024/25", date(2025, 1, 1)),
        ("2025-04-01 00:00:00", date(2025, 4, 1)),
        ("202603", date(2026, 3, 1)),
        ("2024/25", date(2024, 4, 1)),
    ],
)
def test_a_label_names_the_first_day_of_its_period(label: str, first: date) -> None:
    assert period_of(label) == first


@pytest.mark.parametrize("label", ["TOTAL", "", "31/02/2024", "2024-13", "-", "Quarter 5, 2024-25"])
def test_other_text_names_no_period(label: str) -> None:
    with pytest.raises(ValueError, match="names no period"):
        period_of(label)


@given(st.dates(date(2000, 1, 1), date(2068, 12, 31)))
def test_each_way_to_write_a_day_gives_that_day(day: date) -> None:
    for form in ("%d/%m/%Y", "%Y-%m-%d", "%d-%b-%y", "%d%b%y", "%d %B %Y", "%Y-%m-%d 00:00:00"):
        assert period_of(day.strftime(form).upper(), grain="day") == day
        assert period_of(day.strftime(form)) == day.replace(day=1)
    assert period_of(f"MSitAE-{day:%B-%Y}") == day.replace(day=1)
    assert month_end(day.replace(day=1)) >= day


def test_a_bad_period_says_its_row_and_column() -> None:
    labels = pl.Series("Period", ["April 2024", None, "Apryl 2024"])
    with pytest.raises(UnreadableFileError, match=r"table.csv, row 4, column 'Period': 'Apryl 2024' names no period"):
        periods(labels, HERE)


def test_a_file_name_may_hold_the_month() -> None:
    assert period_in_name(Path("Monthly-Diagnostics-Web-File-Provider-April-2024_GG8WA.csv.gz")) == date(2024, 4, 1)
    assert period_in_name(Path("Incomplete-Provider-Sep24-XLSX-9M-revised.csv.gz")) == date(2024, 9, 1)
    with pytest.raises(UnreadableFileError, match="does not say which month"):
        period_in_name(Path("Marchant-data.csv"))


@pytest.mark.parametrize("mark", ["-", "*", "**", ".", "", " ", "NA", "n/a", "\u2013"])
def test_a_mark_is_not_reported_and_never_zero(mark: str) -> None:
    cells = pl.DataFrame({"x": [mark, "0"]})
    assert cells.select(number(pl.col("x")))["x"].to_list() == [None, 0.0]
    assert cells.select(reported(pl.col("x")))["x"].to_list() == [None, "0"]


def test_commas_blanks_and_percent_signs_are_read() -> None:
    cells = pl.DataFrame({"x": ["1,234,567", " 12 ", "51.5%", "-3", "1e3"]})
    assert cells.select(number(pl.col("x")))["x"].to_list() == [1234567.0, 12.0, 51.5, -3.0, 1000.0]


@given(st.lists(st.one_of(st.none(), st.integers(-(10**9), 10**9)), min_size=1))
def test_plain_and_grouped_figures_read_alike(figures: list[int | None]) -> None:
    plain = pl.DataFrame({"x": [None if f is None else str(f) for f in figures]}, schema={"x": pl.String})
    grouped = pl.DataFrame({"x": ["-" if f is None else f"{f:,}" for f in figures]})
    assert numbers(plain, ["x"], HERE, signed=True)["x"].to_list() == figures
    assert numbers(grouped, ["x"], HERE, signed=True)["x"].to_list() == figures


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("-987", "is below zero, which this figure cannot be"),
        ("inf", "is not a number"),
        ("-inf", "is not a number"),
        ("99999999999999999999", "is too large to be a figure"),
        ("1e300", "is too large to be a figure"),
    ],
)
@pytest.mark.parametrize("whole", [True, False])
def test_a_figure_that_cannot_be_is_refused_with_its_own_row(cell: str, problem: str, whole: bool) -> None:
    rows = pl.DataFrame({"row": [2, 3, 9], "x": ["1", "-", cell]})
    with pytest.raises(UnreadableFileError, match=f"row 9, column 'x': '{cell}' {problem}"):
        numbers(rows, ["x"], HERE, whole=whole)


def test_a_gain_may_be_below_zero() -> None:
    assert numbers(pl.DataFrame({"x": ["-1.5"]}), ["x"], HERE, whole=False, signed=True)["x"].to_list() == [-1.5]


def test_rows_left_out_before_do_not_shift_the_row_of_a_bad_period() -> None:
    with pytest.raises(UnreadableFileError, match=r"row 7, column 'x'"):
        periods(pl.Series("x", ["April 2024", "Aprill 2024"]), HERE, rows=pl.Series([2, 7]))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"<!DOCTYPE html>\n<html><body>Page not found</body></html>", "this is a web page"),
        (b"\n  <html lang='en'>\n", "this is a web page"),
        (b"a;b;c\n1;2;3\n", "row 1: the cells are separated by semicolons"),
        (b"a\tb\tc\n1\t2\t3\n", "row 1: the cells are separated by tabs"),
        (b"a,b\x00c\n1,2\n", "this is no text"),
    ],
)
def test_what_is_no_csv_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=problem):
        read_csv_as_text(path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
def test_text_of_any_usual_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes("name,x\nCaf\u00e9,1\n".encode(encoding))
    assert read_csv_as_text(path).rows() == [("Caf\u00e9", "1")]


def test_text_among_figures_is_an_error_with_its_place() -> None:
    frame = pl.DataFrame({"x": ["1", "-", "12o"]})
    with pytest.raises(UnreadableFileError, match=r"row 4, column 'x': '12o' is not a number") as raised:
        numbers(frame, ["x"], HERE)
    assert (raised.value.row, raised.value.column) == (4, "x")


def test_a_fraction_among_counts_is_an_error() -> None:
    frame = pl.DataFrame({"x": ["1", "1.5"]})
    with pytest.raises(UnreadableFileError, match=r"row 3, column 'x': '1.5' is not a whole number"):
        numbers(frame, ["x"], HERE)
    assert numbers(frame, ["x"], HERE, whole=False)["x"].to_list() == [1.0, 1.5]


def test_a_csv_loses_its_bom_blanks_and_blank_columns(tmp_path: Path) -> None:
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress("\ufeffCode , Wait  ,,\r\nR1H,\u00a07 ,,\r\n,,,\r\nR0A,,,\r\n".encode(), mtime=0))
    frame = read_csv_as_text(path)
    assert frame.columns == ["Code", "Wait"]
    assert frame.rows() == [("R1H", "7"), (None, None), ("R0A", None)]


def test_windows_text_is_read(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("Code,Name\nR1H,Guy\u2019s\n".encode("cp1252"))
    assert read_csv_as_text(path)["Name"].to_list() == ["Guy\u2019s"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty"),
        (b" \r\n", "the file is empty"),
        (b"a,b,c\n1,2,3\n4,5", "cut short"),
        (gzip.compress(b"a,b\n1,2\n" * 500, mtime=0)[:40], "damaged or cut short"),
        (b"PK\x03\x04 and nothing else", "damaged or cut short"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel workbook"),
    ],
)
def test_a_damaged_csv_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=problem):
        read_csv_as_text(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="no such file"):
        read_csv_as_text(tmp_path / "absent.csv")
    with pytest.raises(UnreadableFileError, match="no such file"):
        read_sheet(tmp_path / "absent.xlsx", "Provider")


def test_a_sheet_is_read_as_text(tmp_path: Path) -> None:
    rows = [["Period:", "April 2024"], [None], ["Code", "Wait", "Wait"], ["R1H", 7, 1.5], ["R0A", "-", None]]
    path = write_workbook(tmp_path / "book.xlsx", {"Cover": [["x"]], "Provider": rows})
    cells = read_sheet(path, "Provider", header_row=None)
    assert is_workbook(path)
    assert period_line(cells) == "April 2024"
    header = header_row_of(cells, ("code", "wait"), path)
    assert header == 2
    frame = read_sheet(path, "Provider", header_row=header)
    assert frame.columns == ["Code", "Wait", "Wait_2"]
    assert frame.rows() == [("R1H", "7", "1.5"), ("R0A", "-", None)]


def test_a_wrong_sheet_name_shows_the_sheets(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "book.xlsx", {"Providers": [["x"]]})
    with pytest.raises(UnreadableFileError, match=r"no sheet 'Provider'. Did you mean 'Providers'\?"):
        read_sheet(path, "Provider")


def test_a_truncated_workbook_is_refused(tmp_path: Path) -> None:
    whole = write_workbook(tmp_path / "book.xlsx", {"Provider": [["x"] * 50] * 50}).read_bytes()
    path = tmp_path / "cut.xlsx"
    path.write_bytes(whole[: len(whole) // 2])
    assert is_workbook(path)
    with pytest.raises(UnreadableFileError, match="no readable Excel workbook"):
        read_sheet(path, "Provider")


def test_a_missing_column_names_the_nearest_and_all_expected() -> None:
    frame = pl.DataFrame({"Org Cod": ["R1H"], "Period": ["x"]})
    with pytest.raises(UnreadableFileError, match=r"'Org Code'. Did you mean 'Org Cod'\? Expected the columns: Period"):
        require_columns(frame, ["Period", "Org Code"], HERE)
