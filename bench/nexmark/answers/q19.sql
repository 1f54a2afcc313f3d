-- Of equal prices the row with the lesser columns, from left to right, stands first.
SELECT auction, bidder, price, channel, url, "dateTime", extra,
  row_number() OVER (PARTITION BY auction ORDER BY price DESC, bidder, channel, url, "dateTime", extra) AS rank_number
FROM bid QUALIFY rank_number <= 10
