"""`bellwether funnel`: from CSV to CSV, and what it says of files that cannot be taken."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from dashboard.cli import app

GOLDEN = Path(__file__).parents[1] / "golden" / "funnel.csv.gz"
HEADER = "group,numerator,denominator\n"
SOUND = HEADER + "a,10,100\nb,12,110\nc,30,90\nd,,80\n"


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["funnel", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert done.stdout == ""
    return done.exit_code, done.stderr


def read(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema_length=None, null_values=["NA"])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text(SOUND, "utf-8")
    return path


def test_the_whole_golden_file_in_one_go(tmp_path):
    out = tmp_path / "out.csv"
    code, said = run(GOLDEN, out)
    assert code == 0
    assert said.startswith(f"Wrote 1,440 units to {out}.\n2: Of 60 units around 29.4 %, none is above")
    theirs, ours = read(GOLDEN), read(out)
    assert ours.columns == [*theirs.columns, "direction", "state", "words"]
    both = theirs.join(ours, on=["set", "type", "sr_method", "group"], suffix="_ours", validate="1:1")
    assert both.height == theirs.height == ours.height
    squared = both["sr_method"] == "CQC"
    for name in theirs.columns[6:]:
        held = both
        if name == "rr":
            held = both.filter((pl.col("type") != "SR") | squared)
        if name.startswith("OD") or name == "outlier":
            held = both.filter(~squared)
        assert held[name].is_null().equals(held[f"{name}_ours"].is_null())
        assert (held[name] - held[f"{name}_ours"]).abs().fill_null(0.0).max() <= 1e-6, name


@pytest.mark.parametrize(("kind", "letters", "method"), [
    ("proportion", "PR", None), ("ratio", "RC", None), ("standardised", "SR", "SHMI"), ("SR", "SR", "CQC"),
])  # fmt: skip
def test_one_kind_by_its_option(tmp_path, kind, letters, method):
    rows = read(GOLDEN).filter(pl.col("type") == letters, pl.col("sr_method") == (method or "SHMI"))
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    rows.select("set", "group", num="numerator", den="denominator").write_csv(source)
    assert run(source, out, "--kind", kind, *(("--method", method) if method else ()))[0] == 0
    made = read(out)
    assert made["group"].to_list() == rows["group"].to_list()
    assert made["type"].unique().to_list() == [letters]
    assert (made["uz"] - rows["uz"]).abs().max() < 1e-9
    assert (made["UCL99"] - rows["UCL99"]).abs().max() < 1e-9


def test_units_without_numbers_have_their_row(source, tmp_path):
    out = tmp_path / "out.csv"
    code, said = run(source, out)
    assert code == 0
    assert said == (
        f"Wrote 4 units to {out}.\nOf 3 units around 17.3 %, none is above and none is below the 99.8 % limits. They "
        "differ by more than chance (dispersion 4.73, where chance alone gives about 1), and the limits allow for "
        "that. 1 more has no numbers to compare.\n"
    )
    last = read(out).row(3, named=True)
    assert last["group"] == "d"
    assert (last["state"], last["words"]) == ("missing", "Not reported.")
    assert (last["rr"], last["uz"], last["UCL99"], last["outlier"]) == (None,) * 4


def test_limits_of_chance_alone(source, tmp_path):
    out = tmp_path / "out.csv"
    code, said = run(source, out, "--no-overdispersion", "--limit", "95")
    assert code == 0
    assert "1 is above and 1 is below the 95 % limits. The limits are those of chance alone." in said
    made = read(out)
    assert made["OD95LCL"].null_count() == 4
    assert made.filter(pl.col("outlier") == 1).select("group", "direction").rows() == [
        ("a", "below"), ("c", "above")
    ]  # fmt: skip


def test_sets_come_out_in_the_order_of_the_file(tmp_path):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    rows = "".join(f"{name},{group},3,10\n" for name in ("late", "early") for group in "zya")
    source.write_text("set,group,num,den\n" + rows, "utf-8")
    assert run(source, out)[0] == 0
    assert read(out).select("set", "group").rows() == [(name, group) for name in ("late", "early") for group in "ayz"]


@pytest.mark.parametrize(("text", "said"), [
    (HEADER + "a,1,10\nb,x,10\n", "row 3, column 'numerator': 'x' is no number."),
    (HEADER + 'a,1,10\nb,"1,000",2000\n', "row 3, column 'numerator': '1,000' is no number."),
    ("group,num,den\na,1,5 %\n", "row 2, column 'den': '5 %' is no number."),
    (HEADER + "a,1\n", "row 2: 2 cells, where the header has 3 columns."),
    ("group,numerator\na,1\n", "there is no column 'denominator' (it may also be called 'den'). The header in row 1 has: group, numerator."),
    ("group,num,numerator,den\na,1,1,2\n", "the column 'numerator' is there more than once ('num' and 'numerator')."),
    (HEADER + "a,11,10\n", "Group 'a': the numerator is above the denominator"),
    (HEADER + "a,-1,10\n", "Group 'a': the numerator is negative"),
    (HEADER + ",1,10\n", "Column 'group' is empty in 1 row(s)."),
    (HEADER, "there is no row below the header."),
    ("", "the file is empty."),
])  # fmt: skip
def test_a_file_that_cannot_be_taken_writes_nothing(tmp_path, text, said):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(text, "utf-8")
    out.write_text("kept", "utf-8")
    code, told = run(source, out)
    assert code == 2
    assert told.startswith(f"Error: {source}")
    assert said in told
    assert out.read_text("utf-8") == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_rows_are_counted_as_a_spreadsheet_counts_them(tmp_path):
    source = tmp_path / "in.csv"
    source.write_text('\ufeffgroup,num,den\n"a\nb",1,2\n\nc,?,2\n', "utf-8")
    assert "row 4, column 'num': '?'" in run(source, tmp_path / "out.csv")[1]


def test_a_file_in_another_encoding_is_told(tmp_path):
    source = tmp_path / "in.csv"
    source.write_bytes(HEADER.encode() + "Ysbyty Môn,1,2\n".encode("cp1252"))
    assert (
        "row 2: the text is not UTF-8. In a spreadsheet, save it as 'CSV UTF-8'." in run(source, tmp_path / "o.csv")[1]
    )


def test_options_that_do_not_exist_are_told(source, tmp_path):
    out = tmp_path / "out.csv"
    assert run(source, out, "--kind", "rate") == (
        2, "Error: --kind: there is no funnel of kind 'rate'. Write one of proportion, ratio, standardised.\n"
    )  # fmt: skip
    assert run(source, out, "--method", "CQC") == (
        2, "Error: --method: a proportion funnel has no method 'CQC'. Write one of arcsine, exact.\n"
    )  # fmt: skip
    assert not out.exists()


def test_the_file_that_is_read_is_not_written_over(source):
    code, said = run(source, source)
    assert code == 2
    assert "Name another file" in said
    assert source.read_text("utf-8") == SOUND


def test_a_folder_that_is_not_there_and_an_output_that_is_replaced(source, tmp_path):
    code, said = run(source, tmp_path / "none" / "out.csv")
    assert code == 2
    assert "No such file or directory" in said
    out = tmp_path / "out.csv"
    shutil.copy(source, out)
    out.chmod(0o640)
    assert run(source, out)[0] == 0
    assert out.read_text("utf-8").startswith("set,type,sr_method,group,")
    assert out.stat().st_mode & 0o777 == 0o640
