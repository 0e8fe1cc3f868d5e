"""The clinics of the capacity page in words, tables and a file."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from dashboard import format as words
from dashboard.viewmodels.charts import Download, Table
from dashboard.viewmodels.clinics_whatif import HELD_WEEKS, ClinicFacts, ClinicsView
from dashboard.viewmodels.waiting_list_words import chance, many


def headline(view: ClinicsView) -> str:
    """Returns the finding in one sentence."""
    clinics = view.changed
    said = "with what is chosen below" if view.choices.moved else "as it is"
    return (
        f"Clinics, {view.facts.place.name}: the chance that in any of the next {len(view.weeks)} weeks referrals need "
        f"more than the {many(clinics.capacity)} held a week is {chance(clinics.ever)}, {said}"
    )


def explained(view: ClinicsView) -> tuple[str, ...]:
    """Returns the outcome in sentences."""
    clinics, choices = view.changed, view.choices
    worst = int(clinics.exceeds.argmax())
    risk = (
        f"The week most at risk is that of {words.day_words(view.weeks[worst])} "
        f"({chance(float(clinics.exceeds[worst]))}). {many(clinics.least)} clinics a week would suffice in every week "
        f"with a probability of {choices.enough}%."
    )
    said = [risk]
    if choices.moved:
        said.append(f"Without the changes the chance of a week with too few is {chance(view.as_now.ever)}.")
    return tuple(said)


def weeks_table(view: ClinicsView) -> Table:
    """Returns each week with what is needed and the chance that it does not suffice."""
    rows = tuple(
        (f"{words.day_words(week)} to {words.day_words(week + timedelta(days=6))}",
         many(view.changed.quantiles[1, n]),
         f"{many(view.changed.quantiles[0, n])} to {many(view.changed.quantiles[2, n])}", many(view.changed.capacity),
         chance(float(view.changed.exceeds[n])), chance(float(view.as_now.exceeds[n])))
        for n, week in enumerate(view.weeks)
    )  # fmt: skip
    columns = ("Week", "Clinics needed", "80% interval", "Held", "Chance of too few", "As it is")
    return Table(f"Clinics by week, {view.facts.place.name}", columns, rows, frozenset(range(1, 6)))


def effects_table(view: ClinicsView) -> Table:
    """Returns what each lever does alone."""
    rows = tuple((name, chance(ever), words.number(short, 1)) for name, ever, short in view.effects)
    columns = ("Change", "Chance of a week with too few", f"Such weeks of {len(view.weeks)}")
    return Table("What each would do alone to clinics", columns, rows, frozenset({1, 2}))


def seen(facts: ClinicFacts, slots: int) -> tuple[tuple[str, str], ...]:
    """Returns what the answer was made from."""
    return (
        ("Referrals", f"forecast on {facts.made} for four weeks after {words.day_words(facts.since)}"),
        ("Appointments", f"{facts.each:.2f} attended for each referral, over the year before"),
        ("Missed", f"{words.percentage(facts.missed)} of appointments, over the year before; booked again once"),
        ("Held", f"{facts.held:,.0f} appointments attended or missed a week, mean of the last {HELD_WEEKS} weeks"),
        ("In a clinic", f"{words.counted(slots, 'appointment')}: yours to set"),
    )


METHOD: Final = (
    "Clinics here are those that the referrals of a week lead to, first appointments and those that follow, whenever "
    "these take place: with too few, the waiting list grows. A change of referrals reaches the clinics held over more "
    "than a year, as lists and follow-ups go on. All services are taken together, as if any clinic could see any "
    "patient."
)


def download(view: ClinicsView) -> Download:
    """Returns the weeks with and without the levers."""
    columns = ("organisation", "week_from", "case", "clinics_needed", "lo80", "hi80", "clinics_held", "chance_too_few",
               "levers")  # fmt: skip
    levers = "; ".join(f"{name}={value}" for name, value in view.choices.query().items())
    cases = [("as it is", view.as_now, "")] + ([("changed", view.changed, levers)] if view.choices.moved else [])
    rows = [
        (view.facts.place.code, week, name, *(float(clinics.quantiles[place, n]) for place in (1, 0, 2)),
         clinics.capacity, float(clinics.exceeds[n]), said)
        for name, clinics, said in cases
        for n, week in enumerate(view.weeks)
    ]  # fmt: skip
    return Download(f"clinics-{view.facts.place.code}.csv", columns, tuple(rows))
