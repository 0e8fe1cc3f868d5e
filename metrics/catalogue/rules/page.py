"""The list of all rules as a page of the docs: `python -m metrics.catalogue.rules.page` writes it."""

from __future__ import annotations

from pathlib import Path

from metrics.catalogue.rules import RULES
from metrics.catalogue.rules.reading import PROBED, READING

PATH = Path(__file__).parents[3] / "docs" / "rules.md"


def text() -> str:
    """Returns the page: every code, what it asks for, and what to do."""
    lines = [
        "# Rules of definitions",
        "",
        "What `bellwether check` looks for. Made by `python -m metrics.catalogue.rules.page`; a test keeps it current.",
        "E is an error: the definitions are not taken into use. W is a warning.",
        "",
        "| Code | What a sound definition keeps to | What to do |",
        "|---|---|---|",
    ]
    listed = [(each.code, each.says, each.remedy) for each in READING]
    listed += [(each.code, each.says, each.remedy) for each in RULES]
    listed += [(each.code, each.says, each.remedy) for each in PROBED]
    lines += [f"| {code} | {_cell(says)} | {_cell(remedy)} |" for code, says, remedy in sorted(listed)]
    return "\n".join(lines) + "\n"


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


if __name__ == "__main__":
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(text(), encoding="utf-8")
