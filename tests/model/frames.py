"""OVER (… ROWS n PRECEDING): rows in the order of event time, each with the n before it."""

from story import END, NEVER, Story, row_text, seconds, time_text
from windows import Row, numbers, sum_of

AGGREGATES = {
    "COUNT(*)": len,
    "COUNT(v)": lambda rows: len(numbers(rows)),
    "SUM(v)": lambda rows: sum_of(numbers(rows)),
    "MIN(v)": lambda rows: min(numbers(rows), default=None),
    "MAX(v)": lambda rows: max(numbers(rows), default=None),
    "COUNT(DISTINCT v)": lambda rows: len(set(numbers(rows))),
    "FIRST_VALUE(s)": lambda rows: rows[0].s,
    "LAST_VALUE(s)": lambda rows: rows[-1].s,
}


def make(random, seed):
    delay = 1000 * random.choice([0, 2, 5, 20])
    keyed = random.random() < 0.7
    preceding = random.choice([0, 1, 2, 3, 7, None])
    aggregates = random.sample(list(AGGREGATES), random.randint(1, 3))
    frame = "UNBOUNDED" if preceding is None else preceding
    over = f"({'PARTITION BY k ' if keyed else ''}ORDER BY ts ROWS {frame} PRECEDING)"

    story = Story(f"Frames, seed {seed}")
    story.block("statement ok",
                "CREATE TABLE t (k STRING, v BIGINT, ts TIMESTAMP(3), s STRING, "
                f"WATERMARK FOR ts AS ts - {seconds(delay)})",
                "WITH ('connector' = 'push', 'format' = 'csv')")
    columns = [f"{text} OVER {over} AS a{i}" for i, text in enumerate(aggregates)]
    story.block("query rowsort", f"SELECT k, s, {', '.join(columns)} FROM t")

    taken = []
    watermark = NEVER

    def look():
        lines, before = [], {}
        for row in sorted(taken, key=lambda row: (row.t, row.number)):
            own = before.setdefault(row.k if keyed else None, [])
            own.append(row)
            frame_rows = own if preceding is None else own[-preceding - 1:]
            if row.t <= watermark:
                values = [AGGREGATES[text](frame_rows) for text in aggregates]
                lines.append(row_text([row.k, row.s] + values))
        story.output(lines, False)

    now = number = 0
    for _ in range(random.randint(2, 8)):
        lines = []
        for _ in range(random.randint(1, 7)):
            now += 1000 * random.choice([0, 0, 1, 2])
            t = now - 1000 * random.choice([0, 0, 0, 1, 4, 9])
            v = random.choice([None, *range(-5, 10)])
            row = Row(number, random.choice("abc"), v, t, chr(ord("a") + number % 26))
            number += 1
            if t > watermark:
                taken.append(row)
            watermark = max(watermark, t - delay)
            lines.append(f"{row.k},{'' if v is None else v},{time_text(t)},{row.s}")
        story.block("input t", *lines)
        if random.random() < 0.7:
            look()
    watermark = END
    story.block("end")
    look()
    return story.text()
