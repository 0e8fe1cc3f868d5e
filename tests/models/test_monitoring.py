"""What was forecast beside what happened: against loops over the rows, written from the definitions alone."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.anomalies import anomalies, beside
from models.comparable import comparable_days
from models.monitoring import drift, monthly, outcomes, scores, stood

DAY = timedelta(days=1)
START = date(2026, 1, 1)
AT = datetime(2026, 1, 1)  # noqa: DTZ001 - kept as UTC without a zone


def told(*rows: tuple[int, str, date | None, str]) -> pl.DataFrame:
    """Rows of series_id, kind, cutoff and definition version."""
    schema = {"series_id": pl.Int64, "kind": pl.String, "cutoff": pl.Date, "definition_version": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def values(rows: list[tuple[int, int, date, float]]) -> pl.DataFrame:
    schema = {"series_id": pl.Int64, "ahead": pl.Int64, "period": pl.Date, "mean": pl.Float64}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    mean = pl.col("mean")
    return frame.with_columns(lo95=mean - 20, lo80=mean - 10, hi80=mean + 10, hi95=mean + 20, naive=mean + 5)


def happened(held: dict[date, float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {"date": list(held), "value": list(held.values())}, schema={"date": pl.Date, "value": pl.Float64}
    )


def test_the_first_published_counts_before_any_replay_and_the_newest_replay_before_others() -> None:
    standing = told(
        (1, "replayed", START, "1"), (2, "replayed", START + DAY, "1"), (3, "published", START, "1"),
        (4, "published", START, "1"), (5, "replayed", START + DAY, "1"), (6, "published", None, "1"),
        (7, "published", START + 2 * DAY, "0"),
    )  # fmt: skip
    assert stood(standing, "1")["series_id"].to_list() == [3, 5]


cells = st.tuples(
    st.integers(0, 5), st.integers(1, 9), st.floats(0, 500), st.one_of(st.none(), st.floats(0, 500)),
)  # fmt: skip


@given(st.lists(cells, max_size=40, unique_by=lambda cell: (cell[0], cell[1])))
def test_scores_are_what_loops_say(rows: list[tuple[int, int, float, float | None]]) -> None:
    actual: dict[date, float | None] = {}
    said = []
    for origin, ahead, mean, value in rows:
        period = START + (10 * origin + ahead - 1) * DAY
        actual[period] = value
        said.append((origin, ahead, period, mean))
    standing = told(*((n, "published", START + 10 * n * DAY, "1") for n in range(6)))
    found = outcomes(stood(standing, "1"), values(said), happened(actual))
    pairs = [(mean, actual[period], ahead) for _, ahead, period, mean in said if actual[period] is not None]
    assert found.height == len(pairs)
    for ahead in {each[2] for each in pairs}:
        some = [(mean, value) for mean, value, at in pairs if at == ahead]
        row = scores(found, "ahead").filter(ahead=ahead).row(0, named=True)
        total = sum(value for _, value in some)
        assert row["points"] == len(some)
        assert row["coverage80"] == pytest.approx(sum(abs(mean - value) <= 10 for mean, value in some) / len(some))
        assert row["coverage95"] == pytest.approx(sum(abs(mean - value) <= 20 for mean, value in some) / len(some))
        if total > 0:
            assert row["wmape"] == pytest.approx(sum(abs(mean - value) for mean, value in some) / total)
            assert row["naive_wmape"] == pytest.approx(sum(abs(mean + 5 - value) for mean, value in some) / total)
            assert row["bias"] == pytest.approx(sum(mean - value for mean, value in some) / total)
        else:
            assert row["wmape"] is None
    if pairs:
        assert scores(found)["points"].item() == len(pairs)


@given(st.lists(cells, max_size=40, unique_by=lambda cell: (cell[0], cell[1])), st.integers(1, 9), st.integers(1, 9))
def test_months_are_shared_out_completely(
    rows: list[tuple[int, int, float, float | None]], first: int, last: int
) -> None:
    actual = {START + (10 * origin + ahead - 1) * DAY: value for origin, ahead, _, value in rows}
    said = [(origin, ahead, START + (10 * origin + ahead - 1) * DAY, mean) for origin, ahead, mean, _ in rows]
    standing = told(*((n, "replayed", START + 10 * n * DAY, "1") for n in range(6)))
    found = outcomes(stood(standing, "1"), values(said), happened(actual))
    months = monthly(found, first, last)
    kept = found.filter(pl.col("ahead").is_between(first, last))
    assert months["points"].sum() == kept.height
    assert months["missed"].sum() == pytest.approx((kept["mean"] - kept["actual"]).abs().sum(), abs=1e-6)
    assert not months["published"].any()
    assert (months["month"].dt.day() == 1).all()


def year(bias: float = 0.0, months: int = 20) -> pl.DataFrame:
    """Months of a steady record, of which the last is off by `bias`."""
    first = [date(2025 + n // 12, n % 12 + 1, 1) for n in range(months)]
    over = [3.0 if n % 2 else -3.0 for n in range(months - 1)] + [1000 * bias]
    return pl.DataFrame(
        {"month": first, "over": over, "points": [28] * months, "within80": [22, 23] * (months // 2)}
    ).with_columns(
        series=pl.lit("R0A"),
        actual=pl.lit(1000.0),
        missed=pl.lit(30.0),
        within95=pl.lit(27),
        published=pl.lit(value=True),
    )


def test_a_bias_that_moved_drifts_and_a_steady_one_does_not() -> None:
    assert drift(year()).is_empty()
    found = drift(year(bias=0.2))
    assert found.select("series", "measure", "month", "side").row(0) == ("R0A", "bias", date(2026, 8, 1), "above")
    assert found["value"].item() == pytest.approx(0.2)


def test_coverage_that_fell_drifts() -> None:
    frame = year()
    frame = frame.with_columns(within80=pl.when(pl.col("month") == frame["month"].max()).then(2).otherwise("within80"))
    assert drift(frame).select("measure", "side").rows() == [("coverage80", "below")]


def test_nothing_drifts_on_too_few_months() -> None:
    assert drift(year(bias=0.5, months=12)).is_empty()


def published(*rows: tuple[date, int, float, float]) -> pl.DataFrame:
    """Rows of cut-off, periods ahead, mean and half the width of the 80 % interval."""
    frame = pl.DataFrame(
        rows, schema={"cutoff": pl.Date, "ahead": pl.Int64, "mean": pl.Float64, "half": pl.Float64}, orient="row"
    )
    mean, half = pl.col("mean"), pl.col("half")
    return frame.with_columns(
        lo80=mean - half, hi80=mean + half, lo95=mean - 2 * half, hi95=mean + 2 * half, series=pl.lit("R0A"),
        period=pl.col("cutoff") + pl.duration(days=pl.col("ahead") - 1), made_at=pl.lit(AT).cast(pl.Datetime("us")),
    )  # fmt: skip


def test_a_day_stands_against_the_newest_forecast_before_it_and_never_one_after() -> None:
    day = START + 5 * DAY
    said = published((START, 6, 100, 5), (START + 3 * DAY, 3, 110, 5), (day, 1, 120, 5), (day + DAY, 1, 500, 5))
    found = beside(said, pl.DataFrame({"series": ["R0A"], "date": [day], "value": [133.0]}))
    assert found.select("mean", "ahead", "level", "side").row(0) == (120.0, 1, 95, "high")


@given(value=st.floats(0, 300))
def test_the_level_is_the_widest_interval_that_the_day_lies_outside(value: float) -> None:
    found = beside(published((START, 1, 100, 10)), pl.DataFrame({"series": ["R0A"], "date": [START], "value": [value]}))
    off = abs(value - 100)
    wanted = (95 if off > 20 else 80, "high" if value > 100 else "low") if off > 10 else (None, None)
    assert found.select("level", "side").row(0) == wanted
    raised = anomalies(
        published((START, 1, 100, 10)), pl.DataFrame({"series": ["R0A"], "date": [START], "value": [value]})
    )
    assert raised.height == (off > 20)


def test_comparable_days_are_of_the_kind_of_the_day() -> None:
    history = pl.DataFrame({"date": [date(2024, 1, 1) + n * DAY for n in range(700)]}).with_columns(
        value=pl.col("date").dt.ordinal_day().cast(pl.Float64)
    )
    tuesday = comparable_days(history, date(2025, 12, 2))
    assert tuesday["why"].unique().to_list() == ["Tuesday"]
    assert (tuesday["date"].dt.weekday() == 2).all()
    assert tuesday["date"].dt.year().n_unique() == 2, "last weeks and last year"
    christmas = comparable_days(history, date(2025, 12, 25))
    assert christmas["date"].to_list() == [date(2024, 12, 25)]
    easter = comparable_days(history, date(2025, 4, 22))
    assert set(easter["why"]) == {"day after a bank holiday"}
    assert comparable_days(history.clear(), date(2025, 12, 2)).is_empty()
    assert (comparable_days(history, date(2025, 3, 4))["date"] < date(2025, 3, 4)).all()
