-- Case: hours_of_a_clock_change
-- Request: visits_an_hour by site, 28 March 2026 to 30 March 2026
-- Dialect: SQL Server

SELECT
  DATEADD(HOUR, DATEDIFF(HOUR, 0, f.arrived_at), 0) AS period,
  f.site_code AS site,
  sum(CASE WHEN (f.attendance_id IS NOT NULL) THEN 1.0 END) AS visits_an_hour__num
FROM ops.attendance AS f
WHERE f.arrived_at >= CAST('2026-03-28T00:00:00' AS DATETIME2)
  AND f.arrived_at < CAST('2026-03-30T23:00:00' AS DATETIME2)
GROUP BY DATEADD(HOUR, DATEDIFF(HOUR, 0, f.arrived_at), 0), f.site_code;
