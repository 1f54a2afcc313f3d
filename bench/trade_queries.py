"""The question of the benchmarks in both engines' SQL: trades per symbol and window, with their
count, average and least and greatest price, and the sum of their quantities."""

COLUMNS = "{'ts': 'BIGINT', 'symbol': 'VARCHAR', 'price': 'DOUBLE', 'quantity': 'BIGINT'}"
RESULT_COLUMNS = (
    "{'symbol': 'VARCHAR', 'window_end': 'BIGINT', 'n': 'BIGINT', 'average': 'DOUBLE', "
    "'total': 'BIGINT', 'least': 'DOUBLE', 'greatest': 'DOUBLE'}"
)
# Prices lie in [100, 200): times 2^46 they are whole numbers, whose sums are exact.
SCALE = 2**46


# --- DuckDB --------------------------------------------------------------------------------------


def file_rows(path, form):
    """The rows of a file as a table expression; all types declared, nothing to be guessed."""
    if form == "csv":
        return (
            f"read_csv('{path}', header = true, auto_detect = false, delim = ',', "
            f"columns = {COLUMNS})"
        )
    return f"read_json('{path}', format = 'newline_delimited', columns = {COLUMNS})"


def duckdb_tumble(rows):
    """The batch GROUP BY that is timed: every result column is looked at, none leaves DuckDB."""
    return (
        "SELECT count(*), sum(n), sum(average), sum(total), min(least), max(greatest) FROM "
        "(SELECT symbol, ts // 60000 AS minute, count(*) AS n, avg(price) AS average, "
        "sum(quantity) AS total, min(price) AS least, max(price) AS greatest "
        f"FROM {rows} GROUP BY symbol, minute)"
    )


def exact_answer(rows, slide_ms):
    """Result rows with the average rounded once after an exact sum: what is right to the bit."""
    first_end = f"(ts // {slide_ms} + 1) * {slide_ms}"
    ends = f"unnest(range({first_end}, {first_end} + 60000, {slide_ms}))"
    if slide_ms == 60000:
        ends = first_end
    return (
        "SELECT symbol, window_end, n, (units::DOUBLE / {0}) / n AS average, total, least, "
        "greatest FROM (SELECT symbol, window_end, count(*) AS n, "
        "sum((price * {0})::BIGINT)::BIGINT AS units, sum(quantity)::BIGINT AS total, "
        "min(price) AS least, max(price) AS greatest "
        "FROM (SELECT *, {1} AS window_end FROM {2}) GROUP BY symbol, window_end)"
    ).format(SCALE, ends, rows)


def differences(rows, slide_ms, result_path):
    """(right rows, rows that only the right answer has, rows that only the file has)."""
    result = (
        f"(SELECT * FROM read_csv('{result_path}', header = true, auto_detect = false, "
        f"delim = ',', columns = {RESULT_COLUMNS}))"
    )
    return [
        f"CREATE OR REPLACE TEMP TABLE right_rows AS {exact_answer(rows, slide_ms)}",
        f"CREATE OR REPLACE TEMP TABLE given_rows AS {result}",
        "SELECT (SELECT count(*) FROM right_rows), "
        "(SELECT count(*) FROM (FROM right_rows EXCEPT ALL FROM given_rows)), "
        "(SELECT count(*) FROM (FROM given_rows EXCEPT ALL FROM right_rows))",
    ]


# --- velo ----------------------------------------------------------------------------------------

_TRADES = """CREATE TABLE trades (
  ts TIMESTAMP(3), symbol STRING, price DOUBLE, quantity BIGINT,
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ({});
"""
_RESULTS = """CREATE TABLE results (
  symbol STRING, window_end TIMESTAMP(3), n BIGINT, average DOUBLE, total BIGINT, least DOUBLE,
  greatest DOUBLE
) WITH ({});
"""
_TUMBLE = """SELECT symbol, window_end, COUNT(*) AS n, AVG(price) AS average,
  SUM(quantity) AS total, MIN(price) AS least, MAX(price) AS greatest
FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
GROUP BY symbol, window_start, window_end;
"""


def velo_trades(path, form):
    name = {"csv": "csv", "ndjson": "json"}[form]
    return _TRADES.format(
        f"'connector' = 'filesystem', 'path' = '{path}', 'format' = '{name}', "
        f"'{name}.timestamp-format' = 'epoch-millis'"
    )


def velo_tumble(path, form, result_path=None):
    """From a file into a file, or into nothing."""
    sink = "'connector' = 'blackhole'"
    if result_path:
        sink = (
            f"'connector' = 'filesystem', 'path' = '{result_path}', 'format' = 'csv', "
            "'csv.timestamp-format' = 'epoch-millis'"
        )
    return velo_trades(path, form) + _RESULTS.format(sink) + "INSERT INTO results\n" + _TUMBLE


def velo_select(path, form):
    """A bare SELECT over a file: rows on stdout."""
    return velo_trades(path, form) + _TUMBLE
