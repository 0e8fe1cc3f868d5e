"""The icons of control charts can be told apart without colour, are seen in both themes, and say what they mean."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from dashboard.components import spc_icons
from dashboard.components.shell import STYLE
from dashboard.viewmodels.spc_terms import ASSURANCE, STATES, TERMS, VARIATION
from tests.dashboard.test_theme import CONFIG, GRAPHIC, VARIABLES, contrast

TONES = {
    "good": ("bw-spc-good", "bw-spc-glyph"),
    "poor": ("bw-spc-poor", "bw-spc-glyph"),
    "neutral": ("bw-spc-neutral", "bw-spc-glyph"),
    "plain": ("bw-spc-plain", "bw-spc-plain-glyph"),
    "none": ("bw-spc-none", "bw-spc-plain-glyph"),
}


def drawing(kind):
    """The icon's paths and discs without any colour or class."""
    return re.sub(r' (class|fill|stroke)="[^"]*"', "", spc_icons.icon(kind, silent=True))


def test_every_icon_of_the_charts_is_drawn():
    assert set(spc_icons._ART) == set(TERMS)
    assert set(VARIATION) == {
        "common_cause", "improvement_high", "improvement_low", "concern_high", "concern_low", "neutral_high",
        "neutral_low", "no_variation",
    }  # fmt: skip
    assert set(STATES) == {"too_few_points", "missing_latest", "stale", "no_data"}
    assert set(ASSURANCE) == {"pass", "fail", "inconsistent"}


def test_without_colour_no_two_icons_are_alike():
    drawn = {drawing(kind) for kind in TERMS}
    assert len(drawn) == len(TERMS)


def test_improvement_concern_and_neutral_differ_by_their_outline_alone():
    outlines = {kind: art.outline for kind, art in spc_icons._ART.items()}
    judged = {kind: outlines[kind] for kind in ("improvement_high", "concern_high", "neutral_high")}
    assert len(set(judged.values())) == 3
    assert outlines["improvement_high"] == outlines["improvement_low"]
    assert outlines["concern_high"] == outlines["concern_low"]
    assert not {outlines[kind] for kind in ASSURANCE} & {outlines[kind] for kind in VARIATION}
    assert {kind for kind, art in spc_icons._ART.items() if art.broken} == set(STATES)


@pytest.mark.parametrize("kind", sorted(TERMS))
def test_an_icon_is_one_image_with_its_words(kind):
    svg = ET.fromstring(spc_icons.icon(kind, 32))  # noqa: S314 - our own
    assert (svg.get("role"), svg.get("width"), svg.get("height")) == ("img", "32", "32")
    assert svg.get("aria-label") == TERMS[kind].words == svg.findtext("title")
    assert TERMS[kind].words.startswith(TERMS[kind].short), "what is seen is part of what is said"
    silent = ET.fromstring(spc_icons.icon(kind, silent=True))  # noqa: S314 - our own
    assert (silent.get("role"), silent.get("aria-hidden"), silent.find("title")) == (None, "true", None)


def test_the_words_are_those_of_making_data_count():
    assert TERMS["concern_low"].text == "special cause of concerning nature due to lower values"
    assert TERMS["improvement_high"].text == "special cause of improving nature due to higher values"
    assert TERMS["common_cause"].words == "Common cause: no significant change"
    assert TERMS["fail"].text == "the process consistently fails the target"


def test_no_target_is_a_dash_with_words_and_no_icon():
    shown = spc_icons.icon(None)
    assert "<svg" not in shown
    assert "\N{EM DASH}" in shown
    assert "No target" in shown
    assert spc_icons.worded(None) == shown


def test_a_clock_beside_an_icon_says_that_newer_data_are_due():
    assert "Newer data due" not in spc_icons.worded("concern_low")
    shown = spc_icons.worded("concern_low", due=True)
    assert shown.count("<svg") == 2
    assert f'aria-label="{TERMS["stale"].words}"' in shown


def test_an_unknown_icon_is_an_error():
    with pytest.raises(KeyError):
        spc_icons.icon("red")


def test_the_legend_shows_every_icon_once_with_its_words():
    shown = spc_icons.legend()
    assert shown.count("<svg") == len(TERMS)
    for term in TERMS.values():
        assert term.text in shown


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("tone", sorted(TONES))
def test_outline_and_glyph_stand_out_in_both_themes(theme, tone):
    page = CONFIG[theme]["backgroundColor"]
    fill, glyph = (VARIABLES[name][theme] for name in TONES[tone])
    assert contrast(VARIABLES["bw-spc-ink"][theme], page) >= GRAPHIC
    assert contrast(glyph, fill) >= GRAPHIC
    if tone not in ("plain", "none"):
        assert contrast(fill, page) >= GRAPHIC


def test_the_colours_outside_the_page_are_those_of_the_light_theme():
    for tone, (fill, glyph) in spc_icons._FILLS.items():
        assert (fill, glyph) == tuple(VARIABLES[name]["light"] for name in TONES[tone])
    assert VARIABLES["bw-spc-ink"]["light"] == spc_icons._INK


def test_no_icon_is_red_or_green():
    """Making Data Count never rates red, amber and green: in each fill blue or orange leads, or none does."""
    used = {name: pair for name, pair in VARIABLES.items() if name.startswith("bw-spc-")}
    for pair in used.values():
        for colour in pair.values():
            red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
            assert not (green > red + 40 and green > blue + 40), colour
            assert not (red > 2 * green + 60 and red > 2 * blue + 60 and green < 60), colour
    assert "bw-spc" in STYLE
