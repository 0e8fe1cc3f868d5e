"""A view that is kept as an address: which definition it was made by, and whether that has changed since."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from metrics.catalogue import Metric

KEY: Final = "definition"
# What an address may say of a measure's page beside its filters.
CHOICES: Final = ("by", "grain", "profile", "baseline", "peers", "scale")
_VERSION: Final = re.compile(r"[0-9a-f]{12}")


def parts_of(query: Mapping[str, str], metric: Metric, version: str) -> dict[str, str]:
    """Returns what the address of the shown view of a metric says beside its filters, its definition's version last."""
    return {"metric": metric.id, **kept(query), KEY: version}


def kept(query: Mapping[str, str]) -> dict[str, str]:
    """Returns the choices in an address of a measure's page that its reader made beside the filters."""
    return {name: query[name] for name in CHOICES if query.get(name)}


def changed(asked: str, metric: Metric, version: str) -> str:
    """Returns what to tell a reader whose link names a version of the definition; empty when it is this one."""
    if asked in ("", version):
        return ""
    if not _VERSION.fullmatch(asked):
        return f"The link's definition version '{asked[:40]}' is none. The definition in use is version {version}."
    return (
        f"The definition of {metric.name} has changed since this link was made: it was version {asked}, and is version "
        f"{version} now. The figures are by the definition in use now, and may differ from those that you saved."
    )
