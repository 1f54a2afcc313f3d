"""UNNEST of arrays and maps, LATERAL over them and over tables; rows and aggregates of what comes out.

DuckDB is asked without LATERAL: each item of FROM is one query more around those before it, `d`,
and adds columns to its rows.
"""

from dataclasses import replace

import values
from case import Column, Table
from expressions import Ex, Expressions, column
from families.joins import selected
from schemas import named, some_average, some_rows
from values import BIGINT, STRING, list_of, map_of, row_of

PARTS = [
    BIGINT,
    STRING,
    values.INT,
    values.DOUBLE,
    values.decimal(10, 2),
    values.BOOLEAN,
    values.DATE,
    values.timestamp(3),
]


def make(c):
    tables = [some_table_of_lists(c)]
    scalars = [one for one in tables[0].columns if one.sql.kind not in ("list", "map")]
    source = Source(tables, two_named(scalars, "t.", "d."))
    for level in range(1 + c.below(2)):
        with c.span("source"):
            add(c, source, level)
    return selected(c, source.columns, tables, source.velo, f"{source.duck} AS d", order="t.id")


class Source:
    """FROM as it grows."""

    def __init__(self, tables, columns):
        self.tables, self.columns = tables, columns
        self.velo = self.duck = "t"

    def join(self, how, item, on=None):
        """`how`: a comma or a kind of join."""
        self.velo += f"{'' if how == ',' else ' '}{how} {item}" + (f" ON {on.velo}" if on else "")

    def grow(self, columns, where=None, more=""):
        """DuckDB's rows get columns; `more`: what else is in FROM."""
        self.duck = f"(SELECT d.*, {', '.join(columns)} FROM {self.duck} AS d{more}" + (
            f" WHERE {where})" if where else ")"
        )


def two_named(columns, velo, duck):
    """The columns under their two prefixes."""

    made = []
    for one in columns:
        theirs = column(duck + one.name, one.sql, one.tame)
        made.append(replace(column(velo + one.name, one.sql, one.tame), duck=theirs.duck))
    return made


def some_table_of_lists(c):
    columns = [
        Column("id", BIGINT),
        Column("k", c.of([BIGINT, STRING])),
        Column("l", list_of(c.of(PARTS))),
    ]
    for i in range(c.below(3)):
        part = c.of(PARTS)
        fields = [("f", part), ("g", c.of(PARTS))]
        columns.append(
            Column(f"l{i}", c.of([list_of(part), map_of(part), list_of(row_of(*fields))]))
        )
    for i in range(c.below(3)):
        columns.append(Column(f"c{i}", c.of(values.COLUMN_TYPES), not c.chance(30)))
    return Table("t", columns, some_rows(c, columns, some_average(c)), "json")


def add(c, source, level):
    shape = c.of(["list", "list", "list", "lateral list", "computed", "table"])
    if shape == "computed":
        return computed(c, source, f"s{level}")
    if shape == "table" and len(source.tables) == 1:
        return of_table(c, source, f"s{level}")
    lists = [one for one in source.tables[0].columns if one.sql.kind in ("list", "map")]
    return elements(c, source, c.of(lists), f"u{level}", shape == "lateral list")


def elements(c, source, of, name, inside):
    """The elements of a column, taken as they are or `inside` a LATERAL."""
    part = of.sql.parts[0]
    ordinality = of.sql.kind == "list" and c.chance(25)
    if of.sql.kind == "map":
        columns = [Column("k", STRING), Column("v", part)]
        taken = [f"UNNEST(map_keys(d.{of.name}))", f"UNNEST(map_values(d.{of.name}))"]
    else:
        columns = [Column(*one) for one in part.parts] if part.kind == "row" else [Column("x", part)]
        taken = [f"UNNEST(d.{of.name})"]
    names = ["k", "v"] if of.sql.kind == "map" else ["e" if part.kind == "row" else "x"]
    if ordinality:
        columns.append(Column("n", BIGINT))
        names.append("n")
        taken.append(f"generate_subscripts(d.{of.name}, 1)")
    how = c.of([",", "CROSS JOIN", "LEFT JOIN", "JOIN"]) if not inside else c.of([",", "CROSS JOIN"])
    before = source.duck
    source.grow([f"{text} AS {name}_{one}" for text, one in zip(taken, names)])
    if how == "LEFT JOIN":
        size = "cardinality" if of.sql.kind == "map" else "len"
        alone = ", ".join("NULL" for _ in names)
        source.duck = (
            f"({source.duck[1:-1]} UNION ALL SELECT d.*, {alone} FROM {before} AS d "
            f"WHERE coalesce({size}(d.{of.name}), 0) = 0)"
        )
    if part.kind == "row":
        source.grow([f"d.{name}_e.{field} AS {name}_{field}" for field, _ in part.parts])
    listed = ", ".join(one.name for one in columns)
    unnest = f"UNNEST(t.{of.name}){' WITH ORDINALITY' if ordinality else ''}"
    if inside:
        own = two_named(columns, "e.", f"d.{name}_")
        return lateral(c, source, how, name, own, f"{unnest} AS e ({listed})")
    own = two_named(columns, f"{name}.", f"d.{name}_")
    on = Ex("TRUE", "TRUE", values.BOOLEAN) if how in ("JOIN", "LEFT JOIN") else None
    if how == "JOIN" and c.chance(50):
        on = Expressions(c, source.columns + own).of("bool", 1)
        source.duck = f"(SELECT * FROM {source.duck} AS d WHERE {on.duck})"
    source.join(how, f"{unnest} AS {name} ({listed})", on)
    source.columns += own


def lateral(c, source, how, name, inner, velo):
    """LATERAL (SELECT … FROM … WHERE …): of each row and what is inside."""
    expressions = Expressions(c, source.columns + inner)
    items = c.many(lambda: expressions.any(2), 1.5, at_least=1, at_most=3)
    where = expressions.of("bool", 2) if c.chance(50) else None
    add_items(source, how, name, items, f" FROM {velo}", where)


def add_items(source, how, name, items, velo="", where=None, more=""):
    """LATERAL (SELECT items …) AS name; `velo` and `more`: FROM for the two."""
    listed = ", ".join(f"{item.velo} AS y{i}" for i, item in enumerate(items))
    kept = f" WHERE {where.velo}" if where else ""
    source.join(how, f"LATERAL (SELECT {listed}{velo}{kept}) AS {name}")
    source.grow(
        [f"{item.duck} AS {name}_y{i}" for i, item in enumerate(items)],
        where and where.duck,
        more,
    )
    keep(source, name, items)


def computed(c, source, name):
    """LATERAL (SELECT …) without FROM: more columns of the row."""
    expressions = Expressions(c, source.columns)
    items = c.many(lambda: expressions.any(2), 1.5, at_least=1, at_most=3)
    add_items(source, c.of([",", "CROSS JOIN"]), name, items)


def of_table(c, source, name):
    """LATERAL over another table, whose rows are tied to the row around."""
    columns = [
        Column("id", BIGINT),
        source.tables[0].columns[1],
        Column("b2", c.of(values.COLUMN_TYPES)),
    ]
    table = Table("b", columns, some_rows(c, columns, some_average(c)), c.of(["csv", "json"]))
    source.tables.append(table)
    inside = Expressions(c, named(table, "b."))
    shape = c.of(["rows", "rows", "summed up", "first"])
    if shape == "summed up":
        return summed_up(c, source, name, inside)
    if shape == "first":
        return first_rows(c, source, name, named(table, "b."), inside)
    expressions = Expressions(c, source.columns + named(table, "b."))
    items = named(table, "b.")[:1] + c.many(lambda: expressions.any(1), 1.5, at_most=3)
    more = expressions.of("bool", 1) if c.chance(40) else Ex("TRUE", "TRUE", values.BOOLEAN)
    where = Ex(f"b.k = t.k AND {more.velo}", f"b.k = d.k AND {more.duck}", values.BOOLEAN)
    add_items(source, c.of([",", "CROSS JOIN"]), name, items, " FROM b", where, ", b")


def tied(inside, c):
    """b's rows of the key around, perhaps with a condition of their own."""
    if not c.chance(30):
        return Ex("b.k = t.k", "TRUE", values.BOOLEAN)
    own = inside.of("bool", 1)
    return Ex(f"b.k = t.k AND {own.velo}", own.duck, values.BOOLEAN)


def summed_up(c, source, name, inside):
    """Aggregates over them: without GROUP BY one row for each row around."""
    where = tied(inside, c)
    items = []
    for _ in range(1 + c.below(2)):
        one = inside.leaf(c.of([kind for kind in inside.kinds() if kind != "dbl"]))
        items.append(c.of([Ex("COUNT(*)", "COUNT(*)", BIGINT), extreme(c, one)]))
    listed = ", ".join(f"{item.velo} AS y{i}" for i, item in enumerate(items))
    how = c.of([",", "CROSS JOIN", "LEFT JOIN"])
    on = Ex("TRUE", "TRUE", values.BOOLEAN) if how == "LEFT JOIN" else None
    source.join(how, f"LATERAL (SELECT {listed} FROM b WHERE {where.velo}) AS {name}", on)
    source.grow(
        [
            f"(SELECT {item.duck} FROM b WHERE b.k = d.k AND {where.duck}) AS {name}_y{i}"
            for i, item in enumerate(items)
        ]
    )
    keep(source, name, items)


def extreme(c, one):
    word = c.of(["MAX", "MIN"])
    return replace(one, velo=f"{word}({one.velo})", duck=f"{word}({one.duck})")


def first_rows(c, source, name, columns, inside):
    """The first of them in the order of their numbers."""
    where = tied(inside, c)
    items = columns[:1] + c.many(lambda: inside.any(1), 1.5, at_most=2)
    order, count = c.of(["", " DESC"]), 1 + c.below(3)
    how = c.of([",", "CROSS JOIN", "LEFT JOIN"])
    on = Ex("TRUE", "TRUE", values.BOOLEAN) if how == "LEFT JOIN" else None
    listed = ", ".join(f"{item.velo} AS y{i}" for i, item in enumerate(items))
    source.join(
        how,
        f"LATERAL (SELECT {listed} FROM b WHERE {where.velo} "
        f"ORDER BY b.id{order} LIMIT {count}) AS {name}",
        on,
    )
    listed = ", ".join(f"{item.duck} AS {name}_y{i}" for i, item in enumerate(items))
    ranked = (
        f"(SELECT b.k AS {name}_k, {listed}, ROW_NUMBER() OVER (PARTITION BY b.k ORDER BY b.id{order}) "
        f"AS {name}_r FROM b WHERE {where.duck})"
    )
    kind = "LEFT JOIN" if on else "JOIN"
    source.duck = (
        f"(SELECT * FROM {source.duck} AS d {kind} {ranked} AS {name} "
        f"ON {name}.{name}_k = d.k AND {name}.{name}_r <= {count})"
    )
    keep(source, name, items)


def keep(source, name, items):
    columns = [Column(f"y{i}", item.sql, False) for i, item in enumerate(items)]
    source.columns += two_named(columns, f"{name}.", f"d.{name}_")
