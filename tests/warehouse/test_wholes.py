"""Rows of England, a region or a total are never loaded as one more organisation."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from sample_data.published.levels import level_of
from sample_data.published.load import read_file
from sample_data.published.reading import UnreadableFileError
from sample_data.published.registry import PUBLICATIONS

FILES = Path(__file__).parents[1] / "readers" / "files"
MARCH = FILES / "ae_attendances" / "Monthly-AE-March-2026-revised-flkg42.csv"
AE = PUBLICATIONS["ae_attendances"]
# The file's own TOTAL row, type 1 attendances, booked ones apart.
TYPE_1_MARCH = 1_451_010


def march(folder: Path, *, drop: int = 0, add: tuple[str, ...] = ()) -> Path:
    """March 2026 without its last `drop` rows, and with other rows at its end."""
    path = folder / "Monthly-AE-March-2026.csv"
    lines = MARCH.read_text("utf-8-sig").splitlines()
    path.write_text("\n".join([*lines[: len(lines) - drop], *add]) + "\n", "utf-8")
    return path


def total_row(keys: str) -> str:
    last = MARCH.read_text("utf-8-sig").splitlines()[-1]
    assert last.startswith("TOTAL,TOTAL,TOTAL,TOTAL,")
    return last.replace("TOTAL,TOTAL,TOTAL,TOTAL", keys)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("England", "england"),
        ("ENG", "england"),
        (" england ", "england"),
        ("E92000001", "england"),
        ("TOTAL", "total"),
        ("Grand Total", "total"),
        ("ALL", "total"),
        ("-", "total"),
        ("Y56", "region"),
        ("y63", "region"),
        ("RJZ", None),
        ("Y02147", None),
        ("ALLIANCE", None),
        ("East of England Ambulance Service NHS Trust", None),
        ("QOP", None),
        ("NHS England", None),  # the body X24, an employer as any other
    ],
)
def test_a_whole_is_told_from_an_organisation(text, level):
    assert level_of(text) == level


@pytest.mark.parametrize(
    "keys",
    [
        "MSitAE-MARCH-2026,-,-,England",
        "MSitAE-MARCH-2026,England,,England",
        "MSitAE-MARCH-2026,ENG,,ENGLAND",
        "MSitAE-MARCH-2026,all,,All",
        "Total,Total,Total,Total",
    ],
)
def test_a_total_of_another_spelling_is_the_total(tmp_path, keys):
    reading = read_file(AE, march(tmp_path, drop=1, add=(total_row(keys),)))
    facts = reading.frames["fact_ae_month"]
    assert facts.filter(department="type1")["attendances"].sum() == TYPE_1_MARCH
    stated = {total.measure: total.value for total in reading.totals}
    assert stated["attendances [department=type1]"] == TYPE_1_MARCH


@pytest.mark.parametrize(("code", "name"), [("Y56", "LONDON"), ("y56", "LONDON"), ("E40000003", "LONDON")])
def test_a_region_among_providers_is_refused_with_its_row(tmp_path, code, name):
    path = march(tmp_path, drop=1, add=(total_row(f"MSitAE-MARCH-2026,{code},,{name}"), total_row("TOTAL,TOTAL,,")))
    rows = len(path.read_text("utf-8").splitlines())
    with pytest.raises(UnreadableFileError, match=f"'{code}'.*no single organisation") as error:
        read_file(AE, path)
    assert error.value.row == rows - 1


def test_diagnostics_leave_out_england_however_it_is_coded(tmp_path):
    april = next((FILES / "diagnostics").glob("*April-2024*.csv.gz"))
    text = gzip.decompress(april.read_bytes()).decode("utf-8-sig")
    header, first, *_ = text.splitlines()
    at = header.split(",").index("Provider Code")
    cells = first.split(",")
    assert cells[at] not in {"-", "England"}
    whole = read_file(PUBLICATIONS["diagnostics"], april).frames["fact_diagnostics_month"]["waiting"].sum()
    for code in ("England", "TOTAL", "-"):
        row = ",".join([*cells[:at], code, *cells[at + 1 :]])
        path = tmp_path / "Monthly-Diagnostics-Web-File-Provider-April-2024.csv"
        path.write_text(text.rstrip("\n") + f"\n{row}\n", "utf-8")
        read = read_file(PUBLICATIONS["diagnostics"], path)
        assert read.frames["fact_diagnostics_month"]["waiting"].sum() == whole


def test_a_file_without_its_total_is_cut_short(tmp_path):
    with pytest.raises(UnreadableFileError, match=r"no TOTAL row.*cut short"):
        read_file(AE, march(tmp_path, drop=30))


def test_two_totals_are_refused_with_their_rows(tmp_path):
    path = march(tmp_path, add=(total_row("TOTAL,TOTAL,TOTAL,TOTAL"),))
    rows = len(path.read_text("utf-8").splitlines())
    with pytest.raises(UnreadableFileError, match=f"rows {rows - 1}, {rows} all say TOTAL"):
        read_file(AE, path)


def test_two_months_in_one_monthly_file_are_refused(tmp_path):
    third = MARCH.read_text("utf-8-sig").splitlines()[3]
    path = march(tmp_path, drop=1, add=(third.replace("MARCH", "FEBRUARY"), total_row("TOTAL,TOTAL,TOTAL,TOTAL")))
    rows = len(path.read_text("utf-8").splitlines())
    with pytest.raises(UnreadableFileError, match="February 2026, March 2026; one is expected") as error:
        read_file(AE, path)
    assert error.value.row == rows - 1
