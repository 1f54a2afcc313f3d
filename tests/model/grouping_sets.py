"""GROUPING SETS, ROLLUP, CUBE and products of them; over rows as they are, in windows, and over changes.

A set is a set of keys; what must come out is one plain GROUP BY per set.
"""

from itertools import combinations, product

from story import END, NEVER, Story, aligned, row_text, seconds, time_text

KEYS = "abc"
AGGREGATES = {
    "COUNT(*)": len,
    "COUNT(v)": lambda rows: sum(1 for row in rows if row["v"] is not None),
    "SUM(v)": lambda rows: total(row["v"] for row in rows),
    "SUM(v * 2 + 1)": lambda rows: total(v if v is None else v * 2 + 1 for v in column(rows, "v")),
    "MIN(a)": lambda rows: min(known(rows, "a"), default=None),
    "COUNT(DISTINCT b)": lambda rows: len(set(known(rows, "b"))),
    "MAX(v) FILTER (WHERE v > 2)": lambda rows: max((v for v in known(rows, "v") if v > 2),
                                                    default=None),
}


def column(rows, name):
    return [row[name] for row in rows]


def known(rows, name):
    return [value for value in column(rows, name) if value is not None]


def total(values):
    values = [value for value in values if value is not None]
    return sum(values) if values else None


def list_text(keys):
    return f"({', '.join(keys)})"


def random_sets(random):
    """One item of GROUP BY: its text and its sets."""
    keys = random.sample(KEYS, random.randint(1, 3))
    kind = random.choice(["plain", "rollup", "rollup", "cube", "sets", "sets"])
    if kind == "plain":
        return keys[0], [(keys[0],)]
    if kind == "rollup":
        return f"ROLLUP {list_text(keys)}", [tuple(keys[:n]) for n in range(len(keys), -1, -1)]
    if kind == "cube":
        subsets = [c for n in range(len(keys), -1, -1) for c in combinations(keys, n)]
        return f"CUBE {list_text(keys)}", subsets
    sets = [tuple(random.sample(KEYS, random.randint(0, 3))) for _ in range(random.randint(1, 3))]
    return f"GROUPING SETS ({', '.join(map(list_text, sets))})", sets


def group_by(random):
    items = [random_sets(random) for _ in range(random.choice([1, 1, 1, 2]))]
    combined = product(*(sets for _, sets in items))
    sets = [frozenset(key for part in parts for key in part) for parts in combined]
    return ", ".join(text for text, _ in items), sets


def results(rows, sets, selected, aggregates, least, total_stands):
    """Rows of every set: its keys or NULL, GROUPING of all keys, the aggregates."""
    out = []
    for keys in sets:
        groups = {}
        if not keys and total_stands:
            groups[()] = []
        for row in rows:
            groups.setdefault(tuple(row[key] for key in KEYS if key in keys), []).append(row)
        for members in groups.values():
            if least > 1 and len(members) < least:  # HAVING
                continue
            sample = members[0] if members else {}
            shown = [sample.get(key) if key in keys else None for key in selected]
            grouping = sum((key not in keys) << i for i, key in enumerate(reversed(selected)))
            out.append(shown + [grouping] + [AGGREGATES[text](members) for text in aggregates])
    return out


def random_row(random):
    return {"a": random.choice(["x", "y", None]), "b": random.choice(["p", "q", None]),
            "c": random.choice("mn"), "v": random.choice([None, *range(-2, 6)])}


def fields(row):
    return ["" if value is None else str(value) for value in row.values()]


def make_plain(random, story, text, sets, selected, aggregates, least, columns):
    """Without windows: over rows that end, or over rows that go on, whose groups change."""
    bounded = random.random() < 0.5
    having = f" HAVING COUNT(*) >= {least}" if least > 1 else ""
    options = "'connector' = 'push', 'format' = 'csv', 'bounded' = " + f"'{str(bounded).lower()}'"
    story.block("statement ok", "CREATE TABLE t (a STRING, b STRING, c STRING, v BIGINT)",
                f"WITH ({options})")
    story.block("query rowsort" if bounded else "query fold",
                f"SELECT {columns}\nFROM t GROUP BY {text}{having}")
    rows = []
    for _ in range(random.randint(0 if bounded else 1, 4)):
        new = [random_row(random) for _ in range(random.randint(1, 6))]
        rows += new
        story.block("input t", *(",".join(fields(row)) for row in new))
        if not bounded:
            shown = results(rows, sets, selected, aggregates, least, True)
            story.output(list(map(row_text, shown)), True)
    if bounded:
        story.block("end")
        shown = results(rows, sets, selected, aggregates, least, True)
        story.output(list(map(row_text, shown)), False)


def make_windowed(random, story, text, sets, selected, aggregates, least, columns):
    """Rows in order of time but for late ones; TUMBLE and HOP in all spellings."""
    size = random.choice([60000, 120000])
    slide = random.choice([size, size // 2])
    having = f" HAVING COUNT(*) >= {least}" if least > 1 else ""
    story.block("statement ok",
                "CREATE TABLE t (a STRING, b STRING, c STRING, v BIGINT, ts TIMESTAMP(3),",
                "  WATERMARK FOR ts AS ts) WITH ('connector' = 'push', 'format' = 'csv')")
    form = random.choice(["from", "clause", "group"])
    if form == "from":
        window = (f"TUMBLE(TABLE t, DESCRIPTOR(ts), {seconds(size)})" if slide == size else
                  f"HOP(TABLE t, DESCRIPTOR(ts), {seconds(slide)}, {seconds(size)})")
        query = (f"SELECT window_start, {columns}\nFROM {window} "
                 f"GROUP BY window_start, window_end, {text}{having}")
    elif form == "clause":
        window = (f"TUMBLING({size // 1000}s)" if slide == size else
                  f"SLIDING({size // 1000}s, {slide // 1000}s)")
        query = f"SELECT window_start, {columns}\nFROM t WINDOW {window} GROUP BY {text}{having}"
    else:
        name = "TUMBLE" if slide == size else "HOP"
        lengths = seconds(size) if slide == size else f"{seconds(slide)}, {seconds(size)}"
        query = (f"SELECT {name}_START(ts, {lengths}) AS w, {columns}\nFROM t "
                 f"GROUP BY {name}(ts, {lengths}), {text}{having}")
    story.block("query rowsort", query)
    windows, fired, watermark, late, now = {}, [], NEVER, 0, 0

    def fire():
        for start in sorted(windows):
            if start + size - 1 <= watermark:
                rows = results(windows.pop(start), sets, selected, aggregates, least, False)
                fired.extend([time_text(start)] + row for row in rows)

    for _ in range(random.randint(2, 5)):
        lines = []
        for _ in range(random.randint(1, 6)):
            now += random.choice([0, 1000, 20000, 50000])
            at = max(0, now - random.choice([0, 0, 0, 30000, 90000]))
            row = random_row(random)
            lines.append(",".join([*fields(row), time_text(at)]))
            start = aligned(at, slide)
            while start > at - size:
                if start + size - 1 > watermark:
                    windows.setdefault(start, []).append(row)
                else:
                    late += 1
                start -= slide
            watermark = max(watermark, at)
            fire()
        story.block("input t", *lines)
        story.output([row_text(row) for row in fired], False)
    watermark = END
    fire()
    story.block("end")
    story.output([row_text(row) for row in fired], False)
    story.block(f"stats late={late}")


def make(random, seed):
    text, sets = group_by(random)
    selected = [key for key in KEYS if any(key in keys for keys in sets)]
    aggregates = random.sample(list(AGGREGATES), random.randint(1, 3))
    least = random.choice([1, 1, 2])
    grouping = f"GROUPING({', '.join(selected)})" if selected else "GROUPING_ID()"
    columns = ", ".join([*selected, f"{grouping} AS g"]
                        + [f"{aggregate} AS v{i}" for i, aggregate in enumerate(aggregates)])
    story = Story(f"Grouping sets, seed {seed}")
    kind = make_windowed if random.random() < 0.5 else make_plain
    kind(random, story, text, sets, selected, aggregates, least, columns)
    return story.text()
