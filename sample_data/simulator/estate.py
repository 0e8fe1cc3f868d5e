"""The trust's digital estate: its systems and the interfaces between them, with the days on which they came and go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from metrics.warehouse.tables.operational.digital import dim_interface, dim_system
from sample_data.simulator.days import number_of
from sample_data.simulator.rows import schema
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.trust import ORG_CODE

Array = npt.NDArray[Any]

ENGINE: Final = "TIE"
_FOREVER: Final = 10**7


@dataclass(frozen=True, slots=True)
class System:
    """A digital system.

    Attributes:
        live, gone, support: days after the first simulated one on which it goes live, is switched off, and loses its
            supplier's support; None is never. Counted from the first day alone, so that a longer simulation of the
            same trust has the same ones.
        hours: a day in which it is to be available, around the middle of the day.
        outages: unplanned ones a year.
        releases: deployments a week.
        usability: mean of the System Usability Scale.
    """

    code: str
    name: str
    category: str
    supplier: str
    wgll: str
    criticality: str
    live: int
    support: int | None = None
    gone: int | None = None
    hours: int = 24
    outages: float = 4.0
    releases: float = 0.5
    usability: float = 58.0


SYSTEMS: Final = (
    System("PAS", "Patient administration", "patient administration", "Supplier A", "smart_foundations", "critical",
           -4200, 820, outages=3.0, releases=0.5, usability=55),
    System("EPR", "Electronic patient record", "electronic patient record", "Supplier B", "improve_care", "critical",
           -1900, None, outages=4.0, releases=1.4, usability=52),
    System("EDS", "Emergency department system", "electronic patient record", "Supplier C", "improve_care", "critical",
           -1500, None, outages=4.5, releases=0.6, usability=57),
    System("LIMS", "Pathology", "laboratory", "Supplier D", "smart_foundations", "critical",
           -2600, 420, outages=3.5, releases=0.25, usability=54),
    System("PACS", "Imaging archive", "imaging", "Supplier E", "smart_foundations", "critical",
           -1200, None, outages=3.0, releases=0.25, usability=64),
    System("TIE", "Integration engine", "integration", "Supplier F", "smart_foundations", "critical",
           -1600, None, outages=3.0, releases=1.1, usability=60),
    System("EPMA", "Electronic prescribing", "medicines", "Supplier B", "safe_practice", "critical",
           -620, None, outages=4.0, releases=0.8, usability=59),
    System("OBS", "Mobile observations", "mobile", "Supplier G", "safe_practice", "important",
           -180, None, outages=5.0, releases=1.8, usability=74),
    System("SCR", "Shared care record viewer", "shared record", "Supplier H", "improve_care", "important",
           150, None, outages=6.0, releases=0.9, usability=66),
    System("DICT", "Dictation and letters", "documents", "Supplier I", "support_people", "important",
           -1000, 640, outages=4.0, releases=0.4, usability=67),
    System("PORT", "Patient app", "patient app", "Supplier J", "empower_citizens", "important",
           -700, None, outages=6.0, releases=2.2, usability=70),
    System("DWH", "Data warehouse", "analytics", "Own", "healthy_populations", "important",
           -2900, None, outages=5.0, releases=1.6, usability=61),
    System("THEA", "Theatre planning", "theatres", "Supplier K", "improve_care", "important",
           -3300, -240, 610, hours=14, outages=6.0, releases=0.1, usability=43),
    System("MAT", "Maternity record", "electronic patient record", "Supplier L", "improve_care", "important",
           -2400, 330, 790, outages=5.0, releases=0.2, usability=49),
)  # fmt: skip
AT_SYSTEM: Final = {system.code: at for at, system in enumerate(SYSTEMS)}
SYSTEM_CODES: Final = tuple(AT_SYSTEM)
CRITICALITIES: Final = ("critical", "important", "standard")

ARRIVED, IN_BED, SEEN, LEFT = range(4)
"""What messages follow from: arrivals, inpatients, appointments, patients who leave hospital."""


@dataclass(frozen=True, slots=True)
class Interface:
    """A feed of messages from one system to another.

    Attributes:
        source, target: codes of systems; None is outside of the trust.
        per: messages for each arrival at the department, inpatient, appointment and patient who leaves; none where
            each message is a document.
        window: minutes within which a message is to be acknowledged: 5 or 60.
        failing: share of messages that fail.
        seconds: median time to the acknowledgement.
        live, gone: as of a system.
    """

    code: str
    name: str
    source: str | None
    target: str | None
    standard: str
    per: tuple[float, float, float, float]
    criticality: str = "important"
    through_engine: bool = True
    window: int = 5
    failing: float = 0.006
    seconds: float = 0.6
    live: int = -1500
    gone: int | None = None

    @property
    def is_fhir(self) -> bool:
        """Returns whether it speaks FHIR."""
        return self.standard.startswith("FHIR")

    @property
    def direction(self) -> str:
        """Returns inbound, outbound or internal."""
        return "inbound" if self.source is None else "outbound" if self.target is None else "internal"


INTERFACES: Final = (
    Interface("ADT-LAB", "Admissions and moves to pathology", "PAS", "LIMS", "HL7 v2", (1.6, 1.1, 0.4, 2.0), "critical",
              failing=0.005, seconds=0.3),
    Interface("ADT-IMG", "Admissions and moves to imaging", "PAS", "PACS", "HL7 v2", (1.6, 1.1, 0.4, 2.0),
              failing=0.005, seconds=0.4),
    Interface("ORD-LAB", "Orders to pathology", "EPR", "LIMS", "HL7 v2", (2.4, 3.2, 0.7, 0.0), "critical",
              failing=0.007, seconds=0.5),
    Interface("RES-LAB", "Pathology results to the record", "LIMS", "EPR", "HL7 v2", (4.6, 6.0, 1.2, 0.0), "critical",
              failing=0.006, seconds=0.6),
    Interface("REP-IMG", "Imaging reports to the record", "PACS", "EPR", "HL7 v2", (0.7, 0.5, 0.25, 0.0), "critical",
              failing=0.008, seconds=0.8),
    Interface("ARC-IMG", "Images to the regional archive", "PACS", None, "DICOM", (0.7, 0.5, 0.25, 0.0),
              through_engine=False, window=60, failing=0.012, seconds=14.0),
    Interface("EMG-REC", "Emergency attendances to the record", "EDS", "EPR", "HL7 v2", (3.0, 0.0, 0.0, 0.0),
              "critical", failing=0.006, seconds=0.5),
    Interface("TOC-MSH", "Discharge summaries to practices, by file", "EPR", None, "flat file", (0.0, 0.0, 0.0, 0.0),
              window=60, failing=0.022, seconds=40.0, gone=560),
    Interface("TOC-FHR", "Transfer of care to practices", "EPR", None, "FHIR R4", (0.0, 0.0, 0.0, 0.0), "critical",
              window=60, failing=0.011, seconds=3.0, live=-200),
    Interface("RES-GP", "Pathology results to practices", "LIMS", None, "EDIFACT", (0.0, 0.0, 1.6, 0.3),
              through_engine=False, window=60, failing=0.010, seconds=22.0),
    Interface("REF-IN", "Referrals from practices", None, "PAS", "FHIR R4", (0.0, 0.0, 0.5, 0.0),
              failing=0.009, seconds=1.1, live=-500),
    Interface("APP-PAT", "Appointments to the patient app", "PAS", "PORT", "FHIR R4", (0.0, 0.0, 2.2, 0.2),
              failing=0.010, seconds=0.9, live=95),
    Interface("OBS-REC", "Observations to the record", "OBS", "EPR", "FHIR R4", (0.0, 7.5, 0.0, 0.0), "critical",
              failing=0.006, seconds=0.5, live=-180),
    Interface("RX-PHA", "Prescriptions to the pharmacy", "EPMA", None, "HL7 v2", (0.8, 2.2, 0.3, 1.2), "critical",
              through_engine=False, failing=0.007, seconds=0.9, live=-620),
    Interface("SCR-OUT", "Record to the shared care record", "EPR", "SCR", "FHIR R4", (1.0, 0.6, 0.9, 1.0),
              failing=0.012, seconds=1.4, live=150),
)  # fmt: skip
INTERFACE_CODES: Final = tuple(interface.code for interface in INTERFACES)
STANDARDS: Final = ("FHIR R4", "HL7 v2", "DICOM", "EDIFACT", "flat file")


@dataclass(frozen=True, slots=True)
class Estate:
    """Day numbers between which systems and interfaces are in use, and those after which support has ended."""

    system_live: Array
    system_gone: Array
    support: Array
    interface_live: Array
    interface_gone: Array

    def systems_on(self, number: int) -> Array:
        """Returns which systems are in use on a day."""
        return np.asarray((self.system_live <= number) & (number <= self.system_gone))

    def interfaces_on(self, number: int) -> Array:
        """Returns which interfaces are."""
        return np.asarray((self.interface_live <= number) & (number <= self.interface_gone))


@lru_cache(maxsize=8)
def estate(first_day: date) -> Estate:
    """Returns the estate of a trust whose simulation begins on the day."""
    first = number_of(first_day)

    def days(values: list[int | None]) -> Array:
        return np.array([_FOREVER if value is None else first + value for value in values], dtype=np.int64)

    return Estate(
        days([each.live for each in SYSTEMS]), days([each.gone for each in SYSTEMS]),
        days([each.support for each in SYSTEMS]), days([each.live for each in INTERFACES]),
        days([each.gone for each in INTERFACES]),
    )  # fmt: skip


def dimensions_of_estate(scenario: Scenario) -> dict[str, pl.DataFrame]:
    """Returns `dim_system` and `dim_interface` of the scenario's trust."""

    def day(after: int | None) -> date | None:
        return None if after is None else scenario.first_day + timedelta(days=after)

    systems = [
        {
            "system_code": each.code, "org_code": ORG_CODE, "name": each.name, "category": each.category,
            "supplier": each.supplier, "wgll_domain": each.wgll, "criticality": each.criticality,
            "live_from": day(each.live), "live_to": day(each.gone), "support_ends_on": day(each.support),
            "scheduled_hours": each.hours,
        }
        for each in SYSTEMS
    ]  # fmt: skip
    interfaces = [
        {
            "interface_code": each.code, "org_code": ORG_CODE, "name": each.name, "source_system": each.source,
            "target_system": each.target, "standard": each.standard, "is_fhir": each.is_fhir,
            "direction": each.direction, "criticality": each.criticality, "through_engine": each.through_engine,
            "window_minutes": each.window, "live_from": day(each.live), "live_to": day(each.gone),
        }
        for each in INTERFACES
    ]  # fmt: skip
    return {
        "dim_system": pl.DataFrame(systems, schema=schema(dim_system)),
        "dim_interface": pl.DataFrame(interfaces, schema=schema(dim_interface)),
    }
