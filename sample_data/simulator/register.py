"""The benefits register: what each initiative promised to give, in which measure, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CLASSES: Final = ("cash_releasing", "non_cash_releasing", "quantitative", "qualitative")
CASH, NON_CASH, QUANTITATIVE, QUALITATIVE = range(4)
EVERYWHERE: Final = "ALL"


@dataclass(frozen=True, slots=True)
class Benefit:
    """One line of the register.

    Attributes:
        metric: id in the catalogue of the measure in which it shows; empty: none.
        baseline: of the quantity in the twelve months before, at scale 1; None: nobody measured it.
        promised: relative change of the quantity that was promised: -0.2 is a fifth less.
        true: what it really changes; None: as the initiative's effect on its lever says.
        value: GBP of one unit of the quantity; below 0 of what costs.
        share: of the effect on the lever that shows in this quantity.
        attribution: percentage of the measure's change that it claims for itself.
        claimed: what is claimed although nothing bears it out.
        in_services: treatment functions; empty: those of the initiative, or none of its own.
    """

    initiative: str
    name: str
    description: str
    category: str
    kind: int
    metric: str
    unit: str
    baseline: float | None
    promised: float
    value: float = 0.0
    true: float | None = None
    share: float = 1.0
    attribution: int = 100
    claimed: float = 0.0
    sector: str = "public_direct"
    is_recurrent: bool = True
    confidence: str = "medium"
    responsible: str = "General manager of the service"
    validator: str | None = "Deputy director of finance"

    @property
    def is_disbenefit(self) -> bool:
        """Returns whether it costs rather than gives."""
        return self.value < 0


BENEFITS: Final = (
    Benefit("INI01", "Fewer missed appointments", "Reminders free places that would be wasted.", "time", NON_CASH,
            "local_dna", "missed appointments", 8200, -0.25, 128, confidence="high", attribution=80),
    Benefit("INI01", "No letters to remind patients", "Texts replace reminder letters.", "money", CASH,
            "", "letters", 96_000, -0.60, 0.78, true=-0.52),
    Benefit("INI01", "Cost of the texts", "Two texts an appointment.", "money", CASH,
            "", "texts", 250_000, 1.0, -0.021, true=1.0),
    Benefit("INI02", "Hours that doctors do not type", "Fields come from the record.", "time", NON_CASH,
            "local_discharge_summary_24h", "hours", 8400, -0.35, 52, true=-0.28, attribution=60),
    Benefit("INI02", "Summaries that come too late", "GPs have the summary within a day.", "safety", QUANTITATIVE,
            "local_discharge_summary_24h", "late summaries", 4200, -0.60, attribution=40),
    Benefit("INI03", "Typing outside the trust", "Less is typed by an agency.", "money", CASH,
            "local_clinic_letter_7d", "letters", 62_000, -0.45, 3.4, share=0.9, attribution=70),
    Benefit("INI03", "Time to check letters", "Clinicians correct what was recognised.", "time", NON_CASH,
            "", "hours", 3100, 0.40, -58, true=0.47, validator=None),
    Benefit("INI04", "Emergency bed days not used", "Patients go home the same day.", "time", NON_CASH,
            "local_length_of_stay", "bed days", 52_000, -0.10, 260, share=0.30, attribution=50),
    Benefit("INI05", "Days in a bed after being ready", "Discharges are planned at one desk.", "time", NON_CASH,
            "local_no_criteria_to_reside", "bed days", 14_500, -0.35, 260, attribution=70),
    Benefit("INI05", "Escalation beds closed earlier", "Fewer agency shifts on escalation beds.", "money", CASH,
            "local_bed_occupancy", "shifts", 2600, -0.30, 410, share=0.6, attribution=30),
    Benefit("INI06", "Referrals that need no clinic", "GPs manage with advice.", "time", NON_CASH,
            "local_referrals", "first appointments", 12_000, -0.15, 165),
    Benefit("INI07", "Follow-ups by the calendar", "Patients come when they need to.", "time", NON_CASH,
            "local_pifu", "follow-ups", 26_000, -0.08, 92, true=-0.045, confidence="high"),
    Benefit("INI07", "Patients feel in control", "They say when they come.", "experience", QUALITATIVE,
            "", "patients asked", None, 0.0, validator=None),
    Benefit("INI08", "Shorter stays in the department", "Questions are answered without a nurse.", "time", NON_CASH,
            "local_ed_within_4h", "nurse hours", 5200, -0.20, 31, claimed=-0.11, confidence="low", attribution=40,
            validator=None),
    Benefit("INI09", "Hours of repairing messages", "Fewer messages fail and are mended by hand.", "time", NON_CASH,
            "local_message_success", "hours", 2900, -0.50, 34, confidence="high"),
    Benefit("INI10", "Calls to the booking office", "Patients book and change in the app.", "money", CASH,
            "local_digital_take_up", "calls", 84_000, -0.20, 2.3, share=-0.5, attribution=75),
    Benefit("INI11", "Observations on paper", "Observations are entered once, at the bedside.", "safety", QUANTITATIVE,
            "local_adoption", "charts", 38_000, -0.30, share=-1.0),
    Benefit("INI12", "Lapsed training", "Training is rostered and not put off.", "quality", QUANTITATIVE,
            "local_training_in_date", "staff out of date", 420, -0.50, responsible="Head of learning"),
    Benefit("INI12", "Agency cover for late courses", "Courses no longer empty a ward at the year's end.", "money",
            CASH, "", "shifts", 900, -0.40, 290, true=-0.31, responsible="Head of learning"),
    Benefit("INI13", "Wait for an answer", "A named owner answers.", "experience", QUANTITATIVE,
            "local_feedback_closed", "days of waiting", 29_000, -0.40, responsible="Head of patient experience"),
    Benefit("INI14", "Hours in the record after work", "Shorter forms, fewer alerts.", "time", NON_CASH,
            "local_ehr_outside_hours", "hours", 31_000, -0.15, 48, true=-0.06, confidence="medium", attribution=60),
    Benefit("INI15", "Bed days of frail patients", "Care at home in place of a ward.", "time", NON_CASH,
            "local_long_stay_share", "bed days", 9000, -0.20, 260, true=-0.05, confidence="low", attribution=30),
    Benefit("INI16", "Benefits that finance agrees with", "One register.", "quality", QUALITATIVE, "", "benefits",
            None, 0.0, validator=None),
    Benefit("INI17", "Letters printed and posted", "Letters are read in the app.", "money", CASH,
            "local_digital_take_up", "letters", 310_000, -0.35, 0.82, true=-0.27, attribution=25, confidence="high"),
    Benefit("INI18", "Admissions for heart failure", "Nurses act on early signs.", "quality", QUANTITATIVE,
            "local_readmissions", "admissions", 310, -0.15, true=-0.02, attribution=20, confidence="low"),
    Benefit("INI19", "Hours of sorting referrals", "Suggestions speed up triage.", "time", NON_CASH,
            "local_referrals", "hours", 6100, -0.30, 62, true=-0.08, attribution=0, confidence="low"),
    Benefit("INI20", "Emergency admissions of people at rising risk", "Neighbourhood teams call first.", "quality",
            NON_CASH, "local_emergency_admissions", "admissions", 5200, -0.04, 1900, true=-0.015, attribution=30,
            sector="public_indirect", confidence="low"),
    Benefit("INI21", "Hours of rewriting drug charts", "Charts are written once.", "safety", NON_CASH, "", "hours",
            12_500, -0.60, 41, true=-0.49, confidence="high"),
    Benefit("INI22", "Operations put off for want of consent", "Consent is there before the day.", "quality",
            QUANTITATIVE, "local_cancelled_operations", "operations", 160, -0.50, true=-0.10, attribution=40,
            confidence="low"),
    Benefit("INI23", "Hours of booking by hand", "The record proposes, the patient agrees.", "time", NON_CASH,
            "local_admin_hours_released", "hours", 16_800, -0.30, 21, true=-0.24, attribution=60),
    Benefit("INI24", "Staff below the digital level expected", "Courses and champions.", "quality", QUANTITATIVE,
            "local_digital_skills", "staff", 1500, -0.25, true=-0.12, attribution=70, responsible="Head of learning"),
)  # fmt: skip


def of(initiative: str) -> tuple[Benefit, ...]:
    """Returns the benefits of an initiative."""
    return tuple(each for each in BENEFITS if each.initiative == initiative)
