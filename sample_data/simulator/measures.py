"""What each lever moves in the records: where it is counted, and when an initiative shows in it at its full size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import polars as pl

from sample_data.simulator.documents import letter_days
from sample_data.simulator.estate import ENGINE, INTERFACES
from sample_data.simulator.scenario import Initiative, Lever, Scenario

LASTING: Final = {
    ENGINE: tuple(each.code for each in INTERFACES if each.through_engine and each.live <= 0 and each.gone is None)
}
"""Interfaces that a system routed from the first day to the last: those that come and go would change the mix."""


SUMS: Final = ("counted", "over", "rounded", "beyond")


@dataclass(frozen=True, slots=True)
class Beyond:
    """What a measure counts and its lever cannot reach, as another table has it."""

    table: str
    day: str
    counted: pl.Expr


@dataclass(frozen=True, slots=True)
class Measure:
    """A number a month: what is counted, over what.

    Attributes:
        table, day: whose rows belong to the month of which day.
        reach: the column of what an initiative reaches, by the initiative's attribute.
        counted: what is added up.
        over: what it is divided by; None counts months.
        is_share: whether what is counted is a part of what it is divided by.
        rounded: how many of the numbers added up in a month the model rounds to whole people, the same each month.
        settles: days from full size on until the measure shows it.
        matures: days until the newest rows are whole.
        size: the relative change of the measure that an effect on the lever makes.
        beyond: what of `counted` it does not change, if anything.
    """

    table: str
    day: str
    reach: Mapping[str, str]
    counted: pl.Expr
    over: pl.Expr | None
    is_share: bool = True
    rounded: pl.Expr | None = None
    settles: int = 0
    matures: int = 0
    size: Callable[[float], float] = field(default=float)
    beyond: Beyond | None = None

    @property
    def tables(self) -> tuple[str, ...]:
        """Returns the tables that it is counted from."""
        return (self.table,) if self.beyond is None else (self.table, self.beyond.table)

    def of(self, initiative: Initiative, table: str, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Returns `month` Date and `SUMS` Float64 of those rows of one of its tables that an initiative reaches."""
        day = self.day
        held: dict[str, pl.Expr | None] = {"counted": self.counted, "over": self.over, "rounded": self.rounded}
        if self.beyond is not None and table == self.beyond.table:
            day, held = self.beyond.day, {"beyond": self.beyond.counted}
        kept = [pl.col(day).is_not_null()]
        for attribute, column in self.reach.items():
            codes: tuple[str, ...] = getattr(initiative, attribute)
            codes = tuple(each for code in codes for each in LASTING.get(code, (code,)))
            kept += [pl.col(column).is_in(codes)] if codes else []
        sums = {name: held.get(name) for name in SUMS}
        return (
            frame.filter(*kept)
            .group_by(month=pl.col(day).dt.truncate("1mo"))
            .agg((pl.lit(0.0) if each is None else each).alias(name) for name, each in sums.items())
            .with_columns(pl.col(*SUMS).cast(pl.Float64))
        )


@dataclass(frozen=True, slots=True)
class Windows:
    """The whole months that are compared: before the go-live, and at the effect's full size."""

    before: tuple[date, ...]
    after: tuple[date, ...]


def windows(scenario: Scenario, initiative: Initiative) -> Windows:
    """Returns the months of a scenario that show what an initiative does: all whole ones before, and all since."""
    measure = MEASURES[initiative.lever]
    full = initiative.go_live + timedelta(days=initiative.days + measure.settles)
    last = scenario.last_day - timedelta(days=measure.matures)
    month, months = scenario.first_day.replace(day=1), []
    while month <= last:
        following = (month + timedelta(days=31)).replace(day=1)
        if month >= scenario.first_day and following - timedelta(days=1) <= last:
            months.append((month, following))
        month = following
    return Windows(
        tuple(first for first, following in months if following <= initiative.go_live),
        tuple(first for first, _ in months if first >= full),
    )


def _letters(effect: float) -> float:
    return letter_days(1 + effect) / letter_days(1.0) - 1


_SERVICES: Final = {"services": "service_code"}
_SITES: Final = {"sites": "site_code"}
_ATTENDED = pl.col("attended")
_HOURS_OF_SUMMARY = (pl.col("sent_at") - pl.col("event_at")).dt.total_minutes()
_IS_SUMMARY, _IS_LETTER = pl.col("document_type") == "discharge", pl.col("document_type") == "clinic"
_SENT = _IS_LETTER & pl.col("sent_at").is_not_null()
_ANSWERED = pl.col("needs_answer") & pl.col("closed_at").is_not_null()
_MINUTES: Final = 1440

MEASURES: Final[Mapping[Lever, Measure]] = {
    Lever.DNA: Measure(
        "fact_appointment", "appointment_on", _SERVICES,
        _ATTENDED.is_in(["3", "7"]).sum(), _ATTENDED.is_in(["3", "5", "6", "7"]).sum(),
    ),
    Lever.LATE_SUMMARY: Measure(
        "fact_document", "event_on", _SITES,
        (_IS_SUMMARY & (_HOURS_OF_SUMMARY <= _MINUTES).not_().fill_null(value=True)).sum(), _IS_SUMMARY.sum(),
        matures=2,
    ),
    Lever.LETTER_TIME: Measure(
        "fact_document", "event_on", _SERVICES,
        (pl.col("sent_at") - pl.col("event_at")).filter(_SENT).dt.total_minutes().sum() / _MINUTES, _SENT.sum(),
        is_share=False, settles=28, matures=35, size=_letters,
    ),
    Lever.OVERNIGHT: Measure(
        "fact_ed_attendance", "arrived_on", _SITES,
        (pl.col("disposal") == "admitted").sum(), pl.col("disposal").is_in(["admitted", "same_day"]).sum(),
        matures=2,
        # Who comes back within a month stays whatever the hours of same-day care.
        beyond=Beyond("fact_spell", "discharged_on", pl.col("readmit_30d").fill_null(value=False).sum()),
    ),
    Lever.DELAY: Measure(
        "fact_spell", "discharged_on", _SITES,
        pl.col("delay_days").filter(pl.col("delay_days") > 0).sum(), (pl.col("delay_days") > 0).sum(),
        is_share=False, settles=28,
    ),
    Lever.REFERRALS: Measure(
        "fact_referral", "received_on", _SERVICES, pl.col("accepted").sum(), None, is_share=False,
    ),
    Lever.PIFU: Measure(
        "fact_appointment", "appointment_on", _SERVICES,
        (pl.col("pifu") & _ATTENDED.is_in(["5", "6"])).sum(), _ATTENDED.is_in(["5", "6"]).sum(),
    ),
    Lever.ED_TIME: Measure(
        "fact_ed_attendance", "arrived_on", _SITES,
        ((pl.col("departed_at") - pl.col("arrived_at")).dt.total_minutes() > 240).sum(),
        pl.col("departed_at").is_not_null().sum(), matures=2,
    ),
    Lever.INTERFACE_FAILURE: Measure(
        "fact_interface_hour", "hour_on", {"systems": "interface_code"}, pl.col("failed").sum(), pl.col("sent").sum(),
    ),
    Lever.DIGITAL: Measure(
        "fact_patient_digital", "period", _SERVICES,
        pl.col("started").filter(pl.col("is_digital")).sum(), pl.col("started").sum(),
    ),
    Lever.ADOPTION: Measure(
        "fact_entitlement", "period", {"systems": "system_code"}, pl.col("active_n").sum(), pl.col("eligible_n").sum(),
        settles=28, rounded=pl.col("staff_group").n_unique(),
    ),
    Lever.TRAINING: Measure(
        "fact_training", "period", {"staff_groups": "staff_group"},
        (pl.col("required_n") - pl.col("in_date_n")).sum(), pl.col("required_n").sum(), settles=150,
    ),
    Lever.FEEDBACK: Measure(
        "fact_feedback_item", "received_on", _SERVICES,
        (pl.col("closed_at") - pl.col("received_at")).filter(_ANSWERED).dt.total_minutes().sum() / _MINUTES,
        _ANSWERED.sum(), is_share=False, matures=70,
    ),
}  # fmt: skip
