"""The questions of the benchmarks in both engines' SQL."""

from collections.abc import Callable
from dataclasses import dataclass

COLUMNS = "{'ts': 'BIGINT', 'symbol': 'VARCHAR', 'price': 'DOUBLE', 'quantity': 'BIGINT'}"
# Prices lie in [100, 200): times 2^46 they are whole numbers, whose sums are exact.
SCALE = 2**46
DUCKDB_TYPES = {"STRING": "VARCHAR", "TIMESTAMP(3)": "BIGINT"}


@dataclass(frozen=True)
class Question:
    """What is asked of both engines. Times are TIMESTAMP(3) in velo and milliseconds in DuckDB."""

    work: str
    columns: dict[str, str]  # of the result, with velo's types
    velo: str  # SELECT from the table `trades`
    exact: Callable[[str], str]  # given rows: DuckDB's SELECT of what is right to the last bit
    timed: Callable[[str], str]  # given rows: as a user of DuckDB would ask; begins with count(*)


# --- DuckDB --------------------------------------------------------------------------------------


def file_rows(path, form):
    """The rows of a file as a table expression; all types declared, nothing to be guessed."""
    if form == "csv":
        return (
            f"read_csv('{path}', header = true, auto_detect = false, delim = ',', "
            f"columns = {COLUMNS})"
        )
    return f"read_json('{path}', format = 'newline_delimited', columns = {COLUMNS})"


def exact_windows(rows, slide_ms):
    """Windows of a minute, the average rounded once after an exact sum."""
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


def differences(exact, columns, result_path):
    """(right rows, rows that only the right answer has, rows that only the file has)."""
    types = {name: DUCKDB_TYPES.get(kind, kind) for name, kind in columns.items()}
    result = (
        f"(SELECT * FROM read_csv('{result_path}', header = true, auto_detect = false, "
        f"delim = ',', columns = {types}))"
    )
    return [
        f"CREATE OR REPLACE TEMP TABLE right_rows AS {exact}",
        f"CREATE OR REPLACE TEMP TABLE given_rows AS {result}",
        "SELECT (SELECT count(*) FROM right_rows), "
        "(SELECT count(*) FROM (FROM right_rows EXCEPT ALL FROM given_rows)), "
        "(SELECT count(*) FROM (FROM given_rows EXCEPT ALL FROM right_rows))",
    ]


# --- the questions -------------------------------------------------------------------------------

# Count, average, least and greatest price, and the sum of quantities, per symbol and minute.
TUMBLE = Question(
    work="1-minute TUMBLE",
    columns={
        "symbol": "STRING",
        "window_end": "TIMESTAMP(3)",
        "n": "BIGINT",
        "average": "DOUBLE",
        "total": "BIGINT",
        "least": "DOUBLE",
        "greatest": "DOUBLE",
    },
    velo="""SELECT symbol, window_end, COUNT(*) AS n, AVG(price) AS average,
  SUM(quantity) AS total, MIN(price) AS least, MAX(price) AS greatest
FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
GROUP BY symbol, window_start, window_end;
""",
    exact=lambda rows: exact_windows(rows, 60_000),
    timed=lambda rows: (
        "SELECT count(*), sum(n), sum(average), sum(total), min(least), max(greatest) FROM "
        "(SELECT symbol, ts // 60000 AS minute, count(*) AS n, avg(price) AS average, "
        "sum(quantity) AS total, min(price) AS least, max(price) AS greatest "
        f"FROM {rows} GROUP BY symbol, minute)"
    ),
)


# --- velo ----------------------------------------------------------------------------------------

_TRADES = """CREATE TABLE trades (
  ts TIMESTAMP(3), symbol STRING, price DOUBLE, quantity BIGINT,
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ({});
"""


def velo_trades(path, form):
    name = {"csv": "csv", "ndjson": "json"}[form]
    return _TRADES.format(
        f"'connector' = 'filesystem', 'path' = '{path}', 'format' = '{name}', "
        f"'{name}.timestamp-format' = 'epoch-millis'"
    )


def velo_script(question, path, form, result_path=None):
    """From a file into a file, or into nothing."""
    sink = "'connector' = 'blackhole'"
    if result_path:
        sink = (
            f"'connector' = 'filesystem', 'path' = '{result_path}', 'format' = 'csv', "
            "'csv.timestamp-format' = 'epoch-millis'"
        )
    columns = ", ".join(f"{name} {kind}" for name, kind in question.columns.items())
    results = f"CREATE TABLE results (\n  {columns}\n) WITH ({sink});\n"
    return velo_trades(path, form) + results + "INSERT INTO results\n" + question.velo


def velo_select(question, path, form):
    """A bare SELECT over a file: rows on stdout."""
    return velo_trades(path, form) + question.velo
