SELECT a FROM t WHRE a = 1; SELECT 'open; SELECT ((((; /* never closed
