WITH counts AS (
  SELECT w AS starts, auction, count(*) AS num
  FROM (SELECT auction, unnest([epoch_ms("dateTime") // 2000 - k FOR k IN range(5)]) AS w FROM bid)
  GROUP BY ALL)
SELECT auction, num FROM counts
QUALIFY num = max(num) OVER (PARTITION BY starts)
