-- Case: conversion_by_priority
-- Request: seen_after_referral by priority, 1 January 2026 to 31 March 2026
-- Dialect: PostgreSQL

SELECT
  b.period,
  b.priority,
  CAST(sum(b.led) AS DOUBLE PRECISION) AS seen_after_referral__num,
  CAST(count(*) AS DOUBLE PRECISION) AS seen_after_referral__den
FROM (
  SELECT
    CAST(timezone('Europe/London', timezone('UTC', f.referred_at)) AS DATE) AS period,
    f.priority AS priority,
    f.referral_id AS own__referral_id,
    max(CASE WHEN (c.patient_id IS NOT NULL) THEN 1 ELSE 0 END) AS led
  FROM ops.referral AS f
  LEFT OUTER JOIN dim_organisation_identity AS i ON i.org_code = f.org_code
    AND i.valid_from <= DATE '2026-04-30'
    AND i.valid_to >= DATE '2026-04-30'
  LEFT OUTER JOIN dim_organisation AS o ON o.org_code = coalesce(i.current_code, f.org_code)
  LEFT OUTER JOIN ops.attendance AS c ON c.patient_id = f.patient_id
    AND c.arrived_at >= f.referred_at
    AND c.arrived_at <= (f.referred_at + INTERVAL '28 day')
    AND c.attendance_id IS NOT NULL
  WHERE f.referred_at >= TIMESTAMP '2026-01-01 00:00:00'
    AND f.referred_at < TIMESTAMP '2026-03-31 23:00:00'
    AND f.priority != 'withdrawn'
    AND NOT (coalesce(o.org_type, 'other') = 'england' AND CAST(timezone('Europe/London', timezone('UTC', f.referred_at)) AS DATE) IN (DATE '2026-01-01'))
    AND NOT (coalesce(o.org_type, 'other') = 'region' AND CAST(timezone('Europe/London', timezone('UTC', f.referred_at)) AS DATE) IN (DATE '2026-01-01'))
    AND f.referral_id IS NOT NULL
  GROUP BY CAST(timezone('Europe/London', timezone('UTC', f.referred_at)) AS DATE), f.priority, f.referral_id
) AS b
GROUP BY b.period, b.priority;
