-- Case: hours_of_a_clock_change
-- Request: visits_an_hour by site, 28 March 2026 to 30 March 2026
-- Dialect: DuckDB

SELECT
  date_trunc('hour', f.arrived_at) AS period,
  f.site_code AS site,
  sum(CASE WHEN (f.attendance_id IS NOT NULL) THEN 1.0 END) AS visits_an_hour__num
FROM ops.attendance AS f
WHERE f.arrived_at >= TIMESTAMP '2026-03-28 00:00:00'
  AND f.arrived_at < TIMESTAMP '2026-03-30 23:00:00'
GROUP BY date_trunc('hour', f.arrived_at), f.site_code;
