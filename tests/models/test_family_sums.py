"""Forecasts of a trust add up by its sites and by its services, whatever is not forecast among them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from metrics.query.request import Grain
from metrics.warehouse.settings import Settings, embedded_url
from models.coherence import Node
from models.families import GOES_ON, Family, LearntTogether, bring_up_together, forecasts_of, keyed_together
from models.forecast_run import Key, Kind, Made
from models.forecast_store import ForecastStore
from models.forecast_tables import QUANTILES
from models.model_version import model_version
from models.publishing import SERVICE, SITE, Learnt, Part, fingerprint, forecast_of
from tests.models.series import daily

LEAVES = {("S1", "100"): 0.6, ("S1", "110"): 0.25, ("S2", "100"): 0.2, ("S2", "120"): 0.05}
NAMES = ("organisation", "site of X", "service of X", "service by site of X")
FAMILY = Family(
    (
        Part("visits", NAMES[0], Grain.DAY, "organisation"),
        Part("visits", NAMES[1], Grain.DAY, SITE, "X"),
        Part("visits", NAMES[2], Grain.DAY, SERVICE, "X"),
        Part("visits", NAMES[3], Grain.DAY, SERVICE, "X", within=SITE),
    ),
    usual={NAMES[1]: Node("organisation", "X")},
    crossed={NAMES[3]: (NAMES[1], NAMES[2])},
)


def leaves() -> pl.DataFrame:
    """Cases of two sites, of which one service is at both: `site`, `service`, `date`, `value`."""
    frames = [
        daily(120, seed=seed, noise=50).with_columns(
            pl.col("value") * share, site=pl.lit(site), service=pl.lit(service)
        )
        for seed, ((site, service), share) in enumerate(LEAVES.items(), start=1)
    ]
    return pl.concat(frames)


def learnt(cases: pl.DataFrame, more: pl.DataFrame | None = None) -> LearntTogether:
    """The four parts of a trust; `more` (`date`, `service`, `value`) has no site."""
    whole = cases if more is None else pl.concat([cases, more.with_columns(site=pl.lit(None))], how="diagonal_relaxed")
    series = {
        NAMES[0]: pl.lit("X"), NAMES[1]: pl.col("site"), NAMES[2]: pl.col("service"),
        NAMES[3]: pl.concat_str("site", "service", separator=" / "),
    }  # fmt: skip
    found = []
    for part in FAMILY.parts:
        held = whole.with_columns(series[part.name].alias("series")).drop_nulls("series")
        frame = held.group_by("series", "date").agg(pl.col("value").sum()).sort("series", "date")
        key = Key(Kind.PUBLISHED, "visits", part.name, "day", "1", model_version(), fingerprint(frame))
        found.append(Learnt(part, frame, key, "w1", frame["date"].max()))
    return keyed_together(FAMILY, found)


def means(made: tuple[Made, ...]) -> pl.DataFrame:
    return pl.concat([each.values.with_columns(part=pl.lit(each.key.part)) for each in made], how="diagonal_relaxed")


def apart(whole: pl.DataFrame, parts: pl.DataFrame) -> float:
    """How far one series is from the sum of others, at most."""
    both = whole.join(parts.group_by("ahead").agg(told=pl.col("mean").sum()), on="ahead")
    assert both.height == whole.height == 56
    return float(np.abs((both["mean"] - both["told"]).to_numpy()).max())


def of(values: pl.DataFrame, number: int, **where: str) -> pl.DataFrame:
    found = values.filter(pl.col("part") == NAMES[number])
    return found.filter(*(pl.col(name) == code for name, code in where.items()))


def check(values: pl.DataFrame, others: pl.DataFrame) -> None:
    """Everything that is to be a sum is one; `others` are of what else there is."""
    trust = of(values, 0)
    assert apart(trust, pl.concat([of(values, 1), others.filter(site="")])) < 1e-6
    assert apart(trust, pl.concat([of(values, 2), others])) < 1e-6
    for site in ("S1", "S2"):
        below = pl.concat([of(values, 3, site=site), others.filter(site=f"{site} other")])
        assert apart(of(values, 1, site=site), below) < 1e-6
    for service in ("100", "110", "120"):
        assert apart(of(values, 2, service=service), of(values, 3, service=service)) < 1e-6


def test_a_trust_is_the_sum_of_its_sites_and_of_its_services_with_intervals() -> None:
    known = learnt(leaves())
    values = means(forecasts_of(known))
    check(values, values.clear())
    bounds = values.select(QUANTILES).to_numpy()
    assert not np.isnan(bounds).any()
    assert (np.diff(bounds, axis=1) >= 0).all()
    service = of(values, 2, service="100").sort("ahead")
    both = of(values, 3, service="100").group_by("ahead").agg((pl.col("hi80") - pl.col("lo80")).sum()).sort("ahead")
    assert (service["hi80"] - service["lo80"]).mean() < both["hi80"].mean(), "not both sites are high at once"
    alone = forecast_of(known.parts[2]).values.filter(service="100").sort("ahead")
    assert service["mean"].to_numpy() == pytest.approx(alone["mean"].to_numpy(), rel=0.1)


def test_what_cannot_be_forecast_at_a_site_is_in_both_sums() -> None:
    """Service 120 began at the second site some days ago."""
    young = leaves().filter((pl.col("service") != "120") | (pl.col("date") >= date(2022, 4, 24)))
    made = forecasts_of(learnt(young))
    values = means(made)
    late = of(values, 3, service="120")
    assert late["mean"].to_list() == pytest.approx([20.0] * 56, rel=0.1)
    assert late["lo80"].null_count() == 56, "of nothing that can be judged"
    notes = made[3].series.filter(site="S2", service="120")["notes"].item()
    assert notes.endswith(GOES_ON)
    assert apart(of(values, 1, site="S2"), of(values, 3, site="S2")) < 1e-6
    assert apart(of(values, 0), of(values, 1)) < 1e-6
    assert of(values, 2, service="120").is_empty(), "its service is as short"
    assert apart(of(values, 0), pl.concat([of(values, 2), late])) < 1e-6
    assert made[3].sums.across["X", "S2", "120"] == (NAMES[0], "X", "", "")


def test_what_is_of_no_site_belongs_to_the_trust_and_its_service_is_no_sum_of_sites() -> None:
    more = daily(120, seed=9).select("date", pl.lit("110").alias("service"), pl.col("value") / 50)
    made = forecasts_of(learnt(leaves(), more))
    values = means(made)
    others = values.filter(part="organisation other")
    assert others["mean"].to_list() == pytest.approx([8.0] * 56, abs=3)
    assert apart(of(values, 0), pl.concat([of(values, 1), others])) < 1e-6
    assert made[2].sums.told == "Not the sum of their sites: 110."
    assert apart(of(values, 2, service="100"), of(values, 3, service="100")) < 1e-6
    assert of(values, 2, service="110").sort("ahead")["mean"].to_list() == (
        forecast_of(learnt(leaves(), more).parts[2]).values.filter(service="110").sort("ahead")["mean"].to_list()
    ), "it stays as it was made by itself"


def test_days_on_which_a_service_is_closed_are_no_part_of_any_sum() -> None:
    """Service 100 is closed at weekends; at the second site so few come that nobody could tell it by that alone."""
    rest = pl.col("date").dt.weekday() > 5
    few = pl.when(pl.col("site") == "S2").then((pl.col("value") / 60).round()).otherwise("value")
    shut = leaves().with_columns(pl.when(pl.col("service") == "100").then(pl.when(rest).then(0.0).otherwise(few))
                                 .otherwise("value").alias("value"))  # fmt: skip
    values = means(forecasts_of(learnt(shut)))
    held = of(values, 2, service="100")
    assert held.height == 40
    assert held["period"].dt.weekday().max() == 5
    assert of(values, 3, service="100", site="S2")["period"].dt.weekday().max() == 5, "as its service is"
    for whole, below in (
        (of(values, 0), of(values, 1)), (of(values, 0), of(values, 2)), (of(values, 1, site="S2"), of(values, 3, site="S2")),
        (held, of(values, 3, service="100")),
    ):  # fmt: skip
        summed = below.group_by("ahead").agg(told=pl.col("mean").sum())
        both = whole.join(summed, on="ahead", how="full")
        assert both.height == whole.height == summed.height
        assert np.abs((both["mean"] - both["told"]).to_numpy()).max() < 1e-6


def test_the_store_knows_both_ways(tmp_path: Path) -> None:
    store = ForecastStore.open(Settings(tmp_path, embedded_url(tmp_path / "warehouse")))
    bring_up_together(store, learnt(leaves()))

    def told(site: str, service: str, *, across: bool) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        series_id = store.standing("visits", "X", service, site).filter(kind="published")["series_id"].item()
        found = store.summed(series_id, across=across)
        return tuple(each.select("site", "service").rows() for each in found) if found else ([], [])

    assert told("", "", across=False) == ([], [("S1", ""), ("S2", "")])
    assert told("", "", across=True) == ([], [("", "100"), ("", "110"), ("", "120")])
    assert told("S1", "", across=False) == ([("", "")], [("S1", "100"), ("S1", "110")])
    assert told("S1", "", across=True) == ([], [])
    assert told("", "100", across=False) == ([], [])
    assert told("", "100", across=True) == ([("", "")], [("S1", "100"), ("S2", "100")])
    assert told("S2", "100", across=False) == ([("S2", "")], [])
    assert told("S2", "100", across=True) == ([("", "100")], [])
    runs = {row["part"]: store.coherence(row["id"]) for row in store.runs("visits").iter_rows(named=True)
            if row["kind"] == "published"}  # fmt: skip
    assert runs == {NAMES[0]: (1, 0, ""), NAMES[1]: (2, 0, ""), NAMES[2]: (3, 0, ""), NAMES[3]: (4, 0, "")}
