"""`bellwether forecast --publish`: what the server does in the background, at once and with its progress told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl
import typer

from dashboard.cli_layer import beside, opened, refuse
from metrics.warehouse.settings import checked_url, load_settings


def alerts_told(metric: str | None, warehouse: str | None) -> None:
    """Prints the open alerts of forecasts, of a metric or of all, as CSV; says beside it how many there are."""
    from dashboard.viewmodels.drifting import newest_open  # noqa: PLC0415 - as above
    from models.forecast_store import ForecastStore  # noqa: PLC0415

    settings = load_settings()
    store = ForecastStore.open(settings if warehouse is None else replace(settings, warehouse=checked_url(warehouse)))
    found = newest_open(store.alerts())
    if metric is not None:
        found = found.filter(pl.col("metric") == metric)
    typer.echo(found.drop("ended_at").rename({"at": "raised_at"}).write_csv(), nl=False)
    beside.print(f"{found.height:,} alerts are open. Alerts that ended are kept in {store.place}.", markup=False)


def published(metric: str | None, warehouse: str | None) -> None:
    """Publishes forecasts of a metric, or of all that can be forecast; says what it does and what it could not."""
    # scikit-learn takes a second to load, and the other commands do without it.
    from dashboard.forecast_parts import demand_metrics  # noqa: PLC0415
    from dashboard.training_process import NOT_RECORDED, work  # noqa: PLC0415
    from models.forecast_store import ForecastStore  # noqa: PLC0415
    from models.recording import Recorder  # noqa: PLC0415

    layer = opened(warehouse)
    known = [each.id for each in demand_metrics(layer.catalogue)]
    if metric is not None and layer.catalogue.metric(metric).id not in known:
        refuse(f"'{metric}' is not forecast: it is no count of what comes. Forecasts are made of: {', '.join(known)}.")
    settings = load_settings()
    # The store lies beside the warehouse, so another warehouse has another store where that is a server.
    store = ForecastStore.open(settings if warehouse is None else replace(settings, warehouse=checked_url(warehouse)))
    counts = {"ended": 0, "failed": 0, "elsewhere": 0}

    def say(what: Mapping[str, Any]) -> None:
        if what["what"] == "unrecorded":
            beside.print(f"{NOT_RECORDED} {what['why']}", markup=False)
        elif what["what"] == "recorded":
            names = ", ".join(what["metrics"])
            beside.print(f"What forecasts came to is written into the warehouse: {names}.", markup=False)
        if "metric" not in what:
            return
        name = f"{what['metric']} ({what['part']})"
        if what["what"] in counts:
            counts[what["what"]] += what.get("new", True)
        if what["what"] == "failed":
            beside.print(f"{name} could not be forecast: {what['why']}", markup=False)
        elif what["what"] == "elsewhere":
            beside.print(f"{name} is being forecast by another process.", markup=False)
        elif what["what"] == "ended" and what["new"]:
            beside.print(f"{what['done'] + 1} of {what['of']}: {name} published.", markup=False)

    recorder = Recorder(settings.warehouse if warehouse is None else warehouse)
    work(layer, store, say, only=metric, recorder=recorder)
    beside.print(f"{counts['ended']:,} parts published into {store.place}; the others were there.", markup=False)
    if counts["failed"]:
        raise typer.Exit(1)
