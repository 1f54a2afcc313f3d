"""What joins and OVER keep of a row, beside what the row's needed columns take: at most 1.5 times.

usage: bytes_test.py VELO [--all]

Every form is run by the program over CSV files, of keys few and many, texts short and long, both
sides bounded or not; `--stats=json` says what the state took when it was largest. A line per form;
status 1 if one ratio is greater than 1.5. Without --all some sizes are left out.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

MOST = 1.5

BY_TIME = "PARTITION BY k ORDER BY t"
OVER_FORMS = [
    "LAG(v)", "LAG(s)", "LAG(v, 5)", "LEAD(v)", "LEAD(s)", "LEAD(v, 5)",
    "LAST_VALUE(v)", "LAST_VALUE(s)", "LAST_VALUE(v) IGNORE NULLS", "FIRST_VALUE(s)", "NTH_VALUE(v, 3)",
    "SUM(v)", "MAX(s)", "COUNT(DISTINCT v)", "ROW_NUMBER()", "RANK()",
]
FRAMED_FORMS = [
    ("LAST_VALUE(v)", "ROWS 2 PRECEDING"),
    ("FIRST_VALUE(v)", "ROWS 2 PRECEDING"),
    ("FIRST_VALUE(v) IGNORE NULLS", "ROWS 2 PRECEDING"),
    ("SUM(v)", "ROWS 2 PRECEDING"),
    ("MAX(x)", "ROWS 2 PRECEDING"),
    ("MAX(s)", "ROWS 2 PRECEDING"),
    ("MAX(s)", "ROWS 5 PRECEDING"),
    ("MAX(s)", "ROWS 49 PRECEDING"),
    ("SUM(v)", "ROWS 99 PRECEDING"),
    ("MAX(x)", "ROWS 99 PRECEDING"),
    ("STDDEV_POP(x)", "ROWS 99 PRECEDING"),
    ("SUM(v)", "RANGE INTERVAL '10' MINUTE PRECEDING"),
    ("SUM(v)", "ROWS BETWEEN 3 PRECEDING AND 3 FOLLOWING"),
    ("COUNT(DISTINCT v)", "ROWS 2 PRECEDING"),
    ("COUNT(DISTINCT v)", "ROWS 4 PRECEDING"),
    ("COUNT(DISTINCT v)", "ROWS 16 PRECEDING"),
    ("COUNT(DISTINCT v)", "ROWS 49 PRECEDING"),
    ("COUNT(DISTINCT s)", "ROWS 49 PRECEDING"),
    ("SUM(DISTINCT v)", "ROWS 8 PRECEDING"),
    ("SUM(DISTINCT v)", "ROWS 49 PRECEDING"),
    ("COUNT(DISTINCT v) FILTER (WHERE v > 500000)", "ROWS 49 PRECEDING"),
    ("APPROX_COUNT_DISTINCT(v)", "ROWS 49 PRECEDING"),
    ("ARRAY_AGG(v)", "ROWS 2 PRECEDING"),
    ("ARRAY_AGG(v)", "ROWS 49 PRECEDING"),
    ("ARRAY_AGG(s)", "ROWS 49 PRECEDING"),
    ("STRING_AGG(s, ',')", "ROWS 49 PRECEDING"),
    ("PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY x)", "ROWS 49 PRECEDING"),
    ("MODE() WITHIN GROUP (ORDER BY v)", "ROWS 49 PRECEDING"),
]

WITHIN = "b.t BETWEEN a.t AND a.t + INTERVAL '5' HOUR"
SOME_NULLS = "CASE WHEN a.v % 4 > 0 THEN a.v END"
JOIN_FORMS = [
    f"SELECT a.k FROM a JOIN b ON a.k = b.k AND {WITHIN}",
    f"SELECT a.k, a.v, b.v AS w FROM a JOIN b ON a.k = b.k AND {WITHIN}",
    f"SELECT a.k, a.v, b.v AS w FROM a LEFT JOIN b ON a.k = b.k AND {WITHIN}",
    f"SELECT a.k, a.v, b.v AS w FROM a FULL JOIN b ON a.k = b.k AND {WITHIN}",
    f"SELECT a.k, a.s, b.s AS w FROM a LEFT JOIN b ON a.k = b.k AND {WITHIN}",
    f"SELECT a.k, a.v FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.k = a.k AND {WITHIN})",
    "SELECT a.k FROM a JOIN b ON a.k = b.k",
    "SELECT a.k, b.k AS w FROM a LEFT JOIN b ON a.k = b.k",
    "SELECT a.k, b.k AS w FROM a FULL JOIN b ON a.k = b.k",
    "SELECT a.x FROM a JOIN b ON a.x = b.x",
    "SELECT a.t FROM a JOIN b ON a.t = b.t",
    "SELECT a.t FROM a LEFT JOIN b ON a.t = b.t",
    "SELECT a.s FROM a JOIN b ON a.s = b.s",
    "SELECT a.k, a.v, b.v AS w FROM a JOIN b ON a.k = b.k",
    "SELECT a.k, a.v, b.v AS w FROM a LEFT JOIN b ON a.k = b.k",
    "SELECT a.k FROM a JOIN b ON a.k = b.k AND a.v < b.v",
    "SELECT a.k FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.k = a.k)",
    "SELECT a.k, a.v FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.k = a.k)",
    "SELECT a.k, a.v FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.k = a.k)",
    "SELECT a.k, a.v FROM a WHERE a.k IN (SELECT k FROM b)",
    "SELECT a.k, a.v FROM a WHERE a.k NOT IN (SELECT k FROM b)",
    "SELECT a.k, a.v FROM a WHERE a.v IN (SELECT v FROM b WHERE b.k = a.k)",
    f"SELECT a.k, a.v FROM a WHERE {SOME_NULLS} IN (SELECT v FROM b WHERE b.k = a.k)",
    f"SELECT a.k, a.v FROM a WHERE {SOME_NULLS} NOT IN (SELECT v FROM b WHERE b.k = a.k)",
    "SELECT a.k, a.v, b.v AS w FROM a ASOF JOIN b ON a.k = b.k AND a.t >= b.t",
    "SELECT a.k, SUM(a.v) OVER (PARTITION BY a.k ORDER BY a.v) AS w FROM a",
    "SELECT a.k, a.s, SUM(a.v) OVER (PARTITION BY a.k ORDER BY a.v) AS w FROM a",
]

COLUMNS = ("k {key}, v BIGINT, x DOUBLE, s STRING, t TIMESTAMP(3), "
           "WATERMARK FOR t AS t - INTERVAL '5' SECOND")


def time_text(ms):
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"2024-01-{days + 1:02} {hours:02}:{minutes:02}:{seconds:02}.{ms:03}"


def write_rows(path, seed, rows, keys, key_prefix, text_length):
    """Rows 10 ms apart, up to 2 s out of order."""
    rand = random.Random(seed)
    with open(path, "w") as file:
        file.write("k,v,x,s,t\n")
        for i in range(rows):
            text = f"{rand.randrange(1_000_000):0{text_length}}"
            time = time_text(i * 10 + rand.randrange(2000))
            file.write(f"{key_prefix}{rand.randrange(keys)},{rand.randrange(1_000_000)},"
                       f"{rand.random() * 100:.4f},{text},{time}\n")


def table(name, path, key, bounded=True):
    options = f"'connector' = 'filesystem', 'path' = '{path}', 'format' = 'csv', 'csv.header' = 'true'"
    if not bounded:
        options += ", 'scan.bounded' = 'false'"
    return f"CREATE TABLE {name} ({COLUMNS.format(key=key)}) WITH ({options});\n"


class Measured:
    """Ratios by form."""

    def __init__(self, velo):
        self.velo = velo
        self.count = 0
        self.above = 0

    def line(self, form, scripts):
        ratios = [self.ratio(script) for script in scripts]
        print(f"{form:105}" + "".join(f" {ratio:6.3f}" for ratio in ratios), flush=True)

    def ratio(self, script):
        run = subprocess.run([self.velo, "run", "--stats=json", "-e", script],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if run.returncode != 0:
            sys.exit(f"{script}\n{run.stderr}")
        operators = json.loads(run.stderr.splitlines()[-1])["operators"]
        kept = max(operators, key=lambda operator: operator.get("state_rows_max") or 0)
        # An OVER that keeps no rows has nothing beside its keys.
        ratio = kept["bytes_per_row"] / kept["column_bytes_per_row"] if kept.get("state_rows_max") else 0.0
        self.count += 1
        self.above += ratio > MOST
        return ratio


def measure_over(measured, folder, sizes):
    tables = []
    for rows, keys, length in sizes:
        path = folder / f"over_{rows}_{keys}_{length}.csv"
        write_rows(path, keys, rows, keys, "SYM", length)
        tables.append(table("r", path, "STRING"))
    print("OVER, rows/keys/text length: " + ", ".join("/".join(map(str, size)) for size in sizes))
    windows = [(call, BY_TIME) for call in OVER_FORMS]
    windows += [(call, f"{BY_TIME} {frame}") for call, frame in FRAMED_FORMS]
    for call, window in windows:
        select = f"{call} OVER ({window})"
        measured.line(select, [f"{ddl}SELECT k, {select} AS a FROM r" for ddl in tables])


def measure_joins(measured, folder, sizes):
    paths = []
    for rows in sizes:
        pair = [folder / f"{name}_{rows}.csv" for name in "ab"]
        for seed, path in enumerate(pair):
            write_rows(path, rows + seed, rows, 2 * rows, "", 40)
        paths.append(pair)
    for bounded in True, False:
        print(("bounded" if bounded else "unbounded, TTL") + ", rows: " + ", ".join(map(str, sizes)))
        start = "" if bounded else "SET 'state.ttl' = '1 h';\n"
        ddls = [start + "".join(table(name, path, "BIGINT", bounded) for name, path in zip("ab", pair))
                for pair in paths]
        for query in JOIN_FORMS:
            measured.line(query, [ddl + query for ddl in ddls])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("velo")
    parser.add_argument("--all", action="store_true")
    args = parser.parse_args()
    measured = Measured(args.velo)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if args.all:
            keys = [100, 1000, 10_000, 50_000]
            over = [(300_000, number, length) for number in keys for length in (8, 40)]
            joins = [20_000, 65_000, 100_000, 360_000]
        else:
            over = [(100_000, 500, 40), (100_000, 20_000, 8)]
            joins = [50_000]
        measure_over(measured, folder, over)
        measure_joins(measured, folder, joins)
    print(f"{measured.count} states, {measured.above} above {MOST} times their columns")
    sys.exit(1 if measured.above else 0)


if __name__ == "__main__":
    main()
