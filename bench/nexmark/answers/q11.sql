WITH breaks AS (
  SELECT bidder, "dateTime", n,
    coalesce("dateTime" >= lag("dateTime") OVER (PARTITION BY bidder ORDER BY "dateTime", n) + INTERVAL 10 SECOND, true) AS fresh
  FROM bid),
numbered AS (
  SELECT bidder, "dateTime", sum(CAST(fresh AS INT)) OVER (PARTITION BY bidder ORDER BY "dateTime", n) AS session
  FROM breaks)
SELECT bidder, count(*) AS bid_count, min("dateTime") AS starttime, max("dateTime") + INTERVAL 10 SECOND AS endtime
FROM numbered GROUP BY bidder, session
