"""Names out of registers that shout."""

from __future__ import annotations

import pytest

from metrics.warehouse.names import board_name, written_name


@pytest.mark.parametrize(
    ("shouted", "written"),
    [
        ("BARTS HEALTH NHS TRUST", "Barts Health NHS Trust"),
        ("UNIVERSITY HOSPITALS OF LEICESTER NHS TRUST", "University Hospitals of Leicester NHS Trust"),
        ("GUY'S AND ST THOMAS' NHS FOUNDATION TRUST", "Guy's and St Thomas' NHS Foundation Trust"),
        (
            "THE QUEEN ELIZABETH HOSPITAL, KING'S LYNN, NHS FOUNDATION TRUST",
            "The Queen Elizabeth Hospital, King's Lynn, NHS Foundation Trust",
        ),
        ("SPAMEDICA NEWCASTLE-UNDER-LYME", "SpaMedica Newcastle-under-Lyme"),
        ("NEWMEDICA - EXETER - GLEN HOUSE", "Newmedica - Exeter - Glen House"),
        ("ASPEN - THE HOLLY", "Aspen - The Holly"),
        (
            "NHS STAFFORDSHIRE AND STOKE-ON-TRENT INTEGRATED CARE BOARD",
            "NHS Staffordshire and Stoke-on-Trent Integrated Care Board",
        ),
        (
            "Ashford And St Peter's Hospitals NHS Foundation Trust",
            "Ashford and St Peter's Hospitals NHS Foundation Trust",
        ),
        ("NUFFIELD HOSPITAL OXFORD (THE MANOR)", "Nuffield Hospital Oxford (The Manor)"),
        ("PROVIDE WELLBEING @ TOLLGATE CLINIC", "Provide Wellbeing @ Tollgate Clinic"),
        ("  DHU HEALTH CARE  C.I.C ", "DHU Health Care C.I.C"),
        ("KING\u2019S COLLEGE HOSPITAL NHS FOUNDATION TRUST", "King's College Hospital NHS Foundation Trust"),
    ],
)
def test_names_are_written_as_the_nhs_does(shouted, written):
    assert written_name(shouted) == written
    assert written_name(written) == written


def test_a_board_has_a_short_name():
    assert board_name("NHS Greater Manchester Integrated Care Board") == "NHS Greater Manchester"
