-- Of bids of the same millisecond the one with the lesser columns, from left to right, is the last bid.
SELECT auction, bidder, price, channel, url, "dateTime", extra FROM bid
QUALIFY row_number() OVER (PARTITION BY bidder, auction ORDER BY "dateTime" DESC, price, channel, url, extra) <= 1
