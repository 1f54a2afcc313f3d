"""A case: tables with their rows, a query for velo and what DuckDB is asked instead."""

import json
from dataclasses import dataclass, field

import values
from values import SqlType


@dataclass(frozen=True)
class Column:
    name: str
    sql: SqlType
    tame: bool = True  # see expressions.py


@dataclass
class Table:
    name: str
    columns: list
    rows: list  # as they stand in the file
    format: str = "csv"
    header: bool = True
    delay_ms: int = None  # of the watermark; none: no event time
    time_column: str = "ts"

    @property
    def file(self):
        return f"{self.name}.{self.format}"

    def velo_columns(self):
        parts = [f"{column.name} {column.sql.name}" for column in self.columns]
        if self.delay_ms is not None:
            parts.append(
                f"WATERMARK FOR {self.time_column} AS {self.time_column} - {interval(self.delay_ms)}"
            )
        return f"CREATE TABLE {self.name} ({', '.join(parts)})\n"

    def velo_ddl(self, path):
        return (
            f"{self.velo_columns()}WITH ('connector' = 'filesystem', 'path' = '{path}', "
            f"'format' = '{self.format}')"
        )

    def push_ddl(self, bounded=True):
        ends = ", 'bounded' = 'true'" if bounded else ""
        return f"{self.velo_columns()}WITH ('connector' = 'push', 'format' = '{self.format}'{ends})"

    def file_lines(self):
        has_head = self.format == "csv" and self.header
        return (
            [",".join(column.name for column in self.columns)] if has_head else []
        ) + self.data_lines()

    def data_lines(self):
        if self.format == "json":
            return [
                "{"
                + ", ".join(
                    f'"{column.name}": {json_text(column.sql, value)}'
                    for column, value in zip(self.columns, row)
                )
                + "}"
                for row in self.rows
            ]
        return [
            ",".join(csv_field(column.sql, value) for column, value in zip(self.columns, row))
            for row in self.rows
        ]

    def without_time(self):
        """So many rows have no event time: bad ones."""
        if self.delay_ms is None:
            return 0
        at = [column.name for column in self.columns].index(self.time_column)
        return sum(row[at] is None for row in self.rows)

    def duck_statements(self):
        columns = ", ".join(f"{column.name} {column.sql.duck}" for column in self.columns)
        made = [f"CREATE OR REPLACE TABLE {self.name} ({columns})"]
        if self.rows:
            rows = ", ".join(
                "("
                + ", ".join(
                    values.duck_literal(column.sql, value)
                    for column, value in zip(self.columns, row)
                )
                + ")"
                for row in self.rows
            )
            made.append(f"INSERT INTO {self.name} VALUES {rows}")
        return made


def interval(ms):
    return (
        f"INTERVAL '{ms // 1000}' SECOND"
        if ms % 1000 == 0
        else f"INTERVAL '{ms / 1000:.3f}' SECOND"
    )


def csv_field(sql, value):
    if value is None:
        return ""
    text = values.plain_text(sql, value)
    if sql.kind == "str" and (text == "" or set(',"\n') & set(text)):
        return '"' + text.replace('"', '""') + '"'
    return text


def json_text(sql, value):
    """Numbers by their own text: a DECIMAL has more digits than a float."""
    if value is None:
        return "null"
    if sql.kind == "list":
        return f"[{', '.join(json_text(sql.parts[0], one) for one in value)}]"
    if sql.kind in ("map", "row"):
        types = dict(sql.parts) if sql.kind == "row" else dict.fromkeys(value, sql.parts[0])
        fields = (f'"{name}": {json_text(types[name], one)}' for name, one in value.items())
        return f"{{{', '.join(fields)}}}"
    text = values.plain_text(sql, value)
    if sql.kind in ("bool", "int") or (
        sql.kind in ("dbl", "flt", "dec") and text.strip("-") not in ("NaN", "Infinity")
    ):
        return text
    return json.dumps(text, ensure_ascii=False)


@dataclass
class Case:
    """What a family makes of choices; `seed`, `number` and `family` say where it came from."""

    tables: list
    query: str  # velo's, without a semicolon at its end
    duck_query: str
    types: list  # of the result's columns
    setup: list = field(default_factory=list)  # velo's statements before the query
    duck_setup: list = field(default_factory=list)  # DuckDB's
    duck_tables: list = field(
        default_factory=list
    )  # tables of DuckDB's own, of what a model has worked out
    ordered: bool = False
    near: dict = field(default_factory=dict)  # column → relative tolerance
    stats: dict = field(default_factory=dict)  # velo's counts: late, bad (none, if not said)
    expected: list = None  # rows, where it is not DuckDB that says them
    derive: object = (
        None  # called with a way to ask DuckDB before the query: fills duck_tables and stats
    )
    golden: bool = True  # as a story of `velo test` it says the same
    # Names of the result's columns, if tables that go on give the same in the end: then its story
    # is told of such tables.
    streams: list = None
    batch_rows: int = 1024
    parallelism: int = 1
    seed: str = ""
    number: int = 0
    family: str = ""

    def script(self):
        statements = (
            [table.velo_ddl(table.file) for table in self.tables] + self.setup + [self.query]
        )
        return ";\n".join(statements) + ";\n"
