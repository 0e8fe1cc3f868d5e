"""Names of organisations as the NHS writes them, out of registers that shout."""

from __future__ import annotations

import re

_SMALL = frozenset(("a", "and", "at", "by", "de", "for", "in", "le", "of", "on", "the", "to", "under", "upon", "with"))
_ABBREVIATIONS = """
ACES BMI CBS CCG CES CIC DHC DHU DMC EA ESOPS GP HCRG HQ ICB ICS KIMS LLP LLR MIU MSK NEMS NHS N2S OOH PCT PHL PLC
QMS RSA SHA UCC UK UTC VCL WAM WIC WLHH SpaMedica InHealth iSight Ltd C.I.C St
"""
_FIXED = {text.upper(): text for text in _ABBREVIATIONS.split()}
_WORD = re.compile(r"[^\W_]+(?:[.'\u2019][^\W_]+)*")
_BOARD = re.compile(r"\s+Integrated Care Board$", re.IGNORECASE)


def written_name(name: str) -> str:
    """Returns the name in title case: 'BARTS HEALTH NHS TRUST' gives 'Barts Health NHS Trust'.

    A name that is already in mixed case keeps its own capitals, but for small words: 'Ashford And St
    Peter's' gives 'Ashford and St Peter's'.
    """
    text = re.sub(r"\s+", " ", name.replace("\u2019", "'")).strip()
    shouted = text == text.upper()
    return _WORD.sub(lambda match: _word(match, shouted=shouted), text)


def board_name(official: str) -> str:
    """Returns an integrated care board's short name: 'NHS Greater Manchester'."""
    return _BOARD.sub("", official)


def _word(match: re.Match[str], *, shouted: bool) -> str:
    word, before = match[0], match.string[: match.start()].rstrip(" ")
    if word.upper() in _FIXED:
        return _FIXED[word.upper()]
    begins = not before or before[-1] in "(:" or before.endswith(" -")
    if word.lower() in _SMALL and not begins:
        return word.lower()
    if not shouted and word != word.lower():
        return word
    return word[0].upper() + word[1:].lower()
