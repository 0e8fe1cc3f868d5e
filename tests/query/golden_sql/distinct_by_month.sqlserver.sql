-- Case: distinct_by_month
-- Request: patients by region each month, 1 January 2026 to 31 March 2026
-- Dialect: SQL Server

SELECT
  s.period,
  o.region_code AS region,
  CAST(count(DISTINCT CASE WHEN f.is_admitted = 1 THEN f.patient_id END) AS DOUBLE PRECISION) AS patients__num
FROM ops.attendance AS f
LEFT OUTER JOIN dim_organisation_identity AS i ON i.org_code = f.org_code
  AND i.valid_from <= CAST('2026-04-30' AS DATE)
  AND i.valid_to >= CAST('2026-04-30' AS DATE)
LEFT OUTER JOIN dim_organisation AS o ON o.org_code = coalesce(i.current_code, f.org_code)
JOIN (
  SELECT
    CAST('2026-01-01' AS DATE) AS period,
    CAST('2026-01-01' AS DATE) AS first_period,
    CAST('2026-01-31' AS DATE) AS last_period
  UNION ALL
  SELECT
    CAST('2026-02-01' AS DATE) AS period,
    CAST('2026-02-01' AS DATE) AS first_period,
    CAST('2026-02-28' AS DATE) AS last_period
  UNION ALL
  SELECT
    CAST('2026-03-01' AS DATE) AS period,
    CAST('2026-03-01' AS DATE) AS first_period,
    CAST('2026-03-31' AS DATE) AS last_period
) AS s ON CAST(f.arrived_at AT TIME ZONE 'UTC' AT TIME ZONE 'GMT Standard Time' AS DATE) BETWEEN s.first_period AND s.last_period
WHERE f.arrived_at >= CAST('2026-01-01T00:00:00' AS DATETIME2)
  AND f.arrived_at < CAST('2026-03-31T23:00:00' AS DATETIME2)
  AND coalesce(o.org_type, 'other') != 'england'
  AND NOT (coalesce(o.org_type, 'other') = 'england' AND CAST(f.arrived_at AT TIME ZONE 'UTC' AT TIME ZONE 'GMT Standard Time' AS DATE) IN (CAST('2026-01-01' AS DATE)))
  AND NOT (coalesce(o.org_type, 'other') = 'region' AND CAST(f.arrived_at AT TIME ZONE 'UTC' AT TIME ZONE 'GMT Standard Time' AS DATE) IN (CAST('2026-01-01' AS DATE)))
GROUP BY s.period, o.region_code;
