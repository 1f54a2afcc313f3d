"""Windows over the rows of windows: the outer ones take the inner rows at their window_time."""

from story import END, NEVER, Story, aligned, row_text, seconds, time_text


def sessions_of(times, gap):
    """(start, last) of each session of these times."""
    sessions = []
    for t in sorted(times):
        if sessions and t < sessions[-1][1] + gap:
            sessions[-1][1] = t
        else:
            sessions.append([t, t])
    return sessions


class Outer:
    def __init__(self, random, inner_size):
        self.kind = random.choice(["TUMBLE", "HOP", "SESSION"])
        self.gap = 1000 * random.choice([4, 7, 12])
        self.size = inner_size * random.choice([2, 3])
        self.slide = random.choice([inner_size, self.size]) if self.kind == "HOP" else self.size

    def sql(self):
        lengths = {"TUMBLE": seconds(self.size), "SESSION": seconds(self.gap),
                   "HOP": f"{seconds(self.slide)}, {seconds(self.size)}"}[self.kind]
        return f"{self.kind}(TABLE inner_rows, DESCRIPTOR(wt), {lengths})"

    def results(self, rows, watermark):
        """rows: (time, value). Gives (start, end) → values, of what has fired."""
        found = {}
        if self.kind == "SESSION":
            for start, last in sessions_of({t for t, _ in rows}, self.gap):
                inside = [value for t, value in rows if start <= t <= last]
                found[(start, last + self.gap)] = inside
        else:
            for t, value in rows:
                for start in range(aligned(t, self.slide), t - self.size, -self.slide):
                    found.setdefault((start, start + self.size), []).append(value)
        return {w: values for w, values in found.items() if w[1] - 1 <= watermark}


def make(random, seed):
    size = 1000 * random.choice([5, 10])
    delay = 1000 * random.choice([0, 5])
    outer = Outer(random, size)
    story = Story(f"Windows over windows, seed {seed}")
    story.block("statement ok",
                "CREATE TABLE t (k STRING, v BIGINT, ts TIMESTAMP(3), "
                f"WATERMARK FOR ts AS ts - {seconds(delay)})",
                "WITH ('connector' = 'push', 'format' = 'csv')")
    story.block("statement ok",
                "CREATE VIEW inner_rows AS SELECT k, window_time AS wt, SUM(v) AS s",
                f"FROM TUMBLE(TABLE t, DESCRIPTOR(ts), {seconds(size)})",
                "GROUP BY k, window_start, window_end, window_time")
    story.block("query rowsort",
                "SELECT window_start, window_end, COUNT(*) AS n, SUM(s) AS s, MAX(s) AS most",
                f"FROM {outer.sql()} GROUP BY window_start, window_end")

    inner = {}
    watermark = NEVER
    now = 0

    def look():
        fired = [(start + size - 1, sum(values)) for (_, start), values in inner.items()
                 if start + size - 1 <= watermark]
        results = outer.results(fired, watermark)
        story.output([row_text([time_text(start), time_text(end), len(values), sum(values),
                                max(values)])
                      for (start, end), values in results.items()], False)

    for _ in range(random.randint(3, 8)):
        lines = []
        for _ in range(random.randint(1, 6)):
            now += 1000 * random.choice([0, 1, 2, 4, 9])
            t = now - 1000 * random.choice([0, 0, 1, 3, 8])
            k, v = random.choice("ab"), random.randint(-5, 9)
            start = aligned(t, size)
            if start + size - 1 > watermark:
                inner.setdefault((k, start), []).append(v)
            watermark = max(watermark, t - delay)
            lines.append(f"{k},{v},{time_text(t)}")
        story.block("input t", *lines)
        if random.random() < 0.6:
            look()
    watermark = END
    story.block("end")
    look()
    return story.text()
