-- Case: index_by_organisation
-- Request: shmi by organisation, 1 January 2026 to 31 March 2026
-- Dialect: PostgreSQL

SELECT
  f.period AS period,
  coalesce(i.current_code, f.org_code) AS organisation,
  sum(CAST(f.value AS DOUBLE PRECISION)) AS shmi__num,
  sum(CASE WHEN (f.value IS NOT NULL) THEN 1.0 END) AS shmi__den
FROM fact_published_indicator AS f
LEFT OUTER JOIN dim_organisation_identity AS i ON i.org_code = f.org_code
  AND i.valid_from <= DATE '2026-04-30'
  AND i.valid_to >= DATE '2026-04-30'
LEFT OUTER JOIN dim_organisation AS o ON o.org_code = coalesce(i.current_code, f.org_code)
WHERE f.period BETWEEN DATE '2025-04-01' AND DATE '2025-04-01'
  AND f.indicator = 'shmi'
  AND (coalesce(o.org_type, 'other') NOT IN ('england', 'region', 'icb'))
GROUP BY f.period, coalesce(i.current_code, f.org_code);
