"""The truth about a simulation: what each initiative really does, so that methods of judging can be judged."""

from __future__ import annotations

import json
from typing import Any

from sample_data.simulator.scenario import Scenario


def truth(scenario: Scenario) -> list[dict[str, Any]]:
    """Returns one entry an initiative: what it acts on, where, from when, how, and by how much (relative)."""
    return [
        {
            "initiative": each.id,
            "title": each.title,
            "measure": each.measure,
            "acts_on": each.lever.value,
            "services": list(each.services),
            "sites": list(each.sites),
            "systems": list(each.systems),
            "staff_groups": list(each.staff_groups),
            "go_live": each.go_live.isoformat(),
            "kind": each.kind.value,
            "days_to_full_size": each.days,
            "relative_size": each.effect,
        }
        for each in scenario.initiatives
    ]


def truth_json(scenario: Scenario) -> str:
    """Returns the truth as JSON, as it stands in truth.json."""
    return json.dumps(truth(scenario), indent=2, ensure_ascii=False) + "\n"
