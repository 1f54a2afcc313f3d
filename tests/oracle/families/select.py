"""SELECT … WHERE … over one table: expressions and functions of every type."""

from case import Case
from expressions import Expressions
from schemas import named, some_table


def make(c):
    table = some_table(c)
    expressions = Expressions(c, named(table))
    items = c.many(lambda: expressions.any(3), 3, at_least=1, at_most=6)
    where = expressions.of("bool", 3) if c.chance(60) else None

    def text(side):
        listed = ", ".join(f"{getattr(item, side)} AS r{i}" for i, item in enumerate(items))
        rest = f" WHERE {getattr(where, side)}" if where else ""
        return f"SELECT {listed} FROM t{rest}"

    return Case([table], text("velo"), text("duck"), [item.sql for item in items])
