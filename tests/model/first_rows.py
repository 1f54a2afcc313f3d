"""The first rows of partitions as rows come and go: bounds on ROW_NUMBER, RANK and DENSE_RANK."""

from story import Story, row_text

CONDITIONS = {
    "r <= {n}": lambda r, n: r <= n,
    "r < {n}": lambda r, n: r < n,
    "{n} >= r": lambda r, n: r <= n,
    "r = {n}": lambda r, n: r == n,
    "r BETWEEN 2 AND {n}": lambda r, n: 2 <= r <= n,
    "r <= {n} AND k <> 'b'": None,
}


def key_of(v, descending, nulls_first):
    """Sorts as ORDER BY v does."""
    if v is None:
        return (0 if nulls_first else 2, 0)
    return (1, -v if descending else v)


def ranked(rows, function, order):
    """(rank, row) of the rows of one partition."""
    rows = sorted(rows, key=lambda row: (order(row), row["s"], row["k"]))
    out, rank, dense, before = [], 0, 0, None
    for number, row in enumerate(rows, 1):
        if order(row) != before:
            rank, dense, before = number, dense + 1, order(row)
        out.append(({"ROW_NUMBER": number, "RANK": rank, "DENSE_RANK": dense}[function], row))
    return out


def make(random, seed):
    function = random.choice(["ROW_NUMBER", "ROW_NUMBER", "RANK", "DENSE_RANK"])
    condition = random.choice(list(CONDITIONS))
    n = random.randint(2, 4)
    with_rank = random.random() < 0.5
    descending = random.random() < 0.5
    nulls_first = random.random() < 0.5
    keyed = random.random() < 0.7
    grouped = random.random() < 0.5
    qualify = random.random() < 0.3
    partitions = random.choice([1, 2])

    story = Story(f"First rows, seed {seed}")
    story.block("statement ok", "SET 'state.unbounded' = 'allow'")
    story.block("statement ok", "CREATE TABLE t (k STRING, v BIGINT, s STRING)",
                f"WITH ('connector' = 'push', 'format' = 'csv', 'partitions' = '{partitions}')")
    source = "(SELECT k, s, SUM(v) AS v FROM t GROUP BY k, s)" if grouped else "t"
    order = f"v{' DESC' if descending else ''} NULLS {'FIRST' if nulls_first else 'LAST'}"
    order += ", s, k" if function == "ROW_NUMBER" else ""
    by = "PARTITION BY k " if keyed else ""
    number = f"{function}() OVER ({by}ORDER BY {order})"
    where = condition.format(n=n)
    items = "k, v, s" + (", r" if with_rank else "")
    if qualify:
        items = items.replace(", r", f", {number} AS r")
        where = where if with_rank else where.replace("r ", f"{number} ").replace("= r", f"= {number}")
        query = f"SELECT {items} FROM {source} QUALIFY {where}"
    else:
        query = f"SELECT {items} FROM (SELECT *, {number} AS r FROM {source}) WHERE {where}"
    story.block("query fold", query)

    def passes(rank, row):
        if CONDITIONS[condition]:
            return CONDITIONS[condition](rank, n)
        return rank <= n and row["k"] != "b"

    arrived = []
    now = 0
    for _ in range(random.randint(2, 8)):
        lines = []
        for _ in range(random.randint(1, 6)):
            row = {"k": random.choice("abc"), "v": random.choice([None, *range(-3, 4)]),
                   "s": random.choice("pqrs") if grouped else f"s{now:03}"}
            now += 1
            arrived.append(row)
            lines.append(f"{row['k']},{'' if row['v'] is None else row['v']},{row['s']}")
        story.block(f"input t partition {random.randrange(partitions)}", *lines)
        rows = arrived
        if grouped:
            groups = {}
            for row in arrived:
                groups.setdefault((row["k"], row["s"]), []).append(row["v"])
            rows = [{"k": k, "s": s, "v": sum(v for v in values if v is not None)
                     if any(v is not None for v in values) else None}
                    for (k, s), values in groups.items()]
        shown = []
        for key in sorted({row["k"] for row in rows}) if keyed else [None]:
            part = [row for row in rows if not keyed or row["k"] == key]
            for rank, row in ranked(part, function,
                                    lambda row: key_of(row["v"], descending, nulls_first)):
                if passes(rank, row):
                    shown.append(row_text([row["k"], row["v"], row["s"]] + [rank] * with_rank))
        story.output(shown, True)
    return story.text()
