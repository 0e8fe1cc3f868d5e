"""CSV files of people's own: how cells are read, what is refused, and how a frame is written."""

from __future__ import annotations

import gzip
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.cli_frames import FrameFileError, Kind, read_csv_frame, write_csv_frame


def dates(tmp_path: Path, *cells: str) -> pl.Series:
    path = tmp_path / "in.csv"
    path.write_text("date,value\n" + "".join(f"{cell},1\n" for cell in cells), "utf-8")
    return read_csv_frame(path, ("date", "value"))["date"]


def test_iso_dates_and_moments(tmp_path):
    assert dates(tmp_path, "2026-03-31", "").to_list() == [date(2026, 3, 31), None]
    assert dates(tmp_path, "2026-03-31T00:00:00", "2026-04-01 00:00").to_list() == [date(2026, 3, 31), date(2026, 4, 1)]
    assert dates(tmp_path, "2026-03-31T08:30", "2026-04-01").to_list() == [
        datetime(2026, 3, 31, 8, 30), datetime(2026, 4, 1)  # noqa: DTZ001 - local time without a zone
    ]  # fmt: skip


def test_days_before_months_when_one_date_tells(tmp_path):
    assert dates(tmp_path, "01/02/2026", "13/02/2026").to_list() == [date(2026, 2, 1), date(2026, 2, 13)]
    assert dates(tmp_path, "31/03/2026").to_list() == [date(2026, 3, 31)]


@pytest.mark.parametrize(("cells", "said"), [
    (("01/02/2026", "01/03/2026"), "row 2, column 'date': '01/02/2026' may be day/month or month/day"),
    (("01/02/2026", "02/13/2026"), "row 3, column 'date': '02/13/2026' is no date."),
    (("2026-01-01", "13/02/2026"), "row 2, column 'date': '2026-01-01' is no date. Write all dates of the column alike"),
    (("2026-02-29",), "row 2, column 'date': '2026-02-29' is no date."),
    (("31/03/26",), "row 2, column 'date': '31/03/26' is no date."),
    (("2026-03-31T08:00:00+01:00",), "has a time zone"),
])  # fmt: skip
def test_dates_that_can_be_read_two_ways_or_none(tmp_path, cells, said):
    with pytest.raises(FrameFileError) as told:
        dates(tmp_path, *cells)
    assert said in str(told.value)


def test_cells_of_every_kind(tmp_path):
    path = tmp_path / "in.csv.gz"
    text = "group,value,rebase,fix_after_n_points,other\nNone, 1.5e3 ,TRUE,12,x\nNA,NaN,0,12.0,\n,,no,,\n"
    path.write_bytes(gzip.compress(text.encode()))
    read = read_csv_frame(path, ("group", "value"), ("rebase", "fix_after_n_points", "target"))
    assert read.to_dict(as_series=False) == {
        "group": ["None", None, None], "value": [1500.0, None, None], "rebase": [True, False, False],
        "fix_after_n_points": [12, 12, None],
    }  # fmt: skip
    assert read.dtypes == [pl.String, pl.Float64, pl.Boolean, pl.Int64]


@pytest.mark.parametrize("cell", ["1_000", "inf", "1,5", "٪", "12 %", "£3"])
def test_what_is_no_number_is_refused(tmp_path, cell):
    path = tmp_path / "in.csv"
    path.write_text(f'value\n1\n"{cell}"\n', "utf-8")
    with pytest.raises(FrameFileError, match=r"row 3, column 'value': .* is no number"):
        read_csv_frame(path, ("value",))


def test_a_quote_that_is_not_closed_and_a_file_that_is_no_gzip(tmp_path):
    (tmp_path / "open.csv").write_text('value\n1\n"2\n3\n', "utf-8")
    with pytest.raises(FrameFileError, match="row 3: this cannot be read as CSV"):
        read_csv_frame(tmp_path / "open.csv", ("value",))
    (tmp_path / "plain.csv.gz").write_text("value\n1\n", "utf-8")
    with pytest.raises(FrameFileError, match="this is no sound gzip file"):
        read_csv_frame(tmp_path / "plain.csv.gz", ("value",))
    with pytest.raises(FrameFileError, match="this is a folder"):
        read_csv_frame(tmp_path, ("value",))


@given(st.lists(st.tuples(
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1).map(str.strip).filter(
        lambda text: text not in {"", "NA"}
    ),
    st.none() | st.floats(allow_nan=False, allow_infinity=False), st.none() | st.booleans(),
    st.dates(date(1900, 1, 1)), st.none() | st.integers(-(2**40), 2**40),
), min_size=1))  # fmt: skip
def test_what_is_written_reads_back_the_same(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("round") / "out.csv"
    kinds = {"g": Kind.TEXT, "x": Kind.NUMBER, "b": Kind.YES_NO, "d": Kind.DAY, "n": Kind.COUNT}
    dtypes = [pl.String, pl.Float64, pl.Boolean, pl.Date, pl.Int64]
    frame = pl.DataFrame(rows, schema=dict(zip(kinds, dtypes, strict=True)), orient="row")
    write_csv_frame(frame, path)
    assert read_csv_frame(path, kinds).equals(frame)


def test_booleans_dates_and_gaps_as_written(tmp_path):
    path = tmp_path / "out.csv"
    frame = pl.DataFrame({"b": [True, None], "x": [0.1, float("nan")], "d": [date(2026, 3, 31), None]})
    write_csv_frame(frame, path)
    assert path.read_text("utf-8") == "b,x,d\nTRUE,0.1,2026-03-31\n,,\n"


def test_a_link_keeps_pointing_and_a_folder_is_refused(tmp_path):
    (tmp_path / "real.csv").write_text("old", "utf-8")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    write_csv_frame(pl.DataFrame({"a": [1]}), tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text("utf-8") == "a\n1\n"
    with pytest.raises(IsADirectoryError):
        write_csv_frame(pl.DataFrame({"a": [1]}), tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.csv", "real.csv"]
