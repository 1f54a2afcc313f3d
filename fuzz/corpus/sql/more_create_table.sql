CREATE TABLE trades (
  symbol STRING, price DECIMAL(10, 2), volume BIGINT COMMENT 'shares', ts TIMESTAMP(3),
  day AS CAST(ts AS DATE), file STRING METADATA FROM 'file.path' VIRTUAL,
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND, PRIMARY KEY (symbol) NOT ENFORCED
) WITH ('connector' = 'filesystem', 'path' = '${DIR:-/tmp}/t.csv', 'format' = 'csv');
