"""Groups over the changes of groups: what is taken back is taken out again."""

from story import Story, row_text


def known(values):
    return [value for value in values if value is not None]


def sum_of(values):
    return sum(known(values)) if known(values) else None


def median(values):
    ordered = sorted(known(values))
    if not ordered:
        return None
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


INNER = {
    "COUNT(*)": len,
    "SUM(v)": sum_of,
    "MIN(v)": lambda values: min(known(values), default=None),
    "MAX(v)": lambda values: max(known(values), default=None),
    "COUNT(DISTINCT v)": lambda values: len(set(known(values))),
}
OUTER = {
    "COUNT(*)": len,
    "SUM(s)": sum_of,
    "MIN(s)": lambda values: min(known(values), default=None),
    "MAX(s)": lambda values: max(known(values), default=None),
    "COUNT(DISTINCT s)": lambda values: len(set(known(values))),
    "MEDIAN(s)": median,
    "AVG(s)": lambda values: sum(known(values)) / len(known(values)) if known(values) else None,
    "BOOL_OR(s > 3)": lambda values: any(s > 3 for s in known(values)) if known(values) else None,
}
WHERE = {
    "": lambda s: True,
    " WHERE s > 1": lambda s: s is not None and s > 1,
    " WHERE s IS NOT NULL": lambda s: s is not None,
}


def make(random, seed):
    inner = random.choice(list(INNER))
    least_rows = random.choice([1, 1, 2])
    where = random.choice(list(WHERE))
    key = random.choice(["j", "s", ""])
    having = random.choice([0, 0, 2])
    outer = random.sample(list(OUTER), random.randint(1, 3))
    partitions = random.choice([1, 2])

    story = Story(f"Changes of changes, seed {seed}")
    story.block("statement ok",
                "CREATE TABLE t (j STRING, k STRING, v BIGINT)",
                f"WITH ('connector' = 'push', 'format' = 'csv', 'partitions' = '{partitions}')")
    columns = [key] * bool(key) + [f"{text} AS a{i}" for i, text in enumerate(outer)]
    query = f"SELECT {', '.join(columns)}\nFROM (SELECT j, k, {inner} AS s FROM t GROUP BY j, k"
    query += f" HAVING COUNT(*) >= {least_rows}) AS i{where}"
    query += f"\nGROUP BY {key}" if key else ""
    query += f" HAVING COUNT(*) >= {having}" if having else ""
    story.block("query fold", query)

    rows = {}
    groups = {}

    def look():
        story.output([row_text([group] * bool(key) + [OUTER[text](values) for text in outer])
                      for group, values in groups.items() if len(values) >= having], True)

    for _ in range(random.randint(3, 8)):
        lines = []
        for _ in range(random.randint(1, 5)):
            j, k = random.choice("xy"), random.choice("abc")
            v = random.choice([None, *range(-3, 6)])
            rows.setdefault((j, k), []).append(v)
            lines.append(f"{j},{k},{'' if v is None else v}")
        story.block(f"input t partition {random.randrange(partitions)}", *lines)
        groups = {}
        for (j, _), values in rows.items():
            s = INNER[inner](values)
            if len(values) >= least_rows and WHERE[where](s):
                groups.setdefault({"j": j, "s": s, "": None}[key], []).append(s)
        look()
    if not key:
        groups.setdefault(None, [])  # the one group over everything is an answer over no rows too
    story.block("end")
    look()
    return story.text()
