"""Which chart suits a series, and why another than the one asked for may be better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from metrics.spc.character import LEAST_FOR_TREND, SEASON_P, character
from metrics.spc.charts import chart, kind_of
from metrics.spc.parts import with_parts
from metrics.spc.profile import Profile, profile_of

FEW_EVENTS: Final = 5.0
RARE: Final = 1.0
MANY_ZEROS: Final = 1 / 3
UNEQUAL: Final = 0.1
CHANCE_MATTERS: Final = 0.2
DISPERSED: Final = 1.25
NEAR: Final = 0.1
LINE_EXPLAINS: Final = 0.5
LINE_P: Final = 0.001
ALIKE: Final = 0.25
# Standard errors that chance passes once in a thousand.
_Z_999: Final = 3.09
# The variance of a mean of n moving ranges, by the square of its expectation, is about 0.826 / n.
_RANGE_VARIANCE: Final = 0.826

_BY_EVENTS: Final = ("t", "g")
_DISTRIBUTED: Final = ("p", "u", "c")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_QUARTERS: Final = ("January to March", "April to June", "July to September", "October to December")


def recommended(frame: pl.DataFrame, kind: str = "xmr", profile: str | Profile = "mdc") -> pl.DataFrame:
    """Returns which chart suits each series, with reasons, where the one asked for is doubtful.

    One row per series: `series` String, `chart` String as asked for, `recommended` String (the same where no other is
    better), `doubts` List(String), `reasons` List(String), one sentence a doubt, and `reason` String, all of them, null
    without any. Final points of the last phase are looked at. Doubts, and when they are raised:

    - `too_few_points`: fewer than the profile's minimum: a run chart.
    - `rare_events`: whole numbers (or numerators) with a mean below 1, or a third of them 0: a t chart, or a g chart
      where there are denominators. Of nearly all cases, the same of those left out.
    - `few_events`: a p or u chart whose median denominator lets expect fewer than 5 events, or for shares 5 others.
    - `over_dispersion`: a p, u or c chart whose points vary more than chance: sigma z above 1.25 and above what chance
      reaches once in a thousand: p', u', or XmR in place of c.
    - `unequal_denominators`: an XmR chart of a ratio, where a tenth of the denominators are over 25 % from their mean
      and chance makes up a fifth of the variance: p' or u'.
    - `near_bound`: an XmR chart with a limit beyond what the measure can be, at least a tenth of its points within
      a sigma of that bound: p' where it is a share with denominators.
    - `trend`: a straight line explains half of the variation or more, more than a single step does, at p < 0.001.
    - `seasons`: months, weekdays or quarters differ at p < 0.001, over two whole rounds at least.
    - `neighbours`: 20 points or more whose lag-1 correlation, after a line or step and seasons are taken out, is above
      0.25 and above 2.5 / sqrt(n) - 3.5 / n, what independent values reach once in 200 (simulated).

    Args:
        frame: as the chart takes it; `num` and `den` may be there for an XmR chart too.
        kind: the chart asked for.
        profile: the name of a profile, or one of your own.

    Raises:
        KindError: the kind is not known.
        FrameError: the frame is not what the kind needs.
        ProfileError: the profile is not known.
    """
    settings = profile_of(profile)
    kind_of(kind)
    drawn = chart(frame, kind, settings)
    rows = with_parts(frame, settings)
    points = drawn.points.drop("num", "den", strict=False).with_columns(rows.frame["num"], rows.frame["den"])
    points = points.with_columns(rows.frame["lower_bound"], rows.frame["upper_bound"])
    found = drawn.series.select("series", "lpl", "upl").join(
        character(points), on="series", how="left", maintain_order="left"
    )
    found = found.join(_bounds(points), on="series", how="left", maintain_order="left")
    return _told(found, kind, settings)


def _bounds(points: pl.DataFrame) -> pl.DataFrame:
    """Returns the bounds of each series, and the share of its points that lie within a sigma of either."""
    sigma = (pl.col("upl") - pl.col("lpl")) / 6
    kept = points.filter("included")
    return kept.group_by("series", maintain_order=True).agg(
        pl.col("lower_bound").last(),
        pl.col("upper_bound").last(),
        (pl.col("value") < pl.col("lower_bound") + sigma).mean().fill_null(0.0).alias("near_lower"),
        (pl.col("value") > pl.col("upper_bound") - sigma).mean().fill_null(0.0).alias("near_upper"),
    )


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A doubt: when it is raised, which chart it asks for (null for none), and its sentence."""

    name: str
    raised: pl.Expr
    instead: pl.Expr
    words: pl.Expr


def _told(found: pl.DataFrame, kind: str, profile: Profile) -> pl.DataFrame:
    doubts = [each for each in _doubts(kind, profile) if each is not None]
    raised = [each.raised.fill_null(value=False) for each in doubts]
    instead = pl.coalesce(
        *(pl.when(here).then(each.instead) for here, each in zip(raised, doubts, strict=True)), pl.lit(kind)
    )
    names, reasons = (
        pl.concat_list(pl.when(here).then(words) for here, words in zip(raised, texts, strict=True)).list.drop_nulls()
        for texts in ([pl.lit(each.name) for each in doubts], [each.words for each in doubts])
    )
    said = found.select(
        "series",
        pl.lit(kind).alias("chart"),
        instead.alias("recommended"),
        names.alias("doubts"),
        reasons.alias("reasons"),
    )
    joined = pl.col("reasons").list.join(" ")
    return said.with_columns(pl.when(joined != "").then(joined).alias("reason"))


def _doubts(kind: str, profile: Profile) -> list[_Doubt]:
    """Returns the doubts about a kind of chart, the weightiest first."""
    n = pl.col("n").fill_null(0)
    by_events = pl.when(pl.col("events").is_not_null()).then(pl.lit("g")).otherwise(pl.lit("t"))
    primed = pl.when("share").then(pl.lit("pp")).otherwise(pl.lit("up"))
    none = pl.lit(None, pl.String)
    found: list[_Doubt] = []
    if kind != "run":
        found.append(
            _Doubt(
                "too_few_points",
                n < profile.minimum_points,
                pl.lit("run"),
                pl.format(
                    "It has {} final points, and limits need {}: a run chart shows them without.",
                    n,
                    pl.lit(profile.minimum_points),
                ),
            )
        )
    if kind not in _BY_EVENTS:
        found += _of_rare_events(kind, by_events)
    if kind in _DISTRIBUTED:
        found.append(_over_dispersion(kind))
    if kind == "xmr":
        found.append(
            _Doubt(
                "unequal_denominators",
                (n >= profile.minimum_points)
                & (pl.col("den_far") >= UNEQUAL)
                & (pl.col("chance_share") >= CHANCE_MATTERS),
                primed,
                pl.format(
                    "Its denominators range from {} to {}, and chance at such sizes makes up {} % of the variation: "
                    "limits by each point's own denominator suit it better.",
                    _number("den_least"),
                    _number("den_most"),
                    _percent(pl.col("chance_share").clip(upper_bound=1.0)),
                ),
            )
        )
        found += [_near_bound(side, primed) for side in ("lower", "upper")]
    if kind not in _BY_EVENTS:
        found += _of_time(none)
    return found


def _of_rare_events(kind: str, by_events: pl.Expr) -> list[_Doubt]:
    parts = pl.col("events").is_not_null()
    whole = pl.col("counts") if kind in {"c", "xmr", "i", "mr", "run"} else pl.lit(value=False)
    few = pl.when(parts).then(pl.col("events")).when(whole).then(pl.col("mean"))
    # Zeros of a ratio count when its events are few; a share that is 0 for other reasons is none of ours.
    rare = (few > 0) & ((few < RARE) | ((few < FEW_EVENTS) & (pl.col("zeros") >= MANY_ZEROS)))
    failures = pl.when(parts & pl.col("share")).then(pl.col("failures"))
    found = [
        _Doubt(
            "rare_events", rare, by_events,
            pl.format(
                "The events are rare: {} a point, and {} % of the points are 0. What lies between one event and the "
                "next tells more, one row an event.",
                _number(few), _percent(pl.col("zeros")),
            ),
        ),
        _Doubt(
            "rare_events", (failures > 0) & (failures < RARE), pl.lit("g"),
            pl.format(
                "Nearly all cases count: {} a point do not. What lies between one of these and the next tells more, "
                "one row each.",
                _number(failures),
            ),
        ),
    ]  # fmt: skip
    if kind in {"p", "u", "pp", "up", "c"}:
        least = pl.min_horizontal(few, failures) if kind in {"p", "pp"} else few
        found.append(_Doubt(
            "few_events", (least >= RARE) & (least < FEW_EVENTS) & ~rare, pl.lit(None, pl.String),
            pl.format(
                "Its points rest on {} cases each, and limits are rough under 5: draw longer periods.", _number(least)
            ),
        ))  # fmt: skip
    return found


def _over_dispersion(kind: str) -> _Doubt:
    sigma_z = pl.col({"p": "sigma_z_share", "u": "sigma_z_rate", "c": "sigma_z_count"}[kind])
    chance = 1 + _Z_999 * (_RANGE_VARIANCE / pl.col("n")).sqrt()
    return _Doubt(
        "over_dispersion",
        (sigma_z > pl.max_horizontal(chance, pl.lit(DISPERSED))) & (pl.col("n") >= LEAST_FOR_TREND),
        pl.lit({"p": "pp", "u": "up", "c": "xmr"}[kind]),
        pl.format(
            "Its points vary {} times as much as chance alone would have them (at {} points up to {} times may be "
            "chance): limits that hold this too suit it better.",
            sigma_z.round(1), "n", chance.round(1),
        ),
    )  # fmt: skip


def _near_bound(side: str, primed: pl.Expr) -> _Doubt:
    limit, bound, near = ("lpl" if side == "lower" else "upl"), f"{side}_bound", pl.col(f"near_{side}")
    beyond = pl.col(limit) < pl.col(bound) if side == "lower" else pl.col(limit) > pl.col(bound)
    return _Doubt(
        "near_bound",
        beyond & (near >= NEAR),
        pl.when(pl.col("events").is_not_null()).then(primed),
        pl.format(
            "Its {} limit ({}) lies beyond {}, which the measure cannot pass, and {} % of the points lie close to it: "
            "the limits do not fit so lopsided a spread.",
            pl.lit(side), _number(limit), _number(bound), _percent(near),
        ),
    )  # fmt: skip


def _of_time(none: pl.Expr) -> list[_Doubt]:
    line, step = pl.col("line_explains"), pl.col("step_explains")
    threshold = pl.max_horizontal(pl.lit(ALIKE), 2.5 / pl.col("n").sqrt() - 3.5 / pl.col("n"))
    return [
        _Doubt(
            "trend", (line >= LINE_EXPLAINS) & (line > step) & (pl.col("line_p") < LINE_P), none,
            pl.format(
                "It {} by about {} a point: a straight line explains {} % of the variation, and limits about one mean "
                "do not describe it.",
                pl.when(pl.col("slope") > 0).then(pl.lit("rises")).otherwise(pl.lit("falls")),
                _number(pl.col("slope").abs()), _percent(line),
            ),
        ),
        _Doubt(
            "seasons", pl.col("season_p") < SEASON_P, none,
            pl.format(
                "It has seasons: the {} explains {} % of the variation, highest in {}, lowest in {}. Compare with the "
                "same {} before, as some signals are the season's.",
                "season", _percent(pl.col("season_explains")), _season("season_high"), _season("season_low"), "season",
            ),
        ),
        _Doubt(
            "neighbours", pl.col("neighbours") > threshold, none,
            pl.format(
                "Each point resembles the one before (correlation {}; by chance it stays below {}): limits are too "
                "narrow and signals too many. Draw longer periods.",
                pl.col("neighbours").round(2), threshold.round(2),
            ),
        ),
    ]  # fmt: skip


def _season(column: str) -> pl.Expr:
    """Returns the name of a month, weekday or quarter by its number."""
    kind, number = pl.col("season"), pl.col(column)
    return (
        pl.when(kind == "month").then(_looked_up(number, _MONTHS))
        .when(kind == "weekday").then(_looked_up(number, _WEEKDAYS))
        .otherwise(_looked_up(number, _QUARTERS))
    )  # fmt: skip


def _looked_up(number: pl.Expr, names: tuple[str, ...]) -> pl.Expr:
    return number.replace_strict(range(1, len(names) + 1), names, default=None, return_dtype=pl.String)


def _percent(share: pl.Expr) -> pl.Expr:
    return (share * 100).round(0).cast(pl.Int64)


def _number(what: str | pl.Expr) -> pl.Expr:
    """Returns a number as text, with three significant figures."""
    held = pl.col(what) if isinstance(what, str) else what
    return held.round_sig_figs(3).cast(pl.String).str.strip_suffix(".0")
