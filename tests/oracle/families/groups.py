"""GROUP BY, HAVING, DISTINCT, every aggregate over one table, final and changing."""

from aggregates import Aggregates
from case import Case
from expressions import Ex, Expressions, as_bigint
from schemas import named, some_table


def make(c):
    table = some_table(c)
    expressions = Expressions(c, named(table))
    keys = c.many(lambda: some_key(c, expressions), 1.5, at_most=3)
    aggregates = Aggregates(c, expressions)
    near, items = {}, []

    def one():
        made = aggregates.any()
        if aggregates.near:
            near[len(keys) + len(items)] = aggregates.near
        items.append(made)

    c.many(one, 3, at_least=1, at_most=6)
    where = expressions.of("bool", 2) if c.chance(40) else None
    having = some_having(c, expressions) if c.chance(30) else None
    # A changing result: what is left of it must be the answer.
    emit = c.of(["", "", "", "", " EMIT CHANGES", " EMIT CHANGES WITH ('emit.coalesce' = 'none')"])

    def text(side):
        listed = [f"{getattr(key, side)} AS k{i}" for i, key in enumerate(keys)]
        listed += [f"{getattr(item, side)} AS a{i}" for i, item in enumerate(items)]
        query = f"SELECT {', '.join(listed)} FROM t"
        if where:
            query += f" WHERE {getattr(where, side)}"
        if keys:
            query += " GROUP BY " + ", ".join(getattr(key, side) for key in keys)
        return query + (f" HAVING {getattr(having, side)}" if having else "")

    return Case(
        [table], text("velo") + emit, text("duck"), [one.sql for one in keys + items], near=near
    )


def some_key(c, expressions):
    """A column or an expression; not of doubles, whose equal zeros look different."""
    kind = c.of([kind for kind in expressions.kinds() if kind not in ("dbl", "iv")])
    one = expressions.leaf(kind) if c.chance(60) else expressions.of(kind, 2)
    if not one.velo.isidentifier():
        # A bare literal in GROUP BY would be the number of an item.
        one = Ex(f"COALESCE({one.velo}, {one.velo})", f"COALESCE({one.duck}, {one.duck})", one.sql)
    return one


def some_having(c, expressions):
    shape = c.below(4)
    if shape == 0:
        return Ex("COUNT(*) > 1", "COUNT(*) > 1", None)
    one = as_bigint(expressions.leaf("int"))
    text = ["", "MAX({0}) > 0", "NOT (MIN({0}) = 1)", "COUNT({0}) > 1 OR MIN({0}) IS NULL"][shape]
    return Ex(text.format(one.velo), text.format(one.duck), None)
