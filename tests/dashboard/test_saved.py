"""A view kept as an address, and what it says when the definition has changed since."""

from __future__ import annotations

import pytest

from dashboard.viewmodels.saved import changed, parts_of
from metrics.catalogue import load

CATALOGUE = load()
METRIC = CATALOGUE.metric("ae_four_hour")
VERSION = CATALOGUE.version_of(METRIC)


def test_the_address_of_a_view_holds_its_choices_and_the_version():
    query = {"metric": "ae_four_hour", "org": "R0A", "by": "organisation", "grain": "quarter", "definition": "0" * 12}
    assert parts_of(query, METRIC, VERSION) == {
        "metric": "ae_four_hour", "by": "organisation", "grain": "quarter", "definition": VERSION,
    }  # fmt: skip
    assert parts_of({"by": ""}, METRIC, VERSION) == {"metric": "ae_four_hour", "definition": VERSION}


@pytest.mark.parametrize("asked", ["", VERSION])
def test_without_a_change_nothing_is_said(asked):
    assert changed(asked, METRIC, VERSION) == ""


def test_a_change_names_both_versions():
    said = changed("0123456789ab", METRIC, VERSION)
    assert said.startswith("The definition of A&E within 4 hours has changed since this link was made")
    assert "was version 0123456789ab" in said
    assert f"is version {VERSION} now" in said
    assert "by the definition in use now" in said


@pytest.mark.parametrize("asked", ["latest", "0123456789AB", "0123456789ab0", "<script>"])
def test_what_is_no_version_is_named(asked):
    said = changed(asked, METRIC, VERSION)
    assert said == f"The link's definition version '{asked}' is none. The definition in use is version {VERSION}."
