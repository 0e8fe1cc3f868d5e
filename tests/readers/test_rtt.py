from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.cells import number, read_csv_as_text, reported
from sample_data.published.checking import checked
from sample_data.published.known_differences import cause_of
from sample_data.published.reading import UnreadableFileError
from sample_data.published.rtt import PUBLICATION, read
from sample_data.published.shipment import read_shipment
from sample_data.published.stated_totals import sum_of
from tests.readers.written_workbook import write_workbook

FILES = Path(__file__).parent / "files" / "rtt"
FULL = FILES / "Full-CSV-data-file-Jan26-five-providers.zip"
APRIL = FILES / "Incomplete-Provider-Apr24-XLSX-8M-revised.csv.gz"
MARCH = FILES / "Incomplete-Provider-Mar25-XLSX-9M-38145.csv.gz"
MONTHS = FILES / "rtt_incomplete_by_provider_month.csv.gz"
OVERVIEW = FILES / "rtt_overview_time_series_national.xlsx"
JANUARY = date(2026, 1, 1)


def bands_of(path: Path) -> pl.DataFrame:
    return read(path).frames["fact_rtt_band_month"]


def rows_of_the_zip() -> list[list[str]]:
    with zipfile.ZipFile(FULL) as archive:
        return list(csv.reader(io.StringIO(archive.read(archive.namelist()[0]).decode("utf-8"))))


def percentile_weeks(bands: pl.DataFrame, share: float) -> float:
    """The wait below which this share of pathways lies, straight-line within its week."""
    wanted = share * bands["pathways"].sum()
    before = 0
    for first, pathways in bands.sort("weeks_from").select("weeks_from", "pathways").iter_rows():
        if before + pathways >= wanted:
            return float(first + (wanted - before) / pathways)
        before += pathways
    raise AssertionError


def test_the_bands_equal_a_plain_count_of_the_csv() -> None:
    expected: Counter[tuple[str, str, str, str, int | None]] = Counter()
    for row in rows_of_the_zip()[1:]:
        if row[11] == "C_999":
            continue
        key = (row[3], row[9], row[11].removeprefix("C_"), "non_english" if row[7] == "NONC" else "english")
        for week in range(105):
            expected[*key, week] += int(row[13 + week] or 0)
        expected[*key, None] += int(row[120]) if row[9] == "Part_3" else int(row[119] or 0)
    facts = checked(FULL, read(FULL)).frames["fact_rtt_band_month"]
    keys = ("org_code", "part", "service_code", "commissioning", "weeks_from")
    got = {row[:-1]: row[-1] for row in facts.select(*keys, "pathways").iter_rows()}
    assert got == {key: count for key, count in expected.items() if count}
    assert facts["period"].unique().to_list() == [JANUARY]


def test_bands_are_one_week_wide_and_the_last_is_open() -> None:
    facts = bands_of(FULL)
    closed = facts.filter(pl.col("weeks_from") < 104)
    assert (closed["weeks_to"] - closed["weeks_from"] == 1).all()
    assert facts.filter(pl.col("weeks_from").is_null() | (pl.col("weeks_from") == 104))["weeks_to"].null_count() > 0
    assert facts["weeks_from"].max() <= 104
    assert (facts["pathways"] > 0).all()


def test_pathways_with_unknown_clock_start_and_new_periods_have_no_wait() -> None:
    unbanded = bands_of(FULL).filter(pl.col("weeks_from").is_null())
    by_part = dict(unbanded.group_by("part").agg(pl.col("pathways").sum()).iter_rows())
    assert by_part == {"Part_1B": 5, "Part_3": 705 + 779 + 1 + 3483 + 150 + 12536 + 82}


def test_parts_stay_apart_and_part_2a_lies_within_part_2() -> None:
    sums = dict(
        bands_of(FULL).filter(pl.col("org_code") == "RVJ").group_by("part").agg(pl.col("pathways").sum()).rows()
    )
    assert sums == {
        "Part_1A": 2765 + 17,
        "Part_1B": 8899 + 77,
        "Part_2": 41939 + 315,
        "Part_2A": 10593 + 107,
        "Part_3": 12536 + 82,
    }


def test_non_english_commissioners_are_kept_apart() -> None:
    facts = bands_of(FULL).filter((pl.col("org_code") == "RBS") & (pl.col("part") == "Part_2"))
    assert dict(facts.group_by("commissioning").agg(pl.col("pathways").sum()).rows()) == {
        "english": 16535,
        "non_english": 737,
    }


def test_the_full_csv_gives_the_providers_month_too() -> None:
    rows = read(FULL).frames["fact_rtt_provider_month"].filter(pl.col("org_code") == "RVJ").rows(named=True)
    assert rows == [
        {
            "period": JANUARY,
            "org_code": "RVJ",
            "incomplete": 42254,
            "within_18_weeks": 28434,
            "over_52_weeks": 106,
            "over_65_weeks": 3,
            "over_78_weeks": 0,
            "over_104_weeks": 0,
        }
    ]


def test_the_derived_months_agree_with_the_full_csv_for_the_same_provider() -> None:
    full = read(FULL).frames["fact_rtt_provider_month"].filter(pl.col("org_code").is_in(["RBS", "NVC05", "A4M8P"]))
    derived = read(MONTHS).frames["fact_rtt_provider_month"].filter(pl.col("period") == JANUARY)
    same = derived.filter(pl.col("org_code").is_in(["RBS", "NVC05", "A4M8P"]))
    assert same.sort("org_code").equals(full.sort("org_code"))
    # RA7 stands for RVJ too: the third party put both under the successor.
    assert derived.filter(pl.col("org_code") == "RA7")["incomplete"].to_list() == [50520 + 42254]


def test_rows_of_c_999_are_totals() -> None:
    reading = read(FULL)
    facts = reading.frames["fact_rtt_band_month"]
    assert "999" not in set(facts["service_code"])
    assert not facts["service_code"].str.starts_with("C_").any()
    stated = {total.measure: total.value for total in reading.totals}
    assert stated["incomplete"] == 3030 + 3245 + 1 + 16535 + 737 + 41939 + 315
    for total in reading.totals:
        table = "fact_rtt_provider_month" if total.measure == "incomplete" else "fact_rtt_band_month"
        sums = sum_of(reading.frames[table], total.measure)
        if "Part_1B" not in total.measure:
            assert sums == {JANUARY: total.value}
    assert reading.notes == ()
    assert reading.rejections == ()


@pytest.mark.parametrize(
    ("path", "period", "totals"),
    [
        (APRIL, date(2024, 4, 1), {"R1H": 122329, "RBS": 23481, "RBV": 2393, "TAD": 433}),
        (MARCH, date(2025, 3, 1), {"R1H": 124135, "RBS": 20797, "RBV": 6340, "TAD": 499}),
    ],
)
def test_the_provider_sheet_adds_up_to_its_own_totals(path: Path, period: date, totals: dict[str, int]) -> None:
    reading = checked(path, read(path))
    facts = reading.frames["fact_rtt_band_month"]
    assert list(reading.frames) == ["fact_rtt_band_month"]
    assert dict(facts.group_by("org_code").agg(pl.col("pathways").sum()).rows()) == totals
    assert set(facts["period"]) == {period}
    assert set(facts["part"]) == {"Part_2"}
    assert set(facts["commissioning"]) == {"english"}
    assert [total.value for total in reading.totals] == [sum(totals.values())]
    assert dict(reading.organisations.select("org_code", "region_code").rows())["R1H"] == "Y56"


@pytest.mark.parametrize("path", [APRIL, MARCH])
def test_percentiles_from_the_bands_equal_the_published_ones(path: Path) -> None:
    """The sheet states median and 92nd percentile to one decimal for each trust and treatment function."""
    facts = bands_of(path)
    table = read_csv_as_text(path).with_columns(
        service=pl.col("Treatment Function Code").str.strip_prefix("C_"),
        median=number(pl.col("Average (median) waiting time (in weeks)")),
        high=number(pl.col("92nd percentile waiting time (in weeks)")),
    )
    compared = 0
    for code, service, median, high in table.select("Provider Code", "service", "median", "high").iter_rows():
        if median is None or high is None:
            continue
        own = facts.filter((pl.col("org_code") == code) & ((pl.col("service_code") == service) | (service == "999")))
        merged = own.group_by("weeks_from").agg(pl.col("pathways").sum())
        assert percentile_weeks(merged, 0.5) == pytest.approx(median, abs=0.0501), (code, service)
        assert percentile_weeks(merged, 0.92) == pytest.approx(high, abs=0.0501), (code, service)
        compared += 1
    assert compared == 32


def test_the_provider_sheet_of_a_workbook_reads_like_the_csv(tmp_path: Path) -> None:
    table = read_csv_as_text(APRIL)
    cells = table.select(reported(pl.all())).rows()
    title = [["Title:", "Incomplete Pathways, England"], ["Period:", "April 2024"], [None], ["Provider Level Data"]]
    path = write_workbook(
        tmp_path / "Incomplete-Provider.xlsx", {"Cover": [["x"]], "Provider": [*title, table.columns, *cells]}
    )
    assert bands_of(path).equals(bands_of(APRIL))


def test_the_overview_states_totals_on_the_commissioners_basis() -> None:
    reading = checked(OVERVIEW, read(OVERVIEW))
    stated = {(total.period, total.measure): total.value for total in reading.totals}
    assert dict(reading.frames) == {}
    assert stated[date(2023, 8, 1), "incomplete"] == 7745030
    assert stated[date(2022, 10, 1), "incomplete_with_estimates"] - stated[date(2022, 10, 1), "incomplete"] == 258724
    assert sum_of(read(MONTHS).frames["fact_rtt_provider_month"], "incomplete_with_estimates") is None


def test_a_blank_long_wait_is_none() -> None:
    facts = read(MONTHS).frames["fact_rtt_provider_month"]
    assert facts.null_count().row(0) == (0,) * 8
    assert (facts["over_104_weeks"] <= facts["over_78_weeks"]).all()


def test_shipped_rows_tie_to_every_stated_total_or_the_cause_is_known() -> None:
    shipment = read_shipment(PUBLICATION.id)
    differing = compared = 0
    for source in shipment.sources:
        for total in source.totals:
            for facts in shipment.frames.values():
                sums = sum_of(facts, total.measure)
                if sums is None or total.period not in sums:
                    continue
                compared += 1
                if sums[total.period] != total.value:
                    differing += 1
                    assert cause_of(PUBLICATION.id, total.period, total.measure, sums[total.period], total.value), total
    assert compared == 12 + 11 + 29 * 6
    assert differing == 29 * 6
    months = shipment.frames["fact_rtt_provider_month"]
    assert months.filter(pl.col("period") == JANUARY)["incomplete"].sum() == 7187677
    assert months["period"].n_unique() == 62


def test_shipped_january_2026_leaves_31719_pathways_outside_english_commissioners() -> None:
    facts = read_shipment(PUBLICATION.id).frames["fact_rtt_band_month"]
    january = facts.filter((pl.col("period") == JANUARY) & (pl.col("part") == "Part_2"))
    assert january["pathways"].sum() == 7187677
    assert january.filter(pl.col("commissioning") == "non_english")["pathways"].sum() == 31719


def spoilt(tmp_path: Path, change: tuple[bytes, bytes]) -> Path:
    path = tmp_path / FULL.name
    with zipfile.ZipFile(FULL) as whole, zipfile.ZipFile(path, "w") as archive:
        name = whole.namelist()[0]
        content = whole.read(name)
        assert change[0] in content
        archive.writestr(name, content.replace(*change, 1))
    return path


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ((b"Gt 51 To 52 Weeks", b"Gt 51 To 52 Wks"), r"104 weekly bands found, 105 expected"),
        ((b"RTT-January-2026", b"RTT-Janury-2026"), r"row 2, column 'Period': 'RTT-Janury-2026' names no period"),
        ((b'"Part_2"', b'"Part_4"'), r"column 'RTT Part Type': 'Part_4' is no RTT part. Expected one of Part_1A"),
        ((b"Treatment Function Code", b"Treatment Code"), r"'Treatment Function Code'. Did you mean"),
    ],
)
def test_a_spoilt_file_is_refused(tmp_path: Path, change: tuple[bytes, bytes], problem: str) -> None:
    with zipfile.ZipFile(FULL) as whole:
        quoted = b'"Part_2"' in whole.read(whole.namelist()[0])
    if not quoted:
        change = (change[0].replace(b'"', b","), change[1].replace(b'"', b","))
    with pytest.raises(UnreadableFileError, match=problem):
        read(spoilt(tmp_path, change))


def test_a_row_whose_bands_contradict_their_total_is_refused(tmp_path: Path) -> None:
    table = read_csv_as_text(APRIL)
    total = "Total number of incomplete pathways"
    wrong = table.with_columns(
        pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("9999")).otherwise(pl.col(total)).alias(total)
    )
    path = tmp_path / "Incomplete-Provider-Apr24.csv"
    wrong.write_csv(path)
    problem = rf"row 2, column '{total}': .*the bands add up to 3035, the row states 9999"
    with pytest.raises(UnreadableFileError, match=problem):
        read(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="this is not an RTT file"):
        read(FILES.parent / "ae_attendances" / "Monthly-AE-September-2024.csv")
    with pytest.raises(UnreadableFileError, match="not an RTT workbook"):
        read(FILES.parent / "ae_attendances" / "May-26-AE-by-provider-QVPHP.xls")
    cut = tmp_path / "cut.zip"
    cut.write_bytes(FULL.read_bytes()[:5000])
    with pytest.raises(UnreadableFileError, match="damaged or cut short"):
        read(cut)
    unnamed = tmp_path / "provider.csv.gz"
    unnamed.write_bytes(APRIL.read_bytes())
    with pytest.raises(UnreadableFileError, match="does not say which month"):
        read(unnamed)
