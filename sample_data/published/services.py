"""Services: NHS treatment functions and main specialties, with the names that the publications use."""

from __future__ import annotations

import json
from collections.abc import Iterable

import polars as pl

from sample_data.published.shipment import SHIPPED

_NAMES = SHIPPED / "services" / "services.json"
_GROUPS = {
    "1": "Surgery",
    "2": "Children",
    "3": "Medicine",
    "4": "Medicine",
    "5": "Women and maternity",
    "6": "Therapies",
    "7": "Mental health and learning disability",
    "8": "Diagnostics and oncology",
    "9": "Community and education",
    "X": "Other",
}
_CHILDREN = ("142", "171", "420", "421", "422", "424", "X04")
_EXCEPTIONS = {
    **dict.fromkeys(_CHILDREN, "Children"),
    "180": "Emergency and critical care",
    "192": "Emergency and critical care",
    "X02": "Medicine",
    "X03": "Mental health and learning disability",
    "X05": "Surgery",
}


def services(codes: Iterable[str] = ()) -> pl.DataFrame:
    """Returns the known services and any other code given, as `dim_service`; a code without a name names itself."""
    names: dict[str, str] = json.loads(_NAMES.read_text(encoding="utf-8"))
    rows = [
        (code, names.get(code, code), _EXCEPTIONS.get(code) or _GROUPS.get(code[:1], "Other"))
        for code in sorted({*names, *codes})
    ]
    schema = {"service_code": pl.String, "name": pl.String, "service_group": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")
