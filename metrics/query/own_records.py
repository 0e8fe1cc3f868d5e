"""What a warehouse holds beside what is published: trusts' own records, simulated or not, and the forecasts' record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import polars as pl
import sqlalchemy as sa

from metrics.catalogue import Catalogue, Metric, Model
from metrics.warehouse.connect import Snapshot
from metrics.warehouse.tables import operational
from metrics.warehouse.tables.forecasts import meta_forecast_outcome
from metrics.warehouse.tables.operational.provenance import meta_operational

Provenance = Literal["published", "operational", "simulated"]
SIMULATED: Final = "simulated"
_ORDER: tuple[Provenance, ...] = ("published", "operational", "simulated")


def owners_of(snapshot: Snapshot) -> Mapping[str, str]:
    """Returns the code of each trust with records of its own, and `operational` or `simulated`.

    Raises:
        sqlalchemy.exc.DBAPIError: the database does not answer.
    """
    written = sa.select(meta_operational.c.org_code, meta_operational.c.provenance)
    try:
        return dict(snapshot.frame(written.order_by(meta_operational.c.org_code)).iter_rows())
    except sa.exc.ProgrammingError:  # the warehouse has no operational tables
        return {}


def first_days(snapshot: Snapshot) -> pl.DataFrame:
    """Returns `org_code` String and `since` Date: from which day on the own records of each trust are whole.

    Raises:
        sqlalchemy.exc.DBAPIError: the database does not answer.
    """
    first = sa.select(meta_operational.c.org_code, meta_operational.c.first_day.label("since"))
    return snapshot.frame(first.order_by(meta_operational.c.org_code))


def has_forecast_record(snapshot: Snapshot) -> bool:
    """Returns whether the outcomes of Bellwether's forecasts are written in the warehouse.

    Raises:
        sqlalchemy.exc.DBAPIError: the database does not answer.
    """
    newest = sa.select(sa.func.max(meta_forecast_outcome.c.written_at).label("at"))
    try:
        return snapshot.frame(newest)["at"][0] is not None
    except sa.exc.ProgrammingError:  # the warehouse has no such tables
        return False


def held(catalogue: Catalogue, owners: Mapping[str, str], *, recorded: bool) -> Catalogue:
    """Returns the definitions that the warehouse can answer.

    Args:
        catalogue: all definitions.
        owners: as of `owners_of`; without any, those of trusts' own records are left out.
        recorded: whether the outcomes of forecasts are held; else their definitions are left out.
    """
    if recorded:
        return catalogue if owners else catalogue.without_trusts_records
    return catalogue.without_forecast_record if owners else catalogue.without_own_records


def is_own(model: Model) -> bool:
    """Returns whether the model reads Bellwether's operational tables: records of single trusts, and of nobody else."""
    return model.table in operational.metadata.tables


def provenance_of(model: Model, owners: Mapping[str, str]) -> Provenance:
    """Returns where the rows of a model come from: as its definition says, simulated where a simulation wrote them."""
    return SIMULATED if is_own(model) and SIMULATED in owners.values() else model.provenance


def worst(provenances: Iterable[Provenance]) -> Provenance:
    """Returns what is to be said of figures that are made of several: one simulated part makes all of it so."""
    return max(provenances, key=_ORDER.index, default="published")


def provenance_of_metric(metric: Metric, catalogue: Catalogue, owners: Mapping[str, str]) -> Provenance:
    """Returns where the rows behind a metric, and behind all that it is made of, come from."""
    names = [metric.model, *(alternate.model for alternate in metric.alternates)]
    own = [provenance_of(catalogue.models[name], owners) for name in names if name is not None]
    return worst([*own, *(provenance_of_metric(each, catalogue, owners) for each in catalogue.inputs(metric))])


def said_of(owners: Mapping[str, str], names: Mapping[str, str]) -> str:
    """Returns the note that goes with every figure of simulated records."""
    trusts = ", ".join(names.get(code, code) for code, provenance in owners.items() if provenance == SIMULATED)
    return (
        f"Simulated: every row behind this figure is made up, of {trusts}. It says nothing about a real organisation."
    )
