-- Case: cumulative_ratio_over_28_days
-- Request: within_four_hours over 28 days, 28 March 2026 to 30 March 2026
-- Dialect: SQL Server

SELECT
  CAST(f.arrived_at AT TIME ZONE 'UTC' AT TIME ZONE 'GMT Standard Time' AS DATE) AS period,
  CASE WHEN (sum(CASE WHEN (f.minutes <= 240 AND coalesce(f.age, 0) BETWEEN 0 AND 120) THEN 1 ELSE 0 END) = 0) THEN 0.0 ELSE sum(CASE WHEN (f.minutes <= 240 AND coalesce(f.age, 0) BETWEEN 0 AND 120 AND f.attendance_id IS NOT NULL) THEN 1.0 END) END AS within_four_hours__num,
  sum(CASE WHEN (f.attendance_id IS NOT NULL) THEN 1.0 END) AS within_four_hours__den
FROM ops.attendance AS f
WHERE f.arrived_at >= CAST('2026-03-01T00:00:00' AS DATETIME2)
  AND f.arrived_at < CAST('2026-03-30T23:00:00' AS DATETIME2)
GROUP BY CAST(f.arrived_at AT TIME ZONE 'UTC' AT TIME ZONE 'GMT Standard Time' AS DATE);
