"""Numbers, periods and dates in the words of a British board paper."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from metrics.catalogue import Metric

LONDON: Final = ZoneInfo("Europe/London")
NOT_REPORTED: Final = "Not reported"
PERCENT: Final = "%"
MINUS: Final = "\N{MINUS SIGN}"
POUND: Final = "\N{POUND SIGN}"
_MILLION: Final = 1_000_000
_BILLION: Final = 1_000_000_000
_APRIL: Final = 4
# Values that are places of words: they are told as words and counted, never averaged.
_CQC: Final = {4: "Outstanding", 3: "Good", 2: "Requires improvement", 1: "Inadequate"}
BANDS: Final[Mapping[str, Mapping[int, str]]] = {
    "cqc_overall": _CQC,
    "cqc_well_led": _CQC,
    "oversight_segment": {number: f"Segment {number}" for number in range(1, 6)},
}
# Of one organisation these are a yes or a no; of many, how many or what share.
YES_NO: Final = frozenset({
    "fdp_live_organisations", "fdp_reporting_benefits", "dspt_met", "dspt_exceeded", "epr_in_place",
    "records_wholly_electronic", "records_paper_only",
})  # fmt: skip
_WORDS: Final = {"weeks": "weeks", "days": "days", "hours": "hours", "minutes": "minutes", "fte": "FTE", "beds": "beds"}


def number(value: float, decimals: int = 0) -> str:
    """Returns '2,432,272' grouped by thousands; below zero with a true minus sign."""
    rounded = round(value, decimals) + 0.0
    text = f"{abs(rounded):,.{decimals}f}"
    return f"{MINUS}{text}" if rounded < 0 else text


def percentage(share: float, decimals: int = 1) -> str:
    """Returns '72.9%' for 0.729."""
    return f"{number(share * 100, decimals)}{PERCENT}"


def pounds(value: float, decimals: int = 0) -> str:
    """Returns '£244.7m', '£1.2bn' or '£12,345'."""
    sign, size = (MINUS if value < 0 else ""), abs(value)
    if size >= _BILLION:
        return f"{sign}{POUND}{size / _BILLION:,.1f}bn"
    if size >= _MILLION:
        return f"{sign}{POUND}{size / _MILLION:,.1f}m"
    return f"{sign}{POUND}{size:,.{decimals}f}"


def clock(seconds: float) -> str:
    """Returns '8:05' (minutes and seconds), or '1:02:03' from an hour on."""
    whole = round(abs(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    sign = MINUS if seconds < 0 and whole else ""
    return f"{sign}{hours}:{minutes:02d}:{left:02d}" if hours else f"{sign}{minutes}:{left:02d}"


def value_text(value: float | None, metric: Metric) -> str:
    """Returns the value in the metric's unit, its word when values are words, 'Not reported' for none."""
    if value is None or math.isnan(value):
        return NOT_REPORTED
    band = BANDS.get(metric.id, {}).get(int(value)) if value == int(value) else None
    if band:
        return band
    match metric.unit:
        case "percent":
            return percentage(value, metric.decimals)
        case "gbp":
            return pounds(value, metric.decimals)
        case "seconds":
            return clock(value)
        case _:
            return number(value, metric.decimals)


def unit_words(metric: Metric) -> str:
    """Returns what follows the number: 'patients', 'weeks', 'minutes:seconds'; nothing for shares and pounds."""
    if metric.unit == "seconds":
        return "minutes:seconds"
    if metric.unit in ("percent", "gbp"):
        return ""
    return metric.noun or _WORDS.get(metric.unit, "")


def value_words(value: float | None, metric: Metric) -> str:
    """Returns the value with its unit: '14.2 weeks', '3,021 patients'."""
    text = value_text(value, metric)
    words = unit_words(metric)
    return text if not words or text == NOT_REPORTED else f"{text} {words}"


def answer_words(value: float | None) -> str:
    """Returns 'Yes', 'No' or 'Not reported', for what is a yes or a no of one organisation."""
    return NOT_REPORTED if value is None else "Yes" if value else "No"


def change_words(change: float, metric: Metric) -> str:
    """Returns a change in words: '0.9 percentage points higher', '1,204 fewer patients', '2.3 weeks lower'."""
    size = abs(change)
    if metric.unit in ("count", "fte", "beds"):
        words = unit_words(metric)
        return f"{value_text(size, metric)} {'more' if change > 0 else 'fewer'}{' ' + words if words else ''}"
    sense = "higher" if change > 0 else "lower"
    if metric.unit == "percent":
        points = number(size * 100, metric.decimals)
        return f"{points} percentage point{'' if points == '1' else 's'} {sense}"
    return f"{value_words(size, metric)} {sense}"


def displayed(value: float, metric: Metric) -> float:
    """Returns the value as precise as it is shown, so that words never contradict the digits."""
    scale = 100 if metric.unit == "percent" else 1
    return round(value * scale, metric.decimals) + 0.0


def day_words(day: date) -> str:
    """Returns '31 March 2026'."""
    return f"{day.day} {day:%B %Y}"


def in_london(moment: datetime) -> datetime:
    """Returns a UTC moment of the warehouse, as a clock in London shows it."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(LONDON)


def moment_words(moment: datetime) -> str:
    """Returns '22 November 2026 14:05'."""
    return f"{day_words(moment.date())} {moment:%H:%M}"


def financial_year(day: date) -> str:
    """Returns '2025/26' for any day of that year, April to March."""
    start = day.year if day.month >= _APRIL else day.year - 1
    return f"{start}/{(start + 1) % 100:02d}"


def period_words(period: date, grain: str) -> str:
    """Returns the period's name: 'March 2026', 'Q4 2025/26', 'FY 2025/26', 'week of 2 March 2026'."""
    match grain:
        case "month":
            return f"{period:%B %Y}"
        case "quarter":
            return f"Q{(period.month - _APRIL) % 12 // 3 + 1} {financial_year(period)}"
        case "financial_year":
            return f"FY {financial_year(period)}"
        case "week":
            return f"week of {day_words(period)}"
        case "hour":
            return f"{day_words(period)}, {period:%H:%M}"
        case _:
            return day_words(period)


def period_end(period: date, grain: str) -> date:
    """Returns the last day of the period."""
    match grain:
        case "month":
            return months_after(period.replace(day=1), 1) - timedelta(days=1)
        case "quarter":
            return months_after(period.replace(day=1), 3) - timedelta(days=1)
        case "financial_year":
            return months_after(period.replace(day=1), 12) - timedelta(days=1)
        case "week":
            return period + timedelta(days=6)
        case _:
            return period.date() if isinstance(period, datetime) else period


def months_after(day: date, months: int) -> date:
    """Returns the same day of a month `months` later (or earlier), the month's last day when it is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    first = date(year, month + 1, 1)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return first.replace(day=min(day.day, (following - first).days))


def age_words(last_day: date, today: date) -> str:
    """Returns how old data are that end on `last_day`: 'today', '12 days old', '6 months old', '2 years old'."""
    days = (today - last_day).days
    if days <= 0:
        return "up to today"
    if days == 1:
        return "1 day old"
    if days < 45:
        return f"{days} days old"
    months = round(days / 30.44)
    if months < 24:
        return f"{months} months old"
    return f"{months // 12} years old"


def ordinal(place: int) -> str:
    """Returns '1st', '12th', '23rd'."""
    suffix = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place:,}{suffix}"


def counted(amount: int, noun: str, plural: str | None = None) -> str:
    """Returns '1 trust' or '127 trusts'."""
    return f"{amount:,} {noun if amount == 1 else plural or noun + 's'}"
