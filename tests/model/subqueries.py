"""Sub-queries and set operations over streams: after every input SQLite's answer over all rows so far."""

import sqlite3
from collections import Counter

from story import Story, keyed_tables, more_keyed_rows, row_text

INNER = ["b.v", "b.v + 1", "CASE WHEN b.v > 2 THEN b.v END"]
TIES = ["", "", " WHERE b.k = a.k", " WHERE b.k = a.k AND b.v > 0", " WHERE b.v > 1"]
LOOSE = [" WHERE b.k = a.k AND b.v < a.v", " WHERE b.v >= a.v"]
AGGREGATES = ["MAX(b.v)", "COUNT(*)", "SUM(b.v)", "COUNT(b.v)", "MIN(b.v) + 1",
              "COALESCE(SUM(b.v), -1)"]


def make(random, seed):
    story = Story(f"Sub-queries and set operations, seed {seed}")
    story.block("statement ok", "SET 'state.unbounded' = 'allow'")
    data = sqlite3.connect(":memory:")
    keyed_tables(story, data)
    kinds = [membership, membership, existence, value, groups, sets, quantified]
    query, answer = random.choice(kinds)(random)
    story.block("query fold", query)
    for _ in range(random.randint(3, 8)):
        more_keyed_rows(random, story, data, -1)
        story.output(map(row_text, answer(data)), True)
    return story.text()


def asked(query, booleans=()):
    """SQLite's rows; the columns in `booleans` are truth values."""
    def rows(data):
        for row in data.execute(query).fetchall():
            yield [bool(cell) if i in booleans and cell is not None else cell
                   for i, cell in enumerate(row)]
    return query, rows


def condition(random, test):
    """The test as a condition of its own, beside others, or as a value."""
    form = random.choice(["{}", "{}", "NOT {}", "{} OR a.v = 1", "({}) IS NULL", "NOT ({} AND a.v > 1)"])
    if random.random() < 0.4:
        return asked(f"SELECT a.k AS k, a.v AS v, {test} AS t FROM a", {2})
    return asked(f"SELECT a.k AS k, a.v AS v FROM a WHERE {form.format(test)}")


def membership(random):
    word = random.choice(["IN", "NOT IN"])
    ties = random.choice(TIES)
    test = random.choice([f"a.v {word} (SELECT {random.choice(INNER)} FROM b{ties})",
                          f"a.k {word} (SELECT b.k FROM b{random.choice(['', ' WHERE b.v > 1'])})",
                          f"(a.k, a.v) {word} (SELECT b.k, b.v FROM b)"])
    if random.random() < 0.2:
        # Of two streams something must be equal, as of a.v and what it is IN.
        loose = random.choice(LOOSE if word == "IN" else LOOSE[:1])
        test = f"a.v {word} (SELECT {random.choice(INNER)} FROM b{loose})"
        return asked(f"SELECT a.k AS k, a.v AS v FROM a WHERE {test}")
    return condition(random, test)


def existence(random):
    word = random.choice(["EXISTS", "NOT EXISTS"])
    if random.random() < 0.3:
        return asked(f"SELECT a.k AS k, a.v AS v FROM a WHERE {word} "
                     f"(SELECT 1 FROM b{' WHERE b.k = a.k AND b.v < a.v'})")
    return condition(random, f"{word} (SELECT 1 FROM b{random.choice(TIES)})")


def value(random):
    inner = f"(SELECT {random.choice(AGGREGATES)} FROM b{random.choice(TIES)})"
    return random.choice([asked(f"SELECT a.k AS k, a.v AS v, {inner} AS x FROM a"),
                          asked(f"SELECT a.k AS k, a.v AS v FROM a WHERE a.v >= {inner}"),
                          asked(f"SELECT a.k AS k, COALESCE(a.v, 0) + COALESCE({inner}, 100) AS x FROM a")])


def groups(random):
    """Both sides change."""
    inner = random.choice(["SELECT COUNT(*) FROM b GROUP BY b.k", "SELECT MAX(b.v) FROM b GROUP BY b.k",
                           "SELECT b.v FROM b GROUP BY b.v HAVING COUNT(*) > 1"])
    word = random.choice(["IN", "NOT IN"])
    return random.choice([
        asked(f"SELECT a.k AS k, COUNT(*) AS n FROM a GROUP BY a.k HAVING COUNT(*) {word} ({inner})"),
        asked(f"SELECT a.k AS k, COUNT(*) AS n, COUNT(*) {word} ({inner}) AS t FROM a GROUP BY a.k", {2}),
        asked("SELECT a.k AS k, SUM(a.v) AS s, (SELECT SUM(b.v) FROM b WHERE b.k = a.k) AS t "
              "FROM a GROUP BY a.k"),
        asked(f"SELECT a.v AS v FROM a WHERE a.v {word} ({inner})")])


def sets(random):
    columns = random.choice(["k", "v", "k, v"])
    sides = [f"SELECT {columns} FROM {table}{where}"
             for table, where in zip("ab", random.choices(["", "", " WHERE v > 0"], k=2))]
    word = random.choice(["UNION", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL", "UNION ALL"])
    query = f" {word} ".join(sides)
    if not word.endswith(" ALL") or word == "UNION ALL":
        return asked(query)

    def rows(data):
        left, right = (Counter(data.execute(side).fetchall()) for side in sides)
        return (left & right if word == "INTERSECT ALL" else left - right).elements()
    return query, rows


def quantified(random):
    op = random.choice(["<", "<=", ">", ">=", "=", "<>"])
    every = random.random() < 0.5
    ties = random.choice(["", " WHERE b.k = a.k"])
    query = (f"SELECT a.k AS k, a.v AS v, a.v {op} {'ALL' if every else 'ANY'} (SELECT b.v FROM b{ties}) AS t "
             "FROM a")

    def rows(data):
        b = data.execute("SELECT k, v FROM b").fetchall()
        for k, v in data.execute("SELECT k, v FROM a").fetchall():
            answers = [compare(op, v, other) for key, other in b
                       if not ties or (k is not None and key == k)]
            decided = not every
            yield k, v, decided if decided in answers else None if None in answers else every
    return query, rows


def compare(op, x, y):
    if x is None or y is None:
        return None
    return {"<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y, "=": x == y, "<>": x != y}[op]
