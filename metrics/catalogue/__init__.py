"""The catalogue: what each number means, loaded from YAML and linted."""

from __future__ import annotations

from metrics.catalogue.catalogue import Catalogue, Place, UnknownMetricError
from metrics.catalogue.definition import Alternate, Dimension, Metric, Model, Part, Target
from metrics.catalogue.finding import CatalogueError, Finding, suggest
from metrics.catalogue.loading import SHIPPED, check, load

__all__ = [
    "SHIPPED", "Alternate", "Catalogue", "CatalogueError", "Dimension", "Finding", "Metric", "Model", "Part", "Place",
    "Target", "UnknownMetricError", "check", "load", "suggest",
]  # fmt: skip
