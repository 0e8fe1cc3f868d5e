"""Which raw files each publication's shipped data are built from, in load order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

# Glob patterns under the folder of raw files. Patterns are taken in turn, the files of one pattern by
# name; where two files hold the same rows, the later one stands.
SOURCES: Mapping[str, tuple[str, ...]] = {
    "ae_attendances": (
        "ae-attendances-provider/Monthly-AE-Time-Series-*.xls",
        "ae-attendances-provider/nhsrdatasets_ae_attendances_*.csv",
        "ae-attendances-provider/published-csv/*.csv",
        "ae-attendances-provider/from-published-xls/*.csv",
        "ae-attendances-provider/published-xls/*.xls",
    ),
    "rtt": (
        "rtt-waiting-times/rtt_overview_time_series_national.xlsx",
        "rtt-waiting-times/rtt_incomplete_by_provider_month.csv.gz",
        "rtt-waiting-times/incomplete-provider-2024-25/*.csv.gz",
        "rtt-waiting-times/published-full-csv/*.zip",
    ),
    "cancer_waits": (
        "cancer-waiting-times/cwt_provider_extract_*.csv.gz",
        "cancer-waiting-times/CWT-CRS-*.xlsx",
    ),
    "diagnostics": ("diagnostics-dm01/*.csv.gz",),
    "cancelled_operations": ("cancelled-operations/Q*.xlsx",),
    "discharge_sitrep": ("discharge-sitrep-daily/*.csv.gz",),
    "uec_winter_sitrep": ("uec-winter-daily-sitrep/*.csv.gz",),
    "uec_beds": ("uec-sitrep-monthly-beds/*.csv",),
    "kh03_beds": (
        "beds-kh03/overnight_day_beds_2010_2024.csv.gz",
        "beds-kh03/trust_quarterly_beds_ae_cancelled_nctr_*.csv.gz",
        "beds-kh03/kh03_overnight_by_trust_specialty.parquet",
        "beds-kh03/Beds-Open-Overnight-Web_File-*.xlsx",
    ),
    "gp_appointments": (
        "gp-appointments/Regional_CSV_*.csv*",
        "gp-appointments/appointments_regional_icb_monthly_*.csv.gz",
        "gp-appointments/actual_duration_daily_sub_icb_*.csv.gz",
        "gp-appointments/gp_appointments_monthly_sub_icb_*.csv",
    ),
    "ambulance": (
        "ambulance-quality-indicators/ambulance_regional_month.csv",
        "ambulance-quality-indicators/AmbSYS_published_csv_*.csv",
        "ambulance-quality-indicators/AmbSYS-Time-Series-*.xlsx",
    ),
    "virtual_wards": ("virtual-wards/Monthly-Virtual-Ward-*.xlsx",),
    "outpatients": (
        "outpatients/quarterly_activity_return_by_provider_*.csv.gz",
        "outpatients/HES_M13_*.csv.gz",
        "outpatients/hosp-epis-stat-outp-rep-tabs-*.xlsx",
    ),
    "nhs111": ("nhs111-daily/nhs111_daily_by_contract.csv",),
    "staff_survey": (
        "staff-survey/data_trusts_well-being_organisational_*.csv.gz",
        "staff-survey/NSS24 detailed spreadsheets organisational results.xlsx",
    ),
    "sickness_absence": (
        "sickness-absence/nhs_sickness_absence_*.csv",
        "sickness-absence/nhs_sickness_reason_*.xlsx",
    ),
    "workforce": (
        "workforce/workforce_by_trust_staff_group_*.parquet",
        "workforce/NHS Workforce Statistics, * England and Organisation.xlsx",
    ),
    "digital_maturity": ("digital-maturity/dma_*.csv", "digital-maturity/fdp_*.csv"),
    "dspt": ("dspt/*.csv",),
    "nhs_app": (
        "nhs-app/* - June 2025.xlsx",
        "nhs-app/* - July 2025.xlsx",
        "nhs-app/* - August 2025.xlsx",
    ),
    "medical_records_cost": ("medical-records-cost-epr/*.csv",),
    "shmi": ("mortality-shmi/*.csv",),
    "proms": ("proms/data-pack-*/*.zip",),
    "friends_and_family": ("friends-and-family-test/fft_inpatient_national_monthly_totals_*.csv",),
    "trust_snapshot": ("trust-snapshot-2026/*.csv",),
    "cqc_ratings": ("cqc-ratings/*.csv",),
    "ods_reference": (
        "ods-reference/*.csv",
        "ae-attendances-provider/published-xls/May-26-*.xls",
        "sickness-absence/nhs_sickness_absence_2025-03.csv",
    ),
    "deprivation": ("deprivation/trust_catchment_population_imd.csv",),
    "bank_holidays": ("uk-bank-holidays/bank-holidays.json",),
}


def source_files(publication: str, folder: Path) -> list[Path]:
    """Returns the publication's raw files under `folder`, in load order.

    Raises:
        FileNotFoundError: a pattern finds nothing.
    """
    files: list[Path] = []
    for pattern in SOURCES[publication]:
        found = sorted(path for path in folder.glob(pattern) if path not in files)
        if not found:
            raise FileNotFoundError(f"{publication}: no file {pattern} under {folder}.")
        files += found
    return files
