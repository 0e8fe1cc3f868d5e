-- Case: two_metrics_in_one_scan
-- Request: ae_attendances, ae_attendances_type1 by icb, 1 January 2026 to 31 March 2026
-- Dialect: Snowflake

SELECT
  f.period AS period,
  o.icb_code AS icb,
  sum(CAST(f.attendances + coalesce(f.attendances_booked, 0) AS DOUBLE)) AS ae_attendances__num,
  CASE WHEN (sum(CASE WHEN (f.department = 'type1') THEN 1 ELSE 0 END) = 0) THEN 0.0 ELSE sum(CASE WHEN (f.department = 'type1') THEN CAST(f.attendances + coalesce(f.attendances_booked, 0) AS DOUBLE) END) END AS ae_attendances_type1__num
FROM fact_ae_month AS f
LEFT OUTER JOIN dim_organisation_identity AS i ON i.org_code = f.org_code
  AND i.valid_from <= DATE '2026-04-30'
  AND i.valid_to >= DATE '2026-04-30'
LEFT OUTER JOIN dim_organisation AS o ON o.org_code = coalesce(i.current_code, f.org_code)
WHERE f.period BETWEEN DATE '2026-01-01' AND DATE '2026-03-01'
  AND coalesce(o.org_type, 'other') != 'england'
  AND NOT (coalesce(o.org_type, 'other') = 'england' AND f.period IN (DATE '2026-01-01'))
  AND NOT (coalesce(o.org_type, 'other') = 'region' AND f.period IN (DATE '2026-01-01'))
GROUP BY f.period, o.icb_code;
