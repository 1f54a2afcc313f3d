"""UNION, INTERSECT and EXCEPT, with ALL and without, inside one another."""

from case import Case
from expressions import Ex, Expressions, common
from families.subqueries import meet
from schemas import named, some_table
from values import BIGINT

KINDS = ["int", "str", "dec", "date", "ts", "bool", "time"]
WORDS = ["UNION", "INTERSECT", "EXCEPT", "UNION ALL", "INTERSECT ALL", "EXCEPT ALL"]


def make(c):
    tables = [some_table(c, name, 3) for name in ("t", "u", "v")[: 2 + c.below(2)]]
    kinds = [c.of(KINDS) for _ in range(1 + c.below(3))]
    types = [None] * len(kinds)
    texts = tree(c, tables, kinds, types, 2)
    names = [f"r{i}" for i in range(len(kinds))]
    ordered = False
    if c.chance(30):
        word = c.of(["COUNT(*)", "COUNT(DISTINCT r0)", "MAX(r0)"])
        texts = [f"SELECT {word} AS n, r0 FROM ({text}) s GROUP BY r0" for text in texts]
        types = [types[0] if word == "MAX(r0)" else Ex("", "", BIGINT), types[0]]
        names = ["n", "r0"]
    elif c.chance(20):
        # Rows that are equal in all columns are the same row: there is one order.
        ordered = True
        rest = " ORDER BY " + ", ".join(name + c.of(["", " DESC"]) for name in names)
        rest += c.of(["", " LIMIT 3", " LIMIT 2 OFFSET 1"])
        texts = [text + rest for text in texts]
    read = [table for table in tables if f" FROM {table.name}" in texts[0]]
    return Case(
        read,
        *texts,
        [one.sql for one in types],
        ordered=ordered,
        streams=None if ordered else names,
    )


def tree(c, tables, kinds, types, depth):
    """Texts for both; `types`: for each column an expression of those so far, which others must meet."""
    if depth == 0 or (depth < 2 and c.chance(50)):
        return branch(c, tables, kinds, types)
    with c.span("operation"):
        sides = [tree(c, tables, kinds, types, depth - 1) for _ in range(2)]
        word = c.of(WORDS)
        return [f"({left}) {word} ({right})" for left, right in zip(*sides)]


def branch(c, tables, kinds, types):
    table = c.of(tables)
    expressions = Expressions(c, named(table))
    items = []
    for i, kind in enumerate(kinds):
        one = expressions.of(kind, 1)
        if types[i] is not None and not meet(types[i], one):
            one = expressions.literal(kind)
        types[i] = widest(types[i], one)
        items.append(one)
    where = expressions.of("bool", 1) if c.chance(40) else None
    texts = []
    for side in ("velo", "duck"):
        listed = ", ".join(f"{getattr(item, side)} AS r{i}" for i, item in enumerate(items))
        texts.append(
            f"SELECT {listed} FROM {table.name}" + (f" WHERE {getattr(where, side)}" if where else "")
        )
    return texts


def widest(one, other):
    if one is None:
        return other
    return Ex("", "", common(one, other))
