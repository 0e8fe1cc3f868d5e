"""A waiting list's outlook in words, tables and a file."""

from __future__ import annotations

from datetime import date
from math import inf, isinf
from typing import Final

from dashboard import format as words
from dashboard.viewmodels.charts import Download, Table
from dashboard.viewmodels.waiting_list import Learned, ListView, Month, Outlook
from dashboard.viewmodels.waiting_list_choices import STANDARDS, quarter_ends, weeks_to
from models.waiting_list_flows import DRAWS


def chance(probability: float) -> str:
    """Returns a probability as told: 'under 1%', '37%', 'over 99%'."""
    if probability < 0.01:
        return "under 1%"
    return "over 99%" if probability > 0.99 else words.percentage(probability, 0)


def many(value: float) -> str:
    """Returns a count of pathways."""
    return words.number(value)


def headline(view: ListView) -> str:
    """Returns the finding in one sentence."""
    learned, chosen = view.learned, view.choices
    now = learned.newest
    return (
        f"{learned.name}: {many(now.size)} pathways waited on {words.day_words(now.on)}, "
        f"{words.percentage(now.share)} of them less than 18 weeks; the chance of {_standard(chosen.standard)} by "
        f"{words.day_words(view.by)} is {chance(view.changed.at(view.weeks, chosen.standard))}"
        + (" with what is changed below" if chosen.moved else " if all goes on as it did")
    )


def _standard(share: float) -> str:
    return words.percentage(share, 0)


def explained(view: ListView) -> tuple[str, ...]:
    """Returns what becomes of the list, sentence by sentence."""
    said = [f"As it went: {_outlook(view.as_now, view)}."]
    if view.choices.moved:
        said.append(f"With {changes(view)}: {_outlook(view.changed, view)}.")
    return tuple(said)


def changes(view: ListView) -> str:
    """Returns the levers that are moved, in words."""
    chosen, said = view.choices, []
    if chosen.extra:
        more = "more" if chosen.extra > 0 else "fewer"
        said.append(f"{words.counted(abs(chosen.extra), 'treatment')} a week {more}")
    if chosen.referrals:
        said.append(f"{abs(chosen.referrals)}% {'more' if chosen.referrals > 0 else 'fewer'} referrals")
    if chosen.validation:
        said.append(f"{chosen.validation}% of the list a month taken off after checking")
    return f"{' and '.join(said)} from {words.day_words(view.since)}"


def _outlook(outlook: Outlook, view: ListView) -> str:
    week = view.weeks
    low, middle, high = outlook.share[:, week]
    small, size, large = outlook.size[:, week]
    return (
        f"{words.percentage(middle)} within 18 weeks by {words.day_words(view.by)} (80% interval "
        f"{words.percentage(low)} to {words.percentage(high)}), {many(size)} waiting ({many(small)} to {many(large)}); "
        f"chance of {_standard(view.choices.standard)}: {chance(outlook.at(week, view.choices.standard))}"
    )


def needed(view: ListView) -> str:
    """Returns what the standard would need, in a sentence."""
    found, chosen = view.needed, view.choices
    calibration = view.learned.calibration
    aim = f"{_standard(chosen.standard)} within 18 weeks by {words.day_words(view.by)}"
    sure = f"with a probability of {words.percentage(chosen.sure, 0)}"
    if found.extra == 0:
        return f"No more treatments are needed for {aim}: its probability is {chance(found.without)} without."
    if isinf(found.extra) or calibration is None:
        return (
            f"No number of extra treatments reaches {aim} {sure}: whoever joins the list in time to count, and those "
            "under 18 weeks who are treated first, stand against it. Choose a later date or another share for the "
            "longest waits."
        )
    weeks = view.weeks - view.from_week
    extra = _rounded_up(found.extra)
    return (
        f"{aim[0].upper()}{aim[1:]} {sure} needs {words.counted(extra, 'extra treatment')} a week from "
        f"{words.day_words(view.since)}, {words.percentage(extra / calibration.treatments, 0)} more than the usual "
        f"{many(calibration.treatments)}: {many(extra * weeks)} in all over {words.counted(weeks, 'week')}. "
        f"{chosen.longest}% of them go to the longest waits."
    )


def _rounded_up(value: float) -> int:
    return int(-(-value // 1))


def age(learned: Learned, today: date) -> str:
    """Returns how old the list is."""
    on = learned.history[-1].on
    said = f"The newest list by weeks waited is of {words.day_words(on)}, {words.age_words(on, today)}"
    if not learned.since:
        return f"{said}. The outlook starts there."
    return (
        f"{said}. Size and share are known up to {words.day_words(learned.newest.on)}: the outlook starts there, with "
        "weeks waited carried forward to fit them."
    )


def since_words(view: ListView) -> tuple[str, ...]:
    """Returns how an outlook from the list by weeks waited alone would have stood against what came since."""
    if view.unseen is None:
        return ()
    first, last = view.learned.history[-1], view.learned.newest
    low, middle, high = view.unseen.share[:, -1]
    small, size, large = view.unseen.size[:, -1]
    held = "inside" if low <= last.share <= high and small <= last.size <= large else "outside"
    foreseen = f"{many(size)} waiting ({many(small)} to {many(large)})"
    share = f"{words.percentage(middle)} ({words.percentage(low)} to {words.percentage(high)}) within 18 weeks"
    text = (
        f"How such an outlook did: from {words.day_words(first.on)} alone it had {foreseen} and {share} for "
        f"{words.day_words(last.on)}. What came, {many(last.size)} and {words.percentage(last.share)}, lies {held} "
        "its 80% intervals."
    )
    return (text,)


def chances(view: ListView) -> Table:
    """Returns the probabilities of the standards at the ends of quarters, with what is chosen."""
    on = view.learned.newest.on
    held = [day for day in quarter_ends(on) if day <= view.by]
    rows = []
    for day in held:
        week = weeks_to(on, day)
        low, middle, high = view.changed.share[:, week]
        rows.append(
            (words.day_words(day), many(view.changed.size[1, week]), words.percentage(middle),
             f"{words.percentage(low)} to {words.percentage(high)}", many(view.changed.long[1, week]),
             *(chance(view.changed.at(week, standard)) for standard in sorted(STANDARDS)))
        )  # fmt: skip
    columns = ("By", "Waiting", "Within 18 weeks", "80% interval", "52 weeks or more",
               *(f"Chance of {_standard(standard)}" for standard in sorted(STANDARDS)))  # fmt: skip
    what = "With what is changed" if view.choices.moved else "As it went"
    return Table(f"{what}: {view.learned.name}", columns, tuple(rows), frozenset(range(1, len(columns))))


def queue(view: ListView) -> tuple[tuple[str, str], ...]:
    """Returns what the formulae of queues say of the list."""
    found = view.balance
    clears = "never: it does not shrink" if found.clears_in == inf else f"{found.clears_in:,.0f} weeks"
    return (
        ("Load", f"{found.load:.3f} (joins over leaves; at 1 or above the list grows without limit)"),
        ("Mean wait", f"{found.mean_wait:.1f} weeks (list over leaves a week)"),
        ("Target list for 92% in 18 weeks", f"{many(found.target_size)} pathways"),
        ("Relief called for", "Yes: the list is more than twice its target" if found.too_long else "No"),
        ("Relief capacity", f"{many(found.relief)} leaving a week, for the target list in 26 weeks"),
        ("Capacity once there", f"{found.keeps:,.1f} leaving a week"),
        ("Pressure", f"{found.pressure:.2f} (twice the mean wait over 18 weeks; below 1 is in order)"),
        ("Weeks to clear at today's rates", clears),
    )


def seen(learned: Learned) -> tuple[tuple[str, str], ...]:
    """Returns what the outlook was made from."""
    calibration, told = learned.calibration, learned.reported
    if calibration is None:
        return (("Lists held", words.counted(len(learned.history), "month")),)
    first, last = calibration.months[0], calibration.months[-1]
    apart = [int(weeks) for weeks in calibration.weeks if weeks > 5]
    gap = f"; one gap of {apart[0]} weeks" if apart else ""
    pairs = [
        (
            "Lists learned from",
            f"{words.counted(len(calibration.months), 'month')}, {first:%B %Y} to {last:%B %Y}{gap}",
        ),
        ("Join and stay", f"{many(calibration.referrals)} a week"),
        ("Leave by treatment or decision", f"{many(calibration.treatments)} a week"),
        ("Leave for other reasons", f"{calibration.start.other_stops:.2%} of the list a week"),
    ]
    if told:
        text = (
            f"{many(told.starts)} starts, {many(told.stops)} stops; {many(told.unreported)} left without either "
            f"({words.percentage(told.monthly_share)} of the list)"
        )
        pairs.append((f"Reported for {told.month:%B %Y}, all services", text))
    if learned.scaled:
        pairs.append(("Scaled", f"Past rates times {calibration.scale:.3f}, as the newest list covers more providers"))
    return (*pairs, ("Data version", learned.data_version))


METHOD: Final = (
    (
        "The list goes forward week by week with the weeks that every pathway has waited. Those who are a month older "
        "at the next month's end have stayed, the others have left: that gives the share leaving at each age, which "
        "goes on."
    ),
    (
        f"Each of {DRAWS} paths takes size and share under 18 weeks along a course such as lists take: of its recent "
        "growth a little goes on, and changes are as large as this list's own months and lists of its size have them. "
        "Treatments are those that bring the course about. Bands hold 80% of the paths."
    ),
    (
        "Pathways that join and leave within one month are in no list and so in neither flow. Pathways moved in from "
        "elsewhere with a wait already running count as fewer leaving."
    ),
    (
        "Usual treatments and who gets them stay the same whatever is changed above. Extra treatments take the "
        "share chosen from the longest waits, the rest by the service's own pattern of ages. Where clinics are kept "
        "for urgent patients, fewer referrals leave some of them empty, and a list shrinks later than is said here."
    ),
    "A 'treatment' here is any clock stop: care begun, or a decision that none is needed.",
)


def download(view: ListView) -> Download:
    """Returns the outlook by week, with the lists that it starts from."""
    learned = view.learned
    columns = ("organisation", "service", "kind", "date", "waiting", "waiting_lo80", "waiting_hi80", "within_18_weeks",
               "within_lo80", "within_hi80", "over_52_weeks", "chance_of_standard", "standard", "changes")  # fmt: skip
    fixed = (learned.reach.shown.code, learned.service or "all")

    def month(each: Month, kind: str) -> tuple[object, ...]:
        return (*fixed, kind, each.on, each.size, None, None, each.share, None, None, None, None, None, None)

    def weeks(outlook: Outlook, kind: str, said: str | None) -> list[tuple[object, ...]]:
        return [
            (*fixed, kind, outlook.day(week), *(round(float(outlook.size[place, week]), 1) for place in (1, 0, 2)),
             *(round(float(outlook.share[place, week]), 5) for place in (1, 0, 2)),
             round(float(outlook.long[1, week]), 1), outlook.meets[week], view.choices.standard, said)
            for week in range(1, view.weeks + 1)
        ]  # fmt: skip

    rows = [month(each, "reported") for each in learned.history] + [month(each, "since") for each in learned.since]
    rows += weeks(view.as_now, "as it went", None)
    if view.choices.moved:
        rows += weeks(view.changed, "changed", changes(view))
    name = f"waiting-list-{learned.reach.shown.code}-{learned.service or 'all'}.csv"
    return Download(name, columns, tuple(rows))
