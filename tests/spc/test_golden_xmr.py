"""XmR under the profile "plotthedots" gives what NHSRplotthedots 0.2.2 gave, point for point.

Where the package stopped or collapsed, and where it says "common cause" of a month without a value, ours differs on
purpose. Which series those are is worked out from the package's own output, and what ours says of each is written
out here, so that no other difference can pass.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from metrics.spc import Chart, profile_of, xmr

GOLDEN = Path(__file__).parent.parent / "golden"
SETS = ("xmr", "xmr_ae")
LIMITS = ("mean", "lpl", "upl")
JUDGEMENTS = (
    "rebase_group",
    "relative_to_mean",
    "outside_limits",
    "close_to_limits",
    "rule_outside",
    "rule_trend",
    "rule_two_in_three",
    "rule_shift",
    "special_cause_type",
    "special_cause_flag",
    "point_type",
    "short_group_warning",
)
ICONS = ("variation_type", "variation_icon", "assurance_type", "assurance_icon")

# state, variation icon, assurance icon, near-constant, rows on which a rule fired
CRASHED = {
    "na05": ("ok", "common_cause", "inconsistent", False, 0),
    "na32": ("missing_latest", None, None, False, 16),
    "na37": ("ok", "common_cause", "inconsistent", False, 0),
}
COLLAPSED = {
    "const2_decrease": ("no_variation", "no_variation", "fail", False, 0),
    "const3_decrease": ("no_variation", "no_variation", "pass", False, 0),
    "const4_increase": ("no_variation", "no_variation", "inconsistent", False, 0),
    "const5_decrease": ("no_variation", "no_variation", None, False, 0),
    "const6_increase": ("no_variation", "no_variation", "inconsistent", False, 0),
    "short01": ("too_few_points", None, None, False, 0),
}
NEAR_CONSTANT = {
    "near02": ("ok", "concern_high", "inconsistent", True, 2),
    "near06": ("no_variation", "no_variation", "inconsistent", True, 1),
}
MISSING_LATEST = {
    "na16": ("missing_latest", None, None, False, 2),
    "na40": ("missing_latest", None, None, False, 4),
}
ON_PURPOSE = CRASHED | COLLAPSED | NEAR_CONSTANT | MISSING_LATEST


def golden(name: str) -> pl.DataFrame:
    frame = pl.read_csv(GOLDEN / f"{name}.csv.gz", infer_schema_length=None, try_parse_dates=True, null_values="")
    if "fix_after_n_points" in frame.columns:
        frame = frame.with_columns(pl.col("fix_after_n_points").cast(pl.Int64))
    return frame


@pytest.fixture(scope="module", params=SETS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def ours(name: str) -> Chart:
    return xmr(golden(f"{name}_input"), profile_of("plotthedots"))


def test_which_series_differ_is_what_the_package_shows() -> None:
    series = pl.concat([golden(f"{name}_series").with_columns(pl.col("target").cast(pl.Float64)) for name in SETS])
    points = pl.concat([golden(f"{name}_points") for name in SETS])
    crashed = set(series.filter(pl.col("error").is_not_null())["series"])
    collapsed = set(series.filter(pl.col("lpl").is_nan())["series"])
    near_constant = set(points.filter(pl.col("lpl").is_not_nan() & (pl.col("lpl") >= pl.col("upl")))["series"])
    latest = points.sort("date").group_by("series").last()
    missing_latest = set(latest.filter(pl.col("value").is_null() & pl.col("error").is_null())["series"])
    assert (crashed, collapsed, near_constant, missing_latest) == (
        set(CRASHED),
        set(COLLAPSED),
        set(NEAR_CONSTANT),
        set(MISSING_LATEST),
    )


def test_no_row_is_lost_and_each_stands_where_it_was(name: str, ours: Chart) -> None:
    wanted = golden(f"{name}_points").sort("series", "date").select("series", "date", "value")
    assert ours.points.select("series", "date", "value").equals(wanted)


def test_limits(name: str, ours: Chart) -> None:
    compared = _beside(ours.points, golden(f"{name}_points"), ["series", "date"], LIMITS)
    assert compared.height == {"xmr": 4_631, "xmr_ae": 9_468}[name]
    for column in LIMITS:
        off = (pl.col(column) - pl.col(f"{column}_golden")).abs()
        within = off <= 1e-9 * pl.max_horizontal(1.0, pl.col(f"{column}_golden").abs())
        assert compared.filter(~within.fill_null(value=False)).is_empty()


@pytest.mark.parametrize("column", JUDGEMENTS)
def test_judgements(name: str, ours: Chart, column: str) -> None:
    compared = _beside(ours.points, golden(f"{name}_points"), ["series", "date"], (column,))
    differ = pl.col(column).ne_missing(pl.col(f"{column}_golden"))
    assert compared.filter(differ).is_empty()


@pytest.mark.parametrize("column", ICONS)
def test_icons(name: str, ours: Chart, column: str) -> None:
    compared = _beside(ours.series, golden(f"{name}_series"), ["series"], (column,))
    assert compared.height == {"xmr": 138, "xmr_ae": 263}[name]
    assert compared.filter(pl.col(column).ne_missing(pl.col(f"{column}_golden"))).is_empty()


@pytest.mark.parametrize("column", ["rebase_group", *LIMITS])
def test_the_last_phase(name: str, ours: Chart, column: str) -> None:
    compared = _beside(ours.series, golden(f"{name}_series"), ["series"], (column,))
    off = (pl.col(column) - pl.col(f"{column}_golden")).abs()
    assert compared.filter(
        ~(off <= 1e-9 * pl.max_horizontal(1, pl.col(column).abs())).fill_null(value=False)
    ).is_empty()


@pytest.mark.parametrize("series", MISSING_LATEST)
def test_a_missing_latest_value_changes_the_variation_icon_alone(series: str) -> None:
    one = xmr(golden("xmr_input").filter(pl.col("series") == series), "plotthedots")
    wanted = golden("xmr_points").filter(pl.col("series") == series)
    for column in (*JUDGEMENTS, *LIMITS):
        theirs, mine = wanted[column], one.points[column]
        if column in LIMITS:
            assert mine.to_list() == pytest.approx(theirs.to_list(), rel=1e-9)
        else:
            assert mine.to_list() == theirs.to_list(), column
    assert one.series["assurance_icon"].to_list() == [wanted["assurance_icon"][-1]]


@pytest.mark.parametrize("series", ON_PURPOSE)
def test_where_ours_differs_on_purpose(series: str) -> None:
    one = xmr(golden("xmr_input").filter(pl.col("series") == series), "plotthedots")
    summary = one.series.row(0, named=True)
    state, variation, assurance, near_constant, flagged = ON_PURPOSE[series]
    assert (summary["state"], summary["variation_icon"], summary["assurance_icon"], summary["near_constant"]) == (
        state,
        variation,
        assurance,
        near_constant,
    )
    assert one.points["special_cause_flag"].sum() == flagged
    assert not one.points.select(LIMITS).to_numpy().dtype.hasobject
    assert all(not one.points[column].is_nan().any() for column in LIMITS)
    if series in COLLAPSED and series != "short01":
        assert one.points["lpl"].to_list() == one.points["upl"].to_list() == one.points["mean"].to_list()
    if series in NEAR_CONSTANT or series in CRASHED:
        assert (one.points["lpl"] < one.points["upl"]).all()


def test_of_a_crashed_series_every_value_is_kept() -> None:
    for series in CRASHED:
        one = xmr(golden("xmr_input").filter(pl.col("series") == series), "plotthedots")
        wanted = golden("xmr_input").filter(pl.col("series") == series)
        assert one.points["value"].to_list() == wanted.sort("date")["value"].to_list()
        assert one.points["included"].to_list() == wanted.sort("date")["value"].is_not_null().to_list()


def _beside(ours: pl.DataFrame, theirs: pl.DataFrame, keys: list[str], columns: tuple[str, ...]) -> pl.DataFrame:
    """Returns ours and the package's side by side, without the series that differ on purpose."""
    kept = ours.filter(~pl.col("series").is_in(list(ON_PURPOSE))).select(*keys, *columns)
    golden_columns = theirs.select(*keys, *(_typed(column).alias(f"{column}_golden") for column in columns))
    return kept.join(golden_columns, on=keys, how="left", validate="1:1")


def _typed(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Int64) if column.startswith("rule_") else pl.col(column)
