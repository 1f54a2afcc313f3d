"""TUMBLE, HOP, CUMULATE and SESSION with disorder and late rows: grouped, alone, windows of windows."""

import datetime

import event_time
from aggregates import Aggregates
from case import Case, Column, Table, interval
from event_time import Grid
from expressions import Expressions, both
from families.groups import some_having, some_key
from schemas import named, some_stream
from values import BIGINT, timestamp, timestamp_ltz

NEVER_LATE = datetime.timedelta(days=10_000)
SECOND = datetime.timedelta(seconds=1)
SIZES = {
    "TUMBLE": [(10, 10), (60, 60), (7, 7), (3600, 3600), (1, 1)],
    "HOP": [(10, 5), (60, 10), (10, 4), (60, 60), (9, 1), (5, 8)],
    "CUMULATE": [(60, 20), (10, 1), (3600, 600)],
    "SESSION": [(5, 5), (1, 1), (20, 20), (60, 60)],
}


class Window:
    """One of the kinds over the stream `table`."""

    def __init__(self, c, table, kinds=("TUMBLE", "HOP", "CUMULATE", "SESSION")):
        self.kind = c.of(kinds)
        self.size, self.slide = [one * SECOND for one in c.of(SIZES[self.kind])]
        self.table = table
        self.keyed = self.kind == "SESSION" and c.chance(70)
        self.ts = table.columns[1].sql
        self.lateness = datetime.timedelta(0)

    def lengths(self):
        size, slide = [
            interval(one // datetime.timedelta(milliseconds=1)) for one in (self.size, self.slide)
        ]
        if self.kind in ("TUMBLE", "SESSION"):
            return size
        return f"{slide}, {size}"

    def function(self):
        by = " PARTITION BY k" if self.keyed else ""
        return f"{self.kind}(TABLE {self.table.name}{by}, DESCRIPTOR(ts), {self.lengths()})"

    def step(self):
        return datetime.timedelta(microseconds=10 ** (6 - self.ts.low))

    def columns(self):
        """window_start, window_end and window_time."""
        bound = self.bound_type()
        return [Column(name, bound) for name in ("window_start", "window_end", "window_time")]

    def bound_type(self):
        return (timestamp_ltz if self.ts.kind == "ltz" else timestamp)(max(3, self.ts.low))

    def rows(self, wanted):
        """(rows with their windows, late ones), of the table's rows; of sessions those in `wanted` only."""
        delay = datetime.timedelta(milliseconds=self.table.delay_ms)
        if self.kind == "SESSION":

            def key_of(row):
                return row[2] if self.keyed else None

            return event_time.rows_in_sessions(
                self.size, self.table.rows, 1, key_of, wanted, delay, self.step(), self.lateness
            )
        grid = Grid(self.kind, self.size, self.slide)
        return event_time.rows_in_windows(
            grid, self.table.rows, 1, delay, self.step(), self.lateness
        )

    def give(self, case, wanted=None, name="w"):
        """DuckDB gets the view `name`: the rows with their windows. Also the late ones: their ids, one for each
        window that they missed."""
        taken, late = self.rows(wanted)
        columns = [Column("wid", BIGINT)] + self.columns()
        case.duck_tables.append(
            Table(f"{name}_windows", columns, [[row[0], *row[-3:]] for row in taken])
        )
        case.duck_setup.append(
            f"CREATE OR REPLACE VIEW {name} AS SELECT {self.table.name}.*, window_start, window_end, "
            f"window_time FROM {self.table.name} JOIN {name}_windows ON id = wid"
        )
        return [row[0] for row in late]


def make(c):
    table = some_stream(c)
    window = Window(c, table)
    shape = c.of(["grouped", "grouped", "grouped", "cascade", "alone"])
    if shape == "alone" and window.kind != "SESSION":
        return alone(c, table, window)
    return grouped(c, table, window, cascade=shape == "cascade")


def alone(c, table, window):
    """The function adds its columns to every row; none is late. A row without a time is bad, whatever
    WHERE says of it."""
    bounds = [both(column.name, column.sql) for column in window.columns()]
    expressions = Expressions(c, named(table) + bounds)
    items = c.many(lambda: expressions.any(1), 2, at_least=1, at_most=4) + bounds[:2]
    where = expressions.of("bool", 2) if c.chance(40) else None

    def text(side, source):
        listed = ", ".join(f"{getattr(item, side)} AS r{i}" for i, item in enumerate(items))
        return f"SELECT {listed} FROM {source}" + (
            f" WHERE {getattr(where, side)}" if where else ""
        )

    case = Case(
        [table], text("velo", window.function()), text("duck", "w"), [item.sql for item in items]
    )
    window.lateness = NEVER_LATE

    case.derive = lambda ask: window.give(case)
    return case


def grouped(c, table, window, cascade):
    expressions = Expressions(c, named(table))
    keys = c.many(lambda: some_key(c, expressions), 1.5, at_most=2)
    if window.kind == "SESSION":  # the same keys twice; others are refused
        keys = [both("k", table.columns[2].sql)] if window.keyed else []
    aggregates, near, items = Aggregates(c, expressions, ordered=True), {}, []
    changes = c.chance(25)
    if c.chance(20) and not cascade:
        window.lateness = SECOND * c.of([1, 5, 20, 60])

    def one():
        made = aggregates.any()
        if aggregates.near:
            near[2 + len(keys) + len(items)] = aggregates.near
        items.append(made)

    c.many(one, 2, at_least=1, at_most=5)
    where = expressions.of("bool", 2) if c.chance(30) else None
    having = some_having(c, expressions) if c.chance(15) and not cascade else None
    old = c.chance(25) and not cascade
    bounds = [both(column.name, column.sql) for column in window.columns()[:2]]

    def text(side):
        velo = side == "velo"
        # The older group windows: TUMBLE_START(…) and GROUP BY TUMBLE(…).
        call = f"(ts, {window.lengths()})"
        named_bounds = ["window_start", "window_end"]
        if old and velo:
            named_bounds = [f"{window.kind}_START{call}", f"{window.kind}_END{call}"]
        listed = [f"{bound} AS b{i}" for i, bound in enumerate(named_bounds)]
        listed += [f"{getattr(key, side)} AS k{i}" for i, key in enumerate(keys)]
        listed += [f"{getattr(item, side)} AS a{i}" for i, item in enumerate(items)]
        if cascade:
            listed.append("window_time AS wt")
        source = ("t" if old else window.function()) if velo else "w"
        query = f"SELECT {', '.join(listed)} FROM {source}"
        if where:
            query += f" WHERE {getattr(where, side)}"
        grouping = [f"{window.kind}{call}"] if old and velo else ["window_start", "window_end"]
        grouping += ["window_time"] if cascade else []
        query += " GROUP BY " + ", ".join([getattr(key, side) for key in keys] + grouping)
        if having:
            query += f" HAVING {getattr(having, side)}"
        if velo and changes and not cascade:
            query += " EMIT CHANGES"
        if velo and window.lateness:
            query += f" ALLOWED LATENESS INTERVAL '{window.lateness // SECOND}' SECOND"
        return query

    # Sessions are made of the rows that WHERE lets through, so DuckDB is asked for these first.
    case = Case(
        [table], text("velo"), text("duck"), [one.sql for one in bounds + keys + items], near=near
    )

    def derive(ask):
        passing = None
        if where:
            passing = {row[0] for row in ask(f"SELECT id FROM t WHERE {where.duck}")}
        late = window.give(case, passing)
        case.stats["late"] = sum(passing is None or number in passing for number in late)

    case.derive = derive
    return outer_windows(c, case, window, items[0].sql) if cascade else case


def outer_windows(c, case, window, sql):
    """Windows over the rows of windows, which are never late. `sql`: the type of a0."""
    size = c.of([60, 10, 3600])
    case.setup = [f"CREATE VIEW inner_windows AS {case.query}"]
    case.query = (
        "SELECT window_start, window_end, COUNT(*) AS n, MIN(a0) AS least, MAX(a0) AS most "
        f"FROM TUMBLE(TABLE inner_windows, DESCRIPTOR(wt), INTERVAL '{size}' SECOND) "
        "GROUP BY window_start, window_end"
    )
    start = f"time_bucket(INTERVAL '{size}' SECOND, wt, TIMESTAMP '1970-01-01')"
    case.duck_query = (
        f"SELECT {start} AS s, {start} + INTERVAL '{size}' SECOND AS e, COUNT(*), MIN(a0), MAX(a0) "
        f"FROM ({case.duck_query}) GROUP BY s, e"
    )
    case.types = [window.bound_type()] * 2 + [BIGINT, sql, sql]
    near = max(case.near.values(), default=None)
    case.near = {3: near, 4: near} if near and sql.kind == "dbl" else {}
    return case
