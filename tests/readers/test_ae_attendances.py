from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from sample_data.published.ae_attendances import PUBLICATION, read
from sample_data.published.ae_attendances.field_test import TRUSTS
from sample_data.published.cells import number, periods, read_csv_as_text, read_sheet
from sample_data.published.checking import checked
from sample_data.published.known_differences import cause_of
from sample_data.published.reading import UnreadableFileError
from sample_data.published.shipment import read_shipment
from sample_data.published.stated_totals import sum_of
from tests.readers.edited import with_rows

FILES = Path(__file__).parent / "files" / "ae_attendances"
APRIL_2019 = "Monthly-AE-April-2019-revised-220720-ab123.csv"
APRIL_2020 = "April-2020-revised-260421-abc123.csv"
AUGUST_2020 = "August-2020-revised-270421-gh920.csv"
MARCH_2023 = "March-2023-revised-110523-lll12c.csv"
MAY_2023 = "May-2023-AE-revised-130624-by-provider-jn7Oy.csv"
SEPTEMBER_2024 = "Monthly-AE-September-2024.csv"
MARCH_2026 = "Monthly-AE-March-2026-revised-flkg42.csv"
WORKBOOK = "May-26-AE-by-provider-QVPHP.xls"
CONVERTED = "May-26-AE-by-provider-QVPHP-as.csv"
SERIES = "Monthly-AE-Time-Series-June-2025.xls"
NHSR = "nhsrdatasets_ae_attendances_2016-04.csv"


def facts_of(name: str) -> pl.DataFrame:
    return read(FILES / name).frames["fact_ae_month"]


def with_booked(facts: pl.DataFrame, column: str) -> int:
    return int(facts[column].sum() + facts[f"{column}_booked"].sum())


def spoilt(tmp_path: Path, old: str, new: str, name: str = MARCH_2026) -> Path:
    text = (FILES / name).read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / name
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "era", "period", "providers", "england"),
    [
        (NHSR, "NHSRdatasets, one row a department type", date(2016, 4, 1), 236, (1867781, 186122)),
        (APRIL_2019, "provider CSV, 2019-20 headings", date(2019, 4, 1), 235, (2112165, 314181)),
        (APRIL_2020, "provider CSV, without booked appointments", date(2020, 4, 1), 222, (916575, 78135)),
        (AUGUST_2020, "provider CSV, with booked appointments", date(2020, 8, 1), 218, (1719003, 166099)),
        (MARCH_2023, "provider CSV, with booked appointments", date(2023, 3, 1), 203, (2165951, 550538)),
        (MAY_2023, "provider CSV, with booked appointments", date(2023, 5, 1), 204, (2245919, 520293)),
        (SEPTEMBER_2024, "provider CSV, with booked appointments", date(2024, 9, 1), 197, (2214217, 570888)),
        (MARCH_2026, "provider CSV, with booked appointments", date(2026, 3, 1), 199, (2432272, 556711)),
        (WORKBOOK, "provider workbook", date(2026, 5, 1), 192, (2457398, 597323)),
    ],
)
def test_each_form_gives_england_as_published(
    name: str, era: str, period: date, providers: int, england: tuple[int, int]
) -> None:
    reading = checked(FILES / name, read(FILES / name))
    facts = reading.frames["fact_ae_month"]
    assert reading.era == era
    assert facts["period"].unique().to_list() == [period]
    assert facts["org_code"].n_unique() == providers == reading.organisations.height
    assert (with_booked(facts, "attendances"), with_booked(facts, "over_4h")) == england
    assert reading.rejections == ()


@pytest.mark.parametrize(
    "name", [APRIL_2019, APRIL_2020, AUGUST_2020, MARCH_2023, MAY_2023, SEPTEMBER_2024, MARCH_2026, WORKBOOK]
)
def test_the_total_row_is_stated_and_never_counted(name: str) -> None:
    reading = read(FILES / name)
    facts = reading.frames["fact_ae_month"]
    assert not {"TOTAL", "Total", "-"} & set(facts["org_code"])
    assert len(reading.totals) >= 15
    for total in reading.totals:
        sums = sum_of(facts, total.measure)
        assert sums is not None
        assert sums[total.period] == total.value, total


def test_figures_of_one_provider_stand_as_in_the_file() -> None:
    rows = facts_of(MARCH_2026).filter(pl.col("org_code") == "RTG").drop("period", "org_code").rows()
    assert rows == [
        ("type1", 21011, 1241, 9178, 252, 4115, 1225, 455, 2034),
        ("type2", 0, 0, 0, 0, 0, None, None, None),
        ("other", 9855, 39, 3, 1, 1, None, None, None),
    ]


def test_waits_from_decision_to_admit_count_once_for_providers_without_type_1_too() -> None:
    facts = facts_of(MARCH_2026)
    assert facts["dta_over_12h"].sum() == 46665
    assert facts["dta_4_to_12h"].sum() == 77205
    assert facts.group_by("org_code").agg(pl.col("dta_over_12h").is_not_null().sum())["dta_over_12h"].to_list() == (
        [1] * 199
    )
    every_admission = facts["emergency_admissions"].sum() + facts["emergency_admissions_not_via_ae"].sum()
    assert every_admission == 402356 + 1423 + 6226 + 143887


def test_booked_appointments_are_not_reported_before_august_2020() -> None:
    assert facts_of(APRIL_2020)["attendances_booked"].null_count() == 666
    assert facts_of(AUGUST_2020)["attendances_booked"].null_count() == 0
    assert facts_of(AUGUST_2020)["attendances_booked"].sum() == 1401 + 0 + 19074


@pytest.mark.parametrize("name", [MARCH_2023, MAY_2023])
def test_field_test_trusts_did_not_report_whether_zero_or_blank(name: str) -> None:
    facts = facts_of(name)
    silent = facts.filter(pl.col("over_4h").is_null())
    assert set(silent["org_code"]) == set(TRUSTS) - {"RD3"}
    assert silent.height == 14 * 3
    assert silent["over_4h_booked"].null_count() == 42
    assert silent["attendances"].sum() > 0
    assert silent.filter(department="type1")["dta_over_12h"].null_count() == 0


def test_a_reported_zero_stays_zero() -> None:
    facts = facts_of(MARCH_2023).filter(~pl.col("org_code").is_in(list(TRUSTS)))
    assert facts["over_4h"].null_count() == 0
    small = facts.filter((pl.col("over_4h") == 0) & (pl.col("attendances") > 0) & (pl.col("department") == "other"))
    assert small.height > 20
    assert facts_of(APRIL_2019).filter(pl.col("org_code") == "RGT")["over_4h"].null_count() == 0


def test_the_workbook_equals_its_conversion_cell_by_cell() -> None:
    book, converted = read(FILES / WORKBOOK), read(FILES / CONVERTED)
    keys = ["org_code", "department"]
    assert book.frames["fact_ae_month"].sort(keys).equals(converted.frames["fact_ae_month"].sort(keys))
    assert {t.measure: t.value for t in book.totals} == {t.measure: t.value for t in converted.totals}


def test_regions_are_those_of_the_parent() -> None:
    regions = read(FILES / APRIL_2019).organisations
    assert regions["region_code"].null_count() == 0
    assert dict(regions.select("org_code", "region_code").rows())["RBD"] == "Y58"
    assert read(FILES / WORKBOOK).organisations["region_code"].null_count() == 0


def test_the_time_series_states_totals_and_no_facts() -> None:
    reading = checked(FILES / SERIES, read(FILES / SERIES))
    assert dict(reading.frames) == {}
    stated = {(total.period, total.measure): total.value for total in reading.totals}
    assert stated[date(2024, 12, 1), "attendances+attendances_booked"] == 2345934
    assert stated[date(2024, 12, 1), "over_4h+over_4h_booked"] == 677473
    assert min(total.period for total in reading.totals) == date(2015, 6, 1)


def test_leaving_out_the_field_test_gives_the_published_performance_in_each_month() -> None:
    """The Performance sheet counts the attendances within and over 4 hours of those who reported."""
    sheet = read_sheet(FILES / SERIES, "Performance", header_row=13)
    published = sheet.select(
        periods(sheet["Period"], FILES / SERIES).alias("period"),
        within=number(pl.col("Total Attendances < 4 hours")),
        over=number(pl.col("Total Attendances > 4 hours")),
    ).filter(pl.col("period").is_between(date(2019, 4, 1), date(2025, 3, 1)))
    facts = read_shipment(PUBLICATION.id).frames["fact_ae_month"]
    attendances = pl.col("attendances") + pl.col("attendances_booked").fill_null(0)
    over = pl.col("over_4h") + pl.col("over_4h_booked").fill_null(0)
    ours = (
        facts.filter(pl.col("over_4h").is_not_null())
        .group_by("period")
        .agg(attendances=attendances.sum(), over=over.sum())
    )
    both = published.join(ours, on="period", suffix="_ours")
    assert both.height == 72
    assert (both["over"] == both["over_ours"]).all()
    assert (both["within"] == both["attendances"] - both["over_ours"]).all()


def test_shipped_months_tie_to_every_stated_total_or_the_cause_is_known() -> None:
    shipment = read_shipment(PUBLICATION.id)
    facts = shipment.frames["fact_ae_month"]
    assert facts["period"].n_unique() == 122
    assert facts.select("period", "org_code", "department").is_duplicated().sum() == 0
    compared = 0
    for source in shipment.sources:
        for total in source.totals:
            sums = sum_of(facts, total.measure)
            assert sums is not None
            if total.period not in sums:
                continue
            compared += 1
            ours = sums[total.period]
            if ours != total.value:
                assert cause_of(PUBLICATION.id, total.period, total.measure, ours, total.value), total
                assert "Time-Series" in total.stated_in
    assert compared > 1500


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (",21011,", ",2101l,", r"row 200, column '.*Type 1': '2101l' is not a number"),
        ("Org Code", "Org Cod", r"column 'Org Code': 1 missing: 'Org Code'. Did you mean 'Org Cod'\? Expected"),
        ("MSitAE-MARCH-2026,AQN04", "MSitAE-MRCH-2026,AQN04", r"row 2, column 'Period': 'MSitAE-MRCH-2026' names no"),
        (",21011,", ",21011.5,", "is not a whole number"),
    ],
)
def test_a_spoilt_file_is_refused_with_its_row_and_column(tmp_path: Path, old: str, new: str, problem: str) -> None:
    with pytest.raises(UnreadableFileError, match=problem):
        read(spoilt(tmp_path, old, new))


def test_a_row_that_contradicts_itself_is_refused_with_the_publishers_column(tmp_path: Path) -> None:
    path = spoilt(tmp_path, ",21011,0,9855,1241,0,39,9178,", ",21011,0,9855,1241,0,39,99178,")
    problem = (
        r"row 200, column 'Attendances over 4hrs Type 1': RTG has 99178 breaches, more than the 21011 of the "
        r"column 'A&E attendances Type 1'"
    )
    with pytest.raises(UnreadableFileError, match=problem):
        read(path)


def test_a_row_with_figures_and_no_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="row 2, column 'Org Code': the cell is empty"):
        read(spoilt(tmp_path, "MSitAE-MARCH-2026,AQN04,", "MSitAE-MARCH-2026,,"))


def test_a_blank_row_is_left_out_and_the_rows_below_keep_their_numbers(tmp_path: Path) -> None:
    def blank(rows: list[list[str]]) -> list[list[str]]:
        return [rows[0], [""] * len(rows[0]), *rows[1:]]

    reading = read(with_rows(FILES / MARCH_2026, tmp_path, blank))
    assert [(r.row, r.column) for r in reading.rejections] == [(2, "Org Code")]

    def spoil(rows: list[list[str]]) -> list[list[str]]:
        rows[4][0] = "MSitAE-MARHC-2026"
        return blank(rows)

    with pytest.raises(UnreadableFileError, match="row 6, column 'Period': 'MSitAE-MARHC-2026' names no period"):
        read(with_rows(FILES / MARCH_2026, tmp_path, spoil))


def test_a_provider_given_twice_is_refused_with_both_rows(tmp_path: Path) -> None:
    path = spoilt(tmp_path, "MSitAE-MARCH-2026,AQN04,", "MSitAE-MARCH-2026,C82009,")
    with pytest.raises(
        UnreadableFileError,
        match=r"column 'Org Code': 'C82009' stands in the file more than once, in the rows 2, \d+\.",
    ):
        read(path)


def test_other_publications_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="missing: 'Period'"):
        read(FILES.parent / "diagnostics" / "Monthly-Diagnostics-Web-File-Provider-September-2024_9CL34R.csv.gz")
    with pytest.raises(UnreadableFileError, match=r"not an A&E workbook.*it has: .*Provider"):
        read(FILES.parent / "cancelled_operations" / "Q1-2025-26-Cancelled-Operations.xlsx")
    cut = tmp_path / WORKBOOK
    cut.write_bytes((FILES / WORKBOOK).read_bytes()[:100_000])
    with pytest.raises(UnreadableFileError, match=r"no readable Excel workbook|cannot be read"):
        read(cut)
    half = tmp_path / MARCH_2026
    half.write_bytes((FILES / MARCH_2026).read_bytes()[:9_990])
    with pytest.raises(UnreadableFileError, match="cut short"):
        read(half)


def test_trailing_blank_columns_do_no_harm() -> None:
    assert "a" in read_csv_as_text(FILES / SEPTEMBER_2024).columns
    assert facts_of(SEPTEMBER_2024).columns == facts_of(MARCH_2026).columns
