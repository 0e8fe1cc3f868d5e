"""Definitions to and from other formats, with a list of everything that does not fit."""

from __future__ import annotations
