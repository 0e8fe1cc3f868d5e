-- Case: mean_of_rows
-- Request: mean_hours, 1 January 2026 to 31 March 2026
-- Dialect: SQL Server

SELECT
  CAST(f.arrived_at AT TIME ZONE 'UTC' AT TIME ZONE 'GMT Standard Time' AS DATE) AS period,
  CASE WHEN (sum(CASE WHEN (f.minutes >= 0) THEN 1 ELSE 0 END) = 0) THEN 0.0 ELSE sum(CASE WHEN (f.minutes >= 0) THEN CAST(CAST(abs(f.minutes) AS DOUBLE PRECISION) / (nullif(CAST(60 AS DOUBLE PRECISION), 0.0) + 0.0) AS DOUBLE PRECISION) END) END AS mean_hours__num,
  CASE WHEN (sum(CASE WHEN (f.minutes >= 0) THEN 1 ELSE 0 END) = 0) THEN 0.0 ELSE sum(CASE WHEN (f.minutes >= 0 AND CAST(abs(f.minutes) AS DOUBLE PRECISION) / (nullif(CAST(60 AS DOUBLE PRECISION), 0.0) + 0.0) IS NOT NULL) THEN 1.0 END) END AS mean_hours__den
FROM ops.attendance AS f
LEFT OUTER JOIN dim_organisation_identity AS i ON i.org_code = f.org_code
  AND i.valid_from <= CAST('2026-04-30' AS DATE)
  AND i.valid_to >= CAST('2026-04-30' AS DATE)
LEFT OUTER JOIN dim_organisation AS o ON o.org_code = coalesce(i.current_code, f.org_code)
WHERE f.arrived_at >= CAST('2026-01-01T00:00:00' AS DATETIME2)
  AND f.arrived_at < CAST('2026-03-31T23:00:00' AS DATETIME2)
  AND NOT (coalesce(o.org_type, 'other') = 'england' AND CAST(f.arrived_at AT TIME ZONE 'UTC' AT TIME ZONE 'GMT Standard Time' AS DATE) IN (CAST('2026-01-01' AS DATE)))
  AND NOT (coalesce(o.org_type, 'other') = 'region' AND CAST(f.arrived_at AT TIME ZONE 'UTC' AT TIME ZONE 'GMT Standard Time' AS DATE) IN (CAST('2026-01-01' AS DATE)))
GROUP BY CAST(f.arrived_at AT TIME ZONE 'UTC' AT TIME ZONE 'GMT Standard Time' AS DATE);
