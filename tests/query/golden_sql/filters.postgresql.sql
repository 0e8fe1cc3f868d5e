-- Case: filters
-- Request: visits by site, 1 January 2026 to 31 March 2026, region in (Y56, Y62), site not in (O'Brien \ 100%), site_kind missing, age from 18 to 64, admitted in (true) or missing
-- Dialect: PostgreSQL

SELECT
  CAST(timezone('Europe/London', timezone('UTC', f.arrived_at)) AS DATE) AS period,
  f.site_code AS site,
  sum(CASE WHEN (f.attendance_id IS NOT NULL) THEN 1.0 END) AS visits__num
FROM ops.attendance AS f
LEFT OUTER JOIN ops.site AS j1 ON f.site_code = j1.code
LEFT OUTER JOIN dim_organisation_identity AS i ON i.org_code = f.org_code
  AND i.valid_from <= DATE '2026-04-30'
  AND i.valid_to >= DATE '2026-04-30'
LEFT OUTER JOIN dim_organisation AS o ON o.org_code = coalesce(i.current_code, f.org_code)
WHERE f.arrived_at >= TIMESTAMP '2026-01-01 00:00:00'
  AND f.arrived_at < TIMESTAMP '2026-03-31 23:00:00'
  AND o.region_code IN ('Y56', 'Y62')
  AND (f.site_code IS NULL OR (f.site_code NOT IN ('O''Brien \ 100%')))
  AND j1.kind IS NULL
  AND f.age >= 18
  AND f.age <= 64
  AND (f.is_admitted IN (true) OR f.is_admitted IS NULL)
  AND coalesce(o.org_type, 'other') != 'england'
  AND NOT (coalesce(o.org_type, 'other') = 'england' AND CAST(timezone('Europe/London', timezone('UTC', f.arrived_at)) AS DATE) IN (DATE '2026-01-01'))
  AND NOT (coalesce(o.org_type, 'other') = 'region' AND CAST(timezone('Europe/London', timezone('UTC', f.arrived_at)) AS DATE) IN (DATE '2026-01-01'))
GROUP BY CAST(timezone('Europe/London', timezone('UTC', f.arrived_at)) AS DATE), f.site_code;
