"""Joins: without a bound in time against SQLite, within a time by looking at all pairs."""

import sqlite3

from story import (NEVER, Story, keyed_tables, more_keyed_rows, row_text, seconds,
                   time_text)

KINDS = ["JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]


def make(random, seed):
    return random.choice([make_regular, make_within_a_time])(random, seed)


def make_regular(random, seed):
    """Every input changes the answer: rows of outer joins are taken back when partners come."""
    kind = random.choice(KINDS)
    condition = "a.k = b.k" + random.choice(["", "", " AND a.v < b.v"])
    columns, rest = random.choice([
        ("a.k AS ak, a.v AS av, b.k AS bk, b.v AS bv", ""),
        ("a.k AS k, COUNT(*) AS n, SUM(b.v) AS s", " GROUP BY a.k"),
        ("a.k AS k, COUNT(b.k) AS n, MAX(b.v) AS m", " GROUP BY a.k HAVING COUNT(*) > 1"),
        ("a.v AS av, b.v AS bv", " WHERE a.v > 0"),
    ])
    query = f"SELECT {columns} FROM a {kind} b ON {condition}{rest}"
    changing = kind != "JOIN" or "GROUP" in rest

    story = Story(f"Joins, seed {seed}")
    story.block("statement ok", "SET 'state.unbounded' = 'allow'")
    data = sqlite3.connect(":memory:")
    keyed_tables(story, data)
    story.block("query fold" if changing else "query rowsort", query)

    for _ in range(random.randint(3, 8)):
        more_keyed_rows(random, story, data, -2)
        story.output(map(row_text, data.execute(query).fetchall()), changing)
    return story.text()


class Side:
    def __init__(self, name, delay):
        self.name, self.delay = name, delay
        self.watermark = NEVER
        self.rows = []  # (key, number, time)

    def take(self, key, number, t):
        if t >= self.watermark:
            self.rows.append((key, number, t))
        self.watermark = max(self.watermark, t - self.delay)


def pairs_of(kind, left, right, before, after):
    found = [(a, b) for a in left for b in right
             if a[0] == b[0] and a[2] - before <= b[2] <= a[2] + after]
    if kind in ("LEFT JOIN", "FULL JOIN"):
        found += [(a, None) for a in left if not any(pair[0] is a for pair in found)]
    if kind in ("RIGHT JOIN", "FULL JOIN"):
        found += [(None, b) for b in right if not any(pair[1] is b for pair in found)]
    return found


def make_within_a_time(random, seed):
    """What the end has given in all: every pair once, every row without a partner once."""
    kind = random.choice(KINDS)
    before, after = 1000 * random.choice([0, 0, 3, 8]), 1000 * random.choice([0, 5, 10])
    sides = [Side(name, 1000 * random.choice([0, 5, 20])) for name in "ab"]

    story = Story(f"Joins within a time, seed {seed}")
    for side in sides:
        story.block("statement ok",
                    f"CREATE TABLE {side.name} (k STRING, n BIGINT, ts TIMESTAMP(3), "
                    f"WATERMARK FOR ts AS ts - {seconds(side.delay)})",
                    "WITH ('connector' = 'push', 'format' = 'csv')")
    story.block("query rowsort", f"SELECT a.n AS an, b.n AS bn FROM a {kind} b ON a.k = b.k",
                f"AND b.ts BETWEEN a.ts - {seconds(before)} AND a.ts + {seconds(after)}")
    now = number = 0
    for _ in range(random.randint(3, 9)):
        side, lines = random.choice(sides), []
        for _ in range(random.randint(1, 5)):
            now += 1000 * random.choice([0, 0, 1, 2, 6])
            t = now - 1000 * random.choice([0, 0, 0, 2, 6, 15])
            key = random.choice("pqr")
            side.take(key, number, t)
            lines.append(f"{key},{number},{time_text(t)}")
            number += 1
        story.block(f"input {side.name}", *lines)
    story.block("end")
    pairs = pairs_of(kind, sides[0].rows, sides[1].rows, before, after)
    story.output([row_text([row and row[1] for row in pair]) for pair in pairs], False)
    return story.text()
