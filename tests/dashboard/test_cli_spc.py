"""`bellwether spc`: golden files through the command, its columns, and what it says of a file that it cannot take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from dashboard.cli import app

GOLDEN = Path(__file__).parent.parent / "golden"
XMR_HEADER = (
    "series,date,value,target,improvement_direction,fix_after_n_points,screen_outliers,rebase_group,mean,lpl,upl,"
    "relative_to_mean,outside_limits,close_to_limits,rule_outside,rule_trend,rule_two_in_three,rule_shift,"
    "special_cause_type,special_cause_flag,point_type,short_group_warning,variation_type,variation_icon,"
    "assurance_type,assurance_icon,error"
)
OTHER_HEADER = (
    "series,chart,i,num,den,y,cl,lcl,ucl,longest_run,longest_run_max,crossings,crossings_min,runs_signal,sigma_signal"
)
# Where NHSRplotthedots stopped, collapsed, or called a month without a value common cause: tests/golden/README.md.
LINES_DIFFER = {
    "const2_decrease", "const3_decrease", "const4_increase", "const5_decrease", "const6_increase", "near02", "near06",
    "na05", "na32", "na37",
}  # fmt: skip
ICONS_DIFFER = LINES_DIFFER | {"na16", "na40", "short01"}
MONTHS = [f"{year}-{month:02}-01" for year in (2024, 2025) for month in range(1, 13)]


def said(source: Path, target: Path, *words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["spc", str(source), str(target), *words])
    assert done.exit_code == code, done.output
    return done.stderr


def read(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema_length=None, null_values=["", "NA"])


def written(folder: Path, header: str, *rows: str) -> Path:
    path = folder / "in.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def differing(ours: pl.DataFrame, theirs: pl.DataFrame, column: str, within: float) -> pl.DataFrame:
    """Returns our rows in which a column is not as theirs."""
    mine, there = ours[column], theirs[column]
    if mine.dtype.is_float() or there.dtype.is_float():
        mine, there = (each.cast(pl.Float64).fill_nan(None) for each in (mine, there))
        same = (mine - there).abs() <= within * there.abs().clip(1.0)
        return ours.filter(~(same.fill_null(value=False) | (mine.is_null() & there.is_null())))
    return ours.filter(~mine.cast(pl.String).eq_missing(there.cast(pl.String)))


@pytest.mark.parametrize("name", ["xmr", "xmr_ae"])
def test_the_golden_points_come_out_of_the_golden_input(name: str, tmp_path: Path) -> None:
    out = tmp_path / "points.csv"
    said(GOLDEN / f"{name}_input.csv.gz", out, "--profile", "plotthedots")
    ours, theirs = read(out), read(GOLDEN / f"{name}_points.csv.gz")
    assert out.read_text(encoding="utf-8").startswith(XMR_HEADER + ",")
    assert ours.select("series", "date", "value").equals(theirs.select("series", "date", "value"))
    for column in XMR_HEADER.split(","):
        allowed = ICONS_DIFFER if column.startswith(("variation", "assurance")) else LINES_DIFFER
        differ = set(differing(ours, theirs, column, within=1e-9)["series"])
        assert differ <= allowed, column
        assert name == "xmr" or not differ


@pytest.mark.parametrize("chart", ["p", "pp", "u", "up", "c", "ip", "t", "g", "i", "mr", "run"])
def test_the_golden_control_charts_come_out_without_dates(chart: str, tmp_path: Path) -> None:
    theirs = read(GOLDEN / "control_charts.csv.gz").filter(pl.col("chart") == chart)
    theirs.select("series", "i", "num", "den").write_csv(tmp_path / "in.csv")
    said(tmp_path / "in.csv", tmp_path / "out.csv", "--chart", chart)
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").startswith(OTHER_HEADER + ",date,")
    ours = read(tmp_path / "out.csv")
    for column in OTHER_HEADER.split(","):
        assert differing(ours, theirs, column, within=1e-6).is_empty(), column
    assert ours["date"].null_count() == ours.height


def test_rows_keep_the_order_of_the_file_and_say_how_they_were_judged(tmp_path: Path) -> None:
    values = [f"a,{month},{100 + at % 3}" for at, month in enumerate(MONTHS)]
    source = written(tmp_path, "series,date,value", *reversed(values))
    words = said(source, tmp_path / "out.csv")
    assert words.startswith(
        f"Wrote 24 points of 1 series to {tmp_path / 'out.csv'}: 1 ok.\nMaking Data Count: limits at"
    )
    out = read(tmp_path / "out.csv")
    assert out["date"].to_list() == MONTHS[::-1]
    assert out["profile"].unique().to_list() == ["mdc"]
    assert out["state"].unique().to_list() == ["ok"]


def test_shares_take_their_parts_and_leave_out_a_month_without_denominator(tmp_path: Path) -> None:
    rows = [f"{month},{at % 4},{0 if at == 5 else 100}" for at, month in enumerate(MONTHS)]
    rows[5] = f"{MONTHS[5]},0,0"
    said(written(tmp_path, "date,num,den", *rows), tmp_path / "out.csv", "--chart", "p")
    out = read(tmp_path / "out.csv")
    assert out["y"].null_count() == 1
    assert out["cl"].unique().to_list() == pytest.approx([35 / 2300])
    assert (out["lcl"].drop_nulls() == 0).all()
    assert (out["lpl"].drop_nulls() < 0).all()


def test_a_value_that_is_older_than_said_is_stale(tmp_path: Path) -> None:
    source = written(tmp_path, "date,value", *(f"{month},{at % 5}" for at, month in enumerate(MONTHS)))
    for days, state in ((62, "ok"), (61, "stale")):
        said(source, tmp_path / "out.csv", "--as-of", "2026-02-01", "--stale-days", str(days))
        assert read(tmp_path / "out.csv")["state"].unique().to_list() == [state]
    assert "write --stale-days too" in said(source, tmp_path / "out.csv", "--as-of", "2026-02-01", code=2)


FAULTS: list[tuple[str, list[str], list[str], str]] = [
    ("series,date,value", ["a,2026-01-01,x"], [], "row 2, column 'value': 'x' is no number"),
    ("series,date,value", ["a,2026-01-01,1", "a,,2"], [], "row 3, column 'date': the cell is empty"),
    ("series,date,value", ["a,2026-01-01,1", "b,2026-01-01,1", "", "a,2026-01-01,2"], [],
     "rows 2, 5, column 'date': Series 'a' has 2026-01-01 more than once"),
    ("date,value,improvement_direction", ["2026-01-01,1,up"], [],
     "row 2, column 'improvement_direction': Series '1': improvement_direction is 'up'. Write one of increase"),
    ("date,value,fix_after_n_points", ["2026-01-01,1,"," 2026-02-01,1,11"], [], "fix_after_n_points is 11"),
    ("date,num", ["2026-01-01,1"], [], "there is no column 'value'"),
    ("date,num", ["2026-01-01,1"], ["--chart", "p"], "a p chart needs the columns 'num' and 'den'; or 'value' and 'den'"),
    ("date,num,den", ["2026-01-01,1,2", "2026-02-01,3,2"], ["--chart", "pp"],
     "row 3, column 'num': Series '1', 2026-02-01: num is 3. It is more than the denominator"),
    ("date,value", ["2026-01-01,-1"], ["--chart", "t"], "A time between two events cannot be negative"),
    ("date,value", [], [], "there is no row below the header"),
    ("date,value", ["2026-01-01,1"], ["--chart", "x"], "There is no chart 'x'. Write one of xmr, p,"),
    ("date,value", ["2026-01-01,1"], ["--profile", "x"], "There is no profile 'x'. Write one of mdc,"),
]  # fmt: skip


@pytest.mark.parametrize(("header", "rows", "words", "wanted"), FAULTS)
def test_a_file_that_cannot_be_taken_is_told_and_nothing_is_written(
    header: str, rows: list[str], words: list[str], wanted: str, tmp_path: Path
) -> None:
    source, out = written(tmp_path, header, *rows), tmp_path / "out.csv"
    out.write_text("as it was", encoding="utf-8")
    assert wanted in said(source, out, *words, code=2)
    assert out.read_text(encoding="utf-8") == "as it was"


def test_the_file_that_is_read_is_not_written_over(tmp_path: Path) -> None:
    source = written(tmp_path, "date,value", "2026-01-01,1")
    assert "would replace the file that is read" in said(source, source, code=2)


def test_phases_start_at_the_rows_that_are_flagged(tmp_path: Path) -> None:
    rows: list[Any] = [f"{month},{at + (50 if at >= 12 else 0)},{int(at == 12)}" for at, month in enumerate(MONTHS)]
    said(written(tmp_path, "date,value,rebase", *rows), tmp_path / "out.csv")
    assert read(tmp_path / "out.csv")["rebase_group"].to_list() == [0] * 12 + [1] * 12


@pytest.mark.parametrize(
    ("rows", "words", "message"),
    [
        (["1,5", "1,6"], ["--chart", "c"], "rows 2, 3, column 'date': Series '1' has i 1 more than once"),
        (["1,5", "9,-6"], ["--chart", "c"], "row 3, column 'value': Series '1', i 9: value is -6. A count"),
        (["1,5", f"{10**22},6"], ["--chart", "c"], "row 3, column 'i': '10000000000000000000000' is no whole number"),
        (["1,5"], ["--chart", "c", "--stale-days", "99999999"], "--stale-days: 99999999 days reach back beyond"),
        (["1,5"], ["--chart", "c", "--stale-days", str(10**15)], "--stale-days: 1000000000000000 days reach"),
    ],
)
def test_numbered_rows_are_told_by_their_number(
    rows: list[str], words: list[str], message: str, tmp_path: Path
) -> None:
    source = written(tmp_path, "i,num", *rows)
    assert message in " ".join(said(source, tmp_path / "out.csv", *words, code=2).split())


def test_numbers_of_rows_may_be_of_any_size(tmp_path: Path) -> None:
    source = written(tmp_path, "i,num", "99999999999,6", "-3,5", "7,4")
    said(source, tmp_path / "out.csv", "--chart", "mr")
    out = read(tmp_path / "out.csv")
    assert out.select("i", "y").rows() == [(99999999999, 2), (-3, None), (7, 1)]


def test_what_was_typed_is_told_as_it_was_typed(tmp_path: Path) -> None:
    source = written(tmp_path, "date,value", "[/b],5")
    assert "'[/b]' is no date" in said(source, tmp_path / "out.csv", code=2)
    asked = ["journal", "add", "phase", "--metric", "ae_attendances", "--on", "[/b]", "--reason", "Moved"]
    done = CliRunner().invoke(app, asked, env={"BELLWETHER_HOME": str(tmp_path)})
    assert (done.exit_code, "'[/b]'" in done.stderr) == (2, True)
