"""Breaches by files, tables, models, joins and dimensions."""

from __future__ import annotations

from tests.catalogue.rule_cases.case import Case

_METRIC = """
metrics:
  - id: counted
    type: simple
    model: own
    measure: {words: Visits, expr: visit_id, agg: count}
    <about>
"""
_OWN = """
models:
  - name: own
    title: Visits again
    table: visits
    provenance: operational
    grain: day
    time: {column: seen_on}
    organisation: org
"""
_TABLE = """
tables:
  - name: own
    title: Own rows
    columns: {day: date, org: text, ward: text, amount: number}
    primary_key: [day, ward]
models:
  - name: own
    title: Own rows
    table: own
    provenance: operational
    grain: day
    time: {column: day}
    organisation: org
metrics:
  - id: counted
    type: simple
    model: own
    measure: {words: Amounts, expr: amount}
    <about>
"""


def _own(old: str, new: str) -> str:
    """Returns the model with one change."""
    text = _OWN + _METRIC
    assert old in text
    return text.replace(old, new, 1)


def _table(old: str, new: str) -> str:
    assert old in _TABLE
    return _TABLE.replace(old, new, 1)


CASES = (
    Case("E001", "metrics:\n  - id: [counted]]  # here\n", "not YAML", "", ("  - id: [counted]]  # here", "  []")),
    Case("E002", _own("grain: day", "grain: day\n    grain: month  # here"), "'grain' stands twice", "Keep one",
         ("\n    grain: month  # here", "")),
    Case("E003", _own("grain: day", "grane: day  # here"), "unknown key 'grane'", "Did you mean 'grain'",
         ("grane", "grain"), also=("E004",)),
    Case("E004", _own("  - name: own\n    title: Visits again", "  - name: own  # here"), "'title' is missing", "Add it",
         ("  - name: own  # here", "  - name: own\n    title: Visits again")),
    Case("E005", _own("grain: day", "grain: monthly  # here"), "'models.grain': Input should be 'hour', 'day'", "Did you mean 'month'",
         ("monthly", "month")),
    Case("E005", _own("", "").replace("id: counted", "id: Counted-here  # here"), "'metrics.id': String should match",
         "ids in lower case", ("Counted-here", "counted_here")),
    Case("E005", _own("", "").replace("expr: visit_id", "expr: 1").replace("agg: count}", "agg: count}  # here"),
         "'metrics.measure.expr'", "Write '1' in quotes", ("expr: 1", "expr: '1'")),
    Case("E010", _own("  - id: counted", "  - id: seen  # here"), "the metric 'seen' is already defined in base.yml", "Rename",
         ("id: seen", "id: counted")),
    Case("E011", _own("table: visits", "table: vists  # here"), "there is no table 'vists'", "Did you mean 'visits'",
         ("vists", "visits")),
    Case("E012", _own("    organisation: org", "    organisation: org\n    dimensions:\n"
                      "      - {name: ward, column: word, title: Ward}  # here"),
         "dimension 'ward': the table 'visits' has no column 'word'", "Did you mean 'ward'", ("column: word", "column: ward")),
    Case("E012", _own("    organisation: org", "    organisation: org\n    joins: [{to: wards, keys: {ward: ward}}]\n"
                      "    dimensions:\n      - {name: site, column: town, title: Site, join: wards}  # here"),
         "the table 'wards' has no column 'town'", "Known: number, site, ward", ("town", "site")),
    Case("E012", _own("    organisation: org", "    organisation: org\n    primary_key: [visit]  # here"),
         "primary_key: the table 'visits' has no column 'visit'", "Did you mean 'visit_id'", ("[visit]", "[visit_id]")),
    Case("E012", _own("    organisation: org", "    organisation: org\n    changed_at: changed  # here"),
         "changed_at: the table 'visits' has no column 'changed'", "Did you mean", ("changed  #", "seen_at  #")),
    Case("E013", _own("    organisation: org", "    organisation: org\n    filter: wards = 'A'  # here"),
         "there is no column 'wards'", "Did you mean 'ward'?", ("wards = 'A'", "ward = 'A'")),
    Case("E024", _own("    organisation: org", "    organisation: org\n    dimensions:\n      - name: value  # here\n"
                      "        column: ward\n        title: Ward"),
         "the dimension's name 'value' is taken", "Choose another", ("name: value", "name: ward")),
    Case("E094", _own("    organisation: org", "    organisation: org\n    cube: {dimensions: [wards]}  # here\n    dimensions:\n"
                      "      - {name: ward, column: ward, title: Ward}"),
         "its cube is to keep 'wards'", "Did you mean 'ward'?", ("[wards]", "[ward]")),
    Case("E095", _own("    organisation: org", "    organisation: org\n    bins: {lower: age}  # here"),
         "a lower edge, and no upper one", "width: 1", ("lower: age", "lower: age, width: 5")),
    Case("E095", _own("    organisation: org", "    organisation: org\n    bins:\n      lower: age\n      upper: minutes\n"
                      "      width: 5  # here"),
         "an upper edge and a width too", "Write 'bins:", ("\n      width: 5  # here", "")),
    Case("E095", _own("    organisation: org", "    organisation: org\n    bins:\n      lower: age\n      upper: minutes\n"
                      "      open_from: 90  # here"),
         "where the column of its upper edge is null", "Remove it", ("\n      open_from: 90  # here", "")),
    Case("E025", _own("time: {column: seen_on}", "time: {column: day}  # here"), "has no column 'day'",
         "Write time: {column: seen_on or seen_at}", ("day}  #", "seen_on}  #")),
    Case("E025", _own("    time: {column: seen_on}\n", "").replace("- name: own", "- name: own  # here"), "has no column 'period'",
         "seen_on or seen_at", ("  - name: own  # here", "  - name: own\n    time: {column: seen_on}")),
    Case("E025", _own("grain: day", "grain: hour").replace("{column: seen_on}", "{column: seen_on}  # here"),
         "'seen_on' is a date, which cannot give hours", "seen_at", ("{column: seen_on}", "{column: seen_at}")),
    Case("E025", _own("{column: seen_on}", "{column: ward}  # here"), "'ward' is text", "seen_on or seen_at",
         ("{column: ward}", "{column: seen_at}")),
    Case("E026", _own("organisation: org", "organisation: org_code  # here"), "has no column 'org_code'",
         "organisation: null", ("org_code", "null")),
    Case("E026", _own("organisation: org", "organisation: age  # here"), "'age' is a whole number", "null",
         ("organisation: age", "organisation: org")),
    Case("E027", _own("organisation: org", "organisation: null\n    levels: [region, icb]  # here"),
         "cannot be grouped by region, icb", "Remove 'levels'", ("\n    levels: [region, icb]  # here", "")),
    Case("E029", _table("  - name: own", "  - name: fact_dspt_year  # here").replace("table: own", "table: fact_dspt_year"),
         "Bellwether has a table 'fact_dspt_year' already", "a view of another name",
         (_TABLE.replace("name: own", "name: fact_dspt_year  # here", 1).replace("table: own", "table: fact_dspt_year"), _TABLE)),
    Case("E030", _table("[day, ward]", "[day, wards]  # here"), "'wards' is no declared column", "Did you mean 'ward'",
         ("wards]", "ward]")),
    Case("E031", _own("organisation: org", "organisation: org\n    changed_at: seen_on  # here"),
         "'seen_on' is a date, no timestamp", "timestamps in UTC", ("changed_at: seen_on", "changed_at: seen_at")),
    Case("E032", _own("organisation: org", "organisation: org\n    joins:\n      - to: ward_list  # here\n"
                      "        keys: {ward: ward}"),
         "there is no table 'ward_list' to join", "Did you mean 'wards'", ("ward_list", "wards")),
    Case("E033", _own("organisation: org", "organisation: org\n    joins:\n      - to: wards\n        keys:\n"
                      "          wardd: ward  # here"),
         "the table 'visits' has no column 'wardd'", "Did you mean 'ward'", ("wardd", "ward")),
    Case("E034", _own("organisation: org", "organisation: org\n    joins:\n      - to: wards\n        keys:\n"
                      "          age: ward  # here"),
         "'age' is a whole number, and its 'ward' is text", "one type", ("age: ward", "ward: ward")),
    Case("E035", _own("organisation: org", "organisation: org\n    joins:\n      - to: wards\n        keys:  # here\n"
                      "          ward: site"),
         "can meet several of its rows", "told apart by ward", ("ward: site", "ward: ward")),
    Case("E035", _own("organisation: org", "organisation: org\n    joins:\n      - to: fact_ae_month\n"
                      "        keys: {org: org_code}  # here"),
         "can meet several of its rows", "join on department, period too",
         ("{org: org_code}", "{org: org_code, seen_on: period, kind: department}")),
    Case("E035", _table("    primary_key: [day, ward]\n", "").replace("    organisation: org",
         "    organisation: org\n    joins:\n      - to: loose\n        keys: {ward: ward}  # here").replace("tables:",
         "tables:\n  - {name: loose, title: Loose, columns: {ward: text}}"),
         "no primary key is known of it", "Declare its 'primary_key'", ("columns: {ward: text}}", "columns: {ward: text}, primary_key: [ward]}")),
    Case("E036", _own("organisation: org", "organisation: org\n    joins:\n      - {to: wards, keys: {ward: ward}}\n"
                      "      - {to: wards, keys: {kind: ward}}  # here"),
         "'wards' is joined already", "a view of another name", ("\n      - {to: wards, keys: {kind: ward}}  # here", "")),
    Case("E037", _own("organisation: org", "organisation: org\n    dimensions:\n"
                      "      - {name: site, column: site, title: Site, join: wards}  # here"),
         "the model does not join 'wards'", "under 'joins'",
         ("    dimensions:", "    joins: [{to: wards, keys: {ward: ward}}]\n    dimensions:")),
    Case("W106", _TABLE.replace("tables:", "tables:\n  - name: spare  # here\n    title: Spare\n    columns: {day: date}"),
         "no model uses this table", "or remove it",
         ("  - name: spare  # here\n    title: Spare\n    columns: {day: date}\n", "")),
    Case("W107", _own("organisation: org", "organisation: org\n    dimensions:\n"
                      "      - {name: age, column: age, title: Age}  # here"),
         "nothing names the codes of 'age'", "labels",
         ("title: Age}", 'title: Age, labels: {"1": One year}}')),
    Case("W109", _own("provenance: operational", "provenance: published  # here"), "without 'publication'", "publication: ...",
         ("provenance: published  # here", "provenance: published\n    publication: by_hand")),
)  # fmt: skip
