WITH people AS (
  SELECT DISTINCT id, name, time_bucket(INTERVAL 10 SECOND, "dateTime") AS starts FROM person),
sellers AS (
  SELECT DISTINCT seller, time_bucket(INTERVAL 10 SECOND, "dateTime") AS starts FROM auction)
SELECT p.id, p.name, p.starts AS stime
FROM people p JOIN sellers s ON p.id = s.seller AND p.starts = s.starts
