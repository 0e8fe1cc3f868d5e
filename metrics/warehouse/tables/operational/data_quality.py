"""The data themselves: how good, how fresh, keyed how often, and how well they foretell."""

from __future__ import annotations

from metrics.warehouse.tables.operational.base import (
    amount,
    code,
    count,
    day,
    fact,
    flag,
    instant,
    key_code,
    key_small,
    period,
)

fact_dq_month = fact(
    "fact_dq_month",
    period("first day of the month"),
    key_code("dataset", 20, "admitted | outpatient | emergency"),
    key_code("data_item", 40, "as the Data Quality Maturity Index names it"),
    count("records_n"),
    count("valid_complete_n", "of them with a valid value"),
    count("default_n", "of them with a default value"),
    amount("default_threshold", "share of defaults that is expected"),
    count("excess_default_n", "defaults beyond the share expected"),
    count("periods_expected", "submissions of the dataset expected in the month"),
    count("periods_submitted", "of them made"),
    comment="One data item of one dataset in one month.",
)

fact_data_load = fact(
    "fact_data_load",
    period("the local day that the data are of"),
    key_code("dataset", 40, "table of the data warehouse"),
    code("system_code", 12, "dim_system; where the data come from"),
    instant("expected_at", "UTC; by when they are to be loaded", nullable=False),
    instant("loaded_at", "UTC; null: not loaded yet"),
    count("minutes_late", "0: on time; null: not loaded yet", nullable=True),
    flag("on_time", "null: not loaded yet, and not due", nullable=True),
    comment="One day's load of one table into the trust's data warehouse.",
)

fact_admin_task_sample = fact(
    "fact_admin_task_sample",
    period("first day of the quarter in which the sample was taken"),
    key_code("task", 40, "book | reschedule | type_letter | code_referral | outcome_form"),
    key_code("service_code", 10, "treatment function code, dim_service"),
    day("sampled_on", "last day of the sample", nullable=False),
    count("items", "observed"),
    count("rekeyed_items", "of them typed again from another system or from paper"),
    amount("minutes", "worked on the items observed"),
    amount("current_minutes", "an item, of this sample"),
    amount("baseline_minutes", "an item, before the programme"),
    count("volume", "items of the task done in the quarter"),
    comment="Time and motion: a quarter's sample of one administrative task in one service.",
)

fact_forecast = fact(
    "fact_forecast",
    key_code("series", 20, "ed_arrivals | beds_occupied"),
    period("the day foretold"),
    key_small("horizon_days", "from the day on which it was made"),
    day("made_on", nullable=False),
    amount("p10"),
    amount("p50"),
    amount("p90"),
    amount("naive", "seasonal naive forecast: the newest known day of the same weekday"),
    amount("actual", "null: not over yet", nullable=True),
    flag("within", "actual from p10 to p90; null: not over yet", nullable=True),
    comment="A forecast of one day, made so many days before, and what came.",
)
