-- Case: derived_from_inputs
-- Request: emergency_admissions by region, 1 January 2026 to 31 March 2026
-- Dialect: DuckDB

SELECT
  f.period AS period,
  o.region_code AS region,
  sum(CAST(f.emergency_admissions_not_via_ae AS DOUBLE PRECISION)) AS emergency_admissions_direct__num
FROM fact_ae_month AS f
LEFT OUTER JOIN dim_organisation_identity AS i ON i.org_code = f.org_code
  AND i.valid_from <= DATE '2026-04-30'
  AND i.valid_to >= DATE '2026-04-30'
LEFT OUTER JOIN dim_organisation AS o ON o.org_code = coalesce(i.current_code, f.org_code)
WHERE f.period BETWEEN DATE '2026-01-01' AND DATE '2026-03-01'
  AND f.department = 'type1'
  AND coalesce(o.org_type, 'other') != 'england'
  AND NOT (coalesce(o.org_type, 'other') = 'england' AND f.period IN (DATE '2026-01-01'))
  AND NOT (coalesce(o.org_type, 'other') = 'region' AND f.period IN (DATE '2026-01-01'))
GROUP BY f.period, o.region_code;

SELECT
  f.period AS period,
  o.region_code AS region,
  sum(CAST(f.emergency_admissions AS DOUBLE PRECISION)) AS emergency_admissions_via_ae__num
FROM fact_ae_month AS f
LEFT OUTER JOIN dim_organisation_identity AS i ON i.org_code = f.org_code
  AND i.valid_from <= DATE '2026-04-30'
  AND i.valid_to >= DATE '2026-04-30'
LEFT OUTER JOIN dim_organisation AS o ON o.org_code = coalesce(i.current_code, f.org_code)
WHERE f.period BETWEEN DATE '2026-01-01' AND DATE '2026-03-01'
  AND coalesce(o.org_type, 'other') != 'england'
  AND NOT (coalesce(o.org_type, 'other') = 'england' AND f.period IN (DATE '2026-01-01'))
  AND NOT (coalesce(o.org_type, 'other') = 'region' AND f.period IN (DATE '2026-01-01'))
GROUP BY f.period, o.region_code;
