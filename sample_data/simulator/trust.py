"""The Sample Trust: a fictional one, its code one that the register of organisations does not have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ORG_CODE: Final = "ZZ1"
ORG_NAME: Final = "Sample Trust"
ORG_TYPE: Final = "simulated"


@dataclass(frozen=True, slots=True)
class Site:
    """A site and its share of the trust's type 1 (major) and type 3 (minor) attendances and of its clinics."""

    code: str
    name: str
    major: float
    minor: float
    clinics: float
    has_beds: bool


SITES: Final = (
    Site("ZZ101", "Sample General Hospital", 0.64, 0.0, 0.55, True),
    Site("ZZ102", "Sample North Hospital", 0.36, 0.0, 0.30, True),
    Site("ZZ103", "Sample Treatment Centre", 0.0, 1.0, 0.15, False),
)

SECTORS: Final = ("medicine", "surgery", "women", "children")


@dataclass(frozen=True, slots=True)
class Pool:
    """The wards of a site that take each other's patients."""

    site: int
    sector: int
    wards: int
    beds: int
    escalation: int


# Beds of one ward at scale 1. The pool's place in this tuple is its number everywhere.
POOLS: Final = (
    Pool(0, 0, 4, 23, 2),
    Pool(0, 1, 3, 17, 1),
    Pool(0, 2, 1, 28, 3),
    Pool(0, 3, 1, 9, 3),
    Pool(1, 0, 3, 18, 2),
    Pool(1, 1, 2, 15, 1),
)


@dataclass(frozen=True, slots=True)
class Service:
    """A treatment function.

    Attributes:
        referrals: a year, at scale 1.
        two_week, urgent: shares of the referrals.
        follow_up: probability that a seen patient whose clock has stopped is to come again.
        interval: mean weeks to a follow-up.
        admit: probability that a seen patient whose clock runs is put on the list for admission.
        ordinary: share of planned admissions that stay overnight.
        nights: median nights of an ordinary admission.
        planned: planned (13) day cases a year, at scale 1.
        tele: share of appointments by telephone or video.
        age: mean age.
    """

    code: str
    referrals: int = 0
    two_week: float = 0.0
    urgent: float = 0.15
    follow_up: float = 0.6
    interval: float = 14.0
    admit: float = 0.1
    ordinary: float = 0.1
    nights: float = 2.0
    planned: int = 0
    tele: float = 0.18
    age: float = 55.0
    tumour: str = ""
    sector: int = 1


SERVICES: Final = (
    Service("100", 8200, 0.24, 0.15, 0.42, 12, 0.22, 0.22, 2.2, 0, 0.10, 56, "Breast"),
    Service("101", 5200, 0.22, 0.15, 0.58, 14, 0.19, 0.18, 1.8, 2400, 0.18, 64, "Urological"),
    Service("110", 9000, 0.02, 0.12, 0.60, 12, 0.15, 0.34, 2.4, 0, 0.08, 54, "Sarcoma"),
    Service("120", 6600, 0.14, 0.12, 0.46, 14, 0.13, 0.12, 1.2, 0, 0.08, 45, "Head and neck"),
    Service("130", 9400, 0.01, 0.15, 0.74, 14, 0.18, 0.01, 1.0, 4200, 0.04, 66, ""),
    Service("301", 7400, 0.22, 0.20, 0.55, 16, 0.23, 0.03, 1.5, 5200, 0.32, 56, "Lower gastrointestinal", 0),
    Service("320", 5600, 0.0, 0.20, 0.58, 18, 0.08, 0.25, 1.4, 0, 0.22, 63, "", 0),
    Service("330", 7800, 0.42, 0.10, 0.52, 13, 0.13, 0.0, 1.0, 0, 0.10, 50, "Skin"),
    Service("340", 3400, 0.14, 0.20, 0.68, 16, 0.05, 0.10, 1.5, 0, 0.26, 62, "Lung", 0),
    Service("400", 4000, 0.02, 0.15, 0.66, 20, 0.01, 0.10, 1.5, 0, 0.34, 50, "Brain", 0),
    Service("410", 2600, 0.0, 0.18, 0.78, 18, 0.01, 0.02, 1.0, 2200, 0.32, 56, "", 0),
    Service("502", 6400, 0.20, 0.14, 0.44, 12, 0.14, 0.20, 1.4, 0, 0.14, 43, "Gynaecological", 2),
    Service("430", 2000, 0.0, 0.25, 0.60, 14, 0.0, 0.0, 1.0, 0, 0.20, 81, "", 0),
    Service("300", sector=0),
    Service("420", sector=3, age=7),
    Service("501", sector=2, age=30),
)
AT: Final = {service.code: at for at, service in enumerate(SERVICES)}
