-- Case: ratio_by_region_with_total
-- Request: ae_four_hour by region, 1 January 2026 to 31 March 2026, with totals
-- Dialect: Trino

SELECT
  f.period AS period,
  o.region_code AS region,
  sum(CASE WHEN (f.attendances + coalesce(f.attendances_booked, 0) IS NOT NULL) THEN CAST(((f.attendances + coalesce(f.attendances_booked, 0)) - f.over_4h) - coalesce(f.over_4h_booked, 0) AS DOUBLE) END) AS ae_four_hour__num,
  CASE WHEN (sum(CASE WHEN (f.over_4h IS NOT NULL) THEN 1 ELSE 0 END) = 0) THEN 0.0 ELSE sum(CASE WHEN (f.over_4h IS NOT NULL AND ((f.attendances + coalesce(f.attendances_booked, 0)) - f.over_4h) - coalesce(f.over_4h_booked, 0) IS NOT NULL) THEN CAST(f.attendances + coalesce(f.attendances_booked, 0) AS DOUBLE) END) END AS ae_four_hour__den
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

SELECT
  f.period AS period,
  sum(CASE WHEN (f.attendances + coalesce(f.attendances_booked, 0) IS NOT NULL) THEN CAST(((f.attendances + coalesce(f.attendances_booked, 0)) - f.over_4h) - coalesce(f.over_4h_booked, 0) AS DOUBLE) END) AS ae_four_hour__num,
  CASE WHEN (sum(CASE WHEN (f.over_4h IS NOT NULL) THEN 1 ELSE 0 END) = 0) THEN 0.0 ELSE sum(CASE WHEN (f.over_4h IS NOT NULL AND ((f.attendances + coalesce(f.attendances_booked, 0)) - f.over_4h) - coalesce(f.over_4h_booked, 0) IS NOT NULL) THEN CAST(f.attendances + coalesce(f.attendances_booked, 0) AS DOUBLE) END) END AS ae_four_hour__den
FROM fact_ae_month AS f
LEFT OUTER JOIN dim_organisation_identity AS i ON i.org_code = f.org_code
  AND i.valid_from <= DATE '2026-04-30'
  AND i.valid_to >= DATE '2026-04-30'
LEFT OUTER JOIN dim_organisation AS o ON o.org_code = coalesce(i.current_code, f.org_code)
WHERE f.period BETWEEN DATE '2026-01-01' AND DATE '2026-03-01'
  AND NOT (coalesce(o.org_type, 'other') = 'england' AND f.period IN (DATE '2026-01-01'))
  AND NOT (coalesce(o.org_type, 'other') = 'region' AND f.period IN (DATE '2026-01-01'))
GROUP BY f.period;
