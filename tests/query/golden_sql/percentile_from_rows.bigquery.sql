-- Case: percentile_from_rows
-- Request: p90_minutes, 1 January 2026 to 31 March 2026
-- Dialect: BigQuery

SELECT
  DATE(TIMESTAMP(`f`.`arrived_at`, 'UTC'), 'Europe/London') AS `period`,
  CASE WHEN (CAST(`f`.`minutes` AS FLOAT64) < 0) THEN -floor(0.5 - CAST(`f`.`minutes` AS FLOAT64)) ELSE floor(CAST(`f`.`minutes` AS FLOAT64) + 0.5) END AS `bin_from`,
  CASE WHEN (CAST(`f`.`minutes` AS FLOAT64) < 0) THEN -floor(0.5 - CAST(`f`.`minutes` AS FLOAT64)) ELSE floor(CAST(`f`.`minutes` AS FLOAT64) + 0.5) END AS `bin_to`,
  CAST(count(*) AS FLOAT64) AS `p90_minutes__num`
FROM `ops`.`attendance` AS `f`
LEFT OUTER JOIN `dim_organisation_identity` AS `i` ON `i`.`org_code` = `f`.`org_code`
  AND `i`.`valid_from` <= DATE '2026-04-30'
  AND `i`.`valid_to` >= DATE '2026-04-30'
LEFT OUTER JOIN `dim_organisation` AS `o` ON `o`.`org_code` = coalesce(`i`.`current_code`, `f`.`org_code`)
WHERE `f`.`arrived_at` >= DATETIME '2026-01-01 00:00:00'
  AND `f`.`arrived_at` < DATETIME '2026-03-31 23:00:00'
  AND CASE WHEN (CAST(`f`.`minutes` AS FLOAT64) < 0) THEN -floor(0.5 - CAST(`f`.`minutes` AS FLOAT64)) ELSE floor(CAST(`f`.`minutes` AS FLOAT64) + 0.5) END IS NOT NULL
  AND `f`.`minutes` >= 0
  AND NOT (coalesce(`o`.`org_type`, 'other') = 'england' AND DATE(TIMESTAMP(`f`.`arrived_at`, 'UTC'), 'Europe/London') IN (DATE '2026-01-01'))
  AND NOT (coalesce(`o`.`org_type`, 'other') = 'region' AND DATE(TIMESTAMP(`f`.`arrived_at`, 'UTC'), 'Europe/London') IN (DATE '2026-01-01'))
GROUP BY DATE(TIMESTAMP(`f`.`arrived_at`, 'UTC'), 'Europe/London'), CASE WHEN (CAST(`f`.`minutes` AS FLOAT64) < 0) THEN -floor(0.5 - CAST(`f`.`minutes` AS FLOAT64)) ELSE floor(CAST(`f`.`minutes` AS FLOAT64) + 0.5) END, CASE WHEN (CAST(`f`.`minutes` AS FLOAT64) < 0) THEN -floor(0.5 - CAST(`f`.`minutes` AS FLOAT64)) ELSE floor(CAST(`f`.`minutes` AS FLOAT64) + 0.5) END;
