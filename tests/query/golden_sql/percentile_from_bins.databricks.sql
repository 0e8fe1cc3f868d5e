-- Case: percentile_from_bins
-- Request: rtt_median_wait by region, 1 January 2026 to 31 March 2026
-- Dialect: Databricks

SELECT
  `f`.`period` AS `period`,
  `o`.`region_code` AS `region`,
  `f`.`weeks_from` AS `bin_from`,
  `f`.`weeks_to` AS `bin_to`,
  sum(CAST(`f`.`pathways` AS DOUBLE)) AS `rtt_median_wait__num`
FROM `fact_rtt_band_month` AS `f`
LEFT OUTER JOIN `dim_organisation_identity` AS `i` ON `i`.`org_code` = `f`.`org_code`
  AND `i`.`valid_from` <= DATE '2026-04-30'
  AND `i`.`valid_to` >= DATE '2026-04-30'
LEFT OUTER JOIN `dim_organisation` AS `o` ON `o`.`org_code` = coalesce(`i`.`current_code`, `f`.`org_code`)
WHERE `f`.`period` BETWEEN DATE '2026-01-01' AND DATE '2026-03-01'
  AND `f`.`weeks_from` IS NOT NULL
  AND `f`.`part` = 'Part_2'
  AND coalesce(`o`.`org_type`, 'other') != 'england'
  AND NOT (coalesce(`o`.`org_type`, 'other') = 'england' AND `f`.`period` IN (DATE '2026-01-01'))
  AND NOT (coalesce(`o`.`org_type`, 'other') = 'region' AND `f`.`period` IN (DATE '2026-01-01'))
GROUP BY `f`.`period`, `o`.`region_code`, `f`.`weeks_from`, `f`.`weeks_to`;
