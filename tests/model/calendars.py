"""Calendar windows in time zones, against Python's zoneinfo."""

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from story import Story

ZONES = ["Europe/Berlin", "Europe/London", "America/New_York", "America/Sao_Paulo", "Africa/Cairo",
         "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"]
WEEK_STARTS = {"MONDAY": date(1970, 1, 5), "SATURDAY": date(1970, 1, 3),
               "SUNDAY": date(1970, 1, 4)}
MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


def instant_of(wall_clock, zone):
    """The instant at which a clock on the wall shows this; where it skips it, when it skips."""
    instant = wall_clock.replace(tzinfo=zone).astimezone(timezone.utc)
    if instant.astimezone(zone).replace(tzinfo=None) == wall_clock:
        return instant
    before, after = instant - timedelta(hours=3), instant + timedelta(hours=3)
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        between = (before + (after - before) / 2).replace(microsecond=0)
        if between.astimezone(zone).utcoffset() == offset:
            before = between
        else:
            after = between
    return after


class Calendar:
    def __init__(self, random):
        self.zone_name = random.choice(ZONES)
        self.zone = ZoneInfo(self.zone_name)
        self.unit = random.choice(["DAY", "WEEK", *MONTHS])
        self.count = 1 if self.unit == "WEEK" else random.choice([1, 1, 1, 2, 3])
        self.week_start = random.choice(list(WEEK_STARTS)) if self.unit == "WEEK" else None
        self.offset_hours = random.choice([0, 0, 0, 6]) if self.unit in ("DAY", "WEEK") else 0

    def sql(self):
        sql = f"SIZE => INTERVAL '{self.count}' {self.unit}, TIME_ZONE => '{self.zone_name}'"
        if self.week_start:
            sql += f", WEEK_START => '{self.week_start}'"
        if self.offset_hours:
            sql += f", `OFFSET` => INTERVAL '{self.offset_hours}' HOUR"
        return sql

    def start(self, number):
        if self.unit in MONTHS:
            months = number * self.count * MONTHS[self.unit]
            day = date(1970 + months // 12, months % 12 + 1, 1)
        else:
            days = 7 if self.unit == "WEEK" else self.count
            day = WEEK_STARTS.get(self.week_start, date(1970, 1, 1)) + timedelta(number * days)
        midnight = datetime(day.year, day.month, day.day)
        return instant_of(midnight + timedelta(hours=self.offset_hours), self.zone)

    def window_of(self, instant):
        days = {"DAY": 1, "WEEK": 7, "MONTH": 28, "QUARTER": 90, "YEAR": 365}[self.unit]
        low, high = -1, 25_000 // (days * self.count)  # beyond 2030
        while high - low > 1:
            middle = (low + high) // 2
            if self.start(middle) <= instant:
                low = middle
            else:
                high = middle
        return self.start(low), self.start(high)


def text(instant):
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def make(random, seed):
    calendar = Calendar(random)
    story = Story(f"Calendar windows, seed {seed}")
    story.block("statement ok",
                "CREATE TABLE t (v BIGINT, ts TIMESTAMP_LTZ(3), "
                "WATERMARK FOR ts AS ts - INTERVAL '9999' DAY)",
                "WITH ('connector' = 'push', 'format' = 'csv', "
                "'scan.watermark.max-future' = 'off')")
    story.block("query", "SELECT window_start, window_end, SUM(v) AS s",
                f"FROM TUMBLE(DATA => TABLE t, TIMECOL => DESCRIPTOR(ts), {calendar.sql()})",
                "GROUP BY window_start, window_end")
    base = datetime(random.choice([2023, 2024]), random.choice([1, 3, 4, 10, 11, 12]),
                    random.randint(1, 28), tzinfo=timezone.utc)
    sums, lines = {}, []
    for _ in range(random.randint(5, 15)):
        any_second = random.randint(-86400 * 40, 86400 * 40)
        half_hour = 1800 * random.randint(-48 * 40, 48 * 40)
        instant = base + timedelta(seconds=random.choice([any_second, half_hour]))
        v = random.randint(1, 9)
        window = calendar.window_of(instant)
        sums[window] = sums.get(window, 0) + v
        lines.append(f"{v},{text(instant)}")
    story.block("input t", *lines)
    story.block("end")
    story.output([f"{text(start)},{text(end)},{s}" for (start, end), s in sums.items()], False)
    return story.text()
