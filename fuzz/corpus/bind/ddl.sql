CREATE TABLE x (a BIGINT, b AS a + 1, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen', 'number-of-rows' = '5', 'fields.a.min' = '1');
CREATE VIEW v AS SELECT a, b FROM x WHERE a IN (1, 2, 3);
EXPLAIN SELECT * FROM v ORDER BY a DESC LIMIT 3;
DESCRIBE v; SHOW TABLES; SET 'batch-rows' = '10'; DROP VIEW v;
SELECT id, tags[1], CAST(v AS BIGINT) FROM readings r WHERE EXISTS (SELECT 1 FROM trades t WHERE t.qty = r.id);
