"""How the simulated trust compares with the real ones: the same figure of both, and the band that it is held to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from sample_data.published.shipment import SHIPPED

Frames = Mapping[str, pl.DataFrame]
col = pl.col


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that the simulation is held to.

    Attributes:
        simulated: the figure of a simulation's frames.
        published: one value a trust (or, of `of` England, a single value).
        source: publication and months, as shipped.
        room: how far beyond the 10th and 90th percentile (or, of a single value, from it) is still as real, relative.
    """

    title: str
    simulated: Callable[[Frames], float]
    published: Callable[[], pl.Series]
    source: str
    room: float = 0.0
    is_share: bool = True


@dataclass(frozen=True, slots=True)
class Comparison:
    """A target, the simulated figure, and the published range that it is to lie in."""

    target: Target
    simulated: float
    low: float
    middle: float
    high: float
    trusts: int

    @property
    def holds(self) -> bool:
        """Returns whether the simulated figure lies in the band."""
        return self.low * (1 - self.target.room) <= self.simulated <= self.high * (1 + self.target.room)


def compare(frames: Frames) -> tuple[Comparison, ...]:
    """Returns each target with the simulated figure and the published range (10th to 90th percentile of trusts)."""
    found = []
    for target in TARGETS:
        values = target.published().drop_nulls().drop_nans()
        low, middle, high = (float(values.quantile(at, "linear") or 0) for at in (0.1, 0.5, 0.9))
        found.append(Comparison(target, target.simulated(frames), low, middle, high, len(values)))
    return tuple(found)


def _ratio(table: str, above: pl.Expr, below: pl.Expr) -> Callable[[Frames], float]:
    return lambda frames: float(frames[table].select(above.sum() / below.sum()).item())


def _real(name: str, table: str) -> pl.LazyFrame:
    return pl.scan_parquet(SHIPPED / name / f"{table}.parquet")


def _of_trusts(rows: pl.LazyFrame, value: pl.Expr, *, when: pl.Expr) -> pl.Series:
    return rows.group_by("org_code").agg(value.alias("value"), when.alias("counts")).filter("counts").collect()["value"]


def _ae(above: str, below: str) -> Callable[[], pl.Series]:
    def published() -> pl.Series:
        rows = _real("ae_attendances", "fact_ae_month").filter(
            col("period") >= date(2025, 6, 1), col("department") == "type1", col(above).is_not_null()
        )
        big = col("attendances").sum() > 20_000
        return _of_trusts(rows, col(above).sum() / col(below).sum(), when=big)

    return published


def _beds() -> pl.LazyFrame:
    rows = _real("uec_beds", "fact_acute_beds_month").filter(col("period") >= date(2024, 9, 1))
    return rows.filter(col("general_acute_available").mean().over("org_code") > 200)


def _occupancy() -> pl.Series:
    return _of_trusts(
        _beds(),
        col("adult_general_acute_occupied").sum() / col("adult_general_acute_available").sum(),
        when=pl.lit(value=True).first(),
    )


def _ready() -> pl.Series:
    ready = _real("discharge_sitrep", "fact_criteria_to_reside_day").filter(col("period") >= date(2024, 9, 1))
    mean = ready.group_by("org_code").agg(col("no_criteria_to_reside").mean())
    beds = _beds().group_by("org_code").agg(col("adult_general_acute_occupied").mean())
    both = beds.join(mean, on="org_code").select(col("no_criteria_to_reside") / col("adult_general_acute_occupied"))
    return both.collect().to_series()


def _winter(column: str) -> Callable[[], pl.Series]:
    def published() -> pl.Series:
        rows = _real("uec_winter_sitrep", "fact_winter_bed_day").filter(
            col("period") >= date(2022, 11, 1), col(column).is_not_null()
        )
        big = col("general_acute_occupied").mean() > 200
        return _of_trusts(rows, col(column).sum() / col("general_acute_occupied").sum(), when=big)

    return published


def _weekend() -> pl.Series:
    rows = _real("discharge_sitrep", "fact_discharge_day").filter(col("period") >= date(2024, 9, 1))
    free = col("period").dt.weekday() >= 6
    total = col("discharged_total")
    return _of_trusts(rows, total.filter(free).mean() / total.filter(~free).mean(), when=total.mean() > 30)


def _missed() -> pl.Series:
    rows = _real("trust_snapshot", "fact_outpatient_trust_year")
    missed = col("did_not_attend").sum()
    return _of_trusts(rows, missed / (missed + col("attended").sum()), when=pl.lit(value=True).first())


def _cancelled(column: str) -> Callable[[], pl.Series]:
    def published() -> pl.Series:
        rows = _real("outpatients", "fact_outpatient_year").filter(col("period") == date(2023, 4, 1))
        return rows.select(col(column) / col("appointments")).collect().to_series()

    return published


def _list(value: pl.Expr) -> Callable[[], pl.Series]:
    def published() -> pl.Series:
        rows = _real("rtt", "fact_rtt_provider_month").filter(col("period") >= date(2025, 6, 1))
        return _of_trusts(rows, value, when=col("incomplete").mean() > 15_000)

    return published


def _parts(above: tuple[str, ...], below: tuple[str, ...]) -> Callable[[], pl.Series]:
    def published() -> pl.Series:
        def of(parts: tuple[str, ...]) -> pl.Expr:
            return col("pathways").filter(col("part").is_in(parts)).sum()

        rows = _real("rtt", "fact_rtt_band_month")
        rows = rows.filter((col("part") == "Part_3").any().over("period"))
        return _of_trusts(rows, of(above) / of(below), when=of(("Part_2",)) / col("period").n_unique() > 8_000)

    return published


def _cancer(standard: str) -> Callable[[], pl.Series]:
    def published() -> pl.Series:
        rows = _real("cancer_waits", "fact_cancer_month").filter(col("standard") == standard)
        done = col("total_treated").sum()
        trust = col("org_code").first().str.contains("^R[0-9A-Z]{2}$")
        return _of_trusts(rows, col("within_standard").sum() / done, when=(done > 1000) & trust)

    return published


def _sickness() -> pl.Series:
    rows = _real("sickness_absence", "fact_sickness_month")
    lost, there = col("fte_days_lost").sum(), col("fte_days_available").sum()
    return _of_trusts(rows, lost / there, when=there > 365 * 2000)


def _majors(frames: Frames, value: pl.Expr) -> float:
    return float(frames["fact_ed_attendance"].filter(col("department_type") == "1").select(value).item())


def _kept(standard: str) -> Callable[[Frames], float]:
    def simulated(frames: Frames) -> float:
        of_standard = frames["fact_cancer_pathway"].filter(col("standard") == standard)
        return float(of_standard.select(col("within").sum() / pl.len()).item())

    return simulated


def _all_spells(frames: Frames) -> pl.DataFrame:
    overnight = frames["fact_spell"].filter((col("los_nights") > 0) & (col("admission_method") != "31"))
    return overnight.group_by("discharged_on").len().with_columns(free=col("discharged_on").dt.weekday() >= 6)


def _simulated_weekend(frames: Frames) -> float:
    days = _all_spells(frames)
    return float(days.select(col("len").filter("free").mean() / col("len").filter(~col("free")).mean()).item())


def _adults(name: str) -> Callable[[Frames], float]:
    return lambda frames: float(
        frames["fact_bed_snapshot"]
        .filter(col("sector").is_in(["medicine", "surgery"]))
        .select(col(name).sum() / col("beds_occupied").sum())
        .item()
    )


def _open_adult_beds(frames: Frames) -> float:
    beds = col("beds_available_core") + col("beds_available_escalation")
    adults = frames["fact_bed_snapshot"].filter(col("sector").is_in(["medicine", "surgery"]))
    return float(adults.select(col("beds_occupied").sum() / beds.sum()).item())


_ATTENDED: Final = col("attended").is_in(["5", "6"])
_KNOWN: Final = col("attended") != "0"
_MINUTES: Final = (col("departed_at") - col("arrived_at")).dt.total_minutes()
_TROLLEY: Final = (col("departed_at") - col("decided_at")).dt.total_minutes() > 720


def _surveyed(measure: str) -> Callable[[Frames], float]:
    def simulated(frames: Frames) -> float:
        rows = frames["fact_survey_score"].filter(survey="staff_survey", measure=measure)
        return float(rows.select(col("weighted_sum").sum() / col("weighted_n").sum()).item())

    return simulated


def _survey(measure: str) -> Callable[[], pl.Series]:
    def published() -> pl.Series:
        acute = _real("ae_attendances", "fact_ae_month").filter(
            col("department") == "type1", col("period") >= date(2025, 6, 1)
        )
        rows = _real("staff_survey", "fact_staff_survey_year").filter(
            col("measure") == measure, col("period") == date(2024, 4, 1)
        )
        return rows.join(acute, on="org_code", how="semi").select("score").collect()["score"]

    return published


def _pleased(frames: Frames) -> float:
    rows = frames["fact_fft_service_month"].filter(setting="inpatient")
    return float(rows.select((col("very_good").sum() + col("good").sum()) / col("responses_n").sum()).item())


def _pleased_england() -> pl.Series:
    rows = _real("friends_and_family", "fact_fft_month").filter(service="inpatient")
    return rows.select(col("positive").sum() / col("responses").sum()).collect().to_series()


def _hip_gain(frames: Frames) -> float:
    rows = frames["fact_prom"].filter(procedure="hip", instrument="eq5d")
    return float(rows.select(col("gain").sum() / col("is_linked").sum()).item())


def _hip_gain_england() -> pl.Series:
    rows = _real("proms", "fact_proms_year").filter(
        col("org_level") == "england", col("procedure") == "Hip Replacement Primary", col("measure") == "EQ-5D Index"
    )
    return rows.select(col("gain_sum").sum() / col("modelled_records").sum()).collect().to_series()


TARGETS: Final = (
    Target(
        "A&E, type 1: left within 4 hours",
        lambda frames: _majors(frames, (_MINUTES <= 240).mean()),
        lambda: 1 - _ae("over_4h", "attendances")(),
        "A&E attendances and emergency admissions, June 2025 on",
    ),
    Target(
        "A&E, type 1: admitted",
        lambda frames: _majors(frames, col("disposal").is_in(["admitted", "same_day"]).mean()),
        _ae("emergency_admissions", "attendances"),
        "A&E attendances and emergency admissions, June 2025 on",
    ),
    Target(
        "A&E: waited over 12 hours from the decision to admit, of admissions",
        _ratio("fact_ed_attendance", _TROLLEY, col("decided_at").is_not_null()),
        _ae("dta_over_12h", "emergency_admissions"),
        "A&E attendances and emergency admissions, June 2025 on",
    ),
    Target(
        "Adult beds: occupied at midnight, of open ones", _open_adult_beds, _occupancy,
        "UEC daily situation report, beds, September 2024 on",
    ),
    Target(
        "Adult inpatients: no criteria to reside", _adults("no_criteria_to_reside"), _ready,
        "Acute discharge situation report, September 2024 on",
    ),
    Target(
        "Adult inpatients: 7 nights or more", _adults("occ_los7"), _winter("stay_over_7_days"),
        "UEC winter situation report, November 2022 on (all general and acute beds)",
    ),
    Target(
        "Adult inpatients: 21 nights or more", _adults("occ_los21"), _winter("stay_over_21_days"),
        "UEC winter situation report, November 2022 on (all general and acute beds)",
    ),
    Target(
        "Discharges a day at weekends, of those on weekdays", _simulated_weekend, _weekend,
        "Acute discharge situation report, September 2024 on",
    ),
    Target(
        "Outpatients: did not attend, of seen and missed",
        _ratio("fact_appointment", col("attended") == "3", _ATTENDED | (col("attended") == "3")),
        _missed, "Hospital outpatient activity, 2024/25, by trust",
    ),
    Target(
        "Outpatients: cancelled by the patient, of all",
        _ratio("fact_appointment", col("attended") == "2", _KNOWN), _cancelled("patient_cancelled"),
        "Hospital outpatient activity, 2023/24, England", 0.25,
    ),
    Target(
        "Outpatients: cancelled by the hospital, of all",
        _ratio("fact_appointment", col("attended") == "4", _KNOWN), _cancelled("hospital_cancelled"),
        "Hospital outpatient activity, 2023/24, England", 0.25,
    ),
    Target(
        "Waiting list: within 18 weeks",
        _ratio("fact_rtt_snapshot", col("pathways").filter(col("weeks_waiting") < 18), col("pathways")),
        _list(col("within_18_weeks").sum() / col("incomplete").sum()), "RTT waiting times, June 2025 on",
    ),
    Target(
        "Waiting list: 52 weeks or more",
        _ratio("fact_rtt_snapshot", col("pathways").filter(col("weeks_waiting") >= 52), col("pathways")),
        _list(col("over_52_weeks").sum() / col("incomplete").sum()), "RTT waiting times, June 2025 on",
    ),
    Target(
        "Waiting list: months of clock starts",
        _ratio("fact_rtt_flow", col("closing"), col("clock_starts")), _parts(("Part_2",), ("Part_3",)),
        "RTT waiting times, full extracts as shipped", is_share=False,
    ),
    Target(
        "Clock stops: admitted, of all",
        _ratio("fact_rtt_flow", col("stops_admitted"), col("stops_admitted") + col("stops_non_admitted")),
        _parts(("Part_1A",), ("Part_1A", "Part_1B")), "RTT waiting times, full extracts as shipped",
    ),
    Target(
        "Clock stops, of clock starts",
        _ratio("fact_rtt_flow", col("stops_admitted") + col("stops_non_admitted"), col("clock_starts")),
        _parts(("Part_1A", "Part_1B"), ("Part_3",)), "RTT waiting times, full extracts as shipped",
    ),
    Target("Cancer: told within 28 days", _kept("fds_28"), _cancer("fds_28"), "Cancer waiting times, as shipped"),
    Target("Cancer: treated within 31 days", _kept("day_31"), _cancer("day_31"), "Cancer waiting times, as shipped"),
    Target("Cancer: treated within 62 days", _kept("day_62"), _cancer("day_62"), "Cancer waiting times, as shipped"),
    Target(
        "Staff: days lost to sickness",
        _ratio("fact_staff_month", col("fte_days_lost"), col("fte_days_available")), _sickness,
        "NHS sickness absence rates, April 2024 to March 2025",
    ),
    *(
        Target(
            f"Staff survey: {words}", _surveyed(measure), _survey(published),
            "NHS Staff Survey 2024, trusts with an emergency department of type 1", is_share=False,
        )
        for words, measure, published in (
            ("engagement, 0 to 10", "engagement", "engagement"), ("morale, 0 to 10", "morale", "morale"),
            ("burnout, 0 to 10, higher is better", "burnout", "pp4_2"),
        )
    ),
    Target(
        "Friends and Family Test, inpatients: good or very good", _pleased, _pleased_england,
        "Friends and Family Test, inpatients, January to April 2024, England", 0.03,
    ),
    Target(
        "Hip replacement: gain on the EQ-5D index", _hip_gain, _hip_gain_england,
        "Patient reported outcome measures, 2016/17 to 2018/19, England", 0.15, is_share=False,
    ),
)  # fmt: skip


def as_markdown(found: tuple[Comparison, ...]) -> str:
    """Returns the comparison as a table for the documentation."""
    lines = [
        "| Figure | Simulated | Published: 10th percentile, median, 90th | Source | Held to |",
        "|---|---:|---:|---|---:|",
    ]
    for each in found:
        low, middle, high = (_shown(value, each) for value in (each.low, each.middle, each.high))
        room = each.target.room
        held = f"{_shown(each.low * (1 - room), each)} to {_shown(each.high * (1 + room), each)}"
        published = f"{low}, {middle}, {high} ({each.trusts} trusts)" if each.trusts > 1 else f"{middle} (England)"
        lines.append(
            f"| {each.target.title} | {_shown(each.simulated, each)} | {published} | {each.target.source} | {held} |"
        )
    return "\n".join(lines) + "\n"


def _shown(value: float, each: Comparison) -> str:
    return f"{value:.1%}".replace("%", " %") if each.target.is_share else f"{value:.2f}"


__all__ = ["TARGETS", "Comparison", "Target", "as_markdown", "compare"]
