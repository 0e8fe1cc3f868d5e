"""Definitions of every type over tables of a clinic's own, small enough to read their exports whole."""

from __future__ import annotations

from pathlib import Path

from metrics.catalogue import Catalogue, load

TEXT = """
tables:
  - name: visits
    title: Visits
    columns:
      {visit: integer, patient: text, on_day: date, org: text, ward: text, minutes: number, missed: integer,
       kind: text, booked: integer, attended: integer}
    primary_key: [visit]
  - name: wards
    title: Wards
    columns: {ward: text, site: text}
    primary_key: [ward]
  - name: calls
    title: Calls
    columns: {call_id: integer, patient: text, at: timestamp, seconds: number}
    primary_key: [call_id]
models:
  - name: visits
    title: Visits to clinics
    table: visits
    provenance: operational
    grain: day
    time: {column: on_day}
    organisation: org
    primary_key: [visit]
    filter: kind <> 'test'
    joins: [{to: wards, keys: {ward: ward}}]
    dimensions:
      - {name: kind_of_visit, column: kind, title: Kind, labels: {f: Face to face, v: Virtual}}
      - {name: site, column: site, join: wards, title: Site}
    maturity_days: 2
    disclosure: patient
    notes: [Visits of the day before arrive by noon.]
  - name: calls
    title: Calls
    table: calls
    provenance: operational
    grain: hour
    time: {column: at}
    organisation: null
    primary_key: [call_id]
metrics:
  - id: visits
    title: Visits
    type: simple
    description: Visits that were booked.
    capability: operations
    model: visits
    measure: {words: Visits, expr: visit, agg: count}
    unit: count
    direction: neutral
    owner: Clinic manager
    source: Local definition
    interpretation: More is busier.
  - id: did_not_attend
    title: Visits that patients did not attend
    short_title: DNA rate
    type: ratio
    description: Of face to face visits, the share that was missed.
    capability: operations
    wgll: improve_care
    model: visits
    numerator: {words: Missed visits, expr: missed, filter: kind = 'f'}
    denominator: {words: Visits booked, expr: booked, filter: kind = 'f'}
    unit: percent
    decimals: 1
    direction: decrease
    owner: Clinic manager
    source: NHS Data Dictionary
    interpretation: Lower is better.
    targets:
      - {value: 0.05, kind: plan, valid_from: 2025-04-01, valid_to: 2026-03-31, source: Annual plan}
      - {value: 0.04, kind: plan, valid_from: 2026-04-01, source: Annual plan}
    benchmark: {value: 0.07, words: England, source: NHS England}
    shown_with: [visits]
  - id: minutes_a_visit
    title: Minutes a visit
    type: derived
    description: Minutes for each visit.
    capability: operations
    formula: minutes / visits
    unit: minutes
    direction: neutral
    owner: Clinic manager
    source: Local definition
    interpretation: Neither.
  - id: minutes
    title: Minutes
    type: simple
    description: Minutes of all visits.
    capability: operations
    model: visits
    measure: {words: Minutes, expr: minutes}
    unit: minutes
    direction: neutral
    owner: Clinic manager
    source: Local definition
    interpretation: More is busier.
  - id: growth
    title: Growth in visits
    type: derived
    description: Visits compared with a year before.
    capability: operations
    formula: visits / visits_before - 1
    inputs: {visits_before: {metric: visits, offset_window: 1 year}}
    unit: percent
    direction: neutral
    owner: Clinic manager
    source: Local definition
    interpretation: More is busier.
  - id: did_not_attend_28d
    title: DNA rate of 28 days
    type: cumulative
    description: The DNA rate of the 28 days to date.
    capability: operations
    metric: did_not_attend
    window: 28 days
    unit: percent
    direction: decrease
    owner: Clinic manager
    source: Local definition
    interpretation: Lower is better.
  - id: on_wards
    title: Patients on wards
    type: snapshot
    description: Patients on wards at the end of the day.
    capability: operations
    model: visits
    measure: {words: Patients, expr: attended}
    unit: count
    direction: neutral
    owner: Clinic manager
    source: Local definition
    interpretation: Neither.
  - id: median_call
    title: Median length of calls
    type: percentile
    percentile: 0.5
    description: The length that half of the calls have at most.
    capability: operations
    model: calls
    measure: {words: Seconds, expr: seconds}
    unit: seconds
    direction: neutral
    owner: Clinic manager
    source: Local definition
    interpretation: Neither.
  - id: calls
    title: Calls
    type: simple
    description: Calls.
    capability: operations
    model: calls
    measure: {words: Calls, expr: call_id, agg: count}
    unit: count
    direction: neutral
    owner: Clinic manager
    source: Local definition
    interpretation: More is busier.
  - id: called_back
    title: Calls that led to a visit
    type: conversion
    description: Of visits, those followed by another visit of the patient within 14 days.
    capability: operations
    base_metric: visits
    conversion_metric: calls
    entity: patient
    window: 14 days
    unit: percent
    direction: neutral
    owner: Clinic manager
    source: Local definition
    interpretation: Neither.
"""


def catalogue(folder: Path, text: str = TEXT) -> Catalogue:
    """Returns the definitions, which keep to every rule."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "clinic.yml").write_text(text, encoding="utf-8")
    return load(folder)
