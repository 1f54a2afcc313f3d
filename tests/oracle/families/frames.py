"""OVER: every frame, rank and navigation; by event time (rows behind the watermark are left out), per window, at the end, and as
rows come."""

from case import Case
from expressions import Ex, Expressions
from families.firsts import some_order
from families.joins import on_time
from families.windows import Window
from schemas import named, some_stream, some_table
from values import BIGINT, DOUBLE

AGGREGATES = [
    ("COUNT(*)", BIGINT),
    ("SUM({v})", BIGINT),
    ("MIN({v})", BIGINT),
    ("MAX({v})", BIGINT),
    ("COUNT({v})", BIGINT),
    ("AVG({v})", DOUBLE),
    ("COUNT(DISTINCT {v})", BIGINT),
    ("SUM({v}) FILTER (WHERE {v} > 1)", BIGINT),
]
RANKS = [("RANK()", BIGINT), ("DENSE_RANK()", BIGINT)]
SHARES = [("PERCENT_RANK()", DOUBLE), ("CUME_DIST()", DOUBLE)]
PLACES = [("ROW_NUMBER()", BIGINT)]
BUCKETS = [("NTILE(3)", BIGINT), ("NTILE(1)", BIGINT), ("NTILE(7)", BIGINT)]
IN_FRAME = ["FIRST_VALUE({v}{i})", "LAST_VALUE({v}{i})", "NTH_VALUE({v}, 2{i})"]
BESIDE = ["LAG({v}{i})", "LAG({v}, 2{i})", "LAG({v}, 3, {v}{i})", "LAG({v}, 0{i})"]
AHEAD = ["LEAD({v}{i})", "LEAD({v}, 2{i})", "LEAD({v}, 1, {v}{i})"]


class Orders:
    """How rows stand: by a key that leaves some equal, and by one that leaves none so. `duck`: where velo
    goes by the order of arrival, DuckDB has to be told."""

    def __init__(self, some, none, none_duck, range_keys):
        self.some, self.none, self.none_duck = some, none, none_duck
        self.range_keys = range_keys  # (order, a distance as text)


def some_frame(c, unit, length, whole):
    """ROWS, GROUPS or RANGE. `length`: how a distance is written."""

    def bound(n, side):
        if n is None:
            return f"UNBOUNDED {side}"
        return "CURRENT ROW" if n == 0 else f"{length(abs(n))} {'PRECEDING' if n < 0 else 'FOLLOWING'}"

    start, end = -c.of([1, 0, 2, 5, 20, -1]), c.of([0, 0, 1, 3, -1])
    start, end = min(start, end), max(start, end)
    if c.chance(25):
        start = None
    if whole and c.chance(25):
        end = None
    if c.chance(20) and end == 0 and (start is None or start < 0):
        return f"{unit} {bound(start, 'PRECEDING')}"
    return f"{unit} BETWEEN {bound(start, 'PRECEDING')} AND {bound(end, 'FOLLOWING')}"


class Call:
    """One call, without OVER and with what stands in it, for velo and for DuckDB."""

    def __init__(self, c, orders, whole, numbers, values):
        self.shape, self.order, self.duck_order, self.frame = "", orders.none, orders.none_duck, ""
        self.column, self.ignore = c.of(numbers), False
        kind = c.below(7)
        if kind in (0, 1):
            self.shape, self.type = c.of(AGGREGATES)
            self.frame = some_frame(c, "ROWS", str, whole)
        elif kind == 2:
            self.shape, self.type = c.of(AGGREGATES)
            self.order = self.duck_order = orders.some
            self.frame = some_frame(c, "GROUPS", str, whole)
            if c.chance(30):
                self.frame = ""
            elif c.chance(50):
                self.order, length = c.of(orders.range_keys)
                self.duck_order = self.order
                self.frame = some_frame(c, "RANGE", length, whole)
        elif kind == 3:
            self.shape, self.type = c.of(RANKS + (SHARES if whole else []))
            self.order = self.duck_order = orders.some
        elif kind == 4:
            self.shape, self.type = c.of(PLACES + (BUCKETS if whole else []))
        else:
            self.column, self.ignore = c.of(values), c.chance(30)
            self.type = self.column.sql
            if kind == 5:
                self.shape, self.frame = c.of(IN_FRAME), some_frame(c, "ROWS", str, whole)
            else:
                with_lead = BESIDE + (AHEAD if whole or not self.ignore else [])
                self.shape = c.of(with_lead)

    def looks_ahead(self):
        return "FOLLOWING" in self.frame or self.shape.startswith("LEAD")

    def over(self, partition):
        by = f"PARTITION BY {partition} " if partition else ""

        def text(order, inside, outside, column):
            shape = self.shape.format(v=column, i=inside)
            return f"{shape}{outside} OVER ({by}ORDER BY {order} {self.frame})".replace(" )", ")")

        nulls = " IGNORE NULLS" if self.ignore else ""
        return Ex(
            text(self.order, "", nulls, self.column.velo),
            text(self.duck_order, nulls, "", self.column.duck),
            self.type,
        )


def seconds(n):
    return f"INTERVAL '{n}' SECOND"


def listed(items, side):
    return ", ".join(f"{getattr(item, side)} AS r{i}" for i, item in enumerate(items))


def make(c):
    return c.of([by_time, by_time, at_the_end, of_windows])(c)


def by_time(c):
    """Rows of one time stand in the order in which they came."""
    table = some_stream(c)
    columns = named(table)
    expressions = Expressions(c, columns)
    where = expressions.of("bool", 1) if c.chance(30) else None
    orders = Orders("ts", "ts", "ts, id", [("ts", seconds)])
    numbers = [columns[3], columns[0], Ex("LENGTH(k)", "LENGTH(k)", BIGINT)]
    calls = c.many(
        lambda: Call(c, orders, False, numbers, columns), 2, at_least=1, at_most=4
    )
    partitions = ["k", "", "k"]
    if any(call.looks_ahead() for call in calls):
        # What waits for later rows comes out in another order; so all calls look at the same rows.
        partitions = [c.of(partitions)]
    items = [columns[0]] + [call.over(c.of(partitions)) for call in calls]

    def text(side):
        query = f"SELECT {listed(items, side)} FROM t"
        return query + (f" WHERE {getattr(where, side)}" if where else "")

    case = Case([table], text("velo"), text("duck"), [item.sql for item in items])
    case.duck_tables = [on_time(table)]
    return case


def orders_of(c, columns):
    keys = [column for column in columns if column.kind != "dbl" and "(" not in column.velo]
    some = c.of(keys).velo + c.of(["", " DESC", " ASC NULLS FIRST", " DESC NULLS LAST"])
    none = some_order(c, columns, "id")
    return Orders(some, none, none, [("id", str), ("id DESC", str)])


def at_the_end(c):
    """Any order, any function: the input ends, or rows change what those before them gave."""
    table = some_table(c)
    columns = named(table)
    keys = [column for column in columns[1:] if column.kind != "dbl" and "(" not in column.velo]
    partition = ", ".join(column.velo for column in keys[: c.below(3)])
    orders = orders_of(c, columns)
    calls = c.many(lambda: Call(c, orders, True, [columns[0]], columns), 2, at_least=1, at_most=4)
    items = [columns[0]] + [call.over(partition if c.chance(70) else "") for call in calls]

    def text(side):
        return f"SELECT {listed(items, side)} FROM t"

    case = Case([table], text("velo"), text("duck"), [item.sql for item in items])
    if c.chance(50):
        case.streams = [f"r{i}" for i in range(len(items))]
    return case


def of_windows(c):
    """Partitions that end with their window."""
    table = some_stream(c, late=False)
    window = Window(c, table, ("TUMBLE", "HOP", "CUMULATE"))
    columns = named(table)
    partition = "window_start, window_end" + ("" if c.chance(50) else ", k")
    orders = orders_of(c, columns)
    numbers = [columns[0], columns[3]]
    calls = c.many(lambda: Call(c, orders, True, numbers, columns), 2, at_least=1, at_most=4)
    items = [call.over(partition) for call in calls]

    def text(side, source):
        return f"SELECT window_start, id, {listed(items, side)} FROM {source}"

    types = [window.bound_type(), BIGINT] + [item.sql for item in items]
    case = Case([table], text("velo", window.function()), text("duck", "w"), types)
    case.derive = lambda ask: window.give(case)
    return case
