-- The average of whole numbers is a whole number, cut off.
WITH best AS (
  SELECT a.category, max(b.price) AS final
  FROM auction a JOIN bid b ON a.id = b.auction AND b."dateTime" BETWEEN a."dateTime" AND a.expires
  GROUP BY a.id, a.category)
SELECT category AS id, CAST(sum(final) // count(*) AS BIGINT) AS final FROM best GROUP BY category
