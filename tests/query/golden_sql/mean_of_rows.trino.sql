-- Case: mean_of_rows
-- Request: mean_hours, 1 January 2026 to 31 March 2026
-- Dialect: Trino

SELECT
  CAST(with_timezone(f.arrived_at, 'UTC') AT TIME ZONE 'Europe/London' AS DATE) AS period,
  CASE WHEN (sum(CASE WHEN (f.minutes >= 0) THEN 1 ELSE 0 END) = 0) THEN 0.0 ELSE sum(CASE WHEN (f.minutes >= 0) THEN CAST(CAST(abs(f.minutes) AS DOUBLE) / CAST(nullif(CAST(60 AS DOUBLE), 0.0) AS DOUBLE) AS DOUBLE) END) END AS mean_hours__num,
  CASE WHEN (sum(CASE WHEN (f.minutes >= 0) THEN 1 ELSE 0 END) = 0) THEN 0.0 ELSE sum(CASE WHEN (f.minutes >= 0 AND CAST(abs(f.minutes) AS DOUBLE) / CAST(nullif(CAST(60 AS DOUBLE), 0.0) AS DOUBLE) IS NOT NULL) THEN 1.0 END) END AS mean_hours__den
FROM ops.attendance AS f
LEFT OUTER JOIN dim_organisation_identity AS i ON i.org_code = f.org_code
  AND i.valid_from <= DATE '2026-04-30'
  AND i.valid_to >= DATE '2026-04-30'
LEFT OUTER JOIN dim_organisation AS o ON o.org_code = coalesce(i.current_code, f.org_code)
WHERE f.arrived_at >= TIMESTAMP '2026-01-01 00:00:00'
  AND f.arrived_at < TIMESTAMP '2026-03-31 23:00:00'
  AND NOT (coalesce(o.org_type, 'other') = 'england' AND CAST(with_timezone(f.arrived_at, 'UTC') AT TIME ZONE 'Europe/London' AS DATE) IN (DATE '2026-01-01'))
  AND NOT (coalesce(o.org_type, 'other') = 'region' AND CAST(with_timezone(f.arrived_at, 'UTC') AT TIME ZONE 'Europe/London' AS DATE) IN (DATE '2026-01-01'))
GROUP BY CAST(with_timezone(f.arrived_at, 'UTC') AT TIME ZONE 'Europe/London' AS DATE);
