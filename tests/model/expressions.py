"""Expressions and groups over rows with NULLs, against SQLite."""

import sqlite3

from story import Story, value_text

COMPARISONS = ["<", "=", "<>", ">=", "<=", ">"]
AGGREGATES = ["COUNT(*)", "COUNT({n})", "SUM({n})", "MIN({s})", "MAX({n})", "COUNT(DISTINCT {n})",
              "SUM({n}) FILTER (WHERE {b})", "COUNT(*) FILTER (WHERE {b})",
              "SUM(CASE WHEN {b} THEN 1 ELSE 0 END)", "MIN({n}) + MAX({n})"]
HAVING = ["", "", " HAVING COUNT(*) > 1", " HAVING SUM(a) > 0", " HAVING NOT (MAX(b) = 1)",
          " HAVING MIN(c) IS NULL OR COUNT(a) > 1"]


class Expressions:
    """Texts of random expressions: {n} a number, {b} a condition, {s} a string."""

    NUMBERS = ["({n} + {n})", "({n} - {n})", "({n} * {n})", "(-{n})", "COALESCE({n}, {n})",
               "NULLIF({n}, {n})", "(CASE WHEN {b} THEN {n} END)", "LENGTH({s})",
               "(CASE WHEN {b} THEN {n} ELSE {n} END)",
               "(CASE {n} WHEN {n} THEN {n} WHEN {n} THEN {n} ELSE {n} END)"]
    CONDITIONS = ["({b} AND {b})", "({b} OR {b})", "(NOT {b})", "({n} {o} {n})", "({s} {o} {s})",
                  "({n} IS NULL)", "({s} IS NOT NULL)", "({n} IN ({n}, NULL, 1))",
                  "({n} NOT IN ({n}, {n}))", "({n} NOT IN (0, NULL))", "({n} BETWEEN {n} AND {n})",
                  "({n} NOT BETWEEN {n} AND {n})", "({s} LIKE '%a%')", "({s} NOT LIKE 'a_%')",
                  "({n} IS DISTINCT FROM {n})", "({n} IS NOT DISTINCT FROM {n})"]
    STRINGS = ["({s} || {s})", "COALESCE({s}, {s})", "REPLACE({s}, 'a', 'bb')",
               "(CASE WHEN {b} THEN {s} ELSE {s} END)"]
    LEAVES = {"n": ["a", "b", "c", "a", "b", "0", "1", "(-2)", "CAST(NULL AS BIGINT)"],
              "s": ["s", "s", "s", "'x'", "'ab'", "''"]}

    def __init__(self, random):
        self.random = random

    def of(self, kind, depth):
        if kind == "o":
            return self.random.choice(COMPARISONS)
        if kind in self.LEAVES and (depth <= 0 or self.random.random() < 0.25):
            return self.random.choice(self.LEAVES[kind])
        if depth <= 0:
            return f"({self.of('n', 0)} {self.of('o', 0)} {self.of('n', 0)})"
        shapes = {"n": self.NUMBERS, "b": self.CONDITIONS, "s": self.STRINGS}[kind]
        return self.filled(self.random.choice(shapes), depth - 1)

    def filled(self, shape, depth):
        for kind in "nbso":
            while "{" + kind + "}" in shape:
                shape = shape.replace("{" + kind + "}", self.of(kind, depth), 1)
        return shape


def choose_query(random):
    """(items, the rest of the query, which items are conditions)"""
    make = Expressions(random)
    if random.random() < 0.4:
        kinds = [random.choice("nbs") for _ in range(3)]
        items = [make.of(kind, 3) for kind in kinds]
        rest = f" WHERE {make.of('b', 2)}" if random.random() < 0.6 else ""
        return items, rest, [kind == "b" for kind in kinds]
    items = [make.filled(random.choice(AGGREGATES), 1) for _ in range(3)]
    rest = f" WHERE {make.of('b', 1)}"
    having = random.choice(HAVING)
    if random.random() < 0.3:
        return items, rest + having, [False] * 3
    kind = random.choice("nbs")
    key = make.filled({"n": "(a + {n})", "b": "(a < {n})", "s": "(s || {s})"}[kind], 1)
    return [key] + items, f"{rest} GROUP BY {key}{having}", [kind == "b"] + [False] * 3


def text_of(value, condition):
    if condition and value is not None:
        value = bool(value)
    return '""' if value == "" else value_text(value)


def make(random, seed):
    items, rest, conditions = choose_query(random)
    items = ", ".join(f"{item} AS c{i}" for i, item in enumerate(items))
    query = f"SELECT {items} FROM t{rest}"
    rows = [(random.choice([None, *range(-3, 4)]), random.choice([None, 0, 1, 2]),
             random.choice([None, -1, 5]), random.choice([None, "", "a", "ab", "xa", "b"]))
            for _ in range(random.randint(1, 25))]

    data = sqlite3.connect(":memory:")
    data.execute("PRAGMA case_sensitive_like = ON")
    data.execute("CREATE TABLE t (a INT, b INT, c INT, s TEXT)")
    data.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows)
    answer = data.execute(query).fetchall()

    story = Story(f"Expressions, seed {seed}")
    story.block("statement ok", "CREATE TABLE t (a BIGINT, b BIGINT, c BIGINT, s STRING)",
                "WITH ('connector' = 'push', 'format' = 'csv', 'bounded' = 'true')")
    story.block("query rowsort", query)
    fields = {None: "", "": '""'}
    story.block("input t", *(",".join(str(fields.get(v, v)) for v in row) for row in rows))
    story.block("end")
    story.output([",".join(map(text_of, row, conditions)) for row in answer], False)
    return story.text()
