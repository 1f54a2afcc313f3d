#!/usr/bin/env python3
"""Writes tests/sql/nexmark/q*.slt: each query over few events, with the rows that DuckDB finds.

    bench/nexmark/goldens.py build/release/velo

The files are run in all ways by `velo test`; this need not be run again unless the generator or a
query changes.
"""

import re
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
import nexmark

FOLDER = nexmark.HERE.parent.parent / "tests" / "sql" / "nexmark"
# Few rows in each answer: events, and how many come in a second of event time.
SIZES = {
    "q0": (12, 1),
    "q1": (12, 1),
    "q2": (4000, 100),
    "q3": (1200, 100),
    "q4": (800, 10),
    "q5": (260, 10),
    "q6": (600, 10),
    "q7": (400, 10),
    "q8": (600, 5),
    "q9": (260, 10),
    "q11": (200, 4),
    "q14": (40, 1),
    "q15": (500, 1),
    "q16": (24, 1),
    "q17": (50, 1),
    "q18": (40, 1),
    "q19": (50, 1),
    "q20": (200, 10),
    "q21": (20, 1),
    "q22": (20, 1),
}


# Their averages become whole numbers only where they are written.
WRITTEN = ("q4", "q6", "q17")


def golden_text(value):
    text = str(value) if not isinstance(value, bool) else str(value).upper()
    if value is None:
        return "NULL"
    if hasattr(value, "isoformat"):
        return nexmark.text_of(value)
    if isinstance(value, str) and (
        text in ("", "NULL") or re.search(r'[,"#\n]', text) or text != text.strip()
    ):
        return '"' + text.replace('"', '""') + '"'
    return text


def write(velo, duckdb, name):
    events, rate = SIZES[name]
    with tempfile.TemporaryDirectory(prefix="nexmark-") as folder:
        run = nexmark.Velo(velo, folder, nexmark.Workload(events, rate))
        run.export()
        peer = nexmark.DuckDb(duckdb, folder)
        rows = peer.connection.execute((nexmark.ANSWERS / f"{name}.duckdb").read_text()).fetchall()
        variables = run.workload.variables(folder)
    text = (nexmark.QUERIES / f"{name}.sql").read_text()
    comment = text.splitlines()[0].replace("-- ", "# ", 1)
    query = text.split(f"INSERT INTO nexmark_{name}\n", 1)[1].strip()
    table = (nexmark.QUERIES / "ddl_gen.sql").read_text().split("\n", 1)[1]
    views = (nexmark.QUERIES / "ddl_views.sql").read_text().split("\n", 1)[1].split("\n\n")
    statements = [table, *views]
    if "CREATE FUNCTION" in text:
        statements.append(re.search(r"CREATE FUNCTION.*;", text)[0])
    lines = [comment, f"# The rows are what DuckDB finds in the same {events} events.", ""]
    for statement in statements:
        for variable, value in variables.items():
            statement = statement.replace("${" + variable + "}", value)
        lines += ["statement ok", statement.strip().rstrip(";"), ""]
    if name in WRITTEN:
        sink = re.search(r"CREATE TABLE nexmark_.*?\);", text, flags=re.S)[0].rstrip(";")
        lines += ["statement ok", sink.replace(nexmark.BLACKHOLE, "'connector' = 'push'"), ""]
        lines += ["query", f"INSERT INTO nexmark_{name}", query.rstrip(";"), ""]
        lines += [f"output nexmark_{name} rowsort"]
    else:
        lines += ["query rowsort", query.rstrip(";"), "----"]
    lines += sorted(",".join(golden_text(value) for value in row) for row in rows)
    (FOLDER / f"{name}.slt").write_text("\n".join(lines) + "\n")
    print(f"{name}: {len(rows)} rows")


def main():
    sys.path.insert(0, str(nexmark.HERE.parent.parent / ".deps" / "python"))
    import duckdb

    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or SIZES:
        write(sys.argv[1], duckdb, name)


if __name__ == "__main__":
    main()
