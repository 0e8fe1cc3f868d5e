"""The JSON Schema of definition files, for editors that complete and check as one types."""

from __future__ import annotations

import json
from pathlib import Path

from metrics.catalogue.definition import DefinitionFile

PATH = Path(__file__).parent.parent / "definitions" / "schema.json"


def text() -> str:
    """Returns the schema as it stands in the file beside the definitions."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **DefinitionFile.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
