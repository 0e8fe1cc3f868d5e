"""The `bellwether` command."""

from __future__ import annotations

import typer

from dashboard.cli_check import check
from dashboard.cli_cubes import cubes
from dashboard.cli_explain import explain
from dashboard.cli_feed import feed
from dashboard.cli_forecast import forecast
from dashboard.cli_funnel import draw_funnel
from dashboard.cli_interchange import exporting, importing
from dashboard.cli_journal import keeping
from dashboard.cli_load import load
from dashboard.cli_metrics import metrics
from dashboard.cli_query import query
from dashboard.cli_run import run
from dashboard.cli_simulate import simulate
from dashboard.cli_spc import spc

app = typer.Typer(
    help="Operational insights for healthcare: published NHS data, one metrics layer, one dashboard.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
for command in (run, load, check, metrics, query, explain, spc, forecast, simulate, feed, cubes):
    app.command()(command)
app.command(name="funnel")(draw_funnel)
app.add_typer(exporting, name="export", no_args_is_help=True)
app.add_typer(importing, name="import", no_args_is_help=True)
app.add_typer(keeping, name="journal", no_args_is_help=True)


def main() -> None:
    """Runs the command."""
    app()


if __name__ == "__main__":
    main()
