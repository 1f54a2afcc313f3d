"""Random tables."""

import datetime

import values
from case import Column, Table
from expressions import column as expression_column

START = datetime.datetime(2024, 1, 1)
FORMATS = ["csv", "json"]


def some_rows(c, columns, average):
    """Rows of such columns; the first one, id, counts."""

    def one():
        return [values.some_value(c, column.sql, not column.tame) for column in columns[1:]]

    return [[number, *rest] for number, rest in enumerate(c.many(one, average, label="row"))]


def some_average(c):
    return c.of([8, 3, 8, 20, 20, 60, 1])


def some_table(c, name="t", more=4):
    """id and some columns of any type."""
    columns = [Column("id", values.BIGINT)]

    def one():
        sql = c.of(values.COLUMN_TYPES)
        return Column(f"c{len(columns)}", sql, not c.chance(40))

    for _ in range(1 + c.below(more + 1)):
        columns.append(one())
    rows = some_rows(c, columns, some_average(c))
    return Table(name, columns, rows, c.of(FORMATS), header=not c.chance(50))


def named(table, prefix=""):
    """The table's columns as expressions."""
    made = []
    for column in table.columns:
        made.append(expression_column(prefix + column.name, column.sql, column.tame))
    return made


def some_stream(c, name="t", more=3, late=True):
    """A table with an event time: id, ts, k, v and other columns. `late`: rows may break the bound of disorder."""
    ts = c.of(
        [values.timestamp(3), values.timestamp(3), values.timestamp(6), values.timestamp_ltz(3)]
    )
    columns = [
        Column("id", values.BIGINT),
        Column("ts", ts),
        Column("k", values.STRING),
        Column("v", values.BIGINT),
    ]
    for _ in range(c.below(more + 1)):
        columns.append(Column(f"c{len(columns)}", c.of(values.COLUMN_TYPES), not c.chance(30)))
    delay_ms = c.of([0, 5000, 2000, 20_000, 1500])
    worst = 4 * delay_ms + 30_000 if late and c.chance(50) else delay_ms
    steps = c.of(
        [[0, 1000, 1000, 3000], [0, 0, 250, 1000], [1000, 7000, 30_000], [0, 1, 500, 60_000]]
    )
    keys = c.of([["a", "b"], ["a"], ["a", "b", "c", None], list("abcdefgh")])
    state = {"now": 0}

    def one():
        state["now"] += c.of(steps)
        back = c.below(worst + 1) if worst and c.chance(50) else 0
        time = START + datetime.timedelta(milliseconds=state["now"] - back)
        if ts.low == 6 and c.chance(30):
            time += datetime.timedelta(microseconds=c.below(1000))
        if c.chance(1):
            time = None
        return [
            time,
            c.of(keys),
            values.some_value(c, columns[3].sql, False),
            *[values.some_value(c, column.sql, not column.tame) for column in columns[4:]],
        ]

    rows = [
        [number, *row] for number, row in enumerate(c.many(one, some_average(c) * 2, label="row"))
    ]
    return Table(name, columns, rows, c.of(FORMATS), not c.chance(50), delay_ms)
