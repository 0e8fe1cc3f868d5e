"""What a definition may say: models that bind tables, and metrics that are asked of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from metrics.catalogue.charting import ChartSettings, Phase
from metrics.catalogue.strict import Strict
from metrics.catalogue.value_range import possible_range
from metrics.catalogue.window import Window, parse_window

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
NativeGrain = Literal["hour", "day", "week", "month", "quarter", "financial_year"]
Aggregate = Literal["sum", "count", "min", "max", "mean", "count_distinct"]
ColumnType = Literal["text", "integer", "number", "date", "timestamp", "boolean"]
TableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$", max_length=120)]
ColumnName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=60)]
Lookup = Literal[
    "dim_service", "dim_staff_group", "dim_site", "dim_ward", "dim_system", "dim_interface", "dim_initiative",
]  # fmt: skip
OverTime = Literal["sum", "last", "first", "mean"]


def _length_of_time(text: str) -> str:
    return str(parse_window(text))


LengthOfTime = Annotated[str, AfterValidator(_length_of_time)]


class Table(Strict):
    """A table or view of the warehouse that Bellwether reads and never makes."""

    name: TableName = Field(description="as the warehouse knows it; may be schema.table")
    title: str = Field(description="what its rows are, in plain words")
    columns: dict[ColumnName, ColumnType] = Field(min_length=1, description="the columns that definitions may use")
    primary_key: tuple[ColumnName, ...] = Field(default=(), description="columns that no two rows share")


class Time(Strict):
    """The column that says when a row counts."""

    column: ColumnName = Field(description="the column of dates, or of UTC timestamps")
    zone: Literal["Europe/London"] = Field(
        default="Europe/London", description="of timestamps, which are held in UTC: where its days begin"
    )


class Join(Strict):
    """A table that says more about each row: many rows of the model to one of its own."""

    to: TableName = Field(description="the table that is joined: one of the warehouse's, or a declared one")
    keys: dict[ColumnName, ColumnName] = Field(min_length=1, description="the model's column to the joined table's")
    type: Literal["many_to_one"] = Field(
        default="many_to_one", description="the only kind: each row meets at most one of the joined table"
    )


class Dimension(Strict):
    """A column by which a model's metrics can be split and filtered."""

    name: Identifier = Field(description="how it is asked for")
    column: ColumnName = Field(description="the column that holds its values")
    title: str = Field(description="as shown: Treatment function")
    join: TableName | None = Field(default=None, description="the joined table that holds the column")
    labels: dict[str, str] = Field(default_factory=dict, description="code to the words shown for it")
    lookup: Lookup | None = Field(default=None, description="the dimension table that names the codes")


class Coverage(Strict):
    """Which organisations are expected to report, and how many may be absent."""

    within: int = Field(default=3, ge=1, description="expected when reporting in this many native periods before")
    threshold: float = Field(default=0.95, ge=0, le=1, description="share below which a period is missing")
    from_first_day: bool = Field(
        default=False,
        description="of own records: those before their first day are only what was still open then, and count as none",
    )


class Bins(Strict):
    """A histogram's edges: two columns, or one and how wide every bin is. A bin without an upper edge is open."""

    lower: Identifier = Field(description="the column of the lower edge, which belongs to the bin")
    upper: Identifier | None = Field(
        default=None, description="the column of the upper edge, which does not; null in it is an open bin"
    )
    width: float | None = Field(
        default=None, gt=0, description="how wide every bin is, where no column holds its upper edge"
    )
    open_from: float | None = Field(default=None, description="with 'width': the lower edge from which bins are open")
    unit: Unit = Field(default="weeks", description="what the edges are measured in")

    @property
    def columns(self) -> dict[str, str]:
        """Returns the columns of the edges, by the field that names them."""
        return {"lower": self.lower} | ({} if self.upper is None else {"upper": self.upper})


class CubeSettings(Strict):
    """How a model's aggregates are kept in memory, so that pages need not read its rows."""

    kept: bool = Field(default=True, description="false: every request reads the warehouse")
    dimensions: tuple[Identifier, ...] | None = Field(
        default=None, description="the dimensions that cells are kept apart by; null is all of the model's"
    )
    most_cells: int = Field(default=5_000_000, ge=1, description="a cube of more cells is not kept, and says so")
    late_days: int = Field(
        default=0, ge=0, description="days before the newest that are read again whenever anything changed"
    )


class ScopeChange(Strict):
    """A day from which a publication covers more, or less, than before: totals on either side do not compare."""

    from_day: date = Field(description="the first day of the new scope")
    words: str = Field(description="what is covered from then on and what was before, in a sentence")
    source: str = Field(description="where it is written")
    levels: tuple[Level, ...] = Field(
        default=("england", "region", "icb"), description="levels whose totals are not the same any more"
    )


class Model(Strict):
    """Binds a table: its native grain, its organisations, its dimensions and where it comes from."""

    name: Identifier = Field(description="how metrics refer to it")
    title: str = Field(description="what its rows are, in plain words")
    table: TableName = Field(description="the table or view that it binds")
    publication: Identifier | None = Field(default=None, description="the publication that fills the table")
    also_from: tuple[Identifier, ...] = Field(default=(), description="other publications that fill the same rows")
    provenance: Literal["published", "operational", "simulated"] = Field(
        description="shown on every page: published by others, taken from own systems, or simulated"
    )
    grain: NativeGrain = Field(description="the period that one row is about")
    time: Time = Field(default=Time(column="period"), description="when a row counts")
    organisation: ColumnName | None = Field(
        default="org_code", description="the column of the organisation's code; null when rows are nobody's"
    )
    primary_key: tuple[ColumnName, ...] = Field(default=(), description="columns that no two rows of the model share")
    changed_at: ColumnName | None = Field(default=None, description="the UTC timestamp of a row's last change")
    absent_rows: Literal["zero", "not_reported"] | None = Field(
        default=None,
        description="what a period without rows means; null is not_reported for published data, else zero",
    )
    levels: tuple[Level, ...] = Field(
        default=("region", "icb", "organisation"), description="levels that the rows can be grouped by"
    )
    joins: tuple[Join, ...] = Field(default=(), description="tables that say more about each row")
    filter: str | None = Field(default=None, description="rows of the table that belong to the model")
    dimensions: tuple[Dimension, ...] = Field(
        default=(), description="columns by which its metrics can be split and filtered"
    )
    bins: Bins | None = Field(default=None, description="the edges, when rows are bins of a histogram")
    coverage: Coverage = Field(default=Coverage(), description="who is expected to report, and how many may be absent")
    maturity_days: int = Field(default=0, ge=0, description="days after a period's end until it is final")
    stale_after_days: int = Field(default=75, ge=1, description="age of the newest period that is called stale")
    disclosure: Literal["none", "patient", "staff"] = Field(
        default="none", description="whom the rows are about, whose small numbers are protected"
    )
    notes: tuple[str, ...] = Field(default=(), description="what a reader of every number of the model must know")
    scope_change: ScopeChange | None = Field(
        default=None, description="the day from which its publication covers more, or less, than before"
    )
    cube: CubeSettings | None = Field(
        default=None, description="how its aggregates are kept in memory; null: kept unless the data are published"
    )

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def absence_is_zero(self) -> bool:
        """Returns whether nothing happened where there are no rows; else nothing was reported."""
        if self.absent_rows is not None:
            return self.absent_rows == "zero"
        return self.provenance != "published"

    @property
    def keeps_cube(self) -> bool:
        """Returns whether its aggregates are kept in memory."""
        return self.provenance != "published" if self.cube is None else self.cube.kept


class Part(Strict):
    """A number that is added up: an aggregate of an expression over the rows that pass the filter."""

    words: str = Field(description="what is counted, in plain words")
    expr: str = Field(description="an SQL expression over the columns of the table: attended + did_not_attend")
    agg: Aggregate = Field(default="sum", description="how the values of the rows become one")
    filter: str | None = Field(default=None, description="a condition for the rows that count: status = 'dna'")


class Alternate(Strict):
    """Another model that answers the same metric for dimensions that the main model lacks."""

    model: Identifier = Field(description="the model that answers instead")
    measure: Part | None = Field(default=None, description="as of the metric, over this model's table")
    numerator: Part | None = Field(default=None, description="as of the metric, over this model's table")
    denominator: Part | None = Field(default=None, description="as of the metric, over this model's table")
    note: str = Field(description="how its scope differs, shown beside the numbers")


class Target(Strict):
    """A value to reach, from a day on, and who says so."""

    value: float = Field(description="in the metric's unit; of a share between 0 and 1")
    kind: Literal["national_standard", "plan", "ambition", "benchmark"] = Field(
        description="who set it, and how binding it is"
    )
    valid_from: date = Field(description="the first day on which it holds")
    valid_to: date | None = Field(default=None, description="the last day on which it holds; null is open")
    organisation: str | None = Field(default=None, description="an organisation code; null is everyone")
    service: str | None = Field(default=None, description="a code of the dimension 'service'; null is all together")
    source: str = Field(description="where it is written")

    @property
    def whose(self) -> str:
        """Returns the codes that it is for, to follow its value: ' for R1H, service 110'; empty for everyone."""
        codes = [self.organisation, self.service and f"service {self.service}"]
        said = ", ".join(code for code in codes if code)
        return f" for {said}" if said else ""


class Benchmark(Strict):
    """A comparator that is no target."""

    value: float = Field(description="in the metric's unit; of a share between 0 and 1")
    words: str = Field(description="what it is: the national average")
    source: str = Field(description="where it is written")


class Input(Strict):
    """A metric within a formula, under a name of its own, at the same time or at an earlier one."""

    metric: Identifier = Field(description="the metric that the name stands for")
    offset_window: LengthOfTime | None = Field(default=None, description="so long before: 1 year")


class GoldenTest(Strict):
    """A number that is known from elsewhere, and what to ask to get it."""

    period: date = Field(description="a day of the period asked for")
    grain: NativeGrain | None = Field(default=None, description="null is the metric's own")
    where: dict[Identifier, str | tuple[str, ...]] = Field(
        default_factory=dict, description="dimension to the code, or codes, to keep"
    )
    as_at: date | None = Field(default=None, description="the day whose organisations count; null is today")
    expect: float | None = Field(description="the value, in the metric's unit; null: there is none")
    tolerance: float = Field(default=0, ge=0, description="how far off it may be")
    source: str = Field(description="where the expected value comes from")


class Metric(Strict):
    """What a number means."""

    id: Identifier = Field(description="how it is asked for; never changed once people use it")
    title: str = Field(description="as shown in full")
    short_title: str | None = Field(default=None, max_length=32, description="for tiles and narrow screens")
    type: Literal[
        "simple", "ratio", "snapshot", "percentile", "index", "derived", "cumulative", "conversion",
    ] = Field(description="how its value is made")  # fmt: skip
    description: str = Field(description="what it says, in a sentence or two")
    capability: Capability = Field(description="the capability that it belongs to, and so its page")
    wgll: Wgll | None = Field(default=None, description="the success measure of What Good Looks Like")
    model: Identifier | None = Field(default=None, description="the model whose rows are counted")
    measure: Part | None = Field(default=None, description="what is counted, of a metric that is no ratio")
    numerator: Part | None = Field(default=None, description="of a ratio: what is counted above the line")
    denominator: Part | None = Field(default=None, description="of a ratio: what is counted below the line")
    percentile: float | None = Field(default=None, gt=0, lt=1, description="of a percentile: 0.92 for the 92nd")
    formula: str | None = Field(
        default=None, description="arithmetic over metric ids and names of inputs, for derived metrics"
    )
    inputs: dict[Identifier, Input] = Field(
        default_factory=dict, description="names within the formula that stand for a metric, perhaps at an earlier time"
    )
    metric: Identifier | None = Field(default=None, description="of a cumulative metric: what is accumulated")
    window: LengthOfTime | None = Field(
        default=None,
        description="of a cumulative metric: how far back it reaches; of a conversion: how long it may take",
    )
    grain_to_date: Literal["week", "month", "quarter", "financial_year"] | None = Field(
        default=None, description="of a cumulative metric: from the start of the week, month, quarter or year"
    )
    base_metric: Identifier | None = Field(
        default=None, description="of a conversion: a count whose rows start the clock, and make the cohort"
    )
    conversion_metric: Identifier | None = Field(
        default=None, description="of a conversion: a count whose rows are the outcome"
    )
    entity: ColumnName | None = Field(
        default=None, description="of a conversion: the column that both share: who or what converts"
    )
    per: tuple[ColumnName, ...] = Field(
        default=(),
        description="of a snapshot: what each has a level of its own (a ward, a list), taken before they are summed",
    )
    paired: bool = Field(
        default=False, description="of a formula a / b over two models: only organisations that have both count"
    )
    minimum_denominator: float | None = Field(
        default=None, gt=0, description="of a paired metric: organisations with less are left out of both parts"
    )
    over_time: OverTime | None = Field(
        default=None, description="how native periods combine into longer ones; null is the type's default"
    )
    alternates: tuple[Alternate, ...] = Field(
        default=(), description="other models that answer for dimensions or periods that the main one lacks"
    )
    unit: Unit = Field(description="what the value is measured in; a percent is a share, 0 to 1")
    noun: str | None = Field(default=None, description="what is counted, as shown after a number: patients")
    decimals: int = Field(default=0, ge=0, le=4, description="decimals shown, of a percentage for shares")
    direction: Literal["increase", "decrease", "neutral"] = Field(description="which way is better")
    targets: tuple[Target, ...] = Field(default=(), description="values to reach, each from a day on")
    benchmark: Benchmark | None = Field(default=None, description="a comparator that is no target")
    chart: ChartSettings = Field(default=ChartSettings(), description="how its control chart is drawn")
    phases: tuple[Phase, ...] = Field(
        default=(), description="days from which its mean and limits are set anew, in order"
    )
    twin: Identifier | None = Field(
        default=None, description="of own records: the published metric that measures the same, its benchmark"
    )
    shown_with: tuple[Identifier, ...] = Field(default=(), description="metrics to read beside this one")
    headline: bool = Field(default=True, description="false keeps it off the scorecard")
    owner: str = Field(description="who answers for the number")
    source: str = Field(description="the public definition that this follows")
    interpretation: str | None = Field(default=None, description="how to read it, and what to beware of")
    tags: tuple[str, ...] = Field(default=(), description="words to find it by")
    tests: tuple[GoldenTest, ...] = Field(
        default=(), description="known numbers, checked by `bellwether check --tests`"
    )

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def name(self) -> str:
        """Returns the shortest title."""
        return self.short_title or self.title

    @property
    def length(self) -> Window | None:
        """Returns the window."""
        return None if self.window is None else parse_window(self.window)

    @property
    def combines_over_time(self) -> OverTime:
        """Returns how native periods combine into longer ones."""
        if self.over_time is not None:
            return self.over_time
        return "last" if self.type in ("snapshot", "percentile", "index") else "sum"

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """Returns what values are never below and never above, None where nothing forbids it: (0, 1) of a share."""
        written = (self.chart.lower_bound, self.chart.upper_bound)
        if self.chart.unbounded:
            return written
        text = self.formula or (self.measure.expr if self.measure else None)
        text = self.numerator.expr if self.numerator else text
        worked_out = possible_range(self.type, self.unit, text)
        return (
            worked_out[0] if written[0] is None else written[0],
            worked_out[1] if written[1] is None else written[1],
        )


class DefinitionFile(Strict):
    """One file of definitions."""

    tables: tuple[Table, ...] = Field(default=(), description="tables of your own that definitions use")
    models: tuple[Model, ...] = Field(default=(), description="tables bound to time, organisations and dimensions")
    metrics: tuple[Metric, ...] = Field(default=(), description="what each number means")
