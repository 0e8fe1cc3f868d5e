"""The capacity page in words, tables and a file."""

from __future__ import annotations

from datetime import date
from typing import Final

from dashboard import format as words
from dashboard.viewmodels.capacity_whatif import DRAWS, CapacityView, Choices, Facts
from dashboard.viewmodels.charts import Download, Table
from dashboard.viewmodels.demand_chart import span_words
from dashboard.viewmodels.waiting_list_words import chance, many


def headline(view: CapacityView) -> str:
    """Returns the finding in one sentence."""
    beds = view.changed
    said = "with what is chosen below" if view.choices.moved else "as it is"
    return (
        f"Beds, {view.facts.reach.shown.name}: the chance that on any day of {span(view)} more are needed than the "
        f"{many(beds.capacity)} open is {chance(beds.ever)}, {said}"
    )


def span(view: CapacityView) -> str:
    """Returns the days, in words."""
    return span_words(view.days[0], view.days[-1], "day")


def explained(view: CapacityView) -> tuple[str, ...]:
    """Returns the outcome in sentences."""
    beds, choices = view.changed, view.choices
    worst = int(beds.exceeds.argmax())
    risk = (
        f"{words.number(beds.short, 1)} of {len(view.days)} days are short on average; the day most at risk is "
        f"{words.day_words(view.days[worst])} ({chance(float(beds.exceeds[worst]))}). {many(beds.least)} beds would "
        f"suffice on every day with a probability of {choices.sure}%."
    )
    shift = (
        f"On a shift of {words.counted(view.nurses, 'nurse')}, one for each {choices.ratio} patients: the chance that "
        f"more are needed on any day is {chance(view.nurses_ever)}."
    )
    said = [risk, shift]
    if choices.moved:
        said.append(
            f"Without the changes the chance of a short day is {chance(view.as_now.ever)}, and "
            f"{words.number(view.as_now.short, 1)} days are short on average."
        )
    return tuple(said)


def scope(facts: Facts) -> str:
    """Returns which beds are meant, and why they are others than those of the Today page."""
    if not facts.is_own:
        return f"Beds here: {facts.beds_words}."
    return f"Beds here: {facts.beds_words}. Today counts those of women and children too, and so has more."


def age(facts: Facts, today: date) -> str:
    """Returns how old the data are that the days ahead begin from."""
    old = words.age_words(facts.since, today)
    text = f"The newest {facts.demand_words} are of {words.day_words(facts.since)}, {old}; forecast on {facts.made}."
    last = facts.paths.starts[-1] if facts.paths else facts.since
    if last < today:
        return f"{text} The four weeks after have passed: what follows is what one would have expected then."
    return text


def days_table(view: CapacityView) -> Table:
    """Returns each day with what is needed and the chance that it does not suffice."""
    rows = tuple(
        (f"{day:%a} {words.day_words(day)}", many(view.changed.quantiles[1, n]),
         f"{many(view.changed.quantiles[0, n])} to {many(view.changed.quantiles[2, n])}", many(view.changed.capacity),
         chance(float(view.changed.exceeds[n])), chance(float(view.as_now.exceeds[n])),
         f"{many(view.nurses_needed[1, n])} ({many(view.nurses_needed[0, n])} to {many(view.nurses_needed[2, n])})")
        for n, day in enumerate(view.days)
    )  # fmt: skip
    columns = ("Day", "Beds needed", "80% interval", "Open", "Chance of too few", "As it is", "Nurses on a shift")
    return Table(f"Beds by day, {view.facts.reach.shown.name}", columns, rows, frozenset(range(1, 7)))


def effects_table(view: CapacityView) -> Table:
    """Returns what each lever does alone."""
    rows = tuple((name, chance(ever), words.number(short, 1)) for name, ever, short in view.effects)
    return Table(
        "What each would do alone", ("Change", "Chance of a short day", "Short days of 28"), rows, frozenset({1, 2})
    )


def seen(facts: Facts) -> tuple[tuple[str, str], ...]:
    """Returns what the answer was made from."""
    return (
        ("Demand", f"{facts.demand_words}, forecast for 28 days after {words.day_words(facts.since)}"),
        ("Came", f"{facts.came:,.1f} a day in the time that beds and stays are of"),
        ("Come to these beds", words.percentage(facts.share)),
        ("Stays", facts.stays_words),
        ("In the beds at the start", facts.present_words),
        ("Data version", facts.data_version),
    )


BANDS: Final = (
    "The band holds 80% of the paths. Of simulated trusts, whose beds were known afterwards, such bands held 92% of "
    "what was filled, and their middle was no better than the last midnight's number; of chances stated below 20%, one "
    "in four came. Read chances as rough."
)
"""As measured; see `benchmarks/results/capacity.md`."""

METHOD: Final = (
    (
        "Each path of the demand forecast is turned into admissions, and these stay as the stays above say; patients "
        "who are in leave as those of a hospital in balance do. Chance of arrivals and of stays is added, with days "
        f"near each other going together. All answers use the same {DRAWS:,} paths, so that they differ by the levers "
        "alone."
    ),
    (
        "A day counts as short when more beds are needed at midnight than are open. In fact patients then wait in A&E, "
        "so a short day is one of queues and not of missing beds."
    ),
    (
        "Cutting stays shortens all stays alike, and those of patients present from now on. Beds are one pool: wards "
        "that cannot take each other's patients are short sooner."
    ),
)


def download(view: CapacityView) -> Download:
    """Returns the days with and without the levers."""
    columns = ("organisation", "date", "case", "beds_needed", "lo80", "hi80", "beds_open", "chance_too_few", "levers")
    levers = "; ".join(f"{name}={value}" for name, value in view.choices.query().items())
    rows: list[tuple[object, ...]] = []
    for name, beds, said in (("as it is", view.as_now, ""), ("changed", view.changed, levers)):
        if name == "changed" and not view.choices.moved:
            continue
        rows += [
            (view.facts.reach.shown.code, day, name, *(float(beds.quantiles[place, n]) for place in (1, 0, 2)),
             beds.capacity, float(beds.exceeds[n]), said)
            for n, day in enumerate(view.days)
        ]  # fmt: skip
    return Download(f"capacity-{view.facts.reach.shown.code}.csv", columns, tuple(rows))


def levers_words(choices: Choices) -> str:
    """Returns the levers that are moved, in words; empty when none is."""
    said = []
    if choices.open:
        said.append(f"{words.counted(abs(choices.open), 'bed')} {'opened' if choices.open > 0 else 'closed'}")
    for value, name in ((choices.stay, "stays"), (choices.demand, "demand"), (choices.admitted, "admissions")):
        if value:
            said.append(f"{name} {value:+d}%")
    return ", ".join(said)
