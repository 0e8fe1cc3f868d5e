"""The catalogue as metadata of NHS England's Central Metrics Library.

The fields are those of `METADATA_SCHEMA` and `RELATIONSHIPS_SCHEMA` of nhsengland/cml-schemas: 2.1.0 for version 2.0 of
the library's proforma, 3.0.0 for version 3.0. They name fields and types; there is no public list of
allowed values.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from metrics.catalogue import Catalogue, Metric, Model, Part, Target
from metrics.interchange.losses import EVERY_METRIC, Kind, Loss

Proforma = Literal[2, 3]
SCHEMAS: Mapping[Proforma, str] = {2: "nhsengland/cml-schemas 2.1.0", 3: "nhsengland/cml-schemas 3.0.0"}

Record = dict[str, str | None]

FAMILY = Kind(
    "CML01", "metric_family_id holds the model's name.", "Definitions know no families of metrics.",
    "Put the library's family id in when the metric is registered.",
)  # fmt: skip
STATUS = Kind(
    "CML02", "metric_status is 'Live', and metric_end_date empty.",
    "A definition has no life cycle: what is in the catalogue is in use.", "Change both when the metric is retired.",
)  # fmt: skip
PURPOSE = Kind(
    "CML03", "metric_purpose repeats the description.", "A definition has no purpose apart from what it describes.",
    "Write the purpose when the metric is registered.",
)  # fmt: skip
WORDS = Kind(
    "CML04", "Category, grain, location, unit, format and disclosure flag are in Bellwether's words.",
    "The library publishes no list of allowed values.", "Replace them by the library's own terms, if it asks for them.",
)  # fmt: skip
TESTS = Kind(
    "CML05", "Golden numbers and the setting of charts are left out.", "The library has no field for them.",
    "Keep the YAML file beside the record.",
)  # fmt: skip
START = Kind(
    "CML06", "metric_start_date is empty, which the schema does not allow.",
    "No warehouse was asked, or it holds no data of the metric.", "Export where the data are, or write the date in.",
)  # fmt: skip
FORMULA = Kind(
    "CML07", "The calculation is words: no reader can compute it.",
    "The library holds text, and links between metrics, but no expressions.",
    "Read the YAML file or the export to Ossie.",
)  # fmt: skip
ALTERNATES = Kind(
    "CML08", "Which model answers which split is told in a note.", "A record of the library has one source.",
    "Register the alternate as a metric of its own if it needs one.",
)  # fmt: skip
TARGETS = Kind(
    "CML09", "Targets with their dates and organisations are one line of text.",
    "The library has one field for a target.", "Read the YAML file for targets that a program can use.",
)  # fmt: skip
COVERAGE = Kind(
    "CML10", "The rules of coverage and maturity are told in a note.",
    "The library does not say when a period is complete or final.", "Keep to the status in Bellwether's results.",
)  # fmt: skip
BENCHMARK = Kind(
    "CML11", "The benchmark is told in a note.", "The library has no field for a comparator that is no target.",
    "None is needed.",
)  # fmt: skip
STATE = Kind(
    "CML12", "metric_state is 'Published'.", "A definition has no state of its own in the library.",
    "Set it when the metric is registered.",
)  # fmt: skip
KINDS = (FAMILY, STATUS, PURPOSE, WORDS, TESTS, START, FORMULA, ALTERNATES, TARGETS, COVERAGE, BENCHMARK, STATE)

_GRAINS = ("hour", "day", "week", "month", "quarter", "financial_year")
_REFRESHED = {
    "hour": "hourly", "day": "daily", "week": "weekly", "month": "monthly", "quarter": "quarterly",
    "financial_year": "yearly",
}  # fmt: skip
_COMBINED = {
    "sum": "Longer periods add up the shorter ones.",
    "last": "Longer periods show their last one; it is never summed over time.",
    "first": "Longer periods show their first one; it is never summed over time.",
    "mean": "Longer periods show the mean of the shorter ones.",
}
_OF_TYPE = {
    "simple": "", "snapshot": "A level at a time, summed over organisations.",
    "ratio": "The sum of the numerators over the sum of the denominators, at every level and in every total.",
    "percentile": "Taken from the whole distribution; never averaged.",
    "index": "Shown as published; never aggregated.",
    "derived": "Computed from the totals of other metrics, at every level.",
    "cumulative": "The parts are accumulated, then divided.",
    "conversion": "Of each cohort, the share with the outcome.",
}  # fmt: skip
_AGGREGATE = {
    "sum": "sum", "count": "count", "min": "least", "max": "greatest", "mean": "mean",
    "count_distinct": "distinct count",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Export:
    """Records for the library, and what they could not say.

    Attributes:
        metadata: one record a metric, with every field of the schema; dates as ISO 8601 text.
        relationships: one record for each metric that another is made of or is read beside.
    """

    proforma: Proforma
    metadata: tuple[Record, ...]
    relationships: tuple[Record, ...]
    losses: tuple[Loss, ...]

    def as_json(self) -> str:
        """Returns both tables as one JSON document."""
        document = {"schema": SCHEMAS[self.proforma], "metadata": self.metadata, "relationships": self.relationships}
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def export(
    catalogue: Catalogue,
    metrics: Iterable[str] = (),
    held_from: Mapping[str, date] | None = None,
    proforma: Proforma = 2,
) -> Export:
    """Returns the metrics (all when none is named) as records of the Central Metrics Library.

    Args:
        catalogue: the definitions.
        metrics: ids.
        held_from: metric id to the first day that the warehouse holds.
        proforma: the version of the library's form: 3 tells the sources of numerator and denominator apart.

    Raises:
        UnknownMetricError: an id that the catalogue does not hold.
    """
    wanted = [catalogue.metric(name) for name in dict.fromkeys(metrics)] or list(catalogue)
    starts = held_from or {}
    losses = [Loss(kind, EVERY_METRIC) for kind in (FAMILY, STATUS, PURPOSE, WORDS, TESTS, FORMULA, COVERAGE)]
    for metric in wanted:
        losses += _losses(metric, starts)
    records = (_record(catalogue, metric, starts.get(metric.id)) for metric in wanted)
    if proforma == 3:
        losses.append(Loss(STATE, EVERY_METRIC))
        records = (_of_third(catalogue, metric, record) for metric, record in zip(wanted, records, strict=True))
    return Export(
        proforma=proforma,
        metadata=tuple(records),
        relationships=tuple(record for metric in wanted for record in _relationships(catalogue, metric)),
        losses=tuple(losses),
    )


def _losses(metric: Metric, starts: Mapping[str, date]) -> Iterator[Loss]:
    if metric.id not in starts:
        yield Loss(START, f"metric {metric.id}: metric_start_date")
    if metric.alternates:
        yield Loss(ALTERNATES, f"metric {metric.id}: alternates")
    if metric.targets:
        yield Loss(TARGETS, f"metric {metric.id}: targets")
    if metric.benchmark:
        yield Loss(BENCHMARK, f"metric {metric.id}: benchmark")


def _record(catalogue: Catalogue, metric: Metric, start: date | None) -> Record:
    model = catalogue.model_of(metric)
    models = [model, *(catalogue.models[alternate.model] for alternate in metric.alternates)]
    dimensions = dict.fromkeys(dimension.name for each in models for dimension in each.dimensions)
    guarded = model.disclosure != "none"
    return {
        "metric_family_id": model.name,
        "metric_id": metric.id,
        "metric_status": "Live",
        "metric_title": metric.title,
        "metric_start_date": None if start is None else f"{start.isoformat()}T00:00:00",
        "metric_end_date": None,
        "available_metric_category": metric.type,
        "available_reporting_grain": ", ".join(_grains(model)),
        "available_location_types": ", ".join(_locations(models)),
        "available_dimension_types": ", ".join(dimensions) or None,
        "business_area": _spaced(metric.capability),
        "business_sub_area": model.title,
        "domain": None if metric.wgll is None else _spaced(metric.wgll),
        "source_name": _source_name(model),
        "project_id": None,
        "source_platform": None,
        "metric_owner": metric.owner,
        "metric_short_name": metric.short_title,
        "metric_alias": None,
        "metric_description": metric.description,
        "calculation": _calculation(metric),
        "metric_purpose": metric.description,
        "unit": metric.unit,
        "format": _format(metric),
        "target": _targets(metric),
        "frequency_of_refresh": _REFRESHED[model.grain],
        "aggregation": _aggregation(metric),
        "statistical_disclosure_control_flag": "Y" if guarded else "N",
        "statistical_disclosure_control_description": (
            f"Small numbers of {model.disclosure}s are suppressed on the parts, before division." if guarded else None
        ),
        "interpretation": metric.interpretation,
        "inclusion_exclusion_rules": _rules(metric, model),
        "usage": f"Read beside: {', '.join(metric.shown_with)}." if metric.shown_with else None,
        "organisation_geog_type": None,
        "footnotes": " ".join(model.notes) or None,
        "notes": " ".join(_notes(catalogue, metric, model)),
    }  # fmt: skip


def _of_third(catalogue: Catalogue, metric: Metric, record: Record) -> Record:
    """Returns the record with the fields of the third proforma, which has a source for each part."""
    upper, lower = _sources(catalogue, metric)
    changed: Record = {}
    for name, value in record.items():
        if name == "source_name":
            changed["numerator_source_name"] = upper
        elif name in ("project_id", "source_platform"):
            changed[f"numerator_{name}"] = value
        else:
            changed[name] = value
        if name == "metric_status":
            changed["metric_state"] = "Published"
        if name == "source_platform":
            changed |= {
                "denominator_source_name": lower,
                "denominator_project_id": None,
                "denominator_source_platform": None,
            }
    return changed


def _sources(catalogue: Catalogue, metric: Metric) -> tuple[str, str]:
    """Returns where the numerator and the denominator come from; a metric without a denominator says so."""
    inputs = catalogue.inputs(metric)
    if metric.type == "cumulative":
        return _sources(catalogue, inputs[0])
    divides = metric.denominator is not None or metric.type == "conversion" or "/" in (metric.formula or "")
    named = [_source_name(catalogue.model_of(each)) for each in (*inputs, metric)]
    if metric.type == "conversion":
        return named[1], named[0]
    return named[0], (named[min(1, len(named) - 1)] if divides else "Not applicable")


def _source_name(model: Model) -> str:
    return model.publication or model.table


def _grains(model: Model) -> tuple[str, ...]:
    """Returns the periods that can be asked for: the native ones and those they add up to. Weeks make no months."""
    if model.grain == "week":
        return ("week",)
    longer = _GRAINS[_GRAINS.index(model.grain) :]
    return tuple(grain for grain in longer if grain != "week" or model.grain in ("hour", "day"))


def _locations(models: Iterable[Model]) -> Iterator[str]:
    yield "england"
    levels = [level for model in models if model.organisation is not None for level in model.levels]
    yield from (level for level in dict.fromkeys(levels) if level != "england")


def _spaced(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _counted(part: Part) -> str:
    kept = f" where {part.filter}" if part.filter else ""
    return f"{part.words} ({_AGGREGATE[part.agg]} of {part.expr}{kept})"


def _calculation(metric: Metric) -> str:
    said = []
    if metric.numerator and metric.denominator:
        said.append(f"Numerator: {_counted(metric.numerator)}. Denominator: {_counted(metric.denominator)}.")
    if metric.measure:
        said.append(f"{_counted(metric.measure)}.")
    if metric.percentile is not None:
        said.append(f"Percentile: {metric.percentile * 100:g}.")
    if metric.formula is not None:
        said.append(f"Formula: {metric.formula}.")
    for name, term in metric.inputs.items():
        before = f", {term.offset_window} before" if term.offset_window else ""
        said.append(f"{name}: {term.metric}{before}.")
    if metric.metric is not None:
        reach = f"over {metric.window}" if metric.window else f"from the start of the {metric.grain_to_date}"
        said.append(f"{metric.metric}, accumulated {reach.replace('_', ' ')}.")
    if metric.base_metric is not None:
        said.append(
            f"Of {metric.base_metric}, those followed by {metric.conversion_metric} of the same {metric.entity} "
            f"within {metric.window}."
        )
    return " ".join(said)


def _format(metric: Metric) -> str:
    places = f".{'0' * metric.decimals}" if metric.decimals else ""
    return f"0{places}%" if metric.unit == "percent" else f"#,##0{places}"


def _targets(metric: Metric) -> str | None:
    return "; ".join(_target(target) for target in metric.targets) or None


def _target(target: Target) -> str:
    until = f" to {_day(target.valid_to)}" if target.valid_to else ""
    kind = target.kind.replace("_", " ")
    return f"{target.value:g}{target.whose} from {_day(target.valid_from)}{until} ({kind}; {target.source})"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _aggregation(metric: Metric) -> str:
    said = [_OF_TYPE[metric.type]]
    if metric.measure and metric.type == "simple":
        said.append(f"{_AGGREGATE[metric.measure.agg].capitalize()} of the rows.")
    if metric.type not in ("index", "derived", "cumulative", "conversion"):
        said.append(_COMBINED[metric.combines_over_time])
    return " ".join(filter(None, said))


def _rules(metric: Metric, model: Model) -> str | None:
    said = [f"Rows where {model.filter}."] if model.filter else []
    for name in ("measure", "numerator", "denominator"):
        part: Part | None = getattr(metric, name)
        if part is not None and part.filter:
            said.append(f"{name.capitalize()}: rows where {part.filter}.")
    if metric.minimum_denominator is not None:
        said.append(f"Organisations with a denominator under {metric.minimum_denominator:g} are left out.")
    return " ".join(said) or None


def _notes(catalogue: Catalogue, metric: Metric, model: Model) -> Iterator[str]:
    yield f"Better is: {metric.direction}."
    yield f"Definition followed: {metric.source.rstrip('.')}."
    yield f"Data are {model.provenance}."
    yield f"A period counts as missing when under {model.coverage.threshold:.0%} of those expected report it."
    if model.maturity_days:
        yield f"A period is final {model.maturity_days} days after its end."
    for alternate in metric.alternates:
        yield f"Also answered from {catalogue.models[alternate.model].title}: {alternate.note.rstrip('.')}."
    if metric.benchmark:
        yield f"Benchmark: {metric.benchmark.value:g}, {metric.benchmark.words} ({metric.benchmark.source})."
    yield f"Definition version {catalogue.version_of(metric)}."


def _relationships(catalogue: Catalogue, metric: Metric) -> Iterator[Record]:
    for child in catalogue.inputs(metric):
        yield _relationship(metric, child, "input", "calculation", f"{metric.title} is computed from it.")
    for name in metric.shown_with:
        yield _relationship(metric, catalogue.metric(name), "read_beside", "interpretation", "To be read beside it.")


def _relationship(metric: Metric, child: Metric, kind: str, category: str, words: str) -> Record:
    return {
        "metric_id": metric.id,
        "metric_short_name": metric.short_title,
        "child_metric_id": child.id,
        "child_metric_short_name": child.name,
        "relationship_type": kind,
        "relationship_category": category,
        "relationship_description": words,
    }
