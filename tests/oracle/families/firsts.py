"""Numbered rows: ORDER BY with LIMIT, the first rows of every partition or window, DISTINCT, rows once per key."""

from case import Case
from expressions import Expressions
from families.windows import Window
from schemas import named, some_stream, some_table
from values import BIGINT


def make(c):
    return c.of([ordered, first_rows, first_rows, of_windows, distinct])(c)


def some_order(c, columns, last):
    """ORDER BY that leaves no two rows equal. Doubles stay out: −0 and 0 are equal."""
    keys = []
    for _ in range(c.below(3)):
        one = c.of([column for column in columns if column.kind != "dbl"])
        keys.append(one.velo + c.of(["", " DESC", " ASC NULLS FIRST", " DESC NULLS LAST"]))
    return ", ".join(keys + [last + c.of(["", " DESC"])])


def chosen_items(c, expressions, columns, key="id"):
    return [columns[0]] + c.many(lambda: expressions.any(1), 2, at_most=4)


def listed(items, side):
    return ", ".join(f"{getattr(item, side)} AS r{i}" for i, item in enumerate(items))


def ordered(c):
    table = some_table(c)
    columns = named(table)
    expressions = Expressions(c, columns)
    items = chosen_items(c, expressions, columns)
    where = expressions.of("bool", 2) if c.chance(40) else None
    order = some_order(c, columns, "id")
    limit = f" LIMIT {c.of([1, 3, 10, 0, 100])}" if c.chance(60) else ""
    if limit and c.chance(30):
        limit += f" OFFSET {c.of([0, 1, 2, 5])}"

    def text(side):
        condition = f" WHERE {getattr(where, side)}" if where else ""
        return f"SELECT {listed(items, side)} FROM t{condition} ORDER BY {order}{limit}"

    case = Case([table], text("velo"), text("duck"), [item.sql for item in items], ordered=True)
    case.golden = " LIMIT 0" not in limit  # ended before a story can push anything
    return case


def distinct(c):
    table = some_table(c)
    columns = named(table)
    expressions = Expressions(c, columns)
    kinds = [kind for kind in expressions.kinds() if kind != "dbl"]
    items = c.many(lambda: expressions.leaf(c.of(kinds)), 2, at_least=1, at_most=3)

    def text(side):
        return f"SELECT DISTINCT {listed(items, side)} FROM t"

    return Case([table], text("velo"), text("duck"), [item.sql for item in items])


def numbering(c, columns, partition, last):
    """ROW_NUMBER over an order that leaves no rows equal, RANK and DENSE_RANK over one that does."""
    by = f"PARTITION BY {partition} " if partition else ""
    if c.chance(60):
        return f"ROW_NUMBER() OVER ({by}ORDER BY {some_order(c, columns, last)})"
    keys = [column for column in columns if column.kind != "dbl" and "(" not in column.velo]
    order = c.of(keys).velo + c.of(["", " DESC", " ASC NULLS FIRST", " DESC NULLS LAST"])
    return f"{c.of(['RANK', 'DENSE_RANK'])}() OVER ({by}ORDER BY {order})"


def some_bound(c, name):
    return c.of(
        [
            f"{name} <= 2",
            f"{name} = 1",
            f"{name} <= 5",
            f"{name} < 3",
            f"{name} BETWEEN 2 AND 3",
            f"{name} = 2",
        ]
    )


def first_rows(c):
    table = some_table(c)
    columns = named(table)
    expressions = Expressions(c, columns)
    items = chosen_items(c, expressions, columns)
    partitions = [
        column for column in columns[1:] if column.kind != "dbl" and "(" not in column.velo
    ]
    partition = ", ".join(column.velo for column in partitions[: c.below(3)])
    number = numbering(c, columns, partition, "id")
    where = expressions.of("bool", 2) if c.chance(30) else None
    bound, shape = some_bound(c, "rn"), c.below(3)

    def text(side):
        condition = f" WHERE {getattr(where, side)}" if where else ""
        if shape == 0:
            return f"SELECT {listed(items, side)} FROM t{condition} QUALIFY {bound.replace('rn', number)}"
        inner = f"SELECT {listed(items, side)}, {number} AS rn FROM t{condition}"
        shown = ", ".join(f"r{i}" for i in range(len(items))) + (", rn" if shape == 2 else "")
        return f"SELECT {shown} FROM ({inner}) WHERE {bound}"

    types = [item.sql for item in items] + ([BIGINT] if shape == 2 else [])
    return Case([table], text("velo"), text("duck"), types)


def of_windows(c):
    """The first rows or groups of every window."""
    table = some_stream(c, late=False)
    window = Window(c, table, ("TUMBLE", "HOP", "CUMULATE"))
    grouped = c.chance(60)
    partition = "window_start, window_end" + ("" if grouped or c.chance(50) else ", k")
    bound = some_bound(c, "rn")
    if grouped:
        item = c.of(["COUNT(*)", "SUM(v)", "MAX(v)", "MIN(id)"])
        rank, last = c.of([("ROW_NUMBER", ", k"), ("ROW_NUMBER", ", k"), ("RANK", ""), ("DENSE_RANK", "")])
        number = f"{rank}() OVER (PARTITION BY {partition} ORDER BY x{c.of(['', ' DESC'])}{last})"
        inner = (
            "SELECT window_start, window_end, k, "
            + item
            + " AS x FROM {source} GROUP BY window_start, window_end, k"
        )
        query = f"SELECT window_start, k, x, rn FROM (SELECT *, {number} AS rn FROM ({inner})) WHERE {bound}"
    else:
        number = numbering(c, named(table), partition, "id")
        query = f"SELECT window_start, k, id, rn FROM (SELECT *, {number} AS rn FROM {{source}}) WHERE {bound}"
    types = [window.bound_type(), table.columns[2].sql, BIGINT, BIGINT]
    case = Case([table], query.format(source=window.function()), query.format(source="w"), types)
    case.derive = lambda ask: window.give(case)
    return case
