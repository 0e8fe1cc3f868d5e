-- Case: distinct_by_month
-- Request: patients by region each month, 1 January 2026 to 31 March 2026
-- Dialect: PostgreSQL

SELECT
  s.period,
  o.region_code AS region,
  CAST(count(DISTINCT CASE WHEN f.is_admitted THEN f.patient_id END) AS DOUBLE PRECISION) AS patients__num
FROM ops.attendance AS f
LEFT OUTER JOIN dim_organisation_identity AS i ON i.org_code = f.org_code
  AND i.valid_from <= DATE '2026-04-30'
  AND i.valid_to >= DATE '2026-04-30'
LEFT OUTER JOIN dim_organisation AS o ON o.org_code = coalesce(i.current_code, f.org_code)
JOIN (
  SELECT
    DATE '2026-01-01' AS period,
    DATE '2026-01-01' AS first_period,
    DATE '2026-01-31' AS last_period
  UNION ALL
  SELECT
    DATE '2026-02-01' AS period,
    DATE '2026-02-01' AS first_period,
    DATE '2026-02-28' AS last_period
  UNION ALL
  SELECT
    DATE '2026-03-01' AS period,
    DATE '2026-03-01' AS first_period,
    DATE '2026-03-31' AS last_period
) AS s ON CAST(timezone('Europe/London', timezone('UTC', f.arrived_at)) AS DATE) BETWEEN s.first_period AND s.last_period
WHERE f.arrived_at >= TIMESTAMP '2026-01-01 00:00:00'
  AND f.arrived_at < TIMESTAMP '2026-03-31 23:00:00'
  AND coalesce(o.org_type, 'other') != 'england'
  AND NOT (coalesce(o.org_type, 'other') = 'england' AND CAST(timezone('Europe/London', timezone('UTC', f.arrived_at)) AS DATE) IN (DATE '2026-01-01'))
  AND NOT (coalesce(o.org_type, 'other') = 'region' AND CAST(timezone('Europe/London', timezone('UTC', f.arrived_at)) AS DATE) IN (DATE '2026-01-01'))
GROUP BY s.period, o.region_code;
