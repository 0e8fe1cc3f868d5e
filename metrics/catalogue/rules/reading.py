"""Codes that come from no rule: of reading the files, and of probing the warehouse."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """A code, what it asks for, and what to do."""

    code: str
    says: str
    remedy: str


READING = (
    Said("E000", "A folder of definitions is there and holds `*.yml` files that define metrics.",
         "Make the folder, name another, or write a definition."),
    Said("E001", "A definition file is YAML, in UTF-8, and can be read.", "Mend the line; save the file as UTF-8."),
    Said("E002", "No key stands twice in one mapping.", "Keep one of them."),
    Said("E003", "Every key is one that definitions know.", "The message names the nearest."),
    Said("E004", "Every key that is needed is there.", "Add it."),
    Said("E005", "Every value is of the kind that its key takes.", "The message says which."),
    Said("E099", "Definitions that changed on disk can be checked at all.", "Undo the last change, and report it."),
    Said("E010", "Tables, models and metrics are each defined once, in all folders together.", "Rename one of them."),
)  # fmt: skip

NO_TABLE = Said("E080", "With --live: every table that is named is in the warehouse.", "Load it, or correct the name.")
NO_COLUMN = Said(
    "E081", "With --live: every column that is named is in its table.", "Correct the name, or add it to the table."
)
OTHER_TYPE = Said(
    "E082",
    "With --live: every column holds what it is taken for.",
    "Declare the type that it has, or cast it in a view.",
)
PROBED = (NO_TABLE, NO_COLUMN, OTHER_TYPE)
