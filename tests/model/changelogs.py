"""Tables that deliver changes: whatever is asked of them is what the rows that are left give; and what a sink wrote of
changes, read back, is the same table."""

import json

from story import Story, row_text


def known(values):
    return [value for value in values if value is not None]


def sum_of(values):
    return sum(known(values)) if known(values) else None


AGGREGATES = {
    "COUNT(*)": len,
    "COUNT(v)": lambda values: len(known(values)),
    "SUM(v)": sum_of,
    "MIN(v)": lambda values: min(known(values), default=None),
    "MAX(v)": lambda values: max(known(values), default=None),
    "COUNT(DISTINCT v)": lambda values: len(set(known(values))),
}


class Source:
    """One table t (id, g, v) whose changes come in one of the formats; `rows`: what is left, by id."""

    def __init__(self, random):
        self.random = random
        self.format = random.choice(["csv", "json", "debezium-json"])
        self.by_key = random.random() < 0.5
        self.rows = {}
        self.unmatched = 0

    def options(self):
        options = f"'format' = '{self.format}'"
        if self.format != "debezium-json" or self.by_key:
            options += f", 'scan.changelog' = '{'upsert' if self.by_key else 'retract'}'"
        return options

    def record(self, op, row, old=None):
        if self.format == "csv":
            return ",".join([op] + ["" if value is None else str(value) for value in row])
        named = dict(zip(("id", "g", "v"), row))
        if self.format == "json":
            return json.dumps({"op": op, **named})
        if op == "-D":
            return json.dumps({"before": named, "after": None, "op": "d"})
        before = dict(zip(("id", "g", "v"), old)) if old else None
        return json.dumps({"before": before, "after": named, "op": "u" if old or self.random.random() < 0.3
                           and self.by_key else self.random.choice("cr")})

    def change(self):
        """The records of one change."""
        random = self.random
        key = random.randint(1, 6)
        old = self.rows.get(key)
        if random.random() < 0.3:
            if old is None:
                if not self.by_key:
                    return []
                self.unmatched += 1
                return [self.record("-D", (key, None, None))]
            del self.rows[key]
            return [self.record("-D", (key, None, None) if self.by_key else old)]
        new = (key, random.choice("xyz"), random.choice([None, *range(-2, 5)]))
        self.rows[key] = new
        if self.by_key:
            return [self.record(random.choice(["+I", "+U"]), new)]
        if old is None:
            return [self.record("+I", new)]
        if self.format == "debezium-json":
            return [self.record("+U", new, old)]
        return [self.record("-U", old), self.record("+U", new)]


def grouped(random):
    aggregates = random.sample(list(AGGREGATES), random.randint(1, 3))
    having = random.choice([0, 0, 2])
    columns = ", ".join(["g"] + [f"{text} AS a{i}" for i, text in enumerate(aggregates)])
    query = f"SELECT {columns} FROM t GROUP BY g" + (f" HAVING COUNT(*) >= {having}" if having else "")

    def answer(rows):
        groups = {}
        for _, g, v in rows:
            groups.setdefault(g, []).append(v)
        return [row_text([g] + [AGGREGATES[text](values) for text in aggregates])
                for g, values in groups.items() if len(values) >= having]

    return query, answer


def filtered(random):
    least = random.randint(-1, 3)
    return (f"SELECT id, v + 1 AS w FROM t WHERE v >= {least}",
            lambda rows: [row_text([key, v + 1]) for key, _, v in rows
                          if v is not None and v >= least])


def distinct(random):
    del random
    return "SELECT DISTINCT g FROM t", lambda rows: sorted({row_text([g]) for _, g, _ in rows})


def first_rows(random):
    limit = random.randint(1, 3)
    order = "v DESC NULLS LAST, id"

    def answer(rows):
        groups = {}
        for row in rows:
            groups.setdefault(row[1], []).append(row)
        out = []
        for group in groups.values():
            group.sort(key=lambda row: (row[2] is None, -(row[2] or 0), row[0]))
            out += [row_text(row) for row in group[:limit]]
        return out

    return (f"SELECT id, g, v FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY g ORDER BY {order}) AS rn FROM t) "
            f"WHERE rn <= {limit}", answer)


def joined(random):
    kind = random.choice(["JOIN", "LEFT JOIN", "FULL JOIN"])

    def answer(rows):
        out = []
        for row in rows:
            partners = [other for other in rows if row[2] is not None and other[0] == row[2]]
            out += [row_text([row[0], other[0]]) for other in partners]
            if not partners and kind != "JOIN":
                out.append(row_text([row[0], None]))
        if kind == "FULL JOIN":
            out += [row_text([None, row[0]]) for row in rows
                    if not any(other[2] == row[0] for other in rows)]
        return out

    return f"SELECT a.id AS a, b.id AS b FROM t AS a {kind} t AS b ON a.v = b.id", answer


def make_query(random, seed):
    source = Source(random)
    kinds = [grouped, grouped, filtered, distinct, first_rows, joined]
    query, answer = random.choice(kinds)(random)
    story = Story(f"Changes as they are delivered, seed {seed}")
    story.block("statement ok", "SET 'state.unbounded' = 'allow'")
    story.block("statement ok",
                "CREATE TABLE t (id BIGINT, g STRING, v BIGINT, PRIMARY KEY (id) NOT ENFORCED)",
                f"WITH ('connector' = 'push', {source.options()})")
    story.block("query fold", query)
    for _ in range(random.randint(3, 7)):
        records = []
        for _ in range(random.randint(1, 6)):
            records += source.change()
        if records:
            story.block("input t", *records)
        story.output(answer(list(source.rows.values())), True)
    reads = 2 if " JOIN " in query else 1  # each counts what it passes over
    story.block(f"stats unmatched={source.unmatched * reads}")
    return story.text()


def make_round_trip(random, seed):
    source = Source(random)
    records = []
    for _ in range(random.randint(5, 40)):
        records += source.change()
    query, answer = random.choice([
        ("SELECT id, g, v FROM t", lambda rows: [row_text(row) for row in rows]),
        ("SELECT COUNT(*) AS id, g, SUM(v) AS v FROM t GROUP BY g EMIT CHANGES", lambda rows: [
            row_text([len(group), g, sum_of([row[2] for row in group])])
            for g in sorted({row[1] for row in rows})
            for group in [[row for row in rows if row[1] == g]]])])
    key = "g" if "GROUP" in query else "id"
    to = random.choice(["'format' = 'csv', 'sink.changelog' = 'retract', 'scan.changelog' = 'retract'",
                        "'format' = 'json', 'sink.changelog' = 'retract', 'scan.changelog' = 'upsert'",
                        "'format' = 'csv', 'sink.changelog' = 'upsert', 'scan.changelog' = 'upsert'",
                        "'format' = 'json', 'sink.changelog' = 'upsert', 'scan.changelog' = 'upsert'",
                        "'format' = 'debezium-json'",
                        "'format' = 'debezium-json', 'scan.changelog' = 'upsert'"])
    story = Story(f"Changes written and read again, seed {seed}")
    story.block("write in", *records)
    story.block("statement ok",
                "CREATE TABLE t (id BIGINT, g STRING, v BIGINT, PRIMARY KEY (id) NOT ENFORCED)",
                "WITH ('connector' = 'filesystem', 'path' = '${TMP}/in', " + source.options() + ")")
    story.block("statement ok",
                f"CREATE TABLE log (id BIGINT, g STRING, v BIGINT, PRIMARY KEY ({key}) NOT ENFORCED)",
                "WITH ('connector' = 'filesystem', 'path' = '${TMP}/out', " + to + ")")
    story.block("statement ok", "INSERT INTO log " + query)
    story.block("query rowsort", "SELECT id, g, v FROM log ORDER BY id", "----",
                *sorted(answer(list(source.rows.values()))))
    return story.text()


def make(random, seed):
    return (make_query if random.random() < 0.7 else make_round_trip)(random, seed)
