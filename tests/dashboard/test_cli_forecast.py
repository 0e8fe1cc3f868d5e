"""`bellwether forecast`: a file in, a file out, and what it says of a file that it cannot take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from dashboard.cli import app
from dashboard.cli_forecast import _write_test, forecast
from models.backtest import backtest, backtest_as
from models.choosing import Choosing
from models.demand import Forecaster
from tests.models.series import daily, monthly, rota


def said(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["forecast", *words])
    assert done.exit_code == code, done.output
    return done.stderr


def written(folder: Path, *rows: str, header: str = "series,date,value") -> str:
    path = folder / "in.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return str(path)


def test_a_file_is_forecast_as_the_python_interface_does(tmp_path: Path) -> None:
    both = pl.concat([daily(500), daily(500, seed=4, series="other")]).with_columns(pl.col("value").round(3))
    both.sample(fraction=1, shuffle=True, seed=1).write_csv(tmp_path / "in.csv")
    out = tmp_path / "out.csv"
    told = said("--csv", str(tmp_path / "in.csv"), "--horizon", "28", "--country", "GB", "--out", str(out))
    assert f"Wrote 56 forecasts of 2 series to {out}." in told
    found = pl.read_csv(out, try_parse_dates=True)
    assert found.columns == ["series", "date", "mean", "lo80", "hi80", "lo95", "hi95"]
    assert found.equals(Forecaster().fit(both).predict(28))


def test_months_are_told_by_their_dates_and_levels_name_the_columns(tmp_path: Path) -> None:
    monthly(60).write_csv(tmp_path / "in.csv")
    out = tmp_path / "out.csv"
    said("--csv", str(tmp_path / "in.csv"), "--levels", "50,90", "--out", str(out))
    found = pl.read_csv(out, try_parse_dates=True)
    assert found.columns == ["series", "date", "mean", "lo50", "hi50", "lo90", "hi90"]
    assert found["date"].dt.day().unique().to_list() == [1]
    assert found.height == 6


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_and_headers_in_any_case_are_read(separator: str, tmp_path: Path) -> None:
    made = daily(100).with_columns(pl.col("value").round(3))
    named = made.rename({"series": "Series", "date": "DATE", "value": "Value"}).with_columns(temperature=1)
    named.write_csv(tmp_path / "in.csv", separator=separator)
    out = tmp_path / "out.csv"
    told = said("--csv", str(tmp_path / "in.csv"), "--horizon", "7", "--out", str(out))
    assert pl.read_csv(out, try_parse_dates=True).equals(Forecaster().fit(made).predict(7))
    assert "the column 'temperature' is not read; a file's series, date and value are." in told


def test_a_decimal_comma_is_refused(tmp_path: Path) -> None:
    told = said("--csv", written(tmp_path, "a;2024-01-01;1,5", header="series;date;value"), code=2)
    assert "row 2, column 'value': '1,5' is no number. Write it with digits alone and a point for decimals" in told


def test_days_and_months_in_one_file_have_the_horizon_of_each(tmp_path: Path) -> None:
    months = monthly(60, series="months").with_columns(pl.col("date").dt.month_end())
    pl.concat([daily(100), months]).write_csv(tmp_path / "in.csv")
    out = tmp_path / "out.csv"
    said("--csv", str(tmp_path / "in.csv"), "--out", str(out))
    found = pl.read_csv(out, try_parse_dates=True)
    assert dict(found.group_by("series").len().iter_rows()) == {"made": 28, "months": 6}
    ahead = found.filter(pl.col("series") == "months")["date"]
    assert ahead.equals(ahead.dt.month_end())


def test_a_place_that_cannot_be_written_is_named_as_it_was_given(tmp_path: Path) -> None:
    daily(100).write_csv(tmp_path / "in.csv")
    out = tmp_path / "nowhere" / "out.csv"
    told = said("--csv", str(tmp_path / "in.csv"), "--horizon", "7", "--out", str(out), code=2)
    assert f"{out}: No such file or directory" in told


def test_series_that_cannot_be_forecast_are_named_with_the_reason(tmp_path: Path) -> None:
    pl.concat([daily(100), daily(20, series="new").with_columns(pl.col("date").dt.offset_by("80d"))]).write_csv(
        tmp_path / "in.csv"
    )
    told = said("--csv", str(tmp_path / "in.csv"), "--horizon", "7", "--out", str(tmp_path / "out.csv"))
    assert "Series 'new' is not forecast. Its history is too short: 20 days, and a forecast needs 56." in told
    assert "Wrote 7 forecasts of 1 series" in told


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["a,2024-01-01,1", "a,2024-01-02,x"], "row 3, column 'value'"),
        (["a,2024-01-01,1", "a,2024-13-02,2"], "row 3, column 'date'"),
        (["a,2024-01-01,1", ",2024-01-02,2"], "row 3, column 'series': the cell is empty"),
        (
            ["a,2024-01-01,1", "b,2024-01-01,2", "a,2024-01-01,3"],
            "rows 2 and 4, column 'date': series 'a' has 2024-01-01 twice. Keep one of them, or add them up.",
        ),
        (["a,2024-01-01T08:30:00,1", "a,2024-01-02,3"], "row 2, column 'date': it has a time of day"),
        ([], "there is no row below the header"),
    ],
)
def test_a_file_that_cannot_be_taken_is_told_by_row_and_column(rows: list[str], message: str, tmp_path: Path) -> None:
    told = said("--csv", written(tmp_path, *rows), "--out", str(tmp_path / "out.csv"), code=2)
    assert message in told
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Name a metric, or a file with --csv: one of the two."),
        (["ae_attendances", "--csv", "x.csv"], "Name a metric, or a file with --csv: one of the two."),
        (["--csv", "x.csv", "--by", "region"], "--by, --where and --grain belong to a metric."),
        (["--csv", "nowhere.csv"], "nowhere.csv"),
        (["ae_attendances", "--publish", "--horizon", "7"], "--publish takes a metric and nothing else"),
        (["--publish", "--levels", "80"], "--publish takes a metric and nothing else"),
        (["--publish", "--country", "IE"], "--publish takes a metric and nothing else"),
        (["--csv", "x.csv", "--levels", "80,100"], "100 is not between 0 and 100"),
        (["--csv", "x.csv", "--levels", "most"], "'most' is no list of numbers. Write it as 80,95."),
    ],
)
def test_what_cannot_be_asked_is_refused(words: list[str], message: str) -> None:
    assert message in said(*words, code=2)


def test_an_unknown_country_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    daily(100).write_csv(tmp_path / "in.csv")
    assert "no holidays for 'XX'. Write one of GB," in said(
        "--csv", str(tmp_path / "in.csv"), "--country", "XX", code=2
    )


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "there is no column 'value'" in said("--csv", written(tmp_path, "a,1", header="series,date"), code=2)


def test_earlier_forecasts_are_written_beside_repeating_the_last_week(tmp_path: Path) -> None:
    daily(300).write_csv(tmp_path / "in.csv")
    out = tmp_path / "tests.csv"
    told = said("--csv", str(tmp_path / "in.csv"), "--horizon", "14", "--backtest", "--out", str(out))
    found = pl.read_csv(out, try_parse_dates=True)
    assert found["model"].unique().sort().to_list() == ["calendar regression", "seasonal naive"]
    assert (found["date"] >= found["cutoff"]).all()
    assert "Calendar regression: MASE 0." in told


def test_earlier_forecasts_have_the_levels_asked_for_and_all_series(tmp_path: Path) -> None:
    short = [daily(20, series=f"new{number:02}") for number in range(12)]
    pl.concat([daily(150), daily(110, series="ended"), *short]).write_csv(tmp_path / "in.csv")
    out = tmp_path / "tests.csv"
    told = said("--csv", str(tmp_path / "in.csv"), "--horizon", "14", "--levels", "50", "--backtest", "--out", str(out))
    found = pl.read_csv(out)
    assert found.columns[5:] == ["actual", "mean", "lo50", "hi50"]
    assert set(found["series"]) == {"made", "ended"}
    assert "the 50% interval held" in told
    assert "80%" not in told
    assert told.count("is not tested. Its history is too short") == 10
    assert "2 more series are not tested either." in told


def test_choosing_says_which_series_left_the_usual_model_and_by_how_much(tmp_path: Path) -> None:
    both = pl.concat([daily(400).with_columns(pl.col("value").round(3)), rota()])
    both.write_csv(tmp_path / "in.csv")
    out = tmp_path / "out.csv"
    told = said("--csv", str(tmp_path / "in.csv"), "--horizon", "7", "--choose", "--out", str(out))
    chosen = Choosing().forecast(both, 7)
    assert pl.read_csv(out, try_parse_dates=True).equals(chosen.frame)
    row = chosen.moved.row(0, named=True)
    assert (
        f"Series 'rota' is forecast by seasonal naive: over 12 earlier forecasts it missed by {row['error']:.3g} on "
        f"average, {row['lower']:.0%} less than the calendar regression ({row['usual_error']:.3g})."
    ) in told
    assert "1 of 2 series are forecast by the calendar regression." in told


def test_what_choosing_would_have_given_is_written_with_the_test(tmp_path: Path) -> None:
    made = rota()
    made.write_csv(tmp_path / "in.csv")
    out = tmp_path / "out.csv"
    told = said("--csv", str(tmp_path / "in.csv"), "--horizon", "7", "--choose", "--backtest", "--out", str(out))
    found = pl.read_csv(out, try_parse_dates=True)
    assert found.drop("actual").equals(Choosing().backtest(made, 7).frame.drop("actual", "step", "step_squared"))
    assert "Chosen: MASE" in told


def test_a_share_is_tested_as_it_is_forecast() -> None:
    """Most of what the interval reaches is above what is possible, but not where it has been above it."""
    random = np.random.default_rng(3)
    shares = daily(400).with_columns(value=pl.Series(1 - random.exponential(0.02, 400)).clip(0.0, 1.0))
    free, held = (backtest_as(Forecaster(most=most), shares, 14, 4).frame for most in (None, 1.0))
    assert free["hi95"].max() > 1.0
    assert held["hi95"].max() == 1.0
    assert held["hi95"].equals(free["hi95"].clip(upper_bound=1.0))
    early = shares.with_columns(value=pl.when(pl.col("date") == shares["date"][300]).then(1.2).otherwise("value"))
    later = backtest_as(Forecaster(most=1.0), early, 14, 12).frame
    above = later.filter(pl.col("hi95") > 1.0)["cutoff"]
    assert above.min() > shares["date"][300]


def test_an_interval_that_could_not_be_given_is_no_interval_that_held_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tested = backtest(daily(80), 14)
    without = replace(
        tested, frame=tested.frame.with_columns(pl.lit(None, pl.Float64).alias(name) for name in ("lo80", "hi80"))
    )
    _write_test(without, (80, 95), tmp_path / "out.csv")
    assert "no 80% interval could be given, the 95% interval held " in capfd.readouterr().err


def test_the_example_of_the_help_and_the_documentation_works_with_the_data_that_ship(
    shipped_warehouse: str, tmp_path: Path
) -> None:
    written_down = (Path(__file__).parents[2] / "docs" / "forecasting.md").read_text(encoding="utf-8")
    example = "bellwether forecast discharges_daily --by organisation --horizon 28 --out ahead.csv"
    assert example in written_down
    assert example in str(forecast.__doc__)
    out = tmp_path / "ahead.csv"
    said(*example.split()[2:-1], str(out), "--where", "organisation=R0A", "--warehouse", shipped_warehouse)
    assert pl.read_csv(out).height == 28
