"""The publications that the warehouse knows, by id."""

from __future__ import annotations

from importlib import import_module

from sample_data.published.reading import Publication

MODULES = (
    "ae_attendances",
    "rtt",
    "cancer_waits",
    "diagnostics",
    "cancelled_operations",
    "discharge_sitrep",
    "uec_winter_sitrep",
    "uec_beds",
    "kh03_beds",
    "gp_appointments",
    "ambulance",
    "virtual_wards",
    "outpatients",
    "nhs111",
    "staff_survey",
    "sickness_absence",
    "workforce",
    "digital_maturity",
    "dspt",
    "nhs_app",
    "medical_records_cost",
    "shmi",
    "proms",
    "friends_and_family",
    "trust_snapshot",
    "cqc_ratings",
    "ods_reference",
    "deprivation",
    "bank_holidays",
)

_PACKAGE = "sample_data.published"


def _publication(module: str) -> Publication:
    publication: Publication = import_module(f"{_PACKAGE}.{module}").PUBLICATION
    if publication.id != module:
        raise ValueError(f"{_PACKAGE}.{module}: PUBLICATION.id is '{publication.id}', must be '{module}'.")
    return publication


PUBLICATIONS: dict[str, Publication] = {module: _publication(module) for module in MODULES}
