"""Breaches by metrics: their shape, expressions, formulas, windows, conversions, units and words."""

from __future__ import annotations

from tests.catalogue.rule_cases.case import Case


def _simple(*, measure: str = "{words: Visits, expr: visit_id, agg: count}", model: str = "visits", more: str = "",
            without: str = "") -> str:  # fmt: skip
    return _metric("simple", f"    model: {model}\n    measure: {measure}\n{more}", without)


def _metric(kind: str, lines: str, without: str = "") -> str:
    about = "    <about" + "".join(f" -{name}" for name in without.split()) + ">"
    return f"metrics:\n  - id: counted\n    type: {kind}\n{lines.rstrip()}\n{about}\n"


def _formula(formula: str, unit: str = "count", more: str = "") -> str:
    return _metric("derived", f"    formula: {formula}\n    unit: {unit}\n{more}", "unit")


_RATIO = """    model: visits
    numerator: {words: Urgent visits, expr: visit_id, agg: count, filter: urgent}
    denominator: {words: Visits, expr: visit_id, agg: count}
    unit: percent
"""
_CONVERSION = """    base_metric: referral_count
    conversion_metric: visit_count
    entity: patient
    window: 30 days
    unit: percent
"""


def _conversion(old: str, new: str) -> str:
    assert old in _CONVERSION
    return _metric("conversion", _CONVERSION.replace(old, new, 1), "unit")


def _test(lines: str, kind: str = "simple") -> str:
    return _metric(kind, "    model: ae\n    measure: {words: Attendances, expr: attendances}\n    tests:\n" + lines)


_LABELLED = """
models:
  - name: own
    title: Emergency departments again
    table: fact_ae_month
    publication: by_hand
    provenance: published
    grain: month
    dimensions:
      - name: department
        column: department
        title: Department
        labels: {type1: Type 1 (major), type2: Type 2 (single specialty), other: Other}
metrics:
  - id: counted
    type: simple
    model: own
    measure:
      words: Attendances
      expr: attendances
      filter: FILTER  # here
    <about>
"""

CASES = (
    Case("E014", _metric("simple  # here", "    model: visits\n"), "needs 'measure'", "Add it",
         ("    model: visits", "    model: visits\n    measure: {words: Visits, expr: visit_id, agg: count}")),
    Case("E014", _metric("conversion  # here", _CONVERSION.replace("    entity: patient\n", ""), "unit"),
         "needs 'entity'", "Add it", ("    window:", "    entity: patient\n    window:")),
    Case("E015", _simple(more="    formula: seen / seen  # here\n"), "a simple metric has no 'formula'", "Remove it",
         ("    formula: seen / seen  # here\n", "")),
    Case("E015", _simple(more="    per: [ward]  # here\n"), "a simple metric has no 'per'", "change the type",
         ("type: simple", "type: snapshot")),
    Case("E015", _formula("visit_count / referral_count", "ratio", "    minimum_denominator: 5  # here\n"),
         "is for paired formulas", "paired: true", ("minimum_denominator", "paired: true\n    minimum_denominator")),
    Case("E016", _simple(model="visit  # here"), "there is no model 'visit'", "Did you mean 'visits'",
         ("model: visit ", "model: visits ")),
    Case("E017", _formula("visit_cont / referral_count  # here", "ratio"), "there is no metric 'visit_cont'",
         "Did you mean 'visit_count'", ("visit_cont ", "visit_count ")),
    Case("E017", _metric("cumulative", "    metric: visit_cont  # here\n    window: 7 days"),
         "metric: there is no metric 'visit_cont'", "Did you mean 'visit_count'", ("visit_cont ", "visit_count ")),
    Case("E017", _formula("1 + 1  # here"), "names no metric", "at least one", ("1 + 1", "visit_count + 1") ),
    Case("E018", _formula("counted + visit_count  # here"), "made of itself: counted → counted", "circle",
         ("counted + visit_count", "visit_count + visit_count")),
    Case("E018", _metric("cumulative", "    metric: round_about  # here\n    window: 7 days")
         + "  - id: round_about\n    type: derived\n    formula: a_week  # here\n    inputs:\n"
           "      a_week: {metric: counted}\n    <about>\n",
         "made of itself: counted → round_about → counted", "circle", ("metric: round_about", "metric: visit_count"),
         also=("E018", "E043")),
    Case("E019", _simple(more="    shown_with: [visit_cont]  # here\n"), "there is no metric 'visit_cont'",
         "Did you mean 'visit_count'", ("visit_cont]", "visit_count]")),
    Case("E020", _metric("percentile", "    model: bands\n    percentile: 0.92\n    measure:\n      words: Pathways\n"
                                       "      expr: pathways\n      agg: mean  # here\n    unit: weeks", "unit"),
         "has bins, whose counts are added up", "sum or count", ("agg: mean", "agg: sum")),
    Case("E020", _metric("percentile", "    model: visits\n    percentile: 0.5\n    measure:\n      words: Minutes\n"
                                       "      expr: minutes\n      agg: sum  # here\n    unit: minutes", "unit"),
         "'measure' is the value of each row", "Leave 'agg' out", ("\n      agg: sum  # here", "")),
    Case("E021", _metric("snapshot", "    model: ae\n    measure: {words: Waiting, expr: attendances}\n"
                                     "    over_time: sum  # here\n"),
         "a snapshot is not summed over time", "last, first or mean", ("over_time: sum", "over_time: mean")),
    Case("E021", _simple(measure="{words: People, expr: patient, agg: count_distinct}", more="    over_time: sum  # here\n"),
         "counted anew", "Remove 'over_time'", ("    over_time: sum  # here\n", "")),
    Case("E091", _simple(more="    twin: visit_kount  # here\n"), "there is no metric 'visit_kount'", "visit_count",
         ("    twin: visit_kount  # here\n", "")),
    Case("E092", _simple(more="    twin: referral_count  # here\n"), "'referral_count' is of operational data",
         "Name a published metric", ("    twin: referral_count  # here\n", "")),
    Case("E093", _metric("simple", "    model: visits\n    measure: {words: Minutes, expr: minutes}\n    unit: minutes\n"
                                   "    twin: seen  # here\n", "unit"),
         "the unit is minutes, and that of its twin 'seen' is count", "Bring them to one unit", ("    twin: seen  # here\n", "")),
    Case("E022", _metric("ratio", _RATIO + "    targets:\n      - {value: 92, kind: plan, valid_from: 2024-04-01, source: Plan}  # here\n",
                         "unit direction").replace("    <about", "    direction: increase\n    <about"),
         "92 is no share", "Write 0.92 for 92 %", ("value: 92", "value: 0.92")),
    Case("E023", _formula("1 - visit_count / referral_count  # here", "ratio", "    paired: true\n"),
         "one metric / another", "Write 'one / another'", ("1 - visit_count", "visit_count")),
    Case("E023", _formula("late_share / seen  # here", "ratio", "    paired: true\n"), "must add up",
         "simple or snapshot", ("late_share", "on_the_list")),
    Case("E028", _metric("snapshot", "    model: visits\n    measure: {words: Beds, expr: visit_id, agg: count}\n"
                                     "    per: [wrad]  # here\n"),
         "per: the table 'visits' has no column 'wrad'", "Did you mean 'ward'", ("wrad", "ward")),
    Case("E038", _simple(model="ae", measure="{words: Attendances, expr: attendances}",
                         more="    alternates:\n      - model: bands  # here\n        note: Other rows.\n"),
         "the alternate 'bands' has no part, and the metric measure", "same parts",
         ("        note: Other", "        measure: {words: Pathways, expr: pathways}\n        note: Other")),
    Case("E041", _metric("cumulative  # here", "    metric: visit_count\n"), "needs one of 'window' and 'grain_to_date'",
         "window: 28 days", ("    metric: visit_count\n", "    metric: visit_count\n    window: 28 days\n")),
    Case("E041", _metric("cumulative", "    metric: visit_count\n    window: 28 days\n    grain_to_date: month  # here\n"),
         "not both", "Keep one", ("    grain_to_date: month  # here\n", "")),
    Case("E043", _metric("cumulative", "    metric: rating  # here\n    window: 12 months\n"),
         "an index, which is never accumulated", "as published", ("metric: rating", "metric: seen")),
    Case("E043", _metric("cumulative", "    metric: visits_per_referral  # here\n    window: 28 days\n"),
         "made of other metrics", "of those the formula 'visit_count / referral_count'",
         ("metric: visits_per_referral", "metric: visit_count")),
    Case("E043", _metric("cumulative", "    metric: visits_28  # here\n    window: 28 days\n"), "cumulative already",
         "Accumulate 'visit_count'", ("metric: visits_28", "metric: people_seen")),
    Case("E043", _metric("cumulative", "    metric: referred_and_seen  # here\n    window: 28 days\n"), "a window of their own",
         "'referral_count' or 'visit_count'", ("metric: referred_and_seen", "metric: referral_count")),
    Case("E044", _metric("cumulative", "    metric: seen\n    window: 28 days  # here\n"),
         "'seen' is held by month, and 28 days are no whole number of those", "'1 year'", ("28 days", "3 months")),
    Case("E044", _metric("cumulative", "    metric: weekly\n    window: 10 days  # here\n"), "10 days are no whole number",
         "'4 weeks'", ("10 days", "14 days")),
    Case("E044", _metric("cumulative", "    metric: weekly\n    grain_to_date: month  # here\n"),
         "held by week, which do not make up a month", "made up of whole ones", ("grain_to_date: month", "grain_to_date: week")),
    Case("E045", _conversion("visit_count", "people_seen  # here"), "conversion_metric: 'people_seen' (simple, agg: count_distinct)",
         "agg: count", ("people_seen", "visit_count")),
    Case("E045", _conversion("referral_count", "urgent_share  # here"), "base_metric: 'urgent_share' (ratio) counts no rows",
         "simple metrics", ("urgent_share", "referral_count")),
    Case("E046", _conversion("entity: patient", "entity: number_of_patient  # here"),
         "the table 'visits' of the conversion_metric 'visit_count' has no column 'number_of_patient'", "Did you mean 'patient'",
         ("entity: number_of_patient", "entity: patient")),
    Case("E047", """
tables:
  - name: letters
    title: Letters
    columns: {letter: integer, sent: date, org: text, patient: integer}
    primary_key: [letter]
models:
  - name: letters
    title: Letters
    table: letters
    provenance: operational
    grain: day
    time: {column: sent}
    organisation: org
    primary_key: [letter]
metrics:
  - id: letter_count
    type: simple
    model: letters
    measure: {words: Letters, expr: 1}
    <about>
  - id: answered
    type: conversion
    base_metric: letter_count
    conversion_metric: visit_count
    entity: patient  # here
    window: 3 months
    unit: percent
    <about -unit>
""".replace("expr: 1", "expr: '1'"), "'patient' is a whole number in 'letters' and text in 'visits'", "one type",
         ("patient: integer", "patient: text")),
    Case("E048", """
models:
  - name: loose
    title: Loose referrals
    table: referrals
    provenance: operational
    grain: day
    time: {column: made_on}
    organisation: org
metrics:
  - id: loose_count
    type: simple
    model: loose
    measure: {words: Referrals, expr: referral_id, agg: count}
    <about>
  - id: loosely
    type: conversion
    base_metric: loose_count  # here
    conversion_metric: visit_count
    entity: patient
    window: 30 days
    unit: percent
    <about -unit>
""", "the model 'loose' of 'loose_count' has no primary key", "primary_key: [...]",
         ("    organisation: org", "    organisation: org\n    primary_key: [referral_id]")),
    Case("E049", _conversion("window: 30 days", "window: 48 hours  # here"), "48 hours", "'30 days' or '3 months'",
         ("48 hours", "2 days")),
    Case("E051", _formula("visit_count / seen", "ratio", "    inputs:\n      seen: {metric: referral_count}  # here\n"),
         "'seen' is that of a metric", "another name",
         ("visit_count / seen\n    unit: ratio\n    inputs:\n      seen:", "visit_count / sent\n    unit: ratio\n    inputs:\n      sent:")),
    Case("E052", _formula("seen - before", "count", "    inputs:\n      before: {metric: seen, offset_window: 28 days}  # here\n"),
         "'seen' is held by month, and 28 days are no whole number of those", "'1 year'", ("28 days", "1 year")),
    Case("E053", _formula("weekly / seen  # here", "ratio"), "months and weeks make up no period in common", "nest",
         ("weekly /", "visit_count /")),
    Case("E054", _formula("people_seen + people_referred  # here"), "'people_seen' is a distinct count, which does not add up",
         "side by side", ("people_seen + people_referred", "visit_count + referral_count"), also=("E054",)),
    Case("E054", _formula("(rating + 2 * rating) / 3  # here", "score"), "'rating' is index, which does not add up",
         "side by side", ("(rating + 2 * rating) / 3", "rating")),
    Case("E055", _formula("visit_count + all_minutes  # here"), "adds values of two units, count and minutes", "one unit",
         ("all_minutes", "referral_count")),
    Case("E055", _formula("all_minutes / visit_count - visit_count  # here", "minutes"),
         "subtracts values of two units, minutes per count and count", "one unit", (" - visit_count", "")),
    Case("E057", _metric("ratio", _RATIO.replace("numerator: {words: Urgent visits, expr: visit_id, agg: count, filter: urgent}",
         "numerator: {words: People, expr: patient, agg: count_distinct}  # here"), "unit"),
         "numerator: 'count_distinct' does not add up", "sum or count", ("expr: patient, agg: count_distinct", "expr: patient, agg: count")),
    Case("E058", _simple(measure="{words: People, expr: patient, agg: count_distinct}",
                         more="    alternates:\n      - model: ae\n        note: Other rows.\n"
                              "        measure: {words: People, expr: attendances}  # here\n"),
         "agg is count_distinct, the alternate's sum", "make two metrics",
         ("expr: attendances", "expr: attendances, agg: count_distinct")),
    Case("E061", _simple(more="    owner: ' '  # here\n", without="owner"), "'owner' is empty", "plain words",
         ("owner: ' '", "owner: Somebody")),
    Case("E061", _simple(more="    source: ''  # here\n", without="source"), "'source' is empty", "plain words",
         ("source: ''", "source: By hand")),
    Case("E062", _simple(without="direction", more="    direction: decrease\n    targets:\n"
         "      - {value: 5, kind: plan, valid_from: 2024-04-01, source: Plan}\n"
         "      - {value: 4, kind: plan, valid_from: 2025-04-01, source: Plan}  # here\n"),
         "two targets (plan) hold on 1 April 2025", "valid_to",
         ("valid_from: 2024-04-01,", "valid_from: 2024-04-01, valid_to: 2025-03-31,")),
    Case("E063", _simple(without="direction", more="    direction: decrease\n    targets:\n"
         "      - value: 5\n        kind: plan\n        valid_from: 2024-04-01\n        valid_to: 2023-03-31  # here\n        source: Plan\n"),
         "ends on 31 March 2023, before it starts on 1 April 2024", "'valid_to'", ("2023-03-31", "2025-03-31")),
    Case("E064", _test("      - {period: 2024-04-01, grain: day, expect: 1, source: By hand}  # here\n"),
         "held by month, and cannot be shown by day", "leave 'grain' out", ("grain: day", "grain: quarter")),
    Case("E065", _test("      - {period: 2024-04-01, where: {ward: A}, expect: 1, source: By hand}  # here\n"),
         "no dimension 'ward'", "department", ("{ward: A}", "{department: type1}")),
    Case("E066", _test("      - {period: 2124-04-01, expect: 1, source: By hand}  # here\n"), "1 April 2124 lies in the future",
         "Correct the period", ("2124", "2024")),
    Case("E013", _simple(measure="{words: Visits, expr: pg_sleep(1)}  # here"), "not allowed in a definition", "SQL expression",
         ("pg_sleep(1)", "minutes")),
    Case("E013", _formula("max(visit_count)  # here"), "'MAX(visit_count)' in 'max(visit_count)' is not allowed", "brackets",
         ("max(visit_count)", "(visit_count)")),
    Case("E070", _simple(measure="{words: Visits, expr: minutes + ward}  # here"), "'ward' is text, and 'minutes + ward' calculates",
         "agg: count", ("minutes + ward", "minutes + age")),
    Case("E070", _simple(measure="{words: Visits, expr: minutes, filter: age = '3'}  # here"),
         "'age' is a whole number, and cannot be compared with '3', which is text", "Take the quotes off: 3.", ("'3'", "3")),
    Case("E070", _simple(measure="{words: Visits, expr: minutes, filter: seen_on > '2024-01-01'}  # here"),
         "'seen_on' is a date", "Write the day as date '2024-01-01'.", ("> '2024", "> date '2024")),
    Case("E070", _simple(measure='{words: Visits, expr: "case when urgent then 1 else ward end"}  # here'),
         "'1' is a whole number, and cannot be given by the same 'case' as 'ward', which is text", "Put quotes round it: '1'",
         ("else ward", "else 0")),
    Case("E071", _simple(measure="{words: Visits, expr: minutes, filter: age}  # here"), "'age' is a whole number, no condition",
         "age = 1", ("filter: age", "filter: age = 1")),
    Case("E072", _simple(measure="{words: Visits, expr: ward}  # here"), "'ward' is text, and cannot be added up", "agg: count",
         ("expr: ward", "expr: ward, agg: count")),
    Case("E072", _simple(measure="{words: Visits, expr: urgent}  # here"), "'urgent' is a condition, and cannot be added up",
         "case when urgent then 1 else 0 end", ("expr: urgent", "expr: case when urgent then 1 else 0 end")),
    Case("E072", _simple(measure="{words: Visits, expr: seen_on, agg: max}  # here"), "'seen_on' is a date, and cannot be ranked",
         "numbers", ("seen_on", "age")),
    Case("W101", _simple(without="headline").replace("- id: counted", "- id: counted  # here"), "no 'interpretation'",
         "how to read it", ("    model: visits", "    model: visits\n    interpretation: Read it so.")),
    Case("W102", _formula("all_minutes / visit_count", "hours  # here"), "the formula gives minutes or ratio, and the unit is hours",
         "Correct the unit", ("hours  #", "minutes  #")),
    Case("W102", _formula("visit_count / referral_count", "count  # here"), "gives percent or ratio, and the unit is count",
         "what it is made of", ("unit: count", "unit: ratio")),
    Case("W102", _metric("cumulative", "    metric: all_minutes\n    window: 28 days\n    unit: count  # here", "unit"),
         "'all_minutes' is of the unit minutes, and this is of count", "Correct the unit", ("unit: count", "unit: minutes")),
    Case("W102", _conversion("unit: percent", "unit: count  # here"), "a conversion gives percent or ratio", "Correct the unit",
         ("unit: count", "unit: percent")),
    Case("W103", _formula("late_share + urgent_share  # here", "percent"), "'late_share' is a ratio or a mean",
         "sum of numerators", ("late_share + urgent_share", "visit_count / referral_count"), also=("W103",)),
    Case("W104", _formula("100 * visit_count / referral_count  # here", "percent"), "makes a percentage of a share",
         "Take '100' out", ("100 * ", "")),
    Case("W105", _simple(without="direction", more="    direction: neutral  # here\n    targets:\n"
         "      - {value: 5, kind: plan, valid_from: 2024-04-01, source: Plan}\n"),
         "its direction is neutral", "increase or decrease", ("neutral", "decrease")),
    Case("W108", _simple(more="    shown_with: [counted]  # here\n"), "shown_with: the metric itself", "Remove",
         ("[counted]", "[visit_count]")),
    Case("W108", _simple(more="    shown_with:\n      - seen\n      - seen  # here\n"), "'seen' again", "Remove",
         ("      - seen  # here\n", "")),
    Case("W110", _formula("visit_count", "count", "    inputs:\n      before: {metric: visit_count, offset_window: 7 days}  # here\n"),
         "does not use the input 'before'", "or remove it", ("formula: visit_count", "formula: visit_count - before")),
    Case("W111", _metric("cumulative", "    metric: on_the_list  # here\n    window: 12 months\n"), "shows its last level over any window",
         "over_time: mean", ("metric: on_the_list", "metric: seen")),
    Case("W112", _simple(more="    tags: [Emergency care]  # here\n"), "the tag 'Emergency care'", "hyphens",
         ("Emergency care", "emergency-care")),
    Case("W113", _simple(more="    tags: [fill-in-unit]  # here\n"), "'unit' is a placeholder", "remove the tag 'fill-in-unit'",
         ("fill-in-unit", "clinics")),
    Case("W113", _simple(more="    noun: 'FILL IN: what is counted'  # here\n"), "'noun' is to be filled in", "in place of",
         ("'FILL IN: what is counted'", "visits")),
    *(
        Case("W114", _LABELLED.replace("FILTER", wrong), f"measure.filter: '{value}' is none of the codes of 'department'",
             fix, (wrong, right))
        for wrong, value, right, fix in (
            ("department = 'Other'", "Other", "department = 'other'", "Did you mean 'other'?"),
            ("department <> 'Type 1 (major)'", "Type 1 (major)", "department <> 'type1'", "Did you mean 'type1'?"),
            ("department in ('type1', 'tpye2')", "tpye2", "department in ('type1', 'type2')", "Did you mean 'type2'"),
            ("department not in ('zzz')", "zzz", "department not in ('other')", "Known: other, type1, type2."),
        )
    ),
)  # fmt: skip
