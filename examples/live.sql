-- Made-up trades, 2,000 a second for five seconds: what a live stream looks like.
CREATE TABLE trades (
  symbol STRING,
  price DOUBLE,
  quantity INT,
  ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '1' SECOND
) WITH (
  'connector' = 'datagen',
  'rows-per-second' = '2000',
  'number-of-rows' = '10000',
  'fields.symbol.distinct' = '4',
  'fields.symbol.prefix' = 'SYM',
  'fields.price.min' = '10',
  'fields.price.max' = '20',
  'fields.quantity.min' = '1',
  'fields.quantity.max' = '100',
  'fields.ts.start' = '2024-01-01T00:00:00',
  'fields.ts.step' = '5 ms'
);

SELECT window_start, symbol, COUNT(*) AS trades, SUM(quantity) AS volume, MIN(price) AS low, MAX(price) AS high
FROM TABLE(TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, symbol;
