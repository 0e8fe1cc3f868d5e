"""Both themes meet WCAG 2.2 AA contrast, computed from the colours that ship."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from dashboard.components import shell

PROJECT = Path(__file__).parents[2]
CONFIG = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
TEXT, GRAPHIC = 4.5, 3.0
VARIABLES = {
    name: dict(zip(("light", "dark"), pair, strict=True))
    for name, *pair in re.findall(r"--(bw-[a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", shell.STYLE)
}


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_itself_is_right():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#005eb8", "#ffffff") == pytest.approx(6.4, abs=0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("text", ["textColor", "linkColor"])
def test_text_and_links_can_be_read_on_every_surface(theme, text):
    colours = CONFIG[theme]
    for surface in ("backgroundColor", "secondaryBackgroundColor"):
        assert contrast(colours[text], colours[surface]) >= TEXT


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_controls_and_chart_colours_stand_out_from_the_page(theme):
    colours = CONFIG[theme]
    page = colours["backgroundColor"]
    assert contrast(colours["primaryColor"], page) >= GRAPHIC
    assert contrast(colours["primaryColor"], "#ffffff") >= TEXT, "white words on a button"
    assert contrast(colours["borderColor"], page) >= GRAPHIC
    assert len(colours["chartCategoricalColors"]) == 10
    for colour in colours["chartCategoricalColors"]:
        assert contrast(colour, page) >= GRAPHIC, colour


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ("bw-text", "bw-panel"), ("bw-quiet", "bw-panel"), ("bw-link", "bw-panel"), ("bw-good", "bw-good-back"),
        ("bw-poor", "bw-poor-back"), ("bw-warn", "bw-warn-back"), ("bw-text", "bw-warn-back"),
    ],
)  # fmt: skip
def test_our_own_text_can_be_read_on_its_paper_and_on_the_page(theme, ink, paper):
    assert contrast(VARIABLES[ink][theme], VARIABLES[paper][theme]) >= TEXT
    assert contrast(VARIABLES[ink][theme], CONFIG[theme]["backgroundColor"]) >= TEXT


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_small_lines_stand_out(theme):
    assert contrast(VARIABLES["bw-accent"][theme], CONFIG[theme]["backgroundColor"]) >= GRAPHIC


def test_the_first_chart_colour_is_nhs_blue_and_no_font_is_fetched():
    assert CONFIG["light"]["chartCategoricalColors"][0] == "#005eb8"
    assert CONFIG["font"].startswith("Arial")
    assert "http" not in shell.STYLE
