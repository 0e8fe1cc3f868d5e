"""While the warehouse does not answer, the last good answers are shown; only so many of them are remembered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import streamlit as st

from dashboard import layer as data
from dashboard.last_good import MOST, Good, LastGood
from metrics.warehouse.errors import WarehouseUnreachableError
from metrics.warehouse.settings import embedded_url
from tests.query import attendances
from tests.query.attendances import drawn


def test_those_asked_for_last_are_remembered_and_no_more():
    kept = LastGood(most=3)
    for name in "abc":
        kept.note((name,), Good("one", name))
    assert kept.to(("a",), "one") == Good("one", "a")
    kept.note(("d",), Good("one", "d"))
    assert [kept.to((name,), "one") is not None for name in "abcd"] == [True, False, True, True]
    assert kept.to(("a",), "two") is None, "an answer by other definitions is none"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: kept.note((str(number),), Good("one", number)), range(500)))
    assert len(kept._kept) == 3


def test_answers_given_long_ago_are_let_go_and_the_newest_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    layer = attendances.build(embedded_url(tmp_path / "warehouse"), tmp_path / "definitions", drawn(1), count=5)
    st.cache_resource.clear()
    for number in range(MOST + 1):
        assert data.answer(layer, lambda number=number: number, "question", number) == number

    def lost(*_args: object) -> None:
        raise WarehouseUnreachableError("gone")

    monkeypatch.setattr(data, "_kept", lost)
    assert data.answer(layer, lambda: None, "question", MOST) == MOST
    with pytest.raises(WarehouseUnreachableError):
        data.answer(layer, lambda: None, "question", 0)
    st.cache_resource.clear()
