"""Lists to choose from: organisations, who followed whom, the values of a dimension, how far a metric goes."""

from __future__ import annotations

from datetime import date

import polars as pl

from metrics.query import combine
from metrics.query.errors import QueryError
from metrics.query.holdings import Holdings
from metrics.query.plan import plan
from metrics.query.request import Grain, Request


def organisations_of(holdings: Holdings, today: date) -> pl.DataFrame:
    """Returns one row an organisation; see `MetricsLayer.organisations`."""
    organisations, owners = holdings.organisations, holdings.owners
    located = organisations.at(today).select("org_code", "organisation")
    closed = pl.col("close_date").is_not_null() & (pl.col("close_date") < today)
    return organisations.all.join(located, on="org_code").select(
        "org_code",
        pl.col("org_code").replace_strict(organisations.names, return_dtype=pl.String).alias("name"),
        "org_type", "trust_type", "icb_code", "region_code",
        pl.col("org_code").replace_strict(owners, default=None, return_dtype=pl.String).alias("own_records"),
        pl.col("organisation").alias("answers"),
        ((pl.col("org_code") == pl.col("organisation")) & ~closed).alias("is_current"),
        pl.col("org_code").is_in(holdings.reporting(today)).alias("is_reporting"),
    )  # fmt: skip


def successions_of(holdings: Holdings) -> pl.DataFrame:
    """Returns one row a change; see `MetricsLayer.successions`."""
    organisations = holdings.organisations
    names = pl.col("predecessor_code").replace(organisations.names)
    return organisations.successions.select(
        "predecessor_code", names.alias("predecessor"), "successor_code", "effective"
    ).sort("effective", "predecessor_code")


def members_of(dimension: str, holdings: Holdings, model: str | None = None) -> pl.DataFrame:
    """Returns `code` and `name` String of a dimension's values, of the model or the first that has it, by name.

    Raises:
        QueryError: no model has the dimension.
    """
    for each in holdings.catalogue.models.values():
        if model in (None, each.name) and any(found.name == dimension for found in each.dimensions):
            names = holdings.names(each, dimension)
            columns = {"code": list(names), "name": list(names.values())}
            return pl.DataFrame(columns, schema={"code": pl.String, "name": pl.String}).sort("name")
    raise QueryError(f"No model has the dimension '{dimension}'.")


def last_day_of(metric: str, holdings: Holdings, today: date) -> date | None:
    """Returns the last day that the metric's data cover, of a derived one its first input's; None when it has none."""
    catalogue = holdings.catalogue
    found = catalogue.metric(metric)
    while found.type == "derived":
        found = catalogue.inputs(found)[0]
    source = plan(Request((found.id,)), catalogue).sources[found.id]
    return combine.last_day(holdings.presence(source, today), Grain(source.model.grain))
