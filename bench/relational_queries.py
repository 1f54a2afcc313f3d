"""Joins, first rows per key, OVER and COUNT(DISTINCT) in both engines' SQL, over rows in memory:
see bench/memory_run for velo's, DuckDB has them as tables."""

from dataclasses import dataclass

from trade_queries import DUCKDB_TYPES, SCALE

# Of the tables and of results, with velo's types: times are milliseconds in DuckDB.
COLUMNS = {
    "trades": {"ts": "TIMESTAMP(3)", "symbol": "STRING", "price": "DOUBLE", "quantity": "BIGINT"},
    "orders": {
        "ts": "TIMESTAMP(3)",
        "order_id": "BIGINT",
        "customer": "STRING",
        "amount": "DOUBLE",
    },
    "payments": {"ts": "TIMESTAMP(3)", "order_id": "BIGINT", "amount": "DOUBLE"},
}


@dataclass(frozen=True)
class Query:
    """One question: what is timed in either engine, with the same rows for an answer."""

    work: str
    bar: float  # wanted: so many times DuckDB's speed
    tables: tuple[str, ...]
    columns: dict[str, str]  # of the result
    velo: str
    duckdb: str
    exact: str = ""  # if what is timed rounds: DuckDB's SQL for what is right to the last bit


INTERVAL_JOIN = Query(
    "batches in memory → interval join, orders with their payments of ten minutes",
    1,
    ("orders", "payments"),
    {
        "order_id": "BIGINT",
        "customer": "STRING",
        "amount": "DOUBLE",
        "ordered": "TIMESTAMP(3)",
        "paid": "DOUBLE",
        "paid_at": "TIMESTAMP(3)",
    },
    """SELECT o.order_id, o.customer, o.amount, o.ts AS ordered, p.amount AS paid, p.ts AS paid_at
FROM orders AS o JOIN payments AS p ON o.order_id = p.order_id
  AND p.ts BETWEEN o.ts AND o.ts + INTERVAL '10' MINUTE;""",
    """SELECT o.order_id, o.customer, o.amount, o.ts AS ordered, p.amount AS paid, p.ts AS paid_at
FROM orders AS o JOIN payments AS p ON o.order_id = p.order_id
  AND p.ts BETWEEN o.ts AND o.ts + 600000""",
)

# Of one order key DuckDB makes an aggregate, which is several times as fast as its window function.
# Trades of equal worth are told apart by their times only, which therefore nobody asks for.
_TOP = {"symbol": "STRING", "price": "DOUBLE", "quantity": "BIGINT"}
_RANK = "ROW_NUMBER() OVER (PARTITION BY {}symbol ORDER BY price * quantity DESC) <= 10"

TOP_PER_KEY = Query(
    "batches in memory → top-10 per key, the biggest trades of each symbol, as they change",
    2,
    ("trades",),
    _TOP,
    f"SELECT symbol, price, quantity FROM trades QUALIFY {_RANK.format('')};",
    f"SELECT symbol, price, quantity FROM trades QUALIFY {_RANK.format('')}",
)

TOP_PER_WINDOW = Query(
    "batches in memory → top-10 per key and window, the biggest trades in ten minutes",
    2,
    ("trades",),
    _TOP,
    f"""SELECT symbol, price, quantity
FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '10' MINUTE)
QUALIFY {_RANK.format("window_start, window_end, ")};""",
    "SELECT symbol, price, quantity FROM (SELECT *, ts // 600000 AS time FROM trades) "
    f"QUALIFY {_RANK.format('time, ')}",
)


_PAST = "PARTITION BY symbol ORDER BY ts{} ROWS BETWEEN 99 PRECEDING AND CURRENT ROW"

# velo takes trades of one time in the order in which they come; DuckDB, where it is timed, as it
# likes.
OVER_ROWS = Query(
    "batches in memory → AVG and SUM OVER ROWS 100, per symbol",
    2,
    ("trades",),
    {"symbol": "STRING", "ts": "TIMESTAMP(3)", "average": "DOUBLE", "total": "BIGINT"},
    f"""SELECT symbol, ts, AVG(price) OVER past AS average, SUM(quantity) OVER past AS total
FROM trades WINDOW past AS ({_PAST.format("")});""",
    "SELECT symbol, ts, avg(price) OVER past AS average, sum(quantity) OVER past AS total "
    f"FROM trades WINDOW past AS ({_PAST.format('')})",
    f"SELECT symbol, ts, (units::DOUBLE / {SCALE}) / n AS average, total FROM "
    "(SELECT symbol, ts, count(*) OVER past AS n, sum(quantity) OVER past AS total, "
    f"(sum((price * {SCALE})::BIGINT) OVER past)::BIGINT AS units "
    f"FROM trades WINDOW past AS ({_PAST.format(', rowid')}))",
)


def _distinct(column, values, minutes, key=None):
    """How many different values a column has in every window, or in every window of each key."""
    more = f"{key}, " if key else ""
    size = minutes * 60_000
    return Query(
        f"batches in memory → COUNT(DISTINCT) per {minutes}-minute TUMBLE"
        f"{f' and {key}' if key else ''}, {values} of {column}",
        1.5,
        ("trades",),
        ({key: "STRING"} if key else {}) | {"window_end": "TIMESTAMP(3)", "n": "BIGINT"},
        f"""SELECT {more}window_end, COUNT(DISTINCT {column}) AS n
FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '{minutes}' MINUTE)
GROUP BY {more}window_start, window_end;""",
        f"SELECT {more}(ts // {size} + 1) * {size} AS window_end, count(DISTINCT {column}) AS n "
        f"FROM trades GROUP BY {more}window_end",
    )


DISTINCT = (
    _distinct("price", "6,300 values", 1),
    _distinct("symbol", "1,000 values", 1),
    _distinct("quantity", "10 values", 1, "symbol"),
    _distinct("quantity", "450 values", 60, "symbol"),
)


def _duckdb_columns(columns):
    return {name: DUCKDB_TYPES.get(kind, kind) for name, kind in columns.items()}


def duckdb_table(table, path):
    """A file's rows as a table in memory."""
    return (
        f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM read_csv('{path}', header = true, "
        f"auto_detect = false, delim = ',', columns = {_duckdb_columns(COLUMNS[table])})"
    )


def duckdb_sums(query, select):
    """The query as it is timed: every result column is looked at, none leaves DuckDB. The sums are
    those that bench/memory_run prints."""
    sums = {"STRING": "sum(length({}))", "TIMESTAMP(3)": "sum({}) / 1000"}
    looked_at = [sums.get(kind, "sum({})").format(name) for name, kind in query.columns.items()]
    return f"SELECT count(*), {', '.join(looked_at)} FROM ({select})"


def differences(query, result_path):
    """(right rows, rows that only the right answer has, rows that only the file has). The file's
    rows have a weight in their last column."""
    columns = _duckdb_columns(query.columns) | {"weight": "BIGINT"}
    names = ", ".join(query.columns)
    return [
        f"CREATE OR REPLACE TEMP TABLE right_rows AS {query.exact or query.duckdb}",
        f"CREATE OR REPLACE TEMP TABLE given_rows AS SELECT {names} FROM (SELECT {names}, "
        f"unnest(range(sum(weight)::BIGINT)) FROM read_csv('{result_path}', header = false, "
        f"auto_detect = false, delim = ',', columns = {columns}) GROUP BY {names})",
        "SELECT (SELECT count(*) FROM right_rows), "
        "(SELECT count(*) FROM (FROM right_rows EXCEPT ALL FROM given_rows)), "
        "(SELECT count(*) FROM (FROM given_rows EXCEPT ALL FROM right_rows))",
    ]


def velo_script(query):
    """The query as a bare SELECT over pushed tables."""
    script = ""
    for table in query.tables:
        columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS[table].items())
        script += (
            f"CREATE TABLE {table} ({columns},\n  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)"
            " WITH ('connector' = 'push');\n"
        )
    return script + query.velo + "\n"
