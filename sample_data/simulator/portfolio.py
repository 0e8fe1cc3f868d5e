"""The programme's initiatives as its office knows them: what they are for, what they cost, how long they take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CAPABILITIES: Final = ("roadmap", "people", "operations", "technology", "data", "change")
WGLL: Final = (
    "well_led", "smart_foundations", "safe_practice", "support_people", "empower_citizens", "improve_care",
    "healthy_populations",
)  # fmt: skip
KINDS: Final = ("pilot", "rollout", "platform", "bau")


@dataclass(frozen=True, slots=True)
class Project:
    """An initiative of the portfolio.

    Its anchor is the day on which its pilot ends: of those of the scenario the day of going live, of the others the
    Monday on or after so many days from the first simulated one. Nothing depends on the last day, so that a longer
    simulation of the same trust has the same programme.

    Attributes:
        anchor: days from the first day to the end of the pilot; None: an initiative of the scenario, whose day it has.
        stages: days of discovery, alpha and beta before the anchor.
        scaled: days from the anchor to being everywhere in scope; None: never.
        retired: days from the anchor to its end; 0: the pilot was the end; None: goes on.
        capital, revenue: approved, thousands of GBP at scale 1.
        systems: digital systems that it waits for.
        lacks: roles of its team that are never filled.
    """

    id: str
    name: str
    description: str
    objective: str
    capability: str
    wgll: str
    kind: str
    stages: tuple[int, int, int]
    capital: float
    revenue: float
    anchor: int | None = None
    scaled: int | None = 150
    retired: int | None = None
    sponsor: str = "Chief operating officer"
    clinical: str | None = "Chief clinical information officer"
    owner: str = "Head of digital change"
    systems: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    sites: int = 3


_ACCESS, _FLOW, _SAFE = "Shorter waits", "Better flow", "Safer care"
_STAFF, _FOUNDATION, _CITIZEN = "Time back for staff", "Sound foundations", "Care that patients can steer"

PROJECTS: Final = (
    Project("INI01", "Text reminders", "Two texts before each appointment, with an easy way to cancel.", _ACCESS,
            "change", "empower_citizens", "rollout", (28, 28, 56), 40, 85, scaled=120, systems=("PAS",),
            clinical=None, owner="Outpatient product owner"),
    Project("INI02", "Discharge summaries straight from the record",
            "Summaries are filled from the record and sent when the patient leaves.", _SAFE,
            "data", "safe_practice", "rollout", (70, 80, 90), 180, 60, scaled=200, systems=("EPR", "TIE"),
            sponsor="Medical director"),
    Project("INI03", "Speech recognition for letters", "Clinicians dictate into the letter; clerks only check it.",
            _STAFF, "operations", "support_people", "rollout", (60, 90, 90), 260, 140, scaled=260, systems=("DICT",),
            sponsor="Medical director"),
    Project("INI04", "Same-day emergency care, longer hours", "Open until ten at night, every day of the week.", _FLOW,
            "operations", "improve_care", "rollout", (45, 60, 70), 120, 830, scaled=180,
            clinical="Clinical director of emergency care", owner="Emergency care manager"),
    Project("INI05", "Discharge hub", "Nurses, therapists and social care plan discharges at one desk.", _FLOW,
            "operations", "improve_care", "rollout", (30, 40, 60), 60, 560, scaled=210,
            sponsor="Chief nurse", clinical="Deputy chief nurse", owner="Discharge manager", lacks=("analyst",)),
    Project("INI06", "Advice and guidance before referral", "GPs ask a consultant first, and often need no referral.",
            _ACCESS, "change", "improve_care", "rollout", (40, 50, 70), 30, 120, scaled=240,
            owner="Outpatient product owner"),
    Project("INI07", "Patient-initiated follow-up", "Patients come back when they need to, not by the calendar.",
            _ACCESS, "change", "empower_citizens", "rollout", (50, 60, 90), 20, 90, scaled=410,
            owner="Outpatient product owner", systems=("PAS",)),
    Project("INI08", "Chat assistant in the waiting room", "Answers questions of those who wait.", _FLOW,
            "change", "empower_citizens", "pilot", (30, 30, 60), 150, 90, scaled=None, retired=400, lacks=("analyst",),
            clinical=None),
    Project("INI09", "Integration engine upgrade", "New version, new cluster, watched queues.", _FOUNDATION,
            "technology", "smart_foundations", "platform", (120, 180, 90), 780, 160, scaled=120, systems=("TIE",),
            sponsor="Chief digital officer", clinical="Clinical safety officer", owner="Head of integration"),
    Project("INI10", "Patient app campaign", "Posters, clerks and letters invite patients to the app.", _CITIZEN,
            "change", "empower_citizens", "rollout", (21, 28, 42), 0, 140, scaled=170, systems=("PORT",),
            owner="Patient access product owner"),
    Project("INI11", "Training on the wards in mobile observations", "Trainers on each ward for two weeks.", _SAFE,
            "people", "support_people", "rollout", (30, 30, 40), 0, 110, scaled=130, systems=("OBS",),
            sponsor="Chief nurse", clinical="Chief nursing information officer", owner="Head of digital training"),
    Project("INI12", "Training time in the roster", "An hour a month of rostered time for required training.", _STAFF,
            "people", "support_people", "rollout", (40, 40, 60), 0, 240, scaled=190, sponsor="Chief people officer",
            clinical="Deputy chief nurse", owner="Head of learning"),
    Project("INI13", "Every service answers its own feedback", "A named owner in each service, a weekly look at what "
            "is open.", _CITIZEN, "operations", "improve_care", "rollout", (20, 30, 60), 0, 60, scaled=150,
            sponsor="Chief nurse", owner="Head of patient experience", lacks=("digital",)),
    Project("INI14", "Better use of the electronic record", "Ward by ward: shorter forms, fewer alerts.", _STAFF,
            "technology", "support_people", "platform", (150, 200, 240), 1400, 900, anchor=-230, scaled=640,
            systems=("EPR", "EPMA"), sponsor="Chief digital officer", owner="Head of clinical systems"),
    Project("INI15", "Virtual ward for frail patients", "Care at home with daily calls and sensors.", _FLOW,
            "operations", "healthy_populations", "pilot", (60, 60, 180), 90, 310, anchor=700, scaled=None, retired=0,
            clinical="Consultant geriatrician", owner="Frailty manager", sites=2),
    Project("INI16", "Benefits office and register", "One register of benefits that finance agrees with.",
            "A programme that keeps its promises", "roadmap", "well_led", "bau", (40, 60, 90), 0, 180, anchor=640,
            scaled=200, sponsor="Chief finance officer", clinical=None, owner="Head of programme office",
            lacks=("clinical",), sites=1),
    Project("INI17", "Letters and results in the app", "Patients read letters and results when they are ready.",
            _CITIZEN, "change", "empower_citizens", "rollout", (60, 120, 150), 340, 210, anchor=930, scaled=280,
            systems=("PORT", "TIE"), owner="Patient access product owner"),
    Project("INI18", "Wearables for heart failure at home", "Watches that warn the heart failure nurses.", _CITIZEN,
            "change", "healthy_populations", "pilot", (45, 60, 150), 140, 120, anchor=-390, scaled=None, retired=0,
            clinical="Consultant cardiologist", sites=1, lacks=("analyst",)),
    Project("INI19", "Machine reading of referrals", "Suggests urgency and clinic to the clinician who triages.",
            _ACCESS, "data", "safe_practice", "pilot", (60, 90, 180), 220, 160, anchor=1180, scaled=None, retired=0,
            sponsor="Chief digital officer", owner="Head of data science", sites=2),
    Project("INI20", "Population health platform", "Linked records with general practice to find rising risk.",
            "Healthier neighbourhoods", "data", "healthy_populations", "platform", (150, 240, 300), 950, 640,
            anchor=1060, scaled=420, systems=("DWH", "SCR"), sponsor="Director of strategy",
            clinical="Public health consultant", owner="Head of data platform"),
    Project("INI21", "Electronic prescribing on every ward", "The last paper drug charts go.", _SAFE, "technology",
            "safe_practice", "rollout", (90, 120, 150), 640, 280, anchor=60, scaled=330, systems=("EPMA", "EPR"),
            sponsor="Medical director", clinical="Chief pharmacist", owner="Head of clinical systems"),
    Project("INI22", "Consent on a tablet", "Patients read, ask and sign before they come.", _CITIZEN, "change",
            "safe_practice", "pilot", (40, 60, 120), 70, 90, anchor=210, scaled=None, retired=0, sites=1,
            clinical="Consultant surgeon"),
    Project("INI23", "Follow-ups that book themselves", "The record proposes a day, the patient agrees.", _ACCESS,
            "data", "improve_care", "rollout", (60, 80, 110), 190, 150, anchor=1250, scaled=210,
            systems=("PAS", "PORT"), owner="Outpatient product owner"),
    Project("INI24", "Digital skills academy", "Courses and champions for every ward and office.", _STAFF, "people",
            "support_people", "bau", (60, 90, 120), 0, 320, anchor=1310, scaled=280, sponsor="Chief people officer",
            clinical=None, owner="Head of digital training", lacks=("clinical",), sites=1),
)  # fmt: skip


def project(identity: str, title: str) -> Project:
    """Returns the project of an initiative; one that the portfolio does not know has what is usual."""
    for each in PROJECTS:
        if each.id == identity:
            return each
    return Project(
        identity, title, title, _FOUNDATION, "technology", "smart_foundations", "rollout", (45, 60, 60), 60, 120
    )  # fmt: skip
