"""The simulated trust's organisation, sites and wards, as frames."""

from __future__ import annotations

import polars as pl

from sample_data.simulator.beds import wards
from sample_data.simulator.estate import dimensions_of_estate
from sample_data.simulator.offices import dimensions_of_programme
from sample_data.simulator.scenario import Scenario
from sample_data.simulator.trust import ORG_CODE, ORG_NAME, ORG_TYPE, SECTORS, SITES


def dimensions(scenario: Scenario) -> dict[str, pl.DataFrame]:
    """Returns the trust's sites, wards, systems, interfaces, initiatives and benefits, a frame a table."""
    sites = pl.DataFrame(
        {
            "site_code": [site.code for site in SITES],
            "org_code": [ORG_CODE] * len(SITES),
            "name": [site.name for site in SITES],
            "has_emergency_department": [site.major > 0 for site in SITES],
            "has_beds": [site.has_beds for site in SITES],
        }
    )
    held = wards(scenario.scale)
    rooms = pl.DataFrame(
        {
            "ward_code": list(held.code),
            "org_code": [ORG_CODE] * len(held.code),
            "site_code": [SITES[site].code for site in held.site],
            "name": list(held.name),
            "sector": [SECTORS[sector] for sector in held.sector],
            "beds_core": held.core.astype("int32"),
            "beds_escalation": held.escalation.astype("int32"),
        }
    )
    return {"dim_site": sites, "dim_ward": rooms, **dimensions_of_estate(scenario), **dimensions_of_programme(scenario)}


def organisation() -> pl.DataFrame:
    """Returns the trust as a source names it, a row of `ref_organisation`: of no board and no region."""
    return pl.DataFrame(
        {"source": ["simulator"], "org_code": [ORG_CODE], "name": [ORG_NAME], "org_type": [ORG_TYPE]},
    )
