"""OVER in the order of event time: ROWS frames; rows behind the watermark are left out."""

from case import Case
from expressions import Ex, Expressions
from families.joins import on_time
from schemas import named, some_stream
from values import BIGINT, DOUBLE

FRAMES = [
    "ROWS BETWEEN 2 PRECEDING AND CURRENT ROW",
    "ROWS 1 PRECEDING",
    "ROWS UNBOUNDED PRECEDING",
    "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
    "ROWS BETWEEN 0 PRECEDING AND CURRENT ROW",
    "ROWS BETWEEN 20 PRECEDING AND CURRENT ROW",
]
ITEMS = [
    ("COUNT(*)", BIGINT),
    ("SUM({v})", BIGINT),
    ("MIN({v})", BIGINT),
    ("MAX({v})", BIGINT),
    ("COUNT({v})", BIGINT),
    ("AVG({v})", DOUBLE),
]


def make(c):
    table = some_stream(c)
    columns = named(table)
    expressions = Expressions(c, columns)
    where = expressions.of("bool", 1) if c.chance(30) else None
    items = [columns[0]]

    def one():
        shape, sql = c.of(ITEMS)
        partition = c.of(["PARTITION BY k ", "", "PARTITION BY k "])
        frame = c.of(FRAMES)
        argument = c.of(["v", "v", "id", "LENGTH(k)"])
        velo = f"{shape.format(v=argument)} OVER ({partition}ORDER BY ts {frame})"
        # Rows of one time stand in the order in which they came.
        duck = f"{shape.format(v=argument)} OVER ({partition}ORDER BY ts, id {frame})"
        items.append(Ex(velo, duck, sql))

    c.many(one, 2, at_least=1, at_most=4)

    def text(side):
        query = f"SELECT {', '.join(f'{getattr(item, side)} AS r{i}' for i, item in enumerate(items))} FROM t"
        return query + (f" WHERE {getattr(where, side)}" if where else "")

    case = Case([table], text("velo"), text("duck"), [item.sql for item in items])
    case.duck_tables = [on_time(table)]
    return case
