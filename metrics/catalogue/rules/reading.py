"""What can be wrong before there is a catalogue: codes that come with reading files, not from a rule."""

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
    Said("E010", "Tables, models and metrics are each defined once, in all folders together.", "Rename one of them."),
)  # fmt: skip
