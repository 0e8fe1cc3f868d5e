"""What is simulated: which days, how large a trust, and what it changes when."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any


class Lever(StrEnum):
    """What an initiative can change, each a quantity that it multiplies."""

    DNA = "probability that an appointment is missed without notice"
    LATE_SUMMARY = "probability that a discharge summary takes more than 24 hours"
    LETTER_TIME = "working time from clinic to letter"
    OVERNIGHT = "probability that an emergency admission stays overnight"
    DELAY = "days in a bed after the criteria to reside ended"
    REFERRALS = "referrals accepted"
    PIFU = "probability that a seen patient is moved to patient-initiated follow-up"
    ED_TIME = "time of assessment and treatment in the emergency department"
    INTERFACE_FAILURE = "probability that a message fails"
    ADOPTION = "share of entitled staff who use a system"
    DIGITAL = "probability that a patient chooses app or web"
    TRAINING = "share of required training that is out of date, once it has settled"
    FEEDBACK = "working time from feedback received to answered"


class Kind(StrEnum):
    """How an effect begins: all at once, or growing in a straight line."""

    STEP = "step"
    RAMP = "ramp"


@dataclass(frozen=True, slots=True)
class Initiative:
    """A change of known size.

    Attributes:
        effect: the relative change of the lever at full size: -0.2 is a fifth less. 0 does nothing.
        services: treatment functions that it reaches; empty is all.
        sites: likewise sites.
        systems: likewise digital systems; of interfaces, the system that routes them.
        staff_groups: likewise staff groups.
        days: over how many days a ramp grows to full size.
        measure: the number in which it should show, in words.
    """

    id: str
    title: str
    lever: Lever
    effect: float
    go_live: date
    measure: str
    kind: Kind = Kind.STEP
    days: int = 0
    services: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    staff_groups: tuple[str, ...] = ()

    def at(self, day: date) -> float:
        """Returns what it multiplies its lever by on a day."""
        passed = (day - self.go_live).days
        if passed < 0:
            return 1.0
        grown = min(1.0, (passed + 1) / self.days) if self.kind is Kind.RAMP and self.days else 1.0
        return 1.0 + self.effect * grown


@dataclass(frozen=True, slots=True)
class Scenario:
    """All that decides what is simulated: the same scenario gives the same rows.

    Attributes:
        scale: multiplies patients, beds, clinics and staff; 1 has about 60,000 emergency attendances and 250,000
            outpatient appointments a year.
        warm_up: days before the first that are simulated and thrown away, until queues are as they usually are.

    Raises:
        ValueError: no days, or a scale or seed that cannot be.
    """

    first_day: date
    last_day: date
    seed: int = 1
    scale: float = 1.0
    initiatives: tuple[Initiative, ...] = field(default=())
    warm_up: int = 120

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise ValueError(f"The last day ({self.last_day}) is before the first ({self.first_day}).")
        if not 0.05 <= self.scale <= 1000:
            raise ValueError(f"The scale is {self.scale}: give a number from 0.05 to 1000.")
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"The seed is {self.seed}: give a whole number from 0 to 9223372036854775807.")

    @property
    def days(self) -> int:
        """Returns how many days are simulated."""
        return (self.last_day - self.first_day).days + 1

    def to_json(self) -> str:
        """Returns it as JSON, always the same text for the same scenario."""
        return json.dumps(asdict(self), default=_plain, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Scenario:
        """Returns what `to_json` made a text of."""
        held: dict[str, Any] = json.loads(text)
        held["initiatives"] = tuple(_initiative(each) for each in held["initiatives"])
        days = {name: date.fromisoformat(held[name]) for name in ("first_day", "last_day")}
        return cls(**{**held, **days})


def _initiative(held: dict[str, Any]) -> Initiative:
    found: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in held.items()}
    typed: dict[str, Any] = {
        "lever": Lever(held["lever"]),
        "kind": Kind(held["kind"]),
        "go_live": date.fromisoformat(held["go_live"]),
    }
    return Initiative(**{**found, **typed})


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def usual_initiatives(first_day: date, last_day: date) -> tuple[Initiative, ...]:
    """Returns the initiatives of the sample trust; they go live on Mondays, after a third to two thirds of the days."""
    length = (last_day - first_day).days

    def monday(share: float) -> date:
        day = first_day + timedelta(days=round(length * share))
        return day + timedelta(days=-day.weekday() % 7)

    surgery = ("100", "101", "110", "120", "130")
    return (
        Initiative(
            "INI01", "Text reminders", Lever.DNA, -0.20, monday(0.40),
            "share of appointments missed without notice", services=("110", "120", "130", "301", "330", "502"),
        ),
        Initiative(
            "INI02", "Discharge summaries straight from the record", Lever.LATE_SUMMARY, -0.50, monday(0.45),
            "share of discharge summaries sent after 24 hours", sites=("ZZ101",),
        ),
        Initiative(
            "INI03", "Speech recognition for letters", Lever.LETTER_TIME, -0.35, monday(0.50),
            "mean days from clinic to letter", services=surgery,
        ),
        Initiative(
            "INI04", "Same-day emergency care, longer hours", Lever.OVERNIGHT, -0.10, monday(0.55),
            "share of emergency admissions through the department that stay overnight", sites=("ZZ101",),
        ),
        Initiative(
            "INI05", "Discharge hub", Lever.DELAY, -0.25, monday(0.60),
            "mean days between ready and left of patients who waited", sites=("ZZ102",),
        ),
        Initiative(
            "INI06", "Advice and guidance before referral", Lever.REFERRALS, -0.12, monday(0.40),
            "referrals accepted a working day", Kind.RAMP, 182, services=("320", "400", "410"),
        ),
        Initiative(
            "INI07", "Patient-initiated follow-up", Lever.PIFU, 1.50, monday(0.35),
            "share of seen patients moved to patient-initiated follow-up", services=("110", "330", "410", "502"),
        ),
        Initiative(
            "INI08", "Chat assistant in the waiting room", Lever.ED_TIME, 0.0, monday(0.50),
            "share of attendances longer than 4 hours", sites=("ZZ101",),
        ),
        Initiative(
            "INI09", "Integration engine upgrade", Lever.INTERFACE_FAILURE, -0.50, monday(0.45),
            "share of messages that fail, of each interface routed by the engine", systems=("TIE",),
        ),
        Initiative(
            "INI10", "Patient app campaign", Lever.DIGITAL, 0.25, monday(0.50),
            "share of patients' transactions begun by app or web", Kind.RAMP, 84,
            services=("100", "110", "120", "330", "502"),
        ),
        Initiative(
            "INI11", "Training on the wards in mobile observations", Lever.ADOPTION, 0.20, monday(0.60),
            "share of entitled staff active in 28 days", Kind.RAMP, 56, systems=("OBS",),
        ),
        Initiative(
            "INI12", "Training time in the roster", Lever.TRAINING, -0.40, monday(0.45),
            "share of required training that is out of date",
            staff_groups=("Nursing and midwifery", "Support to clinical staff"),
        ),
        Initiative(
            "INI13", "Every service answers its own feedback", Lever.FEEDBACK, -0.30, monday(0.50),
            "mean days from feedback received to answered", services=("101", "130", "320", "330", "400", "502"),
        ),
    )  # fmt: skip


def usual_scenario(first_day: date, last_day: date, *, seed: int = 1, scale: float = 1.0) -> Scenario:
    """Returns the sample trust over the days given, with its usual initiatives."""
    return Scenario(first_day, last_day, seed, scale, usual_initiatives(first_day, last_day))
