"""OVER: every frame, rank and navigation, against SQLite.

Rows in the order of event time wait for the watermark and for what their frames reach; rows of a
window, and of an input that ends, are answered at once. What each answer is SQLite says; when it
comes out is worked out here."""

import sqlite3

from story import END, NEVER, Story, row_text, seconds, time_text

AGGREGATES = ["COUNT(*)", "COUNT(v)", "SUM(v)", "MIN(v)", "MAX(v)", "MIN(s)",
              "SUM(v) FILTER (WHERE v > 2)", "COUNT(*) FILTER (WHERE s < 'm')"]
RANKS = ["ROW_NUMBER()", "RANK()", "DENSE_RANK()"]
SHARES = ["PERCENT_RANK()", "CUME_DIST()", "NTILE(2)", "NTILE(5)"]
BY_ROW = ["FIRST_VALUE(s)", "LAST_VALUE(v)", "NTH_VALUE(s, 2)"]
SHIFTS = ["LAG(v)", "LAG(s, 2)", "LAG(v, 3, -1)", "LEAD(s)", "LEAD(v, 2, 0)"]


class Frame:
    """`unit` ROWS, GROUPS, RANGE or None; ends None = unbounded, else so far behind the row."""

    def __init__(self, unit, start, end):
        self.unit, self.start, self.end = unit, start, end

    def text(self, length):
        """`length`: how a distance of RANGE is written."""
        if self.unit is None:
            return ""

        def bound(n, side):
            if n is None:
                return f"UNBOUNDED {side}"
            distance = length(abs(n)) if self.unit == "RANGE" else abs(n)
            return "CURRENT ROW" if n == 0 else f"{distance} {'PRECEDING' if n < 0 else 'FOLLOWING'}"

        start, end = bound(self.start, "PRECEDING"), bound(self.end, "FOLLOWING")
        return f" {self.unit} BETWEEN {start} AND {end}"


def choose_frame(random, whole, units):
    if random.random() < 0.2:
        return Frame(None, None, 0)
    unit = random.choice(units)
    step = 1000 if unit == "RANGE" else 1
    start, end = sorted([random.randint(-4, 2), random.randint(-2, 3)])
    if random.random() < 0.3:
        end = max(start, 0)
    start, end = start * step, end * step
    if random.random() < 0.25:
        start = None
    if whole and random.random() < 0.25:
        end = None
    return Frame(unit, start, end)


class Call:
    """A call as Velostream and as SQLite write it, and how long its row waits."""

    def __init__(self, random, whole, units):
        kind = random.random()
        self.ahead = (None, 0)
        self.unique = False  # which of rows with equal keys stands first matters
        if kind < 0.45:
            self.function = random.choice(AGGREGATES)
            self.frame = choose_frame(random, whole, units)
            self.unique = self.frame.unit == "ROWS"
        elif kind < 0.6:
            self.function = random.choice(RANKS + (SHARES if whole else []))
            self.frame = Frame(None, None, 0)
            self.unique = self.function in ("ROW_NUMBER()", "NTILE(2)", "NTILE(5)")
        elif kind < 0.8:
            self.function, self.frame = random.choice(BY_ROW), choose_frame(random, whole, ["ROWS"])
            self.frame.unit, self.unique = "ROWS", True
        else:
            self.function, self.frame = random.choice(SHIFTS), Frame(None, None, 0)
            self.unique = True
            if self.function.startswith("LEAD"):
                self.ahead = ("ROWS", 2 if "2" in self.function else 1)
        if self.frame.unit and self.frame.end and self.frame.end > 0:
            self.ahead = (self.frame.unit, self.frame.end)


def answers(calls, rows, columns, partition, order, unique):
    """Values of the calls by row number. `rows`: dictionaries; `unique`: a key to break ties."""
    db = sqlite3.connect(":memory:")
    db.execute(f"CREATE TABLE t ({', '.join(columns)})")
    marks = ", ".join("?" * len(columns))
    db.executemany(f"INSERT INTO t VALUES ({marks})", [[r[c] for c in columns] for r in rows])
    parts = []
    for call in calls:
        keys = order + (", " + unique if call.unique else "")
        by = f"PARTITION BY {partition} " if partition else ""
        parts.append(f"{call.function} OVER ({by}ORDER BY {keys}{call.frame.text(str)})")
    found = db.execute(f"SELECT number, {', '.join(parts)} FROM t").fetchall()
    return {row[0]: list(row[1:]) for row in found}


def over_text(call, partition, order, length):
    by = f"PARTITION BY {partition} " if partition else ""
    return f"{call.function} OVER ({by}ORDER BY {order}{call.frame.text(length)})"


def columns_of(calls, partition, order):
    columns = []
    for i, call in enumerate(calls):
        keys = order + (", number" if call.unique else "")
        columns.append(f"{over_text(call, partition, keys, str)} AS a{i}")
    return columns


def choose_calls(random, whole, units):
    return [Call(random, whole, units) for _ in range(random.randint(1, 4))]


def is_ready(row, ahead, taken, watermark, same):
    if watermark == END:
        return True
    unit, reach = ahead
    if row["t"] >= watermark:
        return False
    behind = [r for r in taken if same(r, row) and r["t"] < watermark
              and (r["t"], r["number"]) > (row["t"], row["number"])]
    if unit == "ROWS":
        return len(behind) >= reach
    if unit == "GROUPS":
        return len({r["t"] for r in behind} - {row["t"]}) >= reach
    return unit is None or row["t"] + reach < watermark


def streaming(random, story):
    delay = 1000 * random.choice([0, 2, 5, 20])
    partition = "k" if random.random() < 0.7 else ""
    calls = choose_calls(random, False, ["ROWS", "GROUPS", "RANGE"])
    story.block("statement ok",
                "CREATE TABLE t (k STRING, v BIGINT, ts TIMESTAMP(3), s STRING, "
                f"WATERMARK FOR ts AS ts - {seconds(delay)})",
                "WITH ('connector' = 'push', 'format' = 'csv')")
    columns = [f"{over_text(call, partition, 'ts', seconds)} AS a{i}"
               for i, call in enumerate(calls)]
    story.block("query rowsort", f"SELECT k, s, {', '.join(columns)} FROM t")

    taken = []
    watermark = NEVER

    def same(a, b):
        return not partition or a["k"] == b["k"]

    def look():
        values = answers(calls, taken, ["number", "k", "v", "t", "s"], partition, "t", "number")
        # Calls over the same rows are answered together.
        lines = [row_text([row["k"], row["s"]] + values[row["number"]]) for row in taken
                 if all(is_ready(row, call.ahead, taken, watermark, same) for call in calls)]
        story.output(lines, False)

    now = number = 0
    for _ in range(random.randint(2, 8)):
        lines = []
        for _ in range(random.randint(1, 7)):
            now += 1000 * random.choice([0, 0, 1, 2])
            t = now - 1000 * random.choice([0, 0, 0, 1, 4, 9])
            row = {"number": number, "k": random.choice("abc"), "t": t,
                   "v": random.choice([None, *range(-5, 10)]), "s": chr(ord("a") + number % 26)}
            number += 1
            if t >= watermark:
                taken.append(row)
            watermark = max(watermark, t - delay)
            v = "" if row["v"] is None else row["v"]
            lines.append(f"{row['k']},{v},{time_text(t)},{row['s']}")
        story.block("input t", *lines)
        if random.random() < 0.7:
            look()
    watermark = END
    story.block("end")
    look()


def choose_order(random, unit_range):
    key = random.choice(["v", "s", "u"]) if not unit_range else "v"
    direction = random.choice(["", " DESC"])
    nulls = random.choice([" NULLS FIRST", " NULLS LAST"])
    order = f"{key}{direction}{nulls}"
    if not unit_range and random.random() < 0.4:
        order += ", " + random.choice(["k", "w DESC"]) + " NULLS FIRST"
    return order


def choose_untimed_calls(random, with_range):
    calls = choose_calls(random, True, ["RANGE"] if with_range else ["ROWS", "GROUPS"])
    for call in calls:  # here RANGE counts what v counts
        if call.frame.unit == "RANGE":
            for end in ("start", "end"):
                at = getattr(call.frame, end)
                setattr(call.frame, end, at if at is None else at // 1000)
    return calls


def bounded(random, story):
    """Rows of VALUES, in any order."""
    with_range = random.random() < 0.3
    calls = choose_untimed_calls(random, with_range)
    partition = random.choice(["k", "k, w", ""])
    order = choose_order(random, with_range)
    rows = []
    for number in range(random.randint(1, 25)):
        rows.append({"number": number, "k": random.choice("abc"), "w": random.randint(0, 2),
                     "v": random.choice([None, *range(-3, 6)]), "u": random.randint(-9, 9) / 4,
                     "s": random.choice("fghijklmnop")})

    def literal(value):
        text = f"'{value}'" if isinstance(value, str) else value
        return "CAST(NULL AS BIGINT)" if value is None else f"CAST({text} AS DOUBLE)" \
            if isinstance(value, float) else str(text)

    names = ["number", "k", "w", "v", "u", "s"]
    values = ", ".join("(" + ", ".join(literal(row[name]) for name in names) + ")" for row in rows)
    story.block("statement ok",
                f"CREATE VIEW t AS SELECT * FROM (VALUES {values}) AS x ({', '.join(names)})")
    columns = columns_of(calls, partition, order)
    expected = answers(calls, rows, names, partition, order, "number")
    lines = [row_text([number] + [with_point(call, value) for call, value in zip(calls, found)])
             for number, found in expected.items()]
    story.block("query rowsort", f"SELECT number, {', '.join(columns)} FROM t", "----",
                *sorted(lines))


def with_point(call, value):
    return float(value) if call.function in ("PERCENT_RANK()", "CUME_DIST()") else value


def windowed(random, story):
    """Partitions that end with their window."""
    calls = choose_calls(random, True, ["ROWS", "GROUPS"])
    order = choose_order(random, False).replace("u", "v").replace("w DESC", "s DESC")
    story.block("statement ok",
                "CREATE TABLE t (number BIGINT, k STRING, v BIGINT, ts TIMESTAMP(3), s STRING, "
                "WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)",
                "WITH ('connector' = 'push', 'format' = 'csv')")
    partition = random.choice(["window_end", "window_end, k"])
    columns = columns_of(calls, partition, order)
    story.block("query rowsort", f"SELECT number, {', '.join(columns)} FROM",
                "TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND))")
    taken = []
    watermark = NEVER
    names = ["number", "k", "v", "w", "s"]

    def look():
        by = "w, k" if "k" in partition else "w"
        found = answers(calls, taken, names, by, order, "number")
        over = [row["number"] for row in taken
                if watermark == END or (row["w"] + 1) * 10000 - 1 <= watermark]
        story.output([row_text([number] + [with_point(call, value) for call, value
                                           in zip(calls, found[number])]) for number in over],
                     False)

    now = number = 0
    for _ in range(random.randint(2, 6)):
        lines = []
        for _ in range(random.randint(1, 8)):
            now += 1000 * random.choice([0, 1, 2])
            t = max(0, now - 1000 * random.choice([0, 0, 1, 5]))
            row = {"number": number, "k": random.choice("ab"), "w": t // 10000,
                   "v": random.choice([None, *range(-5, 6)]), "s": random.choice("fghij")}
            number += 1
            if (row["w"] + 1) * 10000 - 1 > watermark:
                taken.append(row)
            watermark = max(watermark, t - 2000)
            v = "" if row["v"] is None else row["v"]
            lines.append(f"{row['number']},{row['k']},{v},{time_text(t)},{row['s']}")
        story.block("input t", *lines)
        look()
    watermark = END
    story.block("end")
    look()


def changing(random, story):
    """Rows that come and go, in any order: at every moment the answers of those in force."""
    with_range = random.random() < 0.3
    calls = choose_untimed_calls(random, with_range)
    partition = random.choice(["k", "k", "k, w", ""])
    order = choose_order(random, with_range)
    if random.random() < 0.5:
        order = order.replace("w DESC", "s DESC")
    growing = random.random() < 0.3
    options = "" if growing else ", 'scan.changelog' = 'retract'"
    story.block("statement ok", "SET 'state.unbounded' = 'allow'")
    story.block("statement ok",
                "CREATE TABLE t (number BIGINT, k STRING, w BIGINT, v BIGINT, u DOUBLE, s STRING)",
                f"WITH ('connector' = 'push', 'format' = 'csv'{options})")
    names = ["number", "k", "w", "v", "u", "s"]
    columns = columns_of(calls, partition, order)
    story.block("query fold", f"SELECT number, {', '.join(columns)} FROM t")
    rows = []
    number = 0
    for _ in range(random.randint(2, 8)):
        lines = []
        for _ in range(random.randint(1, 6)):
            if rows and not growing and random.random() < 0.35:
                row = rows.pop(random.randrange(len(rows)))
                op = random.choice(["-U,", "-D,"])
            else:
                row = {"number": number, "k": random.choice("abc"), "w": random.randint(0, 2),
                       "v": random.choice([None, *range(-3, 6)]), "u": random.randint(-9, 9) / 4,
                       "s": random.choice("fghijklmnop")}
                number += 1
                rows.append(row)
                op = "" if growing else random.choice(["+I,", "+U,"])
            lines.append(op + ",".join("" if row[n] is None else str(row[n]) for n in names))
        story.block("input t", *lines)
        expected = answers(calls, rows, names, partition, order, "number")
        story.output([row_text([n] + [with_point(call, value) for call, value in zip(calls, found)])
                      for n, found in expected.items()], True)


def make(random, seed):
    story = Story(f"Frames, seed {seed}")
    random.choice([streaming, streaming, bounded, windowed, changing, changing])(random, story)
    return story.text()
