"""Figures as the publishers state them, copied by hand from the published files.

Each says where it stands. `within` is half a unit of the last digit that the publisher shows; unrounded figures are met to 1 in a billion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

R0A: Mapping[str, str] = {"organisation": "R0A"}
EXACT = 1e-9


@dataclass(frozen=True, slots=True)
class Published:
    """One figure: what the engine must answer for the metric, the period and the filters."""

    metric: str
    period: date
    value: float
    stated_in: str
    where: Mapping[str, str] = field(default_factory=dict)
    grain: str = "month"
    within: float = EXACT
    numerator: float | None = None
    denominator: float | None = None


MARCH_2026, JANUARY_2026 = date(2026, 3, 1), date(2026, 1, 1)
AE = "Monthly-AE-March-2026-revised-flkg42.csv"
SERIES = "Monthly-AE-Time-Series-June-2025.xls"
RTT = "20260131-RTT-January-2026-full-extract.csv, sum of part 2"
RTT_SHEET = "Incomplete-Provider-Mar25-XLSX-9M-38145"
CANCER = "CWT-CRS-Apr-2025-to-Jul-2025-Data-Extract-Provider.xlsx"
DM01 = "Monthly-Diagnostics-Web-File-Provider-March-2025, row 2430 (test 16, Total)"
KH03 = "Beds-Open-Overnight-Web_File-Q1-2025-26.xlsx, NHS Trust by Sector"
HES = "hosp-epis-stat-outp-rep-tabs-2023-24-tab.xlsx, Summary Report 1, row 15"
AMBSYS = "AmbSYS-Time-Series-until-20250831.xlsx, Raw, ENG, August 2025"
WARDS = "Monthly-Virtual-Ward-July2025.xlsx, ICB sheet"
APP = "NHS App Management Information Statistics - August 2025.xlsx, Table 2, row 246"
SURVEY = "NSS24 detailed spreadsheets organisational results.xlsx"
STAFF = "NHS Workforce Statistics, May 2025 England and Organisation.xlsx, sheet 3, row 8"
ERIC = "trust_medical_records_cost_and_epr_2017-18_2023-24.csv"
PROMS = "ProvComm Hip and Knee Replacement 1819.csv"
SNAPSHOT = "trust_snapshot_selected_columns.csv"

FIGURES = (
    # The TOTAL row: 1,451,010 + 54,862 + 845,475 attendances and 27,134 + 531 + 53,260 booked ones.
    Published("ae_attendances", MARCH_2026, 2_432_272, f"{AE}, TOTAL"),
    # 523,986 + 2,035 + 23,407 over four hours, and 6,793 + 29 + 461 booked: 556,711.
    Published("ae_four_hour", MARCH_2026, (2_432_272 - 556_711) / 2_432_272, f"{AE}, TOTAL",
              numerator=1_875_561, denominator=2_432_272),
    Published("ae_four_hour_type1", MARCH_2026, 1 - (523_986 + 6_793) / (1_451_010 + 27_134), f"{AE}, TOTAL"),
    Published("ae_dta_12h", MARCH_2026, 46_665, f"{AE}, TOTAL"),
    Published("ae_dta_4h", MARCH_2026, 77_205 + 46_665, f"{AE}, TOTAL"),
    Published("emergency_admissions", MARCH_2026, 402_356 + 1_423 + 6_226 + 143_887, f"{AE}, TOTAL"),
    Published("ae_attendances", MARCH_2026, 26_982 + 3_393 + 11_549 + 3_642 + 498 + 801, f"{AE}, row of R0A", R0A),
    Published("ae_dta_12h", MARCH_2026, 53, f"{AE}, row of R0A", R0A),
    # During the field test the publisher leaves its trusts out of the share, as we do.
    Published("ae_four_hour", date(2022, 12, 1), 0.652027207027097, f"{SERIES}, Performance, row 159",
              numerator=1_333_914, denominator=1_333_914 + 711_881),
    Published("ae_four_hour_type1", date(2022, 12, 1), 0.4963683545421216, f"{SERIES}, Performance, row 159"),
    Published("ae_four_hour", date(2019, 11, 1), 0.8144121221229261, f"{SERIES}, Performance, row 122"),
    Published("ae_attendances", date(2022, 12, 1), 2_294_079, f"{SERIES}, Activity, row 162"),
    Published("emergency_admissions", date(2022, 12, 1), 517_444, f"{SERIES}, Activity, row 162"),
    Published("ae_four_hour", date(2017, 1, 1), 0.851413411900772, f"{SERIES}, Performance, row 88"),
    Published("rtt_waiting_list", JANUARY_2026, 7_187_677, f"{RTT}, C_999"),
    Published("rtt_within_18_weeks", JANUARY_2026, 4_412_147 / 7_187_677, f"{RTT}, C_999"),
    Published("rtt_over_52_weeks", JANUARY_2026, 137_320, f"{RTT}, C_999"),
    Published("rtt_waiting_list", JANUARY_2026, 845_246, f"{RTT}, C_110", {"service": "110"}),
    Published("rtt_within_18_weeks", JANUARY_2026, 417_006 / 598_650, f"{RTT}, C_130", {"service": "130"}),
    Published("rtt_over_52_weeks", JANUARY_2026, 5_237, f"{RTT}, C_130", {"service": "130"}),
    Published("rtt_median_wait", date(2025, 3, 1), 17.3, f"{RTT_SHEET}, row 2449", R0A, within=0.05),
    Published("rtt_p92_wait", date(2025, 3, 1), 46.8, f"{RTT_SHEET}, row 2449", R0A, within=0.05),
    Published("rtt_median_wait", date(2025, 3, 1), 21.7, f"{RTT_SHEET}, row 2428", {**R0A, "service": "110"}, within=0.05),
    Published("rtt_p92_wait", date(2025, 3, 1), 50.1, f"{RTT_SHEET}, row 2428", {**R0A, "service": "110"}, within=0.05),
    Published("rtt_within_18_weeks", date(2025, 3, 1), 5_603 / 13_250, f"{RTT_SHEET}, row 2428",
              {**R0A, "service": "110"}, numerator=5_603, denominator=13_250),
    # First treatments 56 + 107 + 1 + 347 and subsequent ones 8 + 90, by modality.
    Published("cancer_31_day", date(2025, 7, 1), (56 + 103 + 1 + 309 + 8 + 70) / 609, f"{CANCER}, R0A, JUL, ALL CANCERS",
              R0A, denominator=56 + 107 + 1 + 347 + 8 + 90),
    # Halves are shared care: breast 4, upgrade 172, screening 63.5, urgent suspected 270.
    Published("cancer_62_day", date(2025, 7, 1), (3 + 127 + 39.5 + 142) / 509.5, f"{CANCER}, R0A, JUL, ALL CANCERS",
              R0A, denominator=4 + 172 + 63.5 + 270),
    Published("diagnostics_over_6_weeks", date(2025, 3, 1), 3_227 / 27_541, DM01, R0A, numerator=3_227, denominator=27_541),
    Published("diagnostics_over_13_weeks", date(2025, 3, 1), 1_576 / 27_541, DM01, R0A),
    Published("bed_occupancy", date(2025, 4, 1), 0.9147705682710904, f"{KH03}, row 15", grain="quarter"),
    Published("beds_available", date(2025, 4, 1), 104_197.48351648351, f"{KH03}, row 15", grain="quarter"),
    Published("bed_occupancy", date(2025, 4, 1), 0.9443725310777334, f"{KH03}, row 18", {"organisation": "R1H"}, "quarter"),
    Published("maternity_bed_occupancy", date(2025, 4, 1), 0.6103283372749723, f"{KH03}, row 15", grain="quarter"),
    Published("outpatient_dna", date(2023, 4, 1), 8_020_272 / (104_634_817 + 8_020_272), HES, grain="financial_year"),
    Published("outpatient_hospital_cancelled", date(2023, 4, 1), 0.0985033799105583, HES, grain="financial_year"),
    Published("outpatient_unknown_outcome", date(2023, 4, 1), 0.00444495810701737, HES, grain="financial_year"),
    Published("ambulance_cat2_mean", date(2025, 8, 1), 1_623, f"{AMBSYS}, A31", within=0.5,
              numerator=626_178_942, denominator=385_921),
    Published("ambulance_cat1_mean", date(2025, 8, 1), 467, f"{AMBSYS}, A25", within=0.5),
    Published("ambulance_handover_mean", date(2025, 8, 1), 1_556, f"{AMBSYS}, A142", within=0.5),
    Published("ambulance_call_answer_mean", date(2025, 8, 1), 3, f"{AMBSYS}, A3", within=0.5),
    Published("virtual_ward_occupancy", date(2025, 7, 1), 9_002 / 12_576, f"{WARDS}, row 16", denominator=12_576),
    Published("virtual_ward_capacity_rate", date(2025, 7, 1), 19.7, f"{WARDS}, row 16", within=0.05),
    Published("nhs_app_logins", date(2025, 8, 1), 2_831_945, APP, {"icb": "QOP"}),
    Published("nhs_app_users", date(2025, 8, 1), 628_299, APP, {"icb": "QOP"}),
    Published("staff_engagement", date(2024, 4, 1), 6.792762973949508, f"{SURVEY}, THEMES, row 59", R0A, "financial_year"),
    Published("staff_morale", date(2024, 4, 1), 5.854030616729916, f"{SURVEY}, THEMES, row 59", R0A, "financial_year"),
    Published("staff_burnout", date(2024, 4, 1), 5.049475822061074, f"{SURVEY}, PEOPLE PROMISE ELEMENTS, row 59",
              R0A, "financial_year"),
    Published("staff_burned_out_share", date(2024, 4, 1), 0.302077077777851,
              "data_trusts_well-being - organisational results.csv, R0A, 2024", R0A, "financial_year"),
    Published("workforce_fte", date(2025, 5, 1), 1_373_862.75008, STAFF),
    Published("admin_workforce_share", date(2025, 5, 1), (13_559.59713 + 26_609.4598 + 112_379.73776) / 1_373_862.75008, STAFF),
    Published("sickness_absence", date(2025, 1, 1), 0.0683, "nhs_sickness_absence_2025-01.csv, R0A", R0A, within=0.00005,
              numerator=58_524.98632, denominator=857_185.64707),
    Published("cancelled_operations", date(2025, 1, 1), 735, "Q4-2024-25-Cancelled-Operations.xlsx, Provider, row 116",
              R0A, "quarter"),
    Published("cancelled_not_treated_28_days", date(2025, 1, 1), 142 / 735,
              "Q4-2024-25-Cancelled-Operations.xlsx, Provider, row 116", R0A, "quarter"),
    Published("dma_overall", date(2025, 4, 1), 3.41, "dma_2025_pillar_scores_acute_trusts.csv, row 2", R0A, "financial_year"),
    Published("dma_empower_people", date(2025, 4, 1), 2.7, "dma_2025_pillar_scores_acute_trusts.csv, row 2", R0A,
              "financial_year"),
    Published("dspt_met", date(2021, 4, 1), (129 + 15) / (129 + 15 + 63 + 5), "DSPT_trusts_21_22_snapshot09_09_22.csv",
              grain="financial_year"),
    Published("medical_records_cost", date(2023, 4, 1), 6_081_336, f"{ERIC}, row 106", R0A, "financial_year"),
    # The source divides the same cost by the same catchment of 1,425,010.
    Published("medical_records_cost_per_person", date(2023, 4, 1), 4.27, f"{ERIC}, row 106, mrc_total_202324_perpatient",
              R0A, "financial_year", within=0.005, denominator=1_425_010),
    Published("shmi", date(2019, 4, 1), 0.9519, "shmi_and_engagement_by_trust_2012_2019.csv, row 1083", R0A, "financial_year"),
    Published("shmi", date(2025, 4, 1), 0.9936, f"{SNAPSHOT}, R0A", R0A, "financial_year"),
    Published("fft_inpatient_positive", date(2024, 1, 1), 0.94, "Monthly Rolling Totals.xlsx, Jan-24, NHS", denominator=180_600),
    Published("proms_hip_gain", date(2018, 4, 1), 0.456971, f"{PROMS}, row 3462", grain="financial_year"),
    Published("proms_knee_gain", date(2018, 4, 1), 0.336627, f"{PROMS}, row 3463", grain="financial_year"),
    Published("proms_hip_gain_adjusted", date(2018, 4, 1), 0.462991, f"{PROMS}, row 7299", {"organisation": "RRV"},
              "financial_year"),
    Published("proms_hip_gain", date(2018, 4, 1), 0.38969, f"{PROMS}, row 7299", {"organisation": "RRV"}, "financial_year"),
    Published("proms_hip_improved_share", date(2018, 4, 1), 43_730 / 45_101, "Key Facts Hip and Knee Replacements 1819.csv, row 4",
              grain="financial_year"),
    Published("gp_dna", date(2022, 3, 1), 1_289_888 / 29_595_038, "appointments_regional.csv, March 2022, all rows"),
    Published("gp_remote_share", date(2022, 3, 1), (10_088_419 + 152_018) / (29_595_038 - 819_913),
              "appointments_regional.csv, March 2022, all rows"),
    Published("no_criteria_to_reside", date(2025, 8, 29), 528, "england_trust_criteria_to_reside.csv, R0A", R0A, "day"),
    Published("no_criteria_to_reside", date(2025, 8, 29), 25_270, "england_trust_criteria_to_reside.csv, 117 trusts", grain="day"),
    Published("discharges_daily", date(2025, 8, 29), 266, "england_trust_discharged_patients.csv, R0A", R0A, "day"),
    Published("discharges_by_1700_share", date(2023, 3, 1), 126 / 229, "england_trust_discharged_patients.csv, R0A", R0A, "day"),
    Published("nhs111_calls", date(2026, 3, 29), 58_858, "nhs111_daily_by_contract.csv, 28 areas", grain="day"),
    Published("cqc_overall", date(2025, 4, 1), 3, "cqc_ratings_extracted.csv, R0A, Good", R0A, "financial_year"),
    Published("oversight_segment", date(2025, 4, 1), 1, f"{SNAPSHOT}, R0B", {"organisation": "R0B"}, "financial_year"),
)  # fmt: skip
