-- Case: index_by_organisation
-- Request: shmi by organisation, 1 January 2026 to 31 March 2026
-- Dialect: SQL Server

SELECT
  f.period AS period,
  coalesce(i.current_code, f.org_code) AS organisation,
  sum(CAST(f.value AS DOUBLE PRECISION)) AS shmi__num,
  sum(CASE WHEN (f.value IS NOT NULL) THEN 1.0 END) AS shmi__den
FROM fact_published_indicator AS f
LEFT OUTER JOIN dim_organisation_identity AS i ON i.org_code = f.org_code
  AND i.valid_from <= CAST('2026-04-30' AS DATE)
  AND i.valid_to >= CAST('2026-04-30' AS DATE)
LEFT OUTER JOIN dim_organisation AS o ON o.org_code = coalesce(i.current_code, f.org_code)
WHERE f.period BETWEEN CAST('2025-04-01' AS DATE) AND CAST('2025-04-01' AS DATE)
  AND f.indicator = 'shmi'
  AND (coalesce(o.org_type, 'other') NOT IN ('england', 'region', 'icb'))
GROUP BY f.period, coalesce(i.current_code, f.org_code);
