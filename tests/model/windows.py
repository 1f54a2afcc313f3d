"""Windows over rows that come in disorder, against a model that keeps every row of every window."""

from story import END, NEVER, Story, aligned, row_text, seconds, time_text


def numbers(rows):
    return [row.v for row in rows if row.v is not None]


def sum_of(values):
    return sum(values) if values else None


def middle(values):
    return sorted(values)[(len(values) + 1) // 2 - 1] if values else None


AGGREGATES = {
    "COUNT(*)": len,
    "COUNT(v)": lambda rows: len(numbers(rows)),
    "SUM(v)": lambda rows: sum_of(numbers(rows)),
    "MIN(v)": lambda rows: min(numbers(rows), default=None),
    "MAX(v)": lambda rows: max(numbers(rows), default=None),
    "COUNT(DISTINCT v)": lambda rows: len(set(numbers(rows))),
    "SUM(v) FILTER (WHERE v > 2)": lambda rows: sum_of([v for v in numbers(rows) if v > 2]),
    "STRING_AGG(s, '' ORDER BY s)": lambda rows: "".join(sorted(row.s for row in rows)),
    "FIRST_VALUE(s)": lambda rows: min(rows, key=lambda row: (row.t, row.number)).s,
    "LAST_VALUE(s)": lambda rows: max(rows, key=lambda row: (row.t, row.number)).s,
    "PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY v)": lambda rows: middle(numbers(rows)),
}


EVERY = 10_000  # of EMIT EVERY


class Row:
    def __init__(self, number, k, v, t, s):
        self.number, self.k, self.v, self.t, self.s = number, k, v, t, s


class FixedWindows:
    """TUMBLE, HOP, CUMULATE: a row lies in windows that follow from its time alone."""

    def __init__(self, kind, size, slide, lateness):
        self.kind, self.size, self.slide, self.lateness = kind, size, slide, lateness
        self.rows = {}  # (key, start, end) → rows

    def windows_of(self, t):
        if self.kind == "CUMULATE":
            start = aligned(t, self.size)
            steps = range(self.slide, self.size + 1, self.slide)
            return [(start, start + step) for step in steps if t < start + step]
        starts = range(aligned(t, self.slide), t - self.size, -self.slide)
        return [(start, start + self.size) for start in starts]

    def take(self, key, row, watermark):
        for start, end in self.windows_of(row.t):
            if end - 1 + self.lateness > watermark:
                self.rows.setdefault((key, start, end), []).append(row)

    def visible(self, watermark, changes):
        return {w: list(r) for w, r in self.rows.items() if changes or w[2] - 1 <= watermark}

    def is_among(self, window, _, fired):
        return window in fired


class Sessions:
    """Sessions per key. Those that are past their lateness are closed: no row joins them."""

    def __init__(self, gap, lateness):
        self.gap, self.lateness = gap, lateness
        self.open = {}  # key → [rows of a session, …]
        self.closed = {}

    def bounds(self, rows):
        times = [row.t for row in rows]
        return min(times), max(times) + self.gap

    def close(self, watermark):
        for key, sessions in self.open.items():
            for rows in list(sessions):
                start, end = self.bounds(rows)
                if end - 1 + self.lateness <= watermark:
                    sessions.remove(rows)
                    self.closed.setdefault((key, start, end), []).extend(rows)

    def take(self, key, row, watermark):
        self.close(watermark)
        sessions = self.open.setdefault(key, [])
        start, end = row.t, row.t + self.gap
        touched = [s for s in sessions if self.bounds(s)[0] < end and start < self.bounds(s)[1]]
        together = sum(touched, []) + [row]
        if row.t <= watermark and self.bounds(together)[1] - 1 + self.lateness <= watermark:
            return
        sessions[:] = [s for s in sessions if s not in touched] + [together]

    def visible(self, watermark, changes):
        self.close(watermark)
        shown = dict(self.closed)
        for key, sessions in self.open.items():
            for rows in sessions:
                start, end = self.bounds(rows)
                if changes or end - 1 <= watermark:
                    shown[(key, start, end)] = rows
        return shown

    def is_among(self, window, rows, fired):
        return any(key == window[0] and rows[0] in whole for (key, _, _), whole in fired.items())


def choose_window(random, lateness, keyed):
    kind = random.choice(["TUMBLE", "HOP", "CUMULATE", "SESSION"])
    if kind == "SESSION":
        gap = 1000 * random.choice([5, 8])
        keys = " PARTITION BY k" if keyed else ""
        return f"SESSION(TABLE t{keys}, DESCRIPTOR(ts), {seconds(gap)})", Sessions(gap, lateness)
    slide = 1000 * random.choice([5, 10, 17] if kind == "TUMBLE" else [5, 7, 10])
    size = slide
    if kind != "TUMBLE":
        size = slide * random.randint(2, 4)
    if kind == "HOP":
        size += random.choice([0, 0, 3000])
    steps = f"{seconds(slide)}, {seconds(size)}" if kind != "TUMBLE" else seconds(size)
    model = FixedWindows(kind, size, slide, lateness)
    return f"{kind}(TABLE t, DESCRIPTOR(ts), {steps})", model


def make(random, seed):
    mode = random.choice(["", "", "LATENESS", "CHANGES", "CHANGES LATENESS", "EVERY"])
    keyed = random.random() < 0.8
    delay = 1000 * random.choice([0, 0, 5, 20])
    partitions = random.choice([1, 1, 2])
    lateness = 1000 * random.choice([5, 10, 30]) if "LATENESS" in mode else 0
    window, model = choose_window(random, lateness, keyed)
    aggregates = random.sample(list(AGGREGATES), random.randint(1, 4))

    story = Story(f"Windows, seed {seed}")
    story.block("statement ok",
                "CREATE TABLE t (k STRING, v BIGINT, ts TIMESTAMP(3), s STRING, "
                f"WATERMARK FOR ts AS ts - {seconds(delay)})",
                f"WITH ('connector' = 'push', 'format' = 'csv', 'partitions' = '{partitions}', "
                "'scan.watermark.idle-timeout' = '0')")
    keys = ["k"] if keyed else []
    columns = keys + ["window_start", "window_end"]
    columns += [f"{text} AS a{i}" for i, text in enumerate(aggregates)]
    query = f"SELECT {', '.join(columns)}\nFROM {window}\n"
    query += f"GROUP BY {', '.join(keys + ['window_start', 'window_end'])}"
    query += " EMIT CHANGES" if "CHANGES" in mode else ""
    query += f" EMIT EVERY {seconds(EVERY)}" if mode == "EVERY" else ""
    query += f" ALLOWED LATENESS {seconds(lateness)}" if lateness else ""
    story.block("query fold" if mode else "query rowsort", query)

    watermarks = [NEVER] * partitions
    clock = 0
    emitted = {}  # EMIT EVERY: what the last interval showed

    def look():
        shown = model.visible(min(watermarks), "CHANGES" in mode)
        for window, rows in emitted.items():
            if not model.is_among(window, rows, shown):
                shown[window] = rows
        story.output([row_text([key] * keyed + [time_text(start), time_text(end)] +
                               [AGGREGATES[text](rows) for text in aggregates])
                      for (key, start, end), rows in shown.items()], bool(mode))

    now = number = 0
    for _ in range(random.randint(3, 9)):
        partition = random.randrange(partitions)
        now += random.choice([0] * 6 + [20_000, 50_000])
        lines = []
        for _ in range(random.randint(1, 6)):
            now += 1000 * random.choice([0, 0, 1, 2, 3])
            t = now - 1000 * random.choice([0, 0, 0, 1, 4, 9, 15, 30])
            t += random.choice([0, 0, 0, 500, 999])
            v = random.choice([None, *range(-5, 10)])
            row = Row(number, random.choice("abc"), v, t, chr(ord("a") + number % 26))
            number += 1
            model.take(row.k if keyed else None, row, min(watermarks))
            watermarks[partition] = max(watermarks[partition], t - delay)
            lines.append(f"{row.k},{'' if v is None else v},{time_text(t)},{row.s}")
        story.block(f"input t partition {partition}", *lines)
        if mode == "EVERY":
            step = 1000 * random.choice([1, 4, 10])
            story.block(f"clock +{step // 1000}s")
            if (clock + step) // EVERY != clock // EVERY:
                emitted = model.visible(min(watermarks), True)
            clock += step
        if random.random() < 0.7:
            look()
    story.block("end")
    watermarks = [END]
    look()
    return story.text()
