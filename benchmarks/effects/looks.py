"""Where a reader looks for what each initiative did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from metrics import Filter
from sample_data.simulator.estate import INTERFACES
from sample_data.simulator.measures import LASTING, MEASURES
from sample_data.simulator.scenario import Initiative, Lever
from sample_data.simulator.trust import ORG_CODE

_REACHED: Final = {
    "service": "services", "site": "sites", "interface": "systems", "system": "systems", "staff_group": "staff_groups",
}  # fmt: skip

_PASSING_BY: Final = tuple(
    each.code for each in INTERFACES if not each.through_engine and each.live <= 0 and each.gone is None
)


@dataclass(frozen=True, slots=True)
class Look:
    """A chart to look at: a metric, narrowed to what an initiative reaches.

    Attributes:
        metric: of the catalogue, or of `measures.yml` beside it.
        dimension: what it is narrowed by.
        of_rest: whether the effect is one on what is left of 100 %, such as what is late where the metric has what is
            in time.
    """

    metric: str
    dimension: str
    of_rest: bool = False

    @property
    def ships(self) -> bool:
        """Returns whether the metric is in the catalogue that ships."""
        return not self.metric.startswith("effects_")

    def where(self, initiative: Initiative, *, others: bool = False) -> tuple[Filter, ...]:
        """Returns the filters of what the initiative reaches, or of all that it does not."""
        codes: tuple[str, ...] = getattr(initiative, _REACHED[self.dimension])
        kept = Filter(self.dimension, codes, negate=others)
        if self.dimension == "interface":
            kept = Filter(self.dimension, _PASSING_BY if others else tuple(e for code in codes for e in LASTING[code]))
        return (Filter("organisation", (ORG_CODE,)), kept)


RIGHT: Final[Mapping[Lever, Look]] = {
    Lever.DNA: Look("local_dna", "service"),
    Lever.LATE_SUMMARY: Look("local_discharge_summary_24h", "site", of_rest=True),
    Lever.LETTER_TIME: Look("effects_letter_days", "service"),
    Lever.OVERNIGHT: Look("effects_overnight", "site"),
    Lever.DELAY: Look("effects_delay_days", "site"),
    Lever.REFERRALS: Look("local_referrals", "service"),
    Lever.PIFU: Look("local_pifu", "service"),
    Lever.ED_TIME: Look("local_ed_within_4h", "site", of_rest=True),
    Lever.INTERFACE_FAILURE: Look("effects_messages_failed", "interface"),
    Lever.DIGITAL: Look("local_digital_take_up", "service"),
    Lever.ADOPTION: Look("local_adoption", "system"),
    Lever.TRAINING: Look("local_training_in_date", "staff_group", of_rest=True),
    Lever.FEEDBACK: Look("effects_feedback_days", "service"),
}
"""The chart of the very number that the truth speaks of."""

NEAREST: Final[Mapping[Lever, Look]] = {
    Lever.LETTER_TIME: Look("local_clinic_letter_7d", "service", of_rest=True),
    Lever.OVERNIGHT: Look("local_ed_admitted_share", "site"),
    Lever.DELAY: Look("local_no_criteria_to_reside", "site"),
    Lever.INTERFACE_FAILURE: Look("local_message_success", "interface", of_rest=True),
    Lever.FEEDBACK: Look("local_feedback_closed", "service", of_rest=True),
}
"""Where the right one does not ship, what ships and comes nearest: another number, so only its signal is told."""


def settled(initiative: Initiative) -> date:
    """Returns the day from which the measure shows all of the effect."""
    return initiative.go_live + timedelta(days=initiative.days + MEASURES[initiative.lever].settles)
