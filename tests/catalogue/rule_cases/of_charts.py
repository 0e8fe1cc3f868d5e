"""Breaches by control charts: kinds, bounds, phases, and targets of one service."""

from __future__ import annotations

from tests.catalogue.rule_cases.case import Case


def _counted(lines: str, unit: str = "count") -> str:
    return f"""metrics:
  - id: counted
    type: simple
    model: visits
    measure: {{words: Visits, expr: visit_id, agg: count}}
    unit: {unit}
{lines.rstrip()}
    <about -unit>
"""


def _ratio(lines: str, unit: str = "percent") -> str:
    return f"""metrics:
  - id: counted
    type: ratio
    model: visits
    numerator: {{words: Urgent visits, expr: visit_id, agg: count, filter: urgent}}
    denominator: {{words: Visits, expr: visit_id, agg: count}}
    unit: {unit}
{lines.rstrip()}
    <about -unit>
"""


def _phases(*lines: str) -> str:
    """Returns phases, of which the last breaks the rule."""
    written = [f"      - {{{line}, reason: New, author: Somebody}}" for line in lines]
    return "\n".join(["    phases:", *written]) + "  # here\n"


_SERVED = """models:
  - name: own
    title: Waiting list
    table: fact_rtt_band_month
    publication: by_hand
    provenance: published
    grain: month
    dimensions:
      - {name: SERVICE, column: service_code, title: Treatment function, lookup: dim_service}
metrics:
  - id: counted
    type: snapshot
    model: own
    measure: {words: Pathways, expr: pathways}
    direction: decrease
LINES    <about -direction>
"""

CASES = (
    *(
        Case("E084", _counted(f"    chart: {{kind: {kind}}}  # here\n"), f"chart: '{kind}' is of {says}", "kind: xmr",
             (f"kind: {kind}", "kind: xmr"))
        for kind, says in (("p", "a share"), ("pp", "a share"), ("u", "a rate"), ("up", "a rate"), ("i", "a ratio"),
                           ("t", "the time between"))
    ),
    Case("E084", _ratio("    chart: {kind: p}  # here\n", "ratio"), "a ratio metric of the unit ratio", "another kind",
         ("kind: p}", "kind: u}")),
    Case("E084", _ratio("    chart: {kind: c}  # here\n"), "'c' is of a count of events", "another kind",
         ("kind: c}", "kind: pp}")),
    Case("E084", _ratio("    chart: {kind: g}  # here\n"), "'g' is of how many cases", "another kind",
         ("kind: g}", "kind: p}")),
    Case("E085", _counted("    chart: {lower_bound: 10, upper_bound: 5}  # here\n"),
         "no value lies between the bounds 10 and 5", "below the upper one",
         ("lower_bound: 10", "lower_bound: 1")),
    Case("E085", _ratio("    chart: {lower_bound: 1.5}  # here\n"), "between the bounds 1.5 and 1", "worked out",
         ("lower_bound: 1.5", "lower_bound: 0.5")),
    Case("E086", _counted(_phases("from_day: 2024-04-01, baseline_points: 11")),
         "11 points give no sound limits", "12 or more", ("baseline_points: 11", "baseline_points: 12")),
    Case("E087", _counted(_phases("from_day: 2024-04-01", "from_day: 2023-04-01")),
         "1 April 2023 stands after 1 April 2024", "Move", ("2024-04-01", "2022-04-01")),
    Case("E088", _counted(_phases("from_day: 2124-04-01")), "1 April 2124 is more than a year away",
         "Correct the day", ("2124-04-01", "2024-04-01")),
    Case("E089", _counted(_phases("from_day: 2024-04-01, organisation: R1H",
                                  "from_day: 2024-04-01, organisation: R1H")),
         "two begin on 1 April 2024", "Keep one", ("organisation: R1H", "organisation: R0A")),
    Case("E090", _counted(_phases("from_day: 2024-04-01, service: '110'")),
         "phases: '110' is one service, and the metric is not held by service", "Leave 'service' out",
         (", service: '110'", "")),
    Case("E090", _SERVED.replace("SERVICE", "treatment").replace(
             "LINES", "    targets:\n      - {value: 5, kind: plan, valid_from: 2024-04-01, service: '110', source: Plan}  # here\n"),
         "targets: '110' is one service", "dimension named 'service'", ("name: treatment", "name: service")),
    Case("E062", _SERVED.replace("SERVICE", "service").replace(
             "LINES", "    targets:\n      - {value: 5, kind: plan, valid_from: 2024-04-01, service: '110', source: Plan}\n"
                      "      - {value: 4, kind: plan, valid_from: 2025-04-01, service: '110', source: Plan}  # here\n"),
         "two targets of 110 (plan) hold on 1 April 2025", "valid_to", ("service: '110'", "service: '120'")),
    Case("W115", _counted("") + """  - id: net
    type: derived
    formula: counted - visit_count
    <about>
  - id: doubled
    type: derived
    formula: net + counted  # here
    <about>
""", "'net' can fall below 0", "unbounded: true",
         ("formula: net + counted  # here", "formula: net + counted\n    chart: {unbounded: true}")),
)  # fmt: skip
