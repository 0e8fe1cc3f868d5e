-- Case: percentile_from_rows
-- Request: p90_minutes, 1 January 2026 to 31 March 2026
-- Dialect: SQL Server

SELECT
  CAST(f.arrived_at AT TIME ZONE 'UTC' AT TIME ZONE 'GMT Standard Time' AS DATE) AS period,
  CASE WHEN (CAST(f.minutes AS DOUBLE PRECISION) < 0) THEN -floor(0.5 - CAST(f.minutes AS DOUBLE PRECISION)) ELSE floor(CAST(f.minutes AS DOUBLE PRECISION) + 0.5) END AS bin_from,
  CASE WHEN (CAST(f.minutes AS DOUBLE PRECISION) < 0) THEN -floor(0.5 - CAST(f.minutes AS DOUBLE PRECISION)) ELSE floor(CAST(f.minutes AS DOUBLE PRECISION) + 0.5) END AS bin_to,
  CAST(count(*) AS DOUBLE PRECISION) AS p90_minutes__num
FROM ops.attendance AS f
LEFT OUTER JOIN dim_organisation_identity AS i ON i.org_code = f.org_code
  AND i.valid_from <= CAST('2026-04-30' AS DATE)
  AND i.valid_to >= CAST('2026-04-30' AS DATE)
LEFT OUTER JOIN dim_organisation AS o ON o.org_code = coalesce(i.current_code, f.org_code)
WHERE f.arrived_at >= CAST('2026-01-01T00:00:00' AS DATETIME2)
  AND f.arrived_at < CAST('2026-03-31T23:00:00' AS DATETIME2)
  AND CASE WHEN (CAST(f.minutes AS DOUBLE PRECISION) < 0) THEN -floor(0.5 - CAST(f.minutes AS DOUBLE PRECISION)) ELSE floor(CAST(f.minutes AS DOUBLE PRECISION) + 0.5) END IS NOT NULL
  AND f.minutes >= 0
  AND NOT (coalesce(o.org_type, 'other') = 'england' AND CAST(f.arrived_at AT TIME ZONE 'UTC' AT TIME ZONE 'GMT Standard Time' AS DATE) IN (CAST('2026-01-01' AS DATE)))
  AND NOT (coalesce(o.org_type, 'other') = 'region' AND CAST(f.arrived_at AT TIME ZONE 'UTC' AT TIME ZONE 'GMT Standard Time' AS DATE) IN (CAST('2026-01-01' AS DATE)))
GROUP BY CAST(f.arrived_at AT TIME ZONE 'UTC' AT TIME ZONE 'GMT Standard Time' AS DATE), CASE WHEN (CAST(f.minutes AS DOUBLE PRECISION) < 0) THEN -floor(0.5 - CAST(f.minutes AS DOUBLE PRECISION)) ELSE floor(CAST(f.minutes AS DOUBLE PRECISION) + 0.5) END, CASE WHEN (CAST(f.minutes AS DOUBLE PRECISION) < 0) THEN -floor(0.5 - CAST(f.minutes AS DOUBLE PRECISION)) ELSE floor(CAST(f.minutes AS DOUBLE PRECISION) + 0.5) END;
