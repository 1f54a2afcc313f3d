SELECT symbol, window_start, COUNT(*), AVG(price) FROM TABLE(TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY symbol, window_start, window_end HAVING COUNT(*) > 1;
SELECT symbol, SUM(qty) FROM trades GROUP BY symbol WINDOW SLIDING(1m, 10s) EMIT CHANGES;
INSERT INTO out_rows SELECT symbol, qty FROM cheap UNION ALL SELECT 'x', 1;
