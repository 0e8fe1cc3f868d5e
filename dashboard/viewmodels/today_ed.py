"""Emergency departments now: who is there and for how long, who waits for a bed, ambulances, arrivals by hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import polars as pl

from dashboard import format as words
from dashboard.viewmodels.charts import Download, Table
from dashboard.viewmodels.now import Cells, Now
from dashboard.viewmodels.today import Tile
from metrics.query.periods import hours
from metrics.query.request import Grain
from metrics.warehouse.tables.operational.flow import fact_ed_attendance
from models.hourly import expected_by_hour, first_day_needed

_REACH: Final = "30 days"  # an attendance open for longer was never closed
_PRESENT, _AMBULANCES, _ARRIVALS = "today_ed_present", "today_ambulances", "today_ed_arrivals"
_HOUR: Final = 60
_SILENT: Final = timedelta(hours=12)  # nothing for longer, and who is there now is not known
_QUIET: Final = timedelta(hours=3)  # nothing for longer, and whether somebody arrived since is not known
_OF: Final = "the emergency departments"
BANDS: Final = ("Up to 4 hours", "4 to 12 hours", "Over 12 hours")
HANDOVERS: Final = (15, 30, 60)


@dataclass(frozen=True, slots=True)
class Hour:
    """The arrivals of one hour beside what is usual.

    Attributes:
        arrivals: None while the hour has not begun.
        running: the hour has begun and not ended.
        mean, low, high: of the same weekday and hour in the weeks before; None without enough of them.
    """

    label: str
    arrivals: int | None
    running: bool
    mean: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Today's arrivals by hour, with their sentence, table and file."""

    title: str
    summary: str
    hours: tuple[Hour, ...]
    table: Table
    download: Download


@dataclass(frozen=True, slots=True)
class Emergency:
    """Emergency departments now. `note` says why nothing is known, where it is not."""

    tiles: tuple[Tile, ...]
    sites: Table
    note: str = ""


def build(now: Now) -> Emergency:
    """Returns emergency departments now."""
    silence = now.silence(fact_ed_attendance, _OF, _SILENT)
    if silence:
        labels = ("In the department", *BANDS, "Waiting for a bed", "Ambulances waiting")
        return Emergency(tuple(Tile(each, words.NOT_REPORTED) for each in labels), Table("", (), ()), silence)
    metrics = (_PRESENT, "today_ed_to_be_seen", "today_ed_for_bed", _AMBULANCES)
    all_of = now.open(*metrics, window=_REACH, by=("site",))
    bands = [
        now.open(_PRESENT, window=_REACH, by=("site",), where=(each,))
        for each in (now.within(4 * _HOUR), now.between(4 * _HOUR, 12 * _HOUR), now.longer_than(12 * _HOUR))
    ]
    late = [now.open(_AMBULANCES, window=_REACH, by=("site",), where=(now.longer_than(each),)) for each in HANDOVERS]
    return Emergency(_tiles(all_of, bands, late), _by_site(all_of, bands, late))


def _tiles(all_of: Cells, bands: list[Cells], late: list[Cells]) -> tuple[Tile, ...]:
    present = all_of.count(_PRESENT)
    over = [band.count(_PRESENT) for band in bands]
    waiting = ", ".join(f"{cells.count(_AMBULANCES)} over {each}" for each, cells in zip(HANDOVERS, late, strict=True))
    return (
        Tile("In the department", words.number(present), f"{all_of.count('today_ed_to_be_seen')} not seen yet"),
        Tile(BANDS[0], words.number(over[0]), "since arrival"),
        Tile(BANDS[1], words.number(over[1]), "since arrival"),
        Tile(BANDS[2], words.number(over[2]), "since arrival"),
        Tile("Waiting for a bed", words.number(all_of.count("today_ed_for_bed")), "admission decided"),
        Tile("Ambulances waiting", words.number(all_of.count(_AMBULANCES)), f"{waiting} minutes"),
    )


def _by_site(all_of: Cells, bands: list[Cells], late: list[Cells]) -> Table:
    columns = (
        "Site", "There now", *BANDS, "Not seen yet", "Waiting for a bed", "Ambu\N{SOFT HYPHEN}lances waiting",
        f"Over {', '.join(map(str, HANDOVERS))} min",
    )  # fmt: skip

    def row(title: str, *members: str) -> tuple[str, ...]:
        counts = [
            all_of.count(_PRESENT, *members),
            *(band.count(_PRESENT, *members) for band in bands),
            *(all_of.count(each, *members) for each in ("today_ed_to_be_seen", "today_ed_for_bed", _AMBULANCES)),
        ]
        waiting = ", ".join(words.number(cells.count(_AMBULANCES, *members)) for cells in late)
        return (title, *map(words.number, counts), waiting)

    rows = [row(all_of.name("site", site), site) for (site,) in all_of.members]
    if len(rows) > 1:
        rows.append(row("All sites"))
    return Table("Patients in the emergency departments now, by site", columns, tuple(rows), frozenset(range(1, 9)))


def arrivals(now: Now) -> Arrivals:
    """Returns the day's arrivals by hour beside what is usual."""
    day = now.day
    # By instant: of the two hours from one o'clock when the clocks go back, each is its own.
    came = {period.astimezone(UTC): value for period, value in now.history(_ARRIVALS, day, day, Grain.HOUR).iter_rows()}
    yesterday = day - timedelta(days=1)

    def usually() -> pl.DataFrame:
        return expected_by_hour(now.history(_ARRIVALS, first_day_needed(day), yesterday, Grain.HOUR), day)

    expected = {row["hour"]: row for row in now.usual("arrivals", usually).iter_rows(named=True)}
    silence, known_to = now.silence(fact_ed_attendance, _OF, _QUIET), now.at
    if silence:  # in UTC: of the hours that the clocks go through twice, each is its own
        known_to = now.newest(fact_ed_attendance) or datetime.min.replace(tzinfo=UTC)
    shown = []
    for period in hours(day, day):
        assert isinstance(period, datetime)  # noqa: S101 - hours are instants
        begun = period.astimezone(UTC) <= known_to.astimezone(UTC)
        usual = expected.get(period.hour, {})
        shown.append(
            Hour(
                f"{period:%H:%M}",
                int(came.get(period.astimezone(UTC)) or 0) if begun else None,
                begun and (known_to.astimezone(UTC) - period.astimezone(UTC)).total_seconds() < 60 * _HOUR - 1,
                usual.get("mean"),
                usual.get("low"),
                usual.get("high"),
            )
        )
    return _told(min(known_to, now.at) if known_to.date() == day else None, day, tuple(shown), silence)


def _told(at: datetime | None, day: date, shown: tuple[Hour, ...], silence: str) -> Arrivals:
    so_far = sum(each.arrivals or 0 for each in shown)
    whole = [each for each in shown if each.arrivals is not None and not each.running]
    known = [each for each in whole if each.mean is not None]
    came = f"{words.counted(so_far, 'patient')} on {words.day_words(day)} up to {at:%H:%M}" if at else "not reported"
    title = f"Arrivals by hour: {came}"
    if at is None:
        summary = ""
    elif not any(each.mean is not None for each in shown):
        summary = "There are not enough such days in the weeks before to say what is usual."
    else:
        usual = sum(each.mean or 0.0 for each in known)
        beyond = [each.label for each in known if each.arrivals is not None and each.arrivals > (each.high or 0.0)]
        below = [each.label for each in known if each.arrivals is not None and each.arrivals < (each.low or 0.0)]
        summary = (
            f"Usual on this weekday by the end of the last whole hour: {words.number(usual)}, and "
            f"{sum(each.arrivals or 0 for each in known)} came. "
            f"{_hours_words(beyond, 'more')}{_hours_words(below, 'fewer')}"
            "Usual is the mean of the same weekday and hour in the last 13 weeks; 80 of 100 such hours lie in the band."
        )
    rows = tuple(
        (
            each.label,
            "" if each.arrivals is None else f"{each.arrivals}{' so far' if each.running else ''}",
            "" if each.mean is None else words.number(each.mean, 1),
            ""
            if each.low is None or each.high is None
            else f"{words.number(each.low, 1)} to {words.number(each.high, 1)}",
        )
        for each in shown
    )
    summary = f"{silence} {summary}".strip()
    columns = ("Hour from", "Arrivals", "Usual", "80 of 100 lie between")
    download = Download(
        f"arrivals-{day:%Y-%m-%d}.csv",
        ("hour", "arrivals", "usual", "low", "high"),
        tuple((each.label, each.arrivals, each.mean, each.low, each.high) for each in shown),
    )
    return Arrivals(title, summary, shown, Table(title, columns, rows, frozenset({1, 2, 3})), download)


def _hours_words(labels: list[str], sense: str) -> str:
    if not labels:
        return ""
    return f"{words.counted(len(labels), 'hour')} had {sense} than the band: {', '.join(labels)}. "
