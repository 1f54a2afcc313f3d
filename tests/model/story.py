"""A story in the making: lines of a golden file. Times are whole milliseconds since 2024-01-01."""

from datetime import datetime, timedelta, timezone

START = datetime(2024, 1, 1, tzinfo=timezone.utc)
EPOCH_MS = int(START.timestamp()) * 1000
NEVER = -(10**15)  # a watermark before all times
END = 10**15


def time_text(ms):
    moment = START + timedelta(milliseconds=ms)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{moment.microsecond // 1000:03d}" if moment.microsecond else text


def value_text(value):
    if value is None:
        return "NULL"
    return str(value).upper() if isinstance(value, bool) else str(value)


def row_text(values):
    return ",".join(value_text(value) for value in values)


def aligned(ms, step):
    """The start of the window of this step, counted from 1970."""
    return (ms + EPOCH_MS) // step * step - EPOCH_MS


def seconds(ms):
    return f"INTERVAL '{ms // 1000}' SECOND"


class Story:
    def __init__(self, title):
        self.lines = ["# " + title]
        self.shown = []

    def block(self, head, *body):
        self.lines += [head, *body, ""]

    def output(self, rows, changing):
        """What came since the last look, given all rows that should be there by now."""
        rows, old = sorted(rows), list(self.shown)
        new = [row for row in rows if not _take(old, row)]
        if changing:
            new = ["-D " + row for row in old] + ["+I " + row for row in new]
        elif old:
            raise AssertionError(f"the model takes back what it gave: {old}")
        self.block("output", *new)
        self.shown = rows

    def text(self):
        return "\n".join(self.lines)


def keyed_tables(story, data):
    """Tables a and b of keys and values, for velo and in SQLite."""
    for table in "ab":
        story.block("statement ok", f"CREATE TABLE {table} (k STRING, v BIGINT)",
                    "WITH ('connector' = 'push', 'format' = 'csv')")
        data.execute(f"CREATE TABLE {table} (k TEXT, v INT)")


def more_keyed_rows(random, story, data, least):
    """A few rows for one of these tables; values from `least` to 4, or none."""
    table, lines = random.choice("ab"), []
    for _ in range(random.randint(1, 4)):
        row = (random.choice(["p", "q", "r", None]), random.choice([None, *range(least, 5)]))
        data.execute(f"INSERT INTO {table} VALUES (?, ?)", row)
        lines.append(",".join("" if cell is None else str(cell) for cell in row))
    story.block(f"input {table}", *lines)


def _take(rows, row):
    if row in rows:
        rows.remove(row)
        return True
    return False
