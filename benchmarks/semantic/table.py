"""The appointments table: the same rows on every machine, made by DuckDB in seconds.

Three years of 40 services at 8 sites. A quarter of the days of a service have no rows: five services run every day,
the others mostly not at weekends, and one was closed for 28 days of 2025, so that one window of 28 days is empty.
Every draw is a digest of a name, not of the engine's own hash or generator, which may change between versions.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from metrics.warehouse.embedded import current_version
from metrics.warehouse.settings import embedded_url
from metrics.warehouse.writing import writing

ROWS = 10_000_000
FIRST, LAST = date(2023, 1, 1), date(2025, 12, 31)
YEAR = (date(2025, 1, 1), date(2025, 12, 31))
CELLS, MISSING_IN_YEAR = 32_857, 3_703
_DAYS = (LAST - FIRST).days + 1
_DAYS_OF_YEAR = (YEAR[1] - YEAR[0]).days + 1
SERVICES = 40
_CLOSED_BEFORE = SERVICES * (_DAYS - _DAYS_OF_YEAR) - (CELLS - (SERVICES * _DAYS_OF_YEAR - MISSING_IN_YEAR))

_CELLS = f"""
CREATE TEMPORARY TABLE cells AS
WITH days AS (
    SELECT CAST(d AS DATE) AS day, year(d) = {YEAR[0].year} AS asked, dayofweek(d) IN (0, 6) AS weekend
    FROM generate_series(DATE '{FIRST}', DATE '{LAST}', INTERVAL 1 DAY) AS days(d)
), candidates AS (
    SELECT day, asked, weekend, number, number % 8 = 3 AS daily,
        number = 17 AND day BETWEEN DATE '2025-08-04' AND DATE '2025-08-31' AS shut,
        number = 17 AND day IN (DATE '2025-08-03', DATE '2025-09-01') AS around,
        (md5_number_lower('open ' || day || ' ' || number) >> 11) / 9007199254740992.0 AS draw
    FROM days CROSS JOIN range({SERVICES}) AS services(number)
), ranked AS (
    SELECT *, row_number() OVER (
        PARTITION BY asked
        ORDER BY CASE WHEN shut THEN 0 WHEN daily OR around THEN 3 ELSE 2 - draw - if(weekend, 0.6, 0) END, day, number
    ) AS place
    FROM candidates
)
SELECT day, number, printf('Service %02d', number + 1) AS service,
    (45 + 3 * ((number * 23) % {SERVICES})) * if(weekend, 6, 10) AS weight,
    (512 + 55 * ((number * 7) % {SERVICES})) * (13 - abs(7 - month(day))) * if(weekend, 14, 10) // 100 AS missed
FROM ranked
WHERE place > if(asked, {MISSING_IN_YEAR}, {_CLOSED_BEFORE})
"""

_APPOINTMENTS = """
CREATE TABLE appointments AS
WITH shares AS (
    SELECT *, sum(weight) OVER (ORDER BY day, number ROWS UNBOUNDED PRECEDING) AS upto, sum(weight) OVER () AS whole,
        row_number() OVER (ORDER BY day, number) AS place
    FROM cells
), sized AS (
    -- One row for every cell, the others by weight, in whole numbers: floats add up differently elsewhere.
    SELECT *, CAST(place + ($rows - $cells) * upto // whole AS BIGINT) AS upper_edge FROM shares
), edges AS (
    SELECT *, coalesce(lag(upper_edge) OVER (ORDER BY place), 0) AS lower_edge FROM sized
), drawn AS (
    SELECT day, service, missed, md5_number_lower(CAST(id AS VARCHAR)) AS bits, id
    FROM (SELECT day, service, missed, unnest(range(lower_edge, upper_edge)) AS id FROM edges)
), people AS (
    SELECT *, (bits & 1023) AS of_site, ((bits >> 10) & 1023) AS of_age, ((bits >> 20) & 1023) AS of_group,
        ((bits >> 30) & 16383) AS one, ((bits >> 44) & 16383) AS two
    FROM drawn
)
SELECT id + 1 AS appointment_id, day AS appointment_date, service,
    'Site ' || CASE WHEN of_site < 200 THEN 'A' WHEN of_site < 370 THEN 'B' WHEN of_site < 520 THEN 'C'
        WHEN of_site < 650 THEN 'D' WHEN of_site < 770 THEN 'E' WHEN of_site < 870 THEN 'F'
        WHEN of_site < 955 THEN 'G' ELSE 'H' END AS site,
    CASE WHEN of_age < 180 THEN '0-17' WHEN of_age < 390 THEN '18-39' WHEN of_age < 630 THEN '40-64'
        WHEN of_age < 850 THEN '65-79' ELSE '80+' END AS age_band,
    CAST(if(of_group < 96, 2, 1) AS INTEGER) AS booked,
    CAST(if(of_group < 96, 2, 1) - if(one < missed, 1, 0) - if(of_group < 96 AND two < missed, 1, 0) AS INTEGER)
        AS attended
FROM people
ORDER BY day, bits
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the table holds, counted in it."""

    rows: int
    days: int
    services: int
    day_service_cells: int
    finest_cells: int
    missing_in_year: int
    rows_read_for_c: int
    empty_windows: int
    booked: int
    attended: int

    def facts(self) -> dict[str, int]:
        """Returns the counts by name."""
        return asdict(self)


def create(native: Any, rows: int) -> None:
    """Creates `appointments` on a DuckDB connection.

    Columns: `appointment_id` BIGINT, `appointment_date` DATE, `service`, `site`, `age_band` VARCHAR, `booked`,
    `attended` INTEGER; rows in order of the day, within it in no order.

    Raises:
        ValueError: fewer rows than days with rows.
    """
    if rows < CELLS:
        raise ValueError(f"The table has {CELLS:,} days of services with rows: ask for at least as many rows.")
    native.sql(_CELLS)
    native.sql(_APPOINTMENTS.replace("$rows", str(rows)).replace("$cells", str(CELLS)))
    native.sql("DROP TABLE cells")


def shape(native: Any) -> Shape:
    """Returns the counts of the table."""
    first, last = YEAR
    found = native.sql(f"""
        WITH daily AS (SELECT DISTINCT appointment_date AS day, service FROM appointments),
        wanted AS (
            SELECT CAST(d AS DATE) AS day, service
            FROM generate_series(DATE '{first}', DATE '{last}', INTERVAL 1 DAY) AS days(d)
            CROSS JOIN (SELECT DISTINCT service FROM daily)
        )
        SELECT (SELECT count(*) FROM appointments),
            (SELECT count(DISTINCT day) FROM daily),
            (SELECT count(DISTINCT service) FROM daily),
            (SELECT count(*) FROM daily),
            (SELECT count(*) FROM (SELECT DISTINCT appointment_date, service, site, age_band FROM appointments)),
            (SELECT count(*) FROM wanted ANTI JOIN daily USING (day, service)),
            (SELECT count(*) FROM appointments
                WHERE appointment_date BETWEEN DATE '{first}' - 27 AND DATE '{last}'),
            (SELECT count(*) FROM wanted w WHERE NOT EXISTS (
                FROM daily d WHERE d.service = w.service AND d.day BETWEEN w.day - 27 AND w.day)),
            (SELECT sum(booked) FROM appointments),
            (SELECT sum(attended) FROM appointments)
    """).fetchall()[0]
    return Shape(*(int(value) for value in found))


def warehouse(folder: Path, rows: int) -> str:
    """Returns the URL of an embedded warehouse that holds the table; makes it when it is not there."""
    recipe = hashlib.sha256((_CELLS + _APPOINTMENTS).encode()).hexdigest()[:8]
    place = folder / f"appointments-{rows}-{recipe}"
    url = embedded_url(place)
    if current_version(place) is None:
        with writing(url, fresh=True) as writer:
            native = writer.connection.connection.driver_connection
            create(native, rows)
            _lay_down(writer.connection)
            writer.changed = True
    return url


def _lay_down(connection: sa.Connection) -> None:
    connection.exec_driver_sql("CHECKPOINT")
