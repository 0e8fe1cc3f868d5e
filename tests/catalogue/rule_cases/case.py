"""A definition file that breaks one rule, and how to mend it."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Sound definitions that the cases refer to.
BASE = """
tables:
  - name: visits
    title: Visits to a clinic
    columns:
      {visit_id: integer, seen_on: date, seen_at: timestamp, org: text, patient: text, ward: text, age: integer,
       minutes: number, urgent: boolean, kind: text}
    primary_key: [visit_id]
  - name: referrals
    title: Referrals to a clinic
    columns: {referral_id: integer, made_on: date, org: text, patient: text, number_of_patient: integer}
    primary_key: [referral_id]
  - name: wards
    title: Wards
    columns: {ward: text, site: text, number: integer}
    primary_key: [ward]
models:
  - name: visits
    title: Visits
    table: visits
    provenance: operational
    grain: day
    time: {column: seen_on}
    organisation: org
    primary_key: [visit_id]
    joins:
      - {to: wards, keys: {ward: ward}}
    dimensions:
      - {name: ward, column: ward, title: Ward}
      - {name: site, column: site, title: Site, join: wards}
  - name: referrals
    title: Referrals
    table: referrals
    provenance: operational
    grain: day
    time: {column: made_on}
    organisation: org
    primary_key: [referral_id]
  - name: ae
    title: Emergency departments
    table: fact_ae_month
    publication: by_hand
    provenance: published
    grain: month
    dimensions:
      - {name: department, column: department, title: Department}
  - name: bands
    title: Waiting list by weeks waited
    table: fact_rtt_band_month
    publication: by_hand
    provenance: published
    grain: month
    bins: {lower: weeks_from, upper: weeks_to}
  - name: calls
    title: Calls by hour
    table: visits
    provenance: operational
    grain: week
    time: {column: seen_on}
    organisation: org
metrics:
  - id: visit_count
    type: simple
    model: visits
    measure: {words: Visits, expr: visit_id, agg: count}
    <about>
  - id: referral_count
    type: simple
    model: referrals
    measure: {words: Referrals, expr: referral_id, agg: count}
    <about>
  - id: people_seen
    type: simple
    model: visits
    measure: {words: People seen, expr: patient, agg: count_distinct}
    <about>
  - id: people_referred
    type: simple
    model: referrals
    measure: {words: People referred, expr: patient, agg: count_distinct}
    <about>
  - id: seen
    type: simple
    model: ae
    measure: {words: Attendances, expr: attendances}
    <about>
  - id: weekly
    type: simple
    model: calls
    measure: {words: Visits of the week, expr: visit_id, agg: count}
    <about>
  - id: late_share
    type: ratio
    model: ae
    numerator: {words: Over four hours, expr: over_4h}
    denominator: {words: Attendances, expr: attendances}
    unit: percent
    <about -unit>
  - id: urgent_share
    type: ratio
    model: visits
    numerator: {words: Urgent visits, expr: visit_id, agg: count, filter: urgent}
    denominator: {words: Visits, expr: visit_id, agg: count}
    unit: percent
    <about -unit>
  - id: mean_minutes
    type: simple
    model: visits
    measure: {words: Minutes of a visit, expr: minutes, agg: mean}
    unit: minutes
    <about -unit>
  - id: all_minutes
    type: simple
    model: visits
    measure: {words: Minutes of all visits, expr: minutes}
    unit: minutes
    <about -unit>
  - id: on_the_list
    type: snapshot
    model: ae
    measure: {words: On the list, expr: attendances}
    <about>
  - id: rating
    type: index
    model: ae
    measure: {words: The rating as published, expr: attendances}
    unit: score
    <about -unit>
  - id: visits_28
    type: cumulative
    metric: visit_count
    window: 28 days
    <about>
  - id: referred_and_seen
    type: conversion
    base_metric: referral_count
    conversion_metric: visit_count
    entity: patient
    window: 30 days
    unit: percent
    <about -unit>
  - id: visits_per_referral
    type: derived
    formula: visit_count / referral_count
    unit: ratio
    <about -unit>
"""

_ABOUT = {
    "title": "A metric",
    "description": "What it counts.",
    "capability": "access",
    "unit": "count",
    "direction": "neutral",
    "owner": "Somebody",
    "source": "Counted by hand",
    "headline": "false",
}
MARK = "# here"


@dataclass(frozen=True, slots=True)
class Case:
    """One breach.

    Attributes:
        unsound: a definition file that stands beside `BASE`; `# here` marks the line of the finding, and `<about>` what
            every metric says, without the keys that are taken out: `<about -unit>`.
        says: a part of the message.
        fix: a part of the remedy.
        mend: what to replace with what, so that nothing is left to find.
        also: codes that the same mistake brings with it.
    """

    code: str
    unsound: str
    says: str
    fix: str
    mend: tuple[str, str]
    also: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Returns the file that breaks the rule."""
        return written(self.unsound)

    @property
    def line(self) -> int:
        """Returns the line that the finding must name."""
        return next(number for number, line in enumerate(self.text.splitlines(), 1) if MARK in line)

    @property
    def mended(self) -> str:
        """Returns the file with the remedy applied."""
        old, new = self.mend
        assert old in self.unsound, f"{self.code}: '{old}' is not in the case"
        return written(self.unsound.replace(old, new, 1))


def written(text: str) -> str:
    """Returns the file with `<about>` filled in."""
    return re.sub(r"^( *)<about((?: -\w+)*)>$", _about, text, flags=re.MULTILINE)


def _about(found: re.Match[str]) -> str:
    without = found[2].replace("-", "").split()
    return "\n".join(f"{found[1]}{key}: {words}" for key, words in _ABOUT.items() if key not in without)
