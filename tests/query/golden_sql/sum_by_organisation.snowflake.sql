-- Case: sum_by_organisation
-- Request: ae_attendances by organisation, 1 January 2026 to 31 March 2026
-- Dialect: Snowflake

SELECT
  f.period AS period,
  coalesce(i.current_code, f.org_code) AS organisation,
  sum(CAST(f.attendances + coalesce(f.attendances_booked, 0) AS DOUBLE)) AS ae_attendances__num
FROM fact_ae_month AS f
LEFT OUTER JOIN dim_organisation_identity AS i ON i.org_code = f.org_code
  AND i.valid_from <= DATE '2026-04-30'
  AND i.valid_to >= DATE '2026-04-30'
LEFT OUTER JOIN dim_organisation AS o ON o.org_code = coalesce(i.current_code, f.org_code)
WHERE f.period BETWEEN DATE '2026-01-01' AND DATE '2026-03-01'
  AND (coalesce(o.org_type, 'other') NOT IN ('england', 'region', 'icb'))
  AND NOT (coalesce(o.org_type, 'other') = 'england' AND f.period IN (DATE '2026-01-01'))
  AND NOT (coalesce(o.org_type, 'other') = 'region' AND f.period IN (DATE '2026-01-01'))
GROUP BY f.period, coalesce(i.current_code, f.org_code);
