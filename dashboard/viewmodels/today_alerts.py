"""Alerts of the operations centre: those that nobody has acknowledged first, then the others of the last day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dashboard import format as words
from dashboard.viewmodels.charts import Table
from dashboard.viewmodels.now import Cells, Now, instant_words
from dashboard.viewmodels.today import Tile

_OPEN, _RAISED = "today_alerts_open", "today_alerts_raised"
_HOURS: Final = 24
_MOST: Final = 12
_BY: Final = ("site", "kind", "severity", "raised")


@dataclass(frozen=True, slots=True)
class Alert:
    """Alerts of one kind, raised at one instant at one site."""

    site: str
    kind: str
    severity: str
    raised: datetime
    open: bool


@dataclass(frozen=True, slots=True)
class Alerts:
    """Alerts now."""

    tiles: tuple[Tile, ...]
    listed: Table


def build(now: Now) -> Alerts:
    """Returns alerts now."""
    still = now.open(_OPEN, window="30 days", by=_BY)
    recent = now.open(_RAISED, window="2 days", by=_BY, where=(now.since("raised", _HOURS),))
    waiting = [members for members in still.members if still.count(_OPEN, *members)]
    others = [each for each in recent.members if recent.count(_RAISED, *each) and each not in set(waiting)]
    urgent = sorted(
        (_alert(still, each, open_=True) for each in waiting), key=lambda it: (it.severity != "High", it.raised)
    )
    rest = sorted((_alert(recent, each, open_=False) for each in others), key=lambda it: it.raised, reverse=True)
    alerts = [*urgent, *rest]
    count = still.count(_OPEN)
    oldest = min((each.raised for each in alerts if each.open), default=None)
    tiles = (
        Tile("Not acknowledged", words.number(count), f"the oldest for {_age(now, oldest)}" if oldest else "none open"),
        Tile(f"Raised in the last {_HOURS} hours", words.number(recent.count(_RAISED))),
    )
    rows = tuple(
        (
            each.kind,
            each.site,
            each.severity,
            instant_words(each.raised),
            _age(now, each.raised),
            "Not acknowledged" if each.open else "Acknowledged",
        )
        for each in alerts[:_MOST]
    )
    more = f"And {len(alerts) - _MOST} more." if len(alerts) > _MOST else ""
    columns = ("Alert", "Site", "Severity", "Raised", "Age", "State")
    return Alerts(tiles, Table(f"Alerts: open ones, and those of the last {_HOURS} hours", columns, rows, more=more))


def _alert(cells: Cells, members: tuple[str, ...], *, open_: bool) -> Alert:
    site, kind, severity, raised = members
    return Alert(
        cells.name("site", site),
        cells.name("kind", kind),
        cells.name("severity", severity),
        words.in_london(datetime.fromisoformat(raised)),
        open_,
    )


def _age(now: Now, since: datetime) -> str:
    minutes = max(int((now.at - since).total_seconds() // 60), 0)
    hours, rest = divmod(minutes, 60)
    days, left = divmod(hours, 24)
    if days:
        return f"{words.counted(days, 'day')} {left} h"
    return f"{hours} h {rest:02d} min" if hours else f"{rest} min"
