"""UNNEST of arrays, maps and arrays of rows: beside rows, for rows without elements, in groups and over changes."""

import json

from story import Story, row_text

LISTS = {
    "ARRAY<BIGINT>": lambda random: random.choice([None, *range(4)]),
    "ARRAY<STRING>": lambda random: random.choice([None, "p", "q", "r"]),
    "ARRAY<ROW<x BIGINT, y STRING>>": lambda random: random.choice(
        [None, {"x": random.choice([None, 1, 2]), "y": random.choice([None, "p", "q"])}]),
    "MAP<STRING, BIGINT>": lambda random: random.choice([None, 1, 2, 3]),
}


def random_list(random, kind):
    if random.random() < 0.2:
        return None
    values = [LISTS[kind](random) for _ in range(random.choice([0, 1, 2, 3]))]
    if kind.startswith("MAP"):
        return dict(zip(random.sample("klm", len(values)), values))
    return values


def elements(kind, values):
    """The columns that each element becomes."""
    if values is None:
        return []
    if kind.startswith("MAP"):
        return [list(entry) for entry in values.items()]
    if "ROW" in kind:
        return [[None, None] if value is None else [value["x"], value["y"]] for value in values]
    return [[value] for value in values]


def make(random, seed):
    kind = random.choice(list(LISTS))
    names = ["e"] if "ROW" not in kind and "MAP" not in kind else ["e", "f"]
    ordinality = random.random() < 0.5
    outer = random.random() < 0.4
    group = random.random() < 0.4
    changing = random.random() < 0.3
    where = random.choice(["", "", "e", "id"])
    alias = f"u ({', '.join(names + ['n'] * ordinality)})"
    unnest = f"UNNEST(list){' WITH ORDINALITY' * ordinality} AS {alias}"
    source = "(SELECT id, LAST_VALUE(list) AS list FROM t GROUP BY id) AS t" if changing else "t"
    join = (f"{source} LEFT JOIN {unnest} ON TRUE" if outer else
            random.choice([f"{source}, {unnest}", f"{source} CROSS JOIN {unnest}"]))
    columns = names + ["n"] * ordinality
    condition = {"": "", "e": " WHERE e IS NOT NULL", "id": " WHERE id > 1"}[where]
    query = f"SELECT id, {', '.join(columns)}\nFROM {join}{condition}"
    if group:
        query = f"SELECT e, COUNT(*) AS c, SUM(id) AS s\nFROM {join}{condition} GROUP BY e"
    fold = group or changing

    story = Story(f"UNNEST, seed {seed}")
    story.block("statement ok", f"CREATE TABLE t (id BIGINT, list {kind})",
                "WITH ('connector' = 'push', 'format' = 'json')")
    story.block("query fold" if fold else "query rowsort", query)
    rows = {}
    for _ in range(random.randint(1, 4)):
        lines = []
        for _ in range(random.randint(1, 5)):
            values = random_list(random, kind)
            row = {"id": random.randint(1, 3)}
            if values is not None or random.random() < 0.5:
                row["list"] = values
            lines.append(json.dumps(row))
            if changing:
                if values is not None or row["id"] not in rows:  # LAST_VALUE looks past NULLs
                    rows[row["id"]] = (row["id"], values)
            else:
                rows[len(rows)] = (row["id"], values)
        story.block("input t", *lines)
        out = []
        for number, values in rows.values():
            parts = [part + [i + 1] * ordinality for i, part in enumerate(elements(kind, values))]
            if not parts and outer:
                parts = [[None] * len(columns)]
            for part in parts:
                if (where == "e" and part[0] is None) or (where == "id" and number <= 1):
                    continue
                out.append([number] + part)
        if group:
            groups = {}
            for number, first, *_ in out:
                groups.setdefault(first, []).append(number)
            out = [[first, len(numbers), sum(numbers)] for first, numbers in groups.items()]
        story.output([row_text(row) for row in out], fold)
    return story.text()
