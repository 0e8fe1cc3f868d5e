"""Everything behind one number as terms and words: for the page of a metric and for the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboard import format as words
from dashboard.viewmodels.charts import Table
from dashboard.viewmodels.scorecard import STATUS_WORDS
from metrics.catalogue import Metric
from metrics.query.explaining import Explanation
from metrics.query.result import Status

_ABSENT_NAMED = 12
_SUBJECTS = {"none": "Nobody", "patient": "Patients", "staff": "Members of staff"}


def pairs_of(found: Explanation, metric: Metric) -> list[tuple[str, str]]:
    """Returns terms and words, most asked for first; words are empty where there is nothing to say."""
    return [
        ("Period", words.period_words(found.period, found.grain)),
        ("Filters", "; ".join(found.filters_in_words) or "None: everything that the model holds"),
        ("Value", words.value_words(found.value, metric)),
        *_parts(found),
        ("Formula", found.formula or ""),
        ("Status", status_words(found)),
        ("Reported", reported_words(found)),
        ("Expected but absent", absent_words(found.absent)),
        ("Absent at other times", absent_words(found.absent_elsewhere)),
        ("Rows", rows_words(found)),
        ("Suppression", found.suppression),
        ("Could disclose", f"{_SUBJECTS[found.disclosure]}, as the model says"),
        ("Data to", words.day_words(found.as_of) if found.as_of else ""),
        ("Loaded", f"{words.moment_words(words.in_london(found.loaded_at))}, London time" if found.loaded_at else ""),
        ("Files", ", ".join(file.name for each in found.publications for file in each.files)),
        ("Published by", "; ".join(f"{each.title}, {each.publisher} ({each.licence})" for each in found.publications)),
        ("Provenance", found.provenance),
        ("Definition", f"version {found.definition_version}, {found.defined_in.replace(':', ', line ')}"),
        ("Versions", ", ".join(f"{name.replace(':', ' ')} {version}" for name, version in found.versions.items())),
        ("Data version", found.data_version),
        ("Tables", "; ".join(f"{table} ({', '.join(columns)})" for table, columns in found.columns.items())),
        ("Notes", " ".join(note.text for note in found.notes)),
    ]  # fmt: skip


def _parts(found: Explanation) -> list[tuple[str, str]]:
    if found.bins is not None:
        return [("Counted", part_words(found.denominator, found.numerator_words))]
    upper = part_words(found.numerator, found.numerator_words)
    if found.denominator is None:
        return [("Counted", upper)]
    return [("Numerator", upper), ("Denominator", part_words(found.denominator, found.denominator_words))]


def status_words(found: Explanation) -> str:
    """Returns the status, with the day from which the number is or was final."""
    said = STATUS_WORDS.get(found.status, found.status)
    if found.final_from is None or found.status not in (Status.FINAL.value, Status.PROVISIONAL.value):
        return said
    day = words.day_words(found.final_from)
    matures = f"{words.counted(found.maturity_days, 'day')} after the period's end" if found.maturity_days else ""
    if found.status == Status.FINAL.value:
        return f"{said} since {day}{f' ({matures})' if matures else ''}"
    return f"{said} until {day}{f' ({matures})' if matures else ''}"


def part_words(value: float | None, said: str | None) -> str:
    """Returns '1,803,787: attendances that ended within four hours'; empty without a value."""
    if value is None:
        return ""
    return f"{words.number(value, 0 if value == round(value) else 2)}{': ' + said if said else ''}"


def reported_words(found: Explanation) -> str:
    """Returns '195 of 200 organisations expected', with when, where the period is made of several."""
    if not found.expected:
        return ""
    said = f"{found.reporting:,} of {words.counted(found.expected, 'organisation')} expected"
    if found.coverage_of is None or found.coverage_grain is None:
        return said
    named = words.period_words(found.coverage_of, found.coverage_grain)
    return f"{said}, in {named}: its least complete {found.coverage_grain.replace('_', ' ')}"


def absent_words(absent: Mapping[str, str]) -> str:
    """Returns who was expected and did not report, from code to name."""
    names = [f"{name} ({code})" for code, name in absent.items()]
    more = f" and {len(names) - _ABSENT_NAMED:,} more" if len(names) > _ABSENT_NAMED else ""
    return f"{', '.join(names[:_ABSENT_NAMED])}{more}"


def rows_words(found: Explanation) -> str:
    """Returns how many rows of the warehouse went into the number, and of which days."""
    if found.rows is None:
        return "See what it is made of" if found.inputs else ""
    said = f"{words.counted(found.rows, 'row')} of the warehouse"
    if found.reads_from is None or found.reads_to is None:
        return said
    return f"{said}, of {words.day_words(found.reads_from)} to {words.day_words(found.reads_to)}"


def bins_of(found: Explanation, unit: str) -> Table | None:
    """Returns the distribution behind a percentile; None for other metrics."""
    if found.bins is None:
        return None
    rows = [
        (f"{_edge(low)} to {_edge(high)}" if high is not None and high != low else
         _edge(low) if high is not None else f"{_edge(low)} or more", words.number(count))
        for low, high, count in found.bins.iter_rows()
    ]  # fmt: skip
    return Table(
        "The distribution that the percentile is read from", (unit.capitalize(), "Count"), tuple(rows), frozenset({1})
    )


def statement_titles(found: Explanation) -> Sequence[str]:
    """Returns a line for each statement that was sent: the model, and how many rows came back."""
    return [
        f"Sent to the warehouse for {each.model}; {words.counted(each.rows, 'row')} came back."
        for each in found.queries
    ]


def _edge(value: float) -> str:
    return words.number(value, 0 if value == round(value) else 2)
