SELECT symbol, (SELECT COUNT(*) FROM history AS h WHERE h.symbol = t.symbol) AS n FROM trades AS t
WHERE price NOT IN (SELECT price FROM history WHERE history.symbol = t.symbol) AND EXISTS (SELECT 1 FROM history) OR
price > ANY (SELECT price FROM history UNION SELECT 1) OR (symbol, price) IN (SELECT symbol, price FROM history LIMIT 3);
SELECT symbol FROM trades EXCEPT ALL SELECT symbol FROM history INTERSECT SELECT 'a' UNION SELECT 'b'
