from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.calendar import Frequency, bank_holidays
from models.demand import SCHEMA, Forecaster
from models.holidays import UnknownCountryError
from models.panel import UnusableSeriesError
from tests.models.series import daily, discharges, monthly

NUMBERS = ["mean", "lo80", "hi80", "lo95", "hi95"]


def values(frame: pl.DataFrame, column: str = "mean") -> np.ndarray:
    return frame.sort("series", "date")[column].to_numpy()


@pytest.mark.parametrize(
    ("frame", "horizon", "first"),
    [(daily(800), 28, date(2024, 3, 13)), (monthly(60), 12, date(2024, 4, 1))],
    ids=["daily", "monthly"],
)
def test_forecasts_begin_with_the_period_after_the_last(frame: pl.DataFrame, horizon: int, first: date) -> None:
    forecast = Forecaster().fit(frame).predict(horizon)
    assert forecast.schema == SCHEMA
    assert (forecast.height, forecast["date"].min()) == (horizon, first)
    assert forecast["date"].n_unique() == horizon
    assert forecast.null_count().sum_horizontal().item() == 0


def test_a_known_pattern_is_forecast_to_within_its_noise() -> None:
    """Weekday and season are known to the maker of the series; only the noise (sd 8) cannot be forecast."""
    made = daily(1_000 + 28)
    past, future = made.head(1_000), made.tail(28)
    forecast = Forecaster().fit(past).predict(28)
    assert np.abs(values(forecast) - future["value"].to_numpy()).mean() < 10
    assert np.mean(values(forecast, "hi80") - values(forecast, "lo80")) == pytest.approx(2 * 1.2816 * 8, rel=0.35)


def test_christmas_day_is_forecast_from_earlier_christmases() -> None:
    """Each 25 December has 150 fewer than its weekday."""
    made = daily(3 * 365, start=date(2021, 1, 4))
    off = pl.when(pl.col("date").dt.strftime("%m-%d") == "12-25").then(-150).otherwise(0)
    past = made.with_columns(pl.col("value") + off).filter(pl.col("date") < date(2023, 12, 20))
    forecast = Forecaster().fit(past).predict(14)
    christmas, week_later = (
        forecast.filter(pl.col("date") == day)["mean"].item() for day in (date(2023, 12, 25), date(2024, 1, 1))
    )
    assert christmas - week_later == pytest.approx(-150, abs=50)


def _held_out(frame: pl.DataFrame, cut: date) -> tuple[float, float]:
    """Returns the mean error of 28 held-out days over their mean, of series forecast alone and together."""
    past, future = frame.filter(pl.col("date") < cut), frame.filter(pl.col("date") >= cut)
    alone = pl.concat([Forecaster().fit(one).predict(28) for one in past.partition_by("series")])
    together = Forecaster().fit(past).predict(28)
    wrong = []
    for forecast in (alone, together):
        both = forecast.join(future, on=["series", "date"]).drop_nulls("value")
        error = (pl.col("mean") - pl.col("value")).abs().mean() / pl.col("value").mean()
        wrong.append(float(np.mean(both.group_by("series").agg(error.alias("error"))["error"].to_numpy())))
    return wrong[0], wrong[1]


def test_real_discharges_are_forecast_together_about_as_well_as_alone() -> None:
    """Five trusts, four cut-offs, 28 held-out days each: companions cost at most 5 % of the error."""
    frame = discharges("R1H", "R0A", "RWP", "RTH", "RRK")
    cuts = (date(2024, 6, 3), date(2024, 11, 4), date(2025, 2, 3), date(2025, 6, 2))
    alone, together = np.mean([_held_out(frame, cut) for cut in cuts], axis=0)
    assert together <= 1.05 * alone


@pytest.mark.parametrize("seed", [10, 20, 30])
def test_series_of_one_kind_are_forecast_together_as_well_as_alone(seed: int) -> None:
    frames = [daily(528, seed=seed + number, noise=25, series=f"s{number}") for number in range(4)]
    alone, together = _held_out(pl.concat(frames), date(2022, 1, 3) + timedelta(days=500))
    assert together <= 1.02 * alone


def test_rows_may_come_in_any_order_and_gaps_be_absent_or_null() -> None:
    full = pl.concat([daily(500), daily(500, seed=3, series="other")])
    hole = pl.col("date").is_between(date(2023, 2, 1), date(2023, 2, 10)) & (pl.col("series") == "made")
    absent = full.filter(~hole).sample(fraction=1, shuffle=True, seed=5)
    null = full.with_columns(pl.when(~hole).then("value").alias("value"))
    expected = Forecaster().fit(null).predict(14)
    assert Forecaster().fit(absent).predict(14).equals(expected)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0.0, 0.3), horizon=st.integers(1, 40))
def test_gaps_leave_forecasts_finite_and_intervals_nested(seed: int, share: float, horizon: int) -> None:
    frame = daily(420, seed=seed)
    lost = np.random.default_rng(seed).random(420) < share
    lost[-1] = False
    frame = frame.with_columns(pl.when(~pl.Series(lost)).then("value").alias("value"))
    forecast = Forecaster().fit(frame).predict(horizon)
    assert forecast.height == horizon
    lo80, mean, hi80 = (values(forecast, name) for name in ("lo80", "mean", "hi80"))
    assert np.isfinite([lo80, mean, hi80]).all()
    assert ((lo80 >= 0) & (lo80 <= mean) & (mean <= hi80)).all()
    # With many targets missing the wider level may be unattainable.
    wide = forecast.drop_nulls("lo95")
    assert ((wide["lo95"] >= 0) & (wide["lo95"] <= wide["lo80"]) & (wide["hi80"] <= wide["hi95"])).all()


@settings(max_examples=10, deadline=None)
@given(factor=st.floats(0.1, 50), shift=st.floats(-1e4, 1e4))
def test_a_balance_shifts_and_scales_with_its_unit(factor: float, shift: float) -> None:
    """A series that falls below nought is modelled as it stands, so its forecast follows any straight change."""
    frame = daily(450, level=0.0)
    low = frame["value"].max()
    assert isinstance(low, float)
    moved = frame.with_columns(pl.col("value") * factor - low * factor - abs(shift))
    expected = Forecaster().fit(frame).predict(10).with_columns(pl.col(NUMBERS) * factor - low * factor - abs(shift))
    found = Forecaster().fit(moved).predict(10)
    for name in NUMBERS:
        np.testing.assert_allclose(values(found, name), values(expected, name), rtol=1e-6, atol=1e-6 * factor * 100)


@settings(max_examples=6, deadline=None)
@given(factor=st.floats(1, 20))
def test_counts_scale_with_their_size(factor: float) -> None:
    frame = daily(450, level=4_000, noise=40)
    expected = values(Forecaster().fit(frame).predict(10)) * factor
    found = values(Forecaster().fit(frame.with_columns(pl.col("value") * factor)).predict(10))
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_one_wild_day_hardly_moves_a_forecast() -> None:
    frame = daily(700)
    wild = frame.with_columns(
        pl.when(pl.col("date") == date(2023, 11, 1)).then(40_000.0).otherwise("value").alias("value")
    )
    calm, moved = (values(Forecaster().fit(each).predict(14)) for each in (frame, wild))
    np.testing.assert_allclose(moved, calm, rtol=0.01)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (daily(55), "Its history is too short: 55 days, and a forecast needs 56."),
        (monthly(11), "Its history is too short: 11 months, and a forecast needs 12."),
        (daily(100).with_columns(value=pl.lit(None, pl.Float64)), "It has no values."),
        (
            daily(400).filter(pl.col("date").dt.day() % 3 == 0),
            "It is too sparse: 9 of its last 28 days have a value.",
        ),
    ],
)
def test_series_that_cannot_be_forecast_say_why(frame: pl.DataFrame, reason: str) -> None:
    fitted = Forecaster().fit(frame)
    assert fitted.refused == {"made": reason}
    assert fitted.predict(7).is_empty()
    assert fitted.predict(7).schema == SCHEMA


def test_a_series_that_stopped_is_refused_while_the_others_are_forecast() -> None:
    stopped = daily(300, series="closed")
    fitted = Forecaster(together=True).fit(pl.concat([daily(360), stopped]))
    assert fitted.refused == {"closed": "It stopped: its last value is for 29 October 2022, 60 days before the end."}
    assert fitted.predict(7)["series"].unique().to_list() == ["made"]


def test_short_histories_are_forecast_without_a_season_and_say_so() -> None:
    forecast = Forecaster().fit(daily(200)).forecast(28)
    assert forecast.notes["made"] == ("Its 200 days of history hold no season of the year, so none is forecast.",)
    assert forecast.frame.null_count().sum_horizontal().item() == 0


def test_a_series_of_minimal_length_has_wide_intervals_and_says_so() -> None:
    forecast = Forecaster().fit(daily(56)).forecast(7)
    assert forecast.frame.null_count().sum_horizontal().item() == 0
    assert forecast.notes["made"][1:] == (
        (
            "Its 95% interval rests on 4 earlier forecasts for the furthest period and on normal errors; "
            "19 would support it alone."
        ),
    )


def test_constant_series_are_forecast_as_they_are() -> None:
    frame = daily(400).with_columns(value=pl.lit(25.0))
    forecast = Forecaster().fit(frame).predict(14)
    for name in NUMBERS:
        np.testing.assert_allclose(values(forecast, name), 25.0, rtol=0.01)


def test_bank_holidays_are_data() -> None:
    """A day off that only the caller's table knows is learnt from it."""
    fridays = [date(2022, 1, 7) + timedelta(days=28 * number) for number in range(40)]
    frame = daily(1_000).with_columns(
        value=pl.when(pl.col("date").is_in(fridays)).then(pl.col("value") - 200).otherwise("value")
    )
    own = pl.DataFrame({"date": fridays})
    ahead = Forecaster(holidays=own).fit(frame).predict(28).filter(pl.col("date").dt.weekday() == 5)
    on_table = ahead.filter(pl.col("date").is_in(fridays))["mean"].item()
    others = ahead.filter(~pl.col("date").is_in(fridays))["mean"].mean()
    assert isinstance(others, float)
    assert on_table - others == pytest.approx(-200, abs=50)
    assert bank_holidays(2024, 2024).height == 8


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (daily(60).drop("value"), "The frame lacks value. It must have the columns series, date and value"),
        (daily(60).with_columns(pl.col("date").cast(pl.String)), "'date' must be a Date and 'value' a number"),
        (pl.concat([daily(60), daily(60)]), "Series 'made' has 03 January 2022 more than once. Add the rows up first."),
        (daily(60).with_columns(series=pl.lit(None, pl.String)), "'series' and 'date' must not be null"),
    ],
)
def test_unusable_frames_are_refused_with_the_remedy(frame: pl.DataFrame, message: str) -> None:
    with pytest.raises(UnusableSeriesError, match=message.replace("(", r"\(")):
        Forecaster().fit(frame)


def test_a_horizon_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 period; it is 0"):
        Forecaster().fit(daily(60)).predict(0)


@pytest.mark.parametrize("horizon", [1.5, "3", True])
def test_a_horizon_that_is_no_whole_number_is_refused(horizon: object) -> None:
    with pytest.raises(TypeError, match="a whole number of periods, such as 28"):
        Forecaster().fit(daily(60)).predict(horizon)  # type: ignore[arg-type]


def test_a_frame_of_another_library_is_refused_with_the_way_to_turn_it_into_one() -> None:
    for other in (daily(60).to_dict(), daily(60).lazy()):
        with pytest.raises(TypeError, match=r"Pass a Polars DataFrame.*polars.from_pandas\(frame\).*collect\(\)"):
            Forecaster().fit(other)  # type: ignore[arg-type]


def test_frequency_is_read_from_the_dates() -> None:
    weekly = daily(400).gather_every(7)
    told = [Forecaster().fit(frame).frequency for frame in (daily(60), weekly, monthly(24))]
    assert told == list(Frequency)


def test_weekly_series_are_forecast_by_week() -> None:
    weeks = (
        daily(1_000)
        .with_columns(date=pl.col("date").dt.truncate("1w"))
        .group_by("series", "date")
        .agg(pl.col("value").sum())
    )
    forecast = Forecaster().fit(weeks.sort("date").head(140)).predict(4)
    assert forecast["date"].diff().drop_nulls().unique().to_list() == [timedelta(days=7)]
    actual = weeks.sort("date").slice(140, 2)["value"].to_numpy()
    np.testing.assert_allclose(values(forecast)[:2], actual, rtol=0.03)


def test_a_holiday_is_what_it_is_on_whichever_weekday() -> None:
    """Every 25 December has 150, weekday or weekend; 2023's is a Monday, after a Saturday and a Sunday."""
    made = daily(3 * 365, start=date(2021, 1, 4), noise=3.0)
    value = pl.when(pl.col("date").dt.strftime("%m-%d") == "12-25").then(150.0).otherwise("value")
    past = made.with_columns(value=value).filter(pl.col("date") < date(2023, 12, 20))
    ahead = Forecaster().fit(past).predict(14)
    assert ahead.filter(pl.col("date") == date(2023, 12, 25))["mean"].item() == pytest.approx(150, abs=12)


def test_a_season_that_closes_every_year_is_forecast_from_the_days_that_were_reported() -> None:
    """Winters only: what lies between has no values and no weight."""
    made = daily(3 * 365, start=date(2020, 11, 2), noise=4.0)
    winters = made.filter(pl.col("date").dt.month().is_in([11, 12, 1, 2]))
    past = winters.filter(pl.col("date") < date(2023, 1, 20))
    ahead = Forecaster(country="NONE").fit(past).predict(28).join(made, on="date")
    assert (ahead["mean"] - ahead["value"]).abs().mean() == pytest.approx(4 * 0.8, abs=4)


def test_levels_name_the_columns_and_nest() -> None:
    ahead = Forecaster(levels=(95, 50, 80.5)).fit(daily(700)).predict(10)
    assert ahead.columns == ["series", "date", "mean", "lo50", "hi50", "lo80.5", "hi80.5", "lo95", "hi95"]
    for outer, inner in (("95", "80.5"), ("80.5", "50")):
        assert (ahead[f"lo{outer}"] < ahead[f"lo{inner}"]).all()
        assert (ahead[f"hi{outer}"] > ahead[f"hi{inner}"]).all()


def test_a_country_that_is_not_known_is_refused() -> None:
    with pytest.raises(UnknownCountryError, match="no holidays for 'XX'"):
        Forecaster(country="XX").fit(daily(100))


def test_sums_of_series_that_go_together_are_as_uncertain_as_that() -> None:
    """Two series with the same noise sum to twice the width; with noise of their own to the root of two times it."""
    one, other = daily(800, noise=10), daily(800, noise=10, seed=9)
    for second, times in ((one, 2.0), (other, 2**0.5)):
        both = pl.concat([one, second.with_columns(series=pl.lit("second"))])
        paths = Forecaster().fit(both).paths(28)
        alone = paths.summed({"made": ["made"]}, every=1)
        together = paths.summed(every=1)
        width = (together["hi80"] - together["lo80"]).mean() / (alone["hi80"] - alone["lo80"]).mean()
        assert width == pytest.approx(times, rel=0.15)


def test_a_sum_over_days_is_the_sum_of_their_means_and_has_an_interval_of_its_own() -> None:
    fitted = Forecaster().fit(daily(800, noise=10))
    each, week = fitted.predict(28), fitted.paths(28).summed(every=7)
    assert week["mean"].to_list() == pytest.approx([each["mean"][7 * n : 7 * n + 7].sum() for n in range(4)])
    assert week["periods"].to_list() == [7, 7, 7, 7]
    summed = sum(each["hi80"][:7]) - sum(each["lo80"][:7])
    assert week["hi80"][0] - week["lo80"][0] < 0.7 * summed


def test_a_total_has_series_that_begin_later_and_end_earlier() -> None:
    """Of one series whole and the same with a late begin or an early end the total is that of both."""
    whole = daily(800, noise=10)
    late = daily(800, noise=10, seed=9, series="late").filter(pl.col("date") >= date(2022, 11, 1))
    early = daily(797, noise=10, seed=5, series="early")
    fitted = Forecaster().fit(pl.concat([whole, late, early]))
    paths = fitted.paths(28)
    assert sorted(paths.names) == ["early", "late", "made"]
    total = paths.summed(every=1)
    assert total["date"].to_list() == [date(2024, 3, 13) + timedelta(days=ahead) for ahead in range(28)]
    further = fitted.predict(31).filter(pl.col("date").is_in(total["date"].implode()))
    expected = further.group_by("date").agg(pl.col("mean").sum()).sort("date")["mean"].to_list()
    assert total["mean"].to_list() == pytest.approx(expected, rel=0.01)
    # Three independent errors: the root of three times the width of one.
    alone = paths.summed({"made": ["made"]}, every=1)
    width = (total["hi80"] - total["lo80"]).mean() / (alone["hi80"] - alone["lo80"]).mean()
    assert width == pytest.approx(3**0.5, rel=0.2)


def test_series_that_begin_on_other_days_err_together_in_a_total() -> None:
    """The same noise in both: twice the width of one, although one of them begins a year later."""
    whole = daily(1_000, noise=10)
    late = whole.filter(pl.col("date") >= date(2023, 1, 9)).with_columns(series=pl.lit("late"))
    paths = Forecaster().fit(pl.concat([whole, late])).paths(28)
    alone, total = paths.summed({"made": ["made"]}, every=1), paths.summed(every=1)
    width = (total["hi80"] - total["lo80"]).mean() / (alone["hi80"] - alone["lo80"]).mean()
    assert width == pytest.approx(2.0, rel=0.15)


def test_a_total_with_a_series_of_few_weeks_has_no_bounds_while_sums_without_it_have() -> None:
    new = daily(70, start=date(2024, 1, 3), series="new")
    paths = Forecaster().fit(pl.concat([daily(800), new])).paths(28)
    assert paths.summed()["lo80"].to_list() == [None]
    assert paths.summed()["mean"][0] > paths.summed({"one": ["made"]})["mean"][0]
    assert paths.summed({"one": ["made"]})["lo80"].null_count() == 0


def test_series_that_cannot_be_summed_by_day_are_refused_by_name() -> None:
    stopped = Forecaster().fit(pl.concat([daily(800), daily(700, series="closed")]))
    with pytest.raises(UnusableSeriesError, match=r"'closed' ended long before the others.*together=True"):
        stopped.paths(28)
    short = Forecaster().fit(pl.concat([daily(800), daily(20, start=date(2024, 2, 21), series="new")])).paths(28)
    assert list(short.refused) == ["new"]
    with pytest.raises(KeyError, match=r"'new' of 'both' is not forecast. Its history is too short: 20 days"):
        short.summed({"both": ["made", "new"]})


def test_long_series_that_begin_within_weeks_of_each_other_are_forecast_together() -> None:
    starts = [date(2022, 1, 3), date(2022, 1, 10), date(2022, 1, 28), date(2022, 3, 1)]
    end = date(2024, 3, 1)
    frames = [daily((end - start).days, start=start, series=f"s{start}", seed=n) for n, start in enumerate(starts)]
    short = daily(70, start=date(2023, 12, 22), series="short")
    other = daily(69, start=date(2023, 12, 23), series="shorter")
    fitted = Forecaster().fit(pl.concat([*frames, short, other]))
    assert [(str(panel.periods[0]), len(panel.names)) for panel in fitted.panels] == [
        ("2022-01-28", 3),
        ("2022-03-01", 1),
        ("2023-12-22", 1),
        ("2023-12-23", 1),
    ]
    assert fitted.predict(7)["series"].n_unique() == 6


def test_each_series_is_forecast_from_its_own_last_value_unless_all_are_to_begin_together() -> None:
    early, late = daily(430, series="early"), daily(450, series="late")
    apart = Forecaster().fit(pl.concat([early, late])).predict(3)
    firsts = apart.group_by("series").agg(pl.col("date").min()).sort("series")["date"].to_list()
    assert firsts == [date(2023, 3, 9), date(2023, 3, 29)]
    both = Forecaster(together=True).fit(pl.concat([early, late])).predict(3)
    assert both["date"].unique().sort().to_list() == [date(2023, 3, day) for day in (29, 30, 31)]
