WITH best AS (
  SELECT max(price) AS price, time_bucket(INTERVAL 10 SECOND, "dateTime") AS starts
  FROM bid GROUP BY starts)
SELECT b.auction, b.bidder, b.price, b."dateTime", b.extra
FROM bid b JOIN best ON b.price = best.price
 AND b."dateTime" BETWEEN best.starts AND best.starts + INTERVAL 10 SECOND
