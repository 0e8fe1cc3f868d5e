"""What a definition may say: models that bind tables, and metrics that are asked of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]

Capability = Literal[
    "roadmap", "people", "operations", "technology", "data", "change",
    "impact_cost", "impact_outcomes", "impact_staff", "access", "demand",
]  # fmt: skip
Wgll = Literal[
    "well_led", "smart_foundations", "safe_practice", "support_people",
    "empower_citizens", "improve_care", "healthy_populations",
]  # fmt: skip
Unit = Literal[
    "percent", "count", "gbp", "weeks", "days", "hours", "minutes", "seconds", "score", "ratio", "fte", "beds",
]  # fmt: skip
Level = Literal["england", "region", "icb", "organisation"]
NativeGrain = Literal["day", "week", "month", "quarter", "financial_year"]
Aggregate = Literal["sum", "count", "min", "max", "mean"]
OverTime = Literal["sum", "last", "first", "mean"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Dimension(Strict):
    """A column by which a model's metrics can be split and filtered."""

    name: Identifier
    column: Identifier
    title: str
    labels: dict[str, str] = Field(default_factory=dict, description="code to the words shown for it")
    lookup: Literal["dim_service", "dim_staff_group"] | None = Field(
        default=None, description="the dimension table that names the codes"
    )


class Coverage(Strict):
    """Which organisations are expected to report, and how many may be absent."""

    within: int = Field(default=3, ge=1, description="expected when reporting in this many native periods before")
    threshold: float = Field(default=0.95, ge=0, le=1, description="share below which a period is missing")


class Bins(Strict):
    """The columns that hold a histogram's edges. An upper edge of null is an open bin."""

    lower: Identifier
    upper: Identifier
    unit: Unit = "weeks"


class Model(Strict):
    """Binds a table: its native grain, its organisations, its dimensions and where it comes from."""

    name: Identifier
    title: str
    table: Identifier
    publication: Identifier
    also_from: tuple[Identifier, ...] = Field(default=(), description="other publications that fill the same rows")
    provenance: Literal["published", "operational", "simulated"]
    grain: NativeGrain
    levels: tuple[Level, ...] = Field(
        default=("region", "icb", "organisation"), description="levels that the rows can be grouped by"
    )
    filter: str | None = Field(default=None, description="rows of the table that belong to the model")
    dimensions: tuple[Dimension, ...] = ()
    bins: Bins | None = None
    coverage: Coverage = Coverage()
    maturity_days: int = Field(default=0, ge=0, description="days after a period's end until it is final")
    stale_after_days: int = Field(default=75, ge=1, description="age of the newest period that is called stale")
    disclosure: Literal["none", "patient", "staff"] = "none"
    notes: tuple[str, ...] = ()


class Part(Strict):
    """A number that is added up: an aggregate of an expression over the rows that pass the filter."""

    words: str = Field(description="what is counted, in plain words")
    expr: str
    agg: Aggregate = "sum"
    filter: str | None = None


class Alternate(Strict):
    """Another model that answers the same metric for dimensions that the main model lacks."""

    model: Identifier
    measure: Part | None = None
    numerator: Part | None = None
    denominator: Part | None = None
    note: str = Field(description="how its scope differs, shown beside the numbers")


class Target(Strict):
    """A value to reach, from a day on, and who says so."""

    value: float
    kind: Literal["national_standard", "plan", "ambition", "benchmark"]
    valid_from: date
    valid_to: date | None = None
    organisation: str | None = Field(default=None, description="an organisation code; null is everyone")
    source: str


class Benchmark(Strict):
    """A comparator that is no target."""

    value: float
    words: str
    source: str


class Metric(Strict):
    """What a number means."""

    id: Identifier
    title: str
    short_title: str | None = Field(default=None, max_length=32, description="for tiles and narrow screens")
    type: Literal["simple", "ratio", "snapshot", "percentile", "index", "derived"]
    description: str
    capability: Capability
    wgll: Wgll | None = None
    model: Identifier | None = None
    measure: Part | None = None
    numerator: Part | None = None
    denominator: Part | None = None
    percentile: float | None = Field(default=None, gt=0, lt=1)
    formula: str | None = Field(default=None, description="arithmetic over metric ids, for derived metrics")
    paired: bool = Field(
        default=False, description="of a formula a / b over two models: only organisations that have both count"
    )
    minimum_denominator: float | None = Field(
        default=None, gt=0, description="of a paired metric: organisations with less are left out of both parts"
    )
    over_time: OverTime | None = Field(
        default=None, description="how native periods combine into longer ones; null is the type's default"
    )
    alternates: tuple[Alternate, ...] = ()
    unit: Unit
    noun: str | None = Field(default=None, description="what is counted, as shown after a number: patients")
    decimals: int = Field(default=0, ge=0, le=4, description="decimals shown, of a percentage for shares")
    direction: Literal["increase", "decrease", "neutral"]
    targets: tuple[Target, ...] = ()
    benchmark: Benchmark | None = None
    shown_with: tuple[Identifier, ...] = Field(default=(), description="metrics to read beside this one")
    headline: bool = Field(default=True, description="false keeps it off the scorecard")
    owner: str
    source: str = Field(description="the public definition that this follows")
    interpretation: str | None = None
    tags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Returns the shortest title."""
        return self.short_title or self.title

    @property
    def combines_over_time(self) -> OverTime:
        """Returns how native periods combine into longer ones."""
        if self.over_time is not None:
            return self.over_time
        return "last" if self.type in ("snapshot", "percentile", "index") else "sum"


class DefinitionFile(Strict):
    """One file of definitions."""

    models: tuple[Model, ...] = ()
    metrics: tuple[Metric, ...] = ()
