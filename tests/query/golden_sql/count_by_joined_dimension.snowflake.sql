-- Case: count_by_joined_dimension
-- Request: visits by site_kind each month, 1 January 2026 to 31 March 2026
-- Dialect: Snowflake

SELECT
  CAST(CONVERT_TIMEZONE('UTC', 'Europe/London', f.arrived_at) AS DATE) AS period,
  j1.kind AS site_kind,
  sum(CASE WHEN (f.attendance_id IS NOT NULL) THEN 1.0 END) AS visits__num
FROM ops.attendance AS f
LEFT OUTER JOIN ops.site AS j1 ON f.site_code = j1.code
LEFT OUTER JOIN dim_organisation_identity AS i ON i.org_code = f.org_code
  AND i.valid_from <= DATE '2026-04-30'
  AND i.valid_to >= DATE '2026-04-30'
LEFT OUTER JOIN dim_organisation AS o ON o.org_code = coalesce(i.current_code, f.org_code)
WHERE f.arrived_at >= CAST('2026-01-01 00:00:00' AS TIMESTAMP_NTZ)
  AND f.arrived_at < CAST('2026-03-31 23:00:00' AS TIMESTAMP_NTZ)
  AND NOT (coalesce(o.org_type, 'other') = 'england' AND CAST(CONVERT_TIMEZONE('UTC', 'Europe/London', f.arrived_at) AS DATE) IN (DATE '2026-01-01'))
  AND NOT (coalesce(o.org_type, 'other') = 'region' AND CAST(CONVERT_TIMEZONE('UTC', 'Europe/London', f.arrived_at) AS DATE) IN (DATE '2026-01-01'))
GROUP BY CAST(CONVERT_TIMEZONE('UTC', 'Europe/London', f.arrived_at) AS DATE), j1.kind;
