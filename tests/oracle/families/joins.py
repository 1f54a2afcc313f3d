"""Joins: of every kind, without and within a time, of windows, as of a time; aggregates over them."""

import datetime

import values
from aggregates import Aggregates
from case import Case, Column, Table
from event_time import watermarks
from expressions import Expressions, both
from families.windows import Window
from schemas import FORMATS, named, some_average, some_rows, some_stream

KINDS = ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "LEFT SEMI JOIN", "LEFT ANTI JOIN"]
SECOND = datetime.timedelta(seconds=1)
KEY_TYPES = [
    values.BIGINT,
    values.STRING,
    values.INT,
    values.DATE,
    values.decimal(10, 2),
    values.BOOLEAN,
]


def make(c):
    return c.of([regular, regular, within, of_windows, as_of])(c)


def duck_kind(kind):
    """DuckDB says SEMI and ANTI without LEFT."""
    return kind.replace("LEFT SEMI", "SEMI").replace("LEFT ANTI", "ANTI")


def some_side(c, name, key, average):
    """A table with id, the key k and a few columns more."""
    columns = [Column("id", values.BIGINT), Column("k", key)]
    for _ in range(c.below(3)):
        columns.append(Column(f"{name}{len(columns)}", c.of(values.COLUMN_TYPES), not c.chance(30)))
    return Table(name, columns, some_rows(c, columns, average), c.of(FORMATS), not c.chance(50))


def kind_and_columns(c, sides):
    """A kind of join, and the columns that can be named above it."""
    kind = c.of(KINDS)
    one_side = "SEMI" in kind or "ANTI" in kind
    return kind, [
        column
        for table, name in (sides[:1] if one_side else sides)
        for column in named(table, name + ".")
    ]


def selected(c, columns, tables, source, duck_source, order="a.id"):
    """Rows of a join, or aggregates over it."""
    expressions = Expressions(c, columns)
    where = expressions.of("bool", 2) if c.chance(30) else None
    near, keys = {}, []
    if c.chance(30):
        aggregates = Aggregates(c, expressions, order=order)
        # A row of one side stands in many pairs: its number gives these no order.
        aggregates.forms = [form for form in aggregates.forms if "{o}" not in form.velo]
        keys = [
            expressions.leaf(c.of([kind for kind in expressions.kinds() if kind != "dbl"]))
            for _ in range(c.below(3))
        ]
        keys = [key for key in keys if "." in key.velo and "(" not in key.velo]
        items = list(keys)
        for _ in range(1 + c.below(3)):
            items.append(aggregates.any())
            if aggregates.near:
                near[len(items) - 1] = aggregates.near
    else:
        items = columns[:1] + c.many(lambda: expressions.any(1), 3, at_most=5)

    def text(side, source):
        query = f"SELECT {', '.join(f'{getattr(item, side)} AS r{i}' for i, item in enumerate(items))} FROM {source}"
        query += f" WHERE {getattr(where, side)}" if where else ""
        return query + (
            " GROUP BY " + ", ".join(getattr(key, side) for key in keys) if keys else ""
        )

    return Case(
        tables,
        text("velo", source),
        text("duck", duck_source),
        [item.sql for item in items],
        near=near,
    )


def regular(c):
    """Tables that end: the final answer."""
    key = c.of(KEY_TYPES)
    average = some_average(c)
    a, b = some_side(c, "a", key, average), some_side(c, "b", key, c.of([average, 3, 20]))
    kind, columns = kind_and_columns(c, [(a, "a"), (b, "b")])
    inside = Expressions(c, named(a, "a.") + named(b, "b."))
    more = inside.of("bool", 1) if c.chance(35) else None
    same = "IS NOT DISTINCT FROM" if c.chance(10) else "="

    def on(side):
        return f"ON a.k {same} b.k" + (f" AND {getattr(more, side)}" if more else "")

    sources = [f"a {kind} b {on('velo')}", f"a {duck_kind(kind)} b {on('duck')}"]
    tables = [a, b]
    if c.chance(25):
        third = some_side(c, "c", key, 6)
        other = c.of(["JOIN", "LEFT JOIN"])
        tables.append(third)
        columns = columns + named(third, "c.")
        sources = [f"{source} {other} c ON a.k = c.k" for source in sources]
    elif c.chance(10):
        tables[0].rows, tables[1].rows = a.rows[:12], b.rows[:12]
        sources, columns = ["a CROSS JOIN b"] * 2, named(a, "a.") + named(b, "b.")
    return selected(c, columns, tables, *sources)


def on_time(table):
    """The rows that a join or OVER takes: those not behind the watermark (docs/decisions/0006 and 0008)."""
    marks = watermarks(
        [row[1] for row in table.rows], datetime.timedelta(milliseconds=table.delay_ms)
    )
    rows = [
        row
        for row, mark in zip(table.rows, marks)
        if row[1] is not None and row[1] >= mark
    ]
    return Table(table.name, table.columns, rows)


def two_streams(c, late=True):
    a, b = some_stream(c, "a", 1, late), some_stream(c, "b", 1, late)
    b.columns[1] = Column("ts", a.columns[1].sql)
    for row in b.rows:
        if row[1] is not None and a.columns[1].sql.low == 3:
            row[1] = row[1].replace(microsecond=row[1].microsecond // 1000 * 1000)
    return a, b


def within(c):
    """Streams joined within a time: rows behind their watermark are left out."""
    a, b = two_streams(c)
    kind, columns = kind_and_columns(c, [(a, "a"), (b, "b")])
    before, after = c.of([0, 3, 10, 60]), c.of([0, 5, 20])
    inside = Expressions(c, named(a, "a.") + named(b, "b."))
    more = inside.of("bool", 1) if c.chance(25) else None

    def on(side):
        return (
            f"ON a.k = b.k AND b.ts BETWEEN a.ts - INTERVAL '{before}' SECOND AND a.ts + INTERVAL '{after}' SECOND"
            + (f" AND {getattr(more, side)}" if more else "")
        )

    case = selected(
        c, columns, [a, b], f"a {kind} b {on('velo')}", f"a {duck_kind(kind)} b {on('duck')}"
    )
    case.duck_tables = [on_time(a), on_time(b)]
    return case


def of_windows(c):
    """Rows of one window joined; none is late."""
    a, b = two_streams(c, late=False)
    window = Window(c, a, ("TUMBLE", "HOP", "CUMULATE"))
    kind, _ = kind_and_columns(c, [(a, "l"), (b, "r")])
    bounds = [both(f"l.window_{name}", window.bound_type()) for name in ("start", "end")]
    one_side = "SEMI" in kind or "ANTI" in kind
    columns = named(a, "l.") + bounds + ([] if one_side else named(b, "r."))
    on = "ON l.k = r.k AND l.window_start = r.window_start AND l.window_end = r.window_end"
    sides = []
    for table, name in ((a, "l"), (b, "r")):
        window.table = table
        sides.append(f"(SELECT * FROM {window.function()}) {name}")
    case = selected(
        c,
        columns,
        [a, b],
        f"{sides[0]} {kind} {sides[1]} {on}",
        f"w_a l {duck_kind(kind)} w_b r {on}",
        order="l.id",
    )

    def derive(_):
        for table in (a, b):
            window.table = table
            window.give(case, name=f"w_{table.name}")

    case.derive = derive
    return case


def as_of(c):
    """The last row of the other side not after one's own time."""
    a, b = two_streams(c)
    seen = set()
    b.rows = [
        row for row in b.rows if (row[1], row[2]) not in seen and not seen.add((row[1], row[2]))
    ]
    left = c.chance(50)
    columns = named(a, "a.") + named(b, "b.")
    shape = c.below(3)
    kind = "LEFT " if left else ""
    on = "a.k = b.k"
    compare = "a.ts > b.ts" if shape == 1 else "a.ts >= b.ts"
    velo = f"a {kind}ASOF JOIN b ON {on} AND {compare}"
    if left:
        velo = f"a ASOF LEFT JOIN b ON {on} AND {compare}"
    if shape == 2:
        velo = f"a {kind}JOIN b FOR SYSTEM_TIME AS OF a.ts ON {on}"
    case = selected(c, columns, [a, b], velo, f"a ASOF {kind}JOIN b ON {on} AND {compare}")
    case.duck_tables = [on_time(a), on_time(b)]
    return case
