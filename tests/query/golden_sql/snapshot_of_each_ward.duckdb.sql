-- Case: snapshot_of_each_ward
-- Request: occupied_beds by icb each month, 1 January 2026 to 31 March 2026
-- Dialect: DuckDB

SELECT
  f.census_on AS period,
  o.icb_code AS icb,
  f.ward_code AS per__ward_code,
  sum(CAST(f.occupied AS DOUBLE PRECISION)) AS occupied_beds__num
FROM ops.ward_census AS f
LEFT OUTER JOIN dim_organisation_identity AS i ON i.org_code = f.org_code
  AND i.valid_from <= DATE '2026-04-30'
  AND i.valid_to >= DATE '2026-04-30'
LEFT OUTER JOIN dim_organisation AS o ON o.org_code = coalesce(i.current_code, f.org_code)
WHERE f.census_on BETWEEN DATE '2026-01-01' AND DATE '2026-03-31'
  AND coalesce(o.org_type, 'other') != 'england'
  AND NOT (coalesce(o.org_type, 'other') = 'england' AND f.census_on IN (DATE '2026-01-01'))
  AND NOT (coalesce(o.org_type, 'other') = 'region' AND f.census_on IN (DATE '2026-01-01'))
GROUP BY f.census_on, o.icb_code, f.ward_code;
