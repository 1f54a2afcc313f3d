"""Nexmark: the queries as their public project for Flink has them, and what must come out of them.

A query is run as it stands. Only to look at its rows, `'connector' = 'blackhole'` of its sink is
replaced by a file. Rows are compared as sorted lines of text, in `rows_of` for velo and in
`answer_of` for DuckDB, which reads the same events from files that velo wrote.
"""

import collections
import decimal
import hashlib
import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

HERE = Path(__file__).resolve().parent
QUERIES = HERE / "queries"
ANSWERS = HERE / "answers"
SIDE_INPUT_ROWS = 10_000
# The order of the public project.
NAMES = [f"q{i}" for i in range(23)]
BLACKHOLE = "'connector' = 'blackhole'"


class Wrong(Exception):
    """An answer differs from the right one, or a program failed."""


@dataclass
class Workload:
    events: int
    rate: int  # per second of event time

    def variables(self, folder):
        return {
            "TPS": str(self.rate),
            "EVENTS_NUM": str(self.events),
            "PERSON_PROPORTION": "1",
            "AUCTION_PROPORTION": "3",
            "BID_PROPORTION": "46",
            "NEXMARK_TABLE": "datagen",
            "NEXMARK_DIR": str(folder),
            "FLINK_HOME": str(folder),
            "SUBMIT_TIME": "now",
        }


@dataclass
class Used:
    cpu: float
    wall: float


class Velo:
    """Runs scripts of Nexmark in a folder of its own."""

    def __init__(self, program, folder, workload, arguments=()):
        self.program = Path(program)
        self.folder = Path(folder)
        self.workload = workload
        self.arguments = list(arguments)
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        side_input = self.folder / "data" / "side_input.txt"
        side_input.write_text("".join(f"{i},{i}\n" for i in range(SIDE_INPUT_ROWS)))

    def run(self, text):
        script = self.folder / "script.sql"
        script.write_text(text)
        environment = dict(os.environ, **self.workload.variables(self.folder))
        command = [self.program, "run", "--progress", "never", *self.arguments, script]
        with open(self.folder / "errors.txt", "w+b") as errors:
            process = subprocess.Popen(
                [str(c) for c in command], env=environment, stdout=subprocess.DEVNULL, stderr=errors
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            errors.seek(0)
            said = errors.read().decode().strip()
        if process.returncode != 0:
            raise Wrong(f"velo: exit status {process.returncode}: {said}")
        return Used(usage.ru_utime + usage.ru_stime, 0.0)

    def script(self, name, sink=BLACKHOLE):
        parts = ["ddl_gen", "ddl_views", name]
        text = "\n".join((QUERIES / f"{part}.sql").read_text() for part in parts)
        return text.replace(BLACKHOLE, sink)

    def rows_of(self, name):
        """The lines of a query's result; what was taken back is gone."""
        if name == "q10":
            return self.partitioned_rows()
        path = self.folder / f"{name}.json"
        path.unlink(missing_ok=True)
        sink = f"'connector' = 'filesystem', 'path' = '{path}', 'format' = 'json'"
        self.run(self.script(name, sink))
        lines = collections.Counter()
        with open(path) as file:
            for line in file:
                row = json.loads(line, parse_float=decimal.Decimal)
                sign = -1 if row.pop("op", "+I") in ("-U", "-D") else 1
                lines[line_of(name, row.values())] += sign
        path.unlink()
        if min(lines.values(), default=1) < 0:
            raise Wrong(f"{name}: a row is taken back that never came")
        return summed(name, sorted(lines.elements()))

    def partitioned_rows(self):
        """q10 writes a folder per day and minute, and leaves the names of the folders out."""
        folder = self.folder / "data" / "output"
        subprocess.run(["rm", "-rf", folder], check=True)
        self.run(self.script("q10"))
        lines = []
        for path in sorted(folder.rglob("*.csv")):
            values = dict(unquote(part).split("=", 1) for part in path.parts if "=" in part)
            for line in path.read_text().splitlines()[1:]:
                auction, bidder, price, time, extra = line.split(",")
                row = (auction, bidder, price, time, extra, values["dt"], values["hm"])
                lines.append(line_of("q10", row))
        return sorted(lines)

    def export(self):
        """The events themselves, numbered, as files for another engine."""
        text = (QUERIES / "ddl_gen.sql").read_text() + (QUERIES / "ddl_views.sql").read_text()
        numbered = "\n    n BIGINT METADATA FROM 'offset' VIRTUAL,\n    event_type int,"
        text = text.replace("\n    event_type int,", numbered, 1)
        for kind in ("person", "auction", "bid"):
            text = text.replace(f"    {kind}.extra\n", f"    {kind}.extra,\n    n\n")
            text += f"\nCREATE TABLE {kind}s {COLUMNS[kind]} WITH ('connector' = 'filesystem',"
            text += f" 'path' = '{self.folder}/{kind}.json', 'format' = 'json');"
            text += f"\nINSERT INTO {kind}s SELECT * FROM {kind};\n"
        self.run(text)


COLUMNS = {
    "person": "(id BIGINT, name VARCHAR, emailAddress VARCHAR, creditCard VARCHAR, city VARCHAR, "
    "state VARCHAR, `dateTime` TIMESTAMP(3), extra VARCHAR, n BIGINT)",
    "auction": "(id BIGINT, itemName VARCHAR, description VARCHAR, initialBid BIGINT, "
    "reserve BIGINT, `dateTime` TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, "
    "category BIGINT, extra VARCHAR, n BIGINT)",
    "bid": "(auction BIGINT, bidder BIGINT, price BIGINT, channel VARCHAR, url VARCHAR, "
    "`dateTime` TIMESTAMP(3), extra VARCHAR, n BIGINT)",
}


class DuckDb:
    """The same events in DuckDB; `duckdb` is the module."""

    def __init__(self, duckdb, folder):
        self.connection = duckdb.connect(":memory:")
        self.connection.execute("SET threads = 1")
        for kind, text in COLUMNS.items():
            columns = re.findall(r"(\w+)`? (BIGINT|VARCHAR|TIMESTAMP)", text)
            types = ", ".join(f"'{name}': '{type_}'" for name, type_ in columns)
            self.connection.execute(
                f"CREATE TABLE {kind} AS SELECT * FROM read_json('{folder}/{kind}.json', "
                f"format = 'newline_delimited', columns = {{{types}}})"
            )
        self.connection.execute(
            "CREATE TABLE side_input AS SELECT range AS key, CAST(range AS VARCHAR) AS value "
            f"FROM range({SIDE_INPUT_ROWS})"
        )

    def answer_of(self, name):
        rows = self.connection.execute((ANSWERS / f"{name}.duckdb").read_text()).fetchall()
        return summed(name, sorted(line_of(name, row) for row in rows))


def text_of(value):
    if value is None:
        return "NULL"
    if hasattr(value, "isoformat"):
        text = value.isoformat(timespec="milliseconds")
        return text.removesuffix(".000")
    if isinstance(value, decimal.Decimal):
        return format(value.normalize(), "f")
    return str(value)


def line_of(name, values):
    values = [text_of(value) for value in values]
    if name == "q12":  # whose windows depend on when it runs
        values[2:] = ["", ""]
    return "\t".join(values)


def summed(name, lines):
    """Of q12 the counts of all windows of a bidder."""
    if name != "q12":
        return lines
    counts = collections.Counter()
    for line in lines:
        bidder, count = line.split("\t")[:2]
        counts[bidder] += int(count)
    return sorted(f"{bidder}\t{count}" for bidder, count in counts.items())


def difference(name, ours, right):
    """An error that shows the first rows that differ."""
    missing = list((collections.Counter(right) - collections.Counter(ours)).elements())
    made_up = list((collections.Counter(ours) - collections.Counter(right)).elements())
    text = f"{name}: of {len(right)} rows {len(missing)} are missing, {len(made_up)} are wrong"
    for what, rows in (("missing", missing), ("wrong", made_up)):
        text += "".join(f"\n  {what}: {row[:200]}" for row in rows[:3])
    return Wrong(text)


def digest(lines):
    """Rows in one line: how many there are, and a hash of them."""
    return f"{len(lines)} {hashlib.sha256(chr(10).join(lines).encode()).hexdigest()[:32]}"
