-- Case: snapshot_by_service
-- Request: rtt_waiting_list by service, 1 January 2026 to 31 March 2026
-- Dialect: BigQuery

SELECT
  `f`.`period` AS `period`,
  `f`.`service_code` AS `service`,
  sum(CAST(`f`.`pathways` AS FLOAT64)) AS `rtt_waiting_list__num`
FROM `fact_rtt_band_month` AS `f`
LEFT OUTER JOIN `dim_organisation_identity` AS `i` ON `i`.`org_code` = `f`.`org_code`
  AND `i`.`valid_from` <= DATE '2026-04-30'
  AND `i`.`valid_to` >= DATE '2026-04-30'
LEFT OUTER JOIN `dim_organisation` AS `o` ON `o`.`org_code` = coalesce(`i`.`current_code`, `f`.`org_code`)
WHERE `f`.`period` BETWEEN DATE '2026-01-01' AND DATE '2026-03-01'
  AND `f`.`part` = 'Part_2'
  AND NOT (coalesce(`o`.`org_type`, 'other') = 'england' AND `f`.`period` IN (DATE '2026-01-01'))
  AND NOT (coalesce(`o`.`org_type`, 'other') = 'region' AND `f`.`period` IN (DATE '2026-01-01'))
GROUP BY `f`.`period`, `f`.`service_code`;
