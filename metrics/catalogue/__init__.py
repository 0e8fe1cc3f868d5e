"""The catalogue: what each number means, loaded from YAML and linted."""

from __future__ import annotations

from metrics.catalogue.catalogue import Catalogue, Place, UnknownMetricError
from metrics.catalogue.definition import (
    Alternate,
    Dimension,
    GoldenTest,
    Input,
    Join,
    Metric,
    Model,
    Part,
    Table,
    Target,
    Time,
)
from metrics.catalogue.finding import CatalogueError, Finding, suggest
from metrics.catalogue.loading import SHIPPED, check, folders_of, load
from metrics.catalogue.watch import Definitions
from metrics.catalogue.window import Window, parse_window

__all__ = [
    "SHIPPED", "Alternate", "Catalogue", "CatalogueError", "Definitions", "Dimension", "Finding", "GoldenTest", "Input",
    "Join", "Metric", "Model", "Part", "Place", "Table", "Target", "Time", "UnknownMetricError", "Window", "check",
    "folders_of", "load", "parse_window", "suggest",
]  # fmt: skip
