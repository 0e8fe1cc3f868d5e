"""Why the facts of a publication do not add up to a total that the publication states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sample_data.published.stated_totals import parts_of


@dataclass(frozen=True, slots=True)
class KnownDifference:
    """A difference between facts and stated totals, with its cause.

    Attributes:
        publication: the publication's id.
        first: first period, inclusive.
        last: last period, inclusive.
        columns: the fact columns whose totals differ.
        lowest: the least share by which facts exceed the total (negative: they fall short of it).
        highest: the largest such share. A difference outside these is not explained.
        cause: why, in one sentence.
        organisation: the organisation that differs; None where it is not one.
    """

    publication: str
    first: date
    last: date
    columns: frozenset[str]
    lowest: float
    highest: float
    cause: str
    organisation: str | None = None

    def explains(self, publication: str, period: date, measure: str, facts: float, stated: float) -> bool:
        """Returns whether this is why `facts` is not `stated`."""
        columns, _ = parts_of(measure)
        share = (facts - stated) / stated if stated else float("inf")
        return (
            publication == self.publication
            and self.first <= period <= self.last
            and self.columns >= set(columns)
            and self.lowest <= share <= self.highest
        )


_AE_2016_TO_2019 = (date(2016, 4, 1), date(2019, 3, 1))

KNOWN_DIFFERENCES: tuple[KnownDifference, ...] = (
    KnownDifference(
        "ae_attendances",
        *_AE_2016_TO_2019,
        frozenset({"emergency_admissions"}),
        lowest=-0.07,
        highest=0.0,
        cause=(
            "NHSRdatasets leaves out departments without attendances, and with them up to 94 admissions a month "
            "(of about 400,000)."
        ),
    ),
    KnownDifference(
        "ae_attendances",
        date(2017, 7, 1),
        date(2017, 8, 1),
        frozenset({"over_4h", "over_4h_booked"}),
        lowest=-0.00001,
        highest=0.0,
        cause="NHSRdatasets leaves out a department with one breach and no attendance.",
    ),
    KnownDifference(
        "ae_attendances",
        date(2019, 3, 1),
        date(2019, 3, 1),
        frozenset({"attendances", "attendances_booked", "over_4h", "over_4h_booked"}),
        lowest=-0.000001,
        highest=0.0004,
        cause="The month was revised after NHSRdatasets took it: 1 attendance more, 109 breaches less.",
    ),
    KnownDifference(
        "ae_attendances",
        date(2025, 4, 1),
        date(2025, 6, 1),
        frozenset(
            {
                "attendances",
                "attendances_booked",
                "over_4h",
                "over_4h_booked",
                "emergency_admissions",
                "emergency_admissions_not_via_ae",
                "dta_4_to_12h",
                "dta_over_12h",
            }
        ),
        lowest=-0.05,
        highest=0.0016,
        cause=(
            "The provider files are revised; the England time series is the edition of July 2025. "
            "Each file's own TOTAL row ties."
        ),
    ),
    KnownDifference(
        "rtt",
        date(2021, 4, 1),
        date(2023, 8, 1),
        frozenset({"incomplete", "within_18_weeks", "over_52_weeks", "over_65_weeks", "over_78_weeks"}),
        lowest=-0.01,
        highest=0.035,
        cause=(
            "England's totals count pathways of English commissioners; the provider rows also hold those "
            "commissioned from elsewhere (31,719 of 7,187,677 in January 2026), and later revisions."
        ),
    ),
    KnownDifference(
        "rtt",
        date(2021, 4, 1),
        date(2023, 8, 1),
        frozenset({"over_104_weeks"}),
        lowest=0.0,
        highest=0.18,
        cause=(
            "As for the other waits: few waited over 104 weeks, so the pathways that were commissioned from outside "
            "England weigh more (14 to 290 a month)."
        ),
    ),
    KnownDifference(
        "kh03_beds",
        date(2010, 4, 1),
        date(2011, 1, 1),
        frozenset({"available_day", "occupied_day"}),
        lowest=-0.009,
        highest=0.0,
        cause="England's row counts one organisation with 81 day beds that has no row of its own.",
    ),
    KnownDifference(
        "uec_winter_sitrep",
        date(2017, 1, 1),
        date(2017, 1, 8),
        frozenset({"adult_critical_care_occupied"}),
        lowest=0.0,
        highest=0.17,
        cause="England's row repeats the figure 2,805 on these days; the trusts' own rows differ.",
    ),
    KnownDifference(
        "uec_winter_sitrep",
        date(2022, 11, 14),
        date(2023, 3, 12),
        frozenset({"handover_over_60_minutes"}),
        lowest=-1.0,
        highest=0.0,
        cause=(
            "Two trusts with an A&E, Bedfordshire Hospitals (RC9) and Isle of Wight (R1F), have blank cells on every "
            "day of that winter; England's row is up to 38 handovers a day higher."
        ),
    ),
    KnownDifference(
        "outpatients",
        date(2011, 10, 1),
        date(2011, 10, 1),
        frozenset(
            {
                "admitted",
                "decisions_to_admit",
                "failed_to_attend_admission",
                "first_attended",
                "first_did_not_attend",
                "gp_referrals",
                "other_referrals",
                "removals_from_list",
                "subsequent_attended",
                "subsequent_did_not_attend",
            }
        ),
        lowest=-0.012,
        highest=0.0,
        cause=(
            "The return names providers without codes; rows whose name fits no single organisation are left out "
            "and listed as rejected."
        ),
    ),
    KnownDifference(
        "nhs_app",
        date(2025, 3, 1),
        date(2025, 8, 1),
        frozenset({"logins", "unique_users"}),
        lowest=-0.001,
        highest=0.0,
        cause="England's total counts users whose integrated care board is unknown; no board's row holds them.",
    ),
)


def cause_of(publication: str, period: date, measure: str, facts: float, stated: float) -> str | None:
    """Returns why the facts differ from the stated total, or None when no cause is known."""
    for known in KNOWN_DIFFERENCES:
        if known.explains(publication, period, measure, facts, stated):
            return known.cause
    return None
