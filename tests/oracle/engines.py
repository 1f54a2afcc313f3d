"""Asks velo and DuckDB for the answer of a case."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import values


class Refused(Exception):
    """DuckDB could not answer: the generator made something wrong."""


@dataclass
class Answer:
    rows: list  # of values; changes folded
    stats: dict
    texts: list = None  # the same rows as a golden file has them
    problem: str = (
        None  # what went wrong instead; without numbers and names it is the kind of failure
    )


class Duck:
    def __init__(self):
        import duckdb

        self.errors = duckdb.Error
        self.connection = duckdb.connect(config={"threads": 1})
        # As PostgreSQL and velo: NULLs are greater than all values.
        self.connection.execute("SET default_null_order = 'nulls_last_on_asc_first_on_desc'")

    def answer(self, case):
        try:
            self.create(case.tables)
            if case.derive:
                case.derive(lambda query: self.connection.execute(query).fetchall())
            if case.expected is not None:
                return self.read(case, case.expected)
            self.create(case.duck_tables)
            for statement in case.duck_setup:
                self.connection.execute(statement)
            rows = self.connection.execute(case.duck_query).fetchall()
        except self.errors as error:
            raise Refused(str(error)) from error
        return self.read(case, rows)

    def read(self, case, rows):
        return [
            [values.from_duck(sql, value) for sql, value in zip(case.types, row)] for row in rows
        ]

    def create(self, tables):
        for table in tables:
            for statement in table.duck_statements():
                self.connection.execute(statement)


class Velo:
    """Runs `velo run` on files in a scratch directory."""

    def __init__(self, program, scratch, timeout_s=60):
        self.program, self.scratch, self.timeout_s = program, Path(scratch), timeout_s

    def write(self, case, folder):
        for table in case.tables:
            lines = table.file_lines()
            (folder / table.file).write_text("".join(line + "\n" for line in lines))
        (folder / "case.sql").write_text(case.script())

    def command(self, case):
        return [
            self.program,
            "run",
            "case.sql",
            "--output",
            "json",
            "--stats",
            "json",
            "--progress",
            "never",
            "--batch-rows",
            str(case.batch_rows),
            "--parallelism",
            str(case.parallelism),
        ]

    def test(self, text):
        """What `velo test` has to say against a golden file; nothing if it passes."""
        path = self.scratch / "story.slt"
        path.write_text(text)
        try:
            ran = subprocess.run(
                [self.program, "test", path],
                capture_output=True,
                timeout=self.timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"velo test did not end within {self.timeout_s} s"
        if ran.returncode == 0:
            return None
        said = (ran.stdout + ran.stderr).decode(errors="replace").strip()
        return f"velo test: other rows in another way, status {ran.returncode}\n{said}"

    def answer(self, case):
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True)
        self.write(case, self.scratch)
        try:
            ran = subprocess.run(
                self.command(case),
                cwd=self.scratch,
                capture_output=True,
                timeout=self.timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Answer([], {}, problem=f"velo did not end within {self.timeout_s} s")
        said = ran.stderr.decode(errors="replace")
        if ran.returncode != 0:
            what = "crashed" if ran.returncode < 0 or ran.returncode > 2 else "failed"
            return Answer(
                [], {}, problem=f"velo {what} with status {ran.returncode}: {said.strip()}"
            )
        stats = [line for line in said.splitlines() if line.startswith("{")]
        return read_answer(case, ran.stdout.decode(), json.loads(stats[-1]) if stats else {})


def read_answer(case, text, stats):
    rows, texts, counts = [], [], {}
    line = ""
    try:
        for line in text.splitlines():
            record = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
            op = record.pop("op", None) if len(record) == len(case.types) + 1 else None
            if len(record) != len(case.types):
                raise ValueError(f"{len(record)} columns instead of {len(case.types)}")
            row = [values.from_velo(sql, value) for sql, value in zip(case.types, record.values())]
            rows.append(row)
            texts.append(golden_line(case, record.values()))
            if op:
                counts.setdefault(texts[-1], [0, row])[0] += 1 if op in ("+I", "+U") else -1
    except ValueError as error:
        return Answer([], stats, problem=f"velo's answer cannot be read: {error}: {line}")
    if counts:
        if any(count < 0 for count, _ in counts.values()):
            return Answer([], stats, problem="velo takes back rows that were never there")
        rows = [row for count, row in counts.values() for _ in range(count)]
        texts = ["+I " + text for text, (count, _) in counts.items() for _ in range(count)]
    return Answer(rows, stats, texts)


def golden_line(case, told):
    """velo's own texts: a DECIMAL with all its zeros, a double as short as it writes it."""
    return ",".join(
        value if isinstance(value, str) and sql.kind != "str" else values.shown(sql, value)
        for sql, value in zip(case.types, told)
    )


def key_of(case, row):
    return tuple(values.exact(sql, value) for sql, value in zip(case.types, row))
