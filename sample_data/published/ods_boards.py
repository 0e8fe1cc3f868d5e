"""The integrated care boards of 1 April 2026: which opened, which closed, and where their parts went."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

OPENED = date(2026, 4, 1)

NEW_BOARDS: Mapping[str, tuple[str, str]] = {
    "S1Y5D": ("NHS Central East Integrated Care Board", "Y61"),
    "D7T5G": ("NHS Essex Integrated Care Board", "Y61"),
    "T6Y0W": ("NHS Norfolk and Suffolk Integrated Care Board", "Y61"),
    "S0E4D": ("NHS Thames Valley Integrated Care Board", "Y59"),
    "S9B9J": ("NHS Surrey and Sussex Integrated Care Board", "Y59"),
    "Z9B2Z": ("NHS West and North London Integrated Care Board", "Y56"),
}
"""Code to official name and region."""

SUCCESSIONS = (
    ("QH8", "D7T5G"),
    ("QHG", "S1Y5D"),
    ("QUE", "S1Y5D"),
    ("QMM", "T6Y0W"),
    ("QMJ", "Z9B2Z"),
    ("QRV", "Z9B2Z"),
    ("QNX", "S9B9J"),
    ("QXU", "S9B9J"),
    ("QU9", "S0E4D"),
    ("QM7", "S1Y5D"),  # Hertfordshire
    ("QM7", "D7T5G"),  # West Essex
    ("QJG", "T6Y0W"),  # Suffolk
    ("QJG", "D7T5G"),  # North East Essex
    ("QNQ", "S0E4D"),  # Berkshire East
    ("QNQ", "S9B9J"),  # Surrey Heath and Farnham
    ("QNQ", "QRL"),  # North East Hampshire
)
"""Closed board, and the board that took it or a part of it. Nobody answers for the whole of a divided one."""

PLACED: Mapping[str, tuple[str, ...]] = {
    "S1Y5D": (
        "06K",
        "06N",
        "RWR",
        "AVQ03",
        "AWR",
        "F7F6D",
        "K3V9U",
        "NT315",
        "NT316",
        "NVC15",
        "NVC19",
        "Q1W6P",
    ),
    "D7T5G": ("06T", "07H", "H4I8B", "J2H6H", "NQA", "NQX", "NVC13"),
    "T6Y0W": ("06L", "07K", "ACG37", "F7B2B", "G4H0I", "NDL01", "NT446"),
    "S0E4D": ("C5Y9L", "N8R1N", "NT428"),
}
"""By where they are: the places of the divided boards that the A&E mapping of May 2026 does not list."""
