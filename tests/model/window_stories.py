#!/usr/bin/env python3
"""Writes random golden files about windows, with what SEMANTICS.md §3 and §4 say must come out.

    window_stories.py FIRST LAST FOLDER     writes FOLDER/story_FIRST.slt … story_LAST.slt

What comes out is worked out here from the rules, row by row, without batches, panes or threads:
watermarks per partition, their minimum over the active ones, idleness, lateness per window, late
rows that correct. `velo test FOLDER` then runs every story in all its ways. Times are microseconds
since 2024-01-01, the golden clock's start.
"""

import datetime
import random
import sys
from pathlib import Path

SECOND = 1_000_000
NEVER = -(10**18)
END = 10**18
IDLE_TIMEOUT = 10 * SECOND
EVERY = 10 * SECOND  # EMIT EVERY
KEYS = "abc"


def text_of(time):
    """The text form of a TIMESTAMP: as many digits behind the second as it needs, by threes."""
    moment = datetime.datetime(2024, 1, 1) + datetime.timedelta(microseconds=time)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    micros = moment.microsecond
    if micros == 0:
        return text
    return f"{text}.{micros // 1000:03}" if micros % 1000 == 0 else f"{text}.{micros:06}"


class Panes:
    """TUMBLE, HOP and CUMULATE: which windows a time lies in."""

    def __init__(self, kind, size, slide):
        self.kind, self.size, self.slide = kind, size, slide

    def sql(self, table, column):
        seconds = lambda length: f"INTERVAL '{length // SECOND}' SECOND"  # noqa: E731
        lengths = [self.size] if self.kind == "TUMBLE" else [self.slide, self.size]
        return f"{self.kind}(TABLE {table}, DESCRIPTOR({column}), {', '.join(map(seconds, lengths))})"

    def windows(self, time):
        """(end, start), ascending by end."""
        if self.kind == "CUMULATE":
            start = time // self.size * self.size
            first = start + ((time - start) // self.slide + 1) * self.slide
            return [(end, start) for end in range(first, start + self.size + 1, self.slide)]
        first = (time - self.size) // self.slide * self.slide + self.slide + self.size
        return [(end, end - self.size) for end in range(first, time + self.size + 1, self.slide)
                if end - self.size <= time]


class WindowModel:
    """GROUP BY k and a window of `panes`: COUNT(*) and SUM(v)."""

    def __init__(self, panes, step, lateness, changes):
        self.panes, self.step, self.lateness, self.changes = panes, step, lateness, changes
        self.states = {}  # (end, start, key) → (n, sum)
        self.shown = {}
        self.every = False  # EMIT EVERY: changes are held back
        self.held = set()
        self.late = 0
        self.out = []  # (weight, (end, start, key), (n, sum))
        self.fired = NEVER

    def row(self, key, value, time, watermark):
        self.fire(watermark)
        for end, start in self.panes.windows(time):
            if end - self.step + self.lateness <= watermark:
                self.late += 1
                continue
            cell = (end, start, key)
            n, total = self.states.get(cell, (0, 0))
            self.states[cell] = (n + 1, total + value)
            if self.every:
                self.held.add(cell)
            elif self.changes or end - self.step <= watermark:
                self.show(cell)

    def tick(self):
        for cell in self.held:
            self.show(cell)
        self.held = set()

    def show(self, cell):
        before, now = self.shown.get(cell), self.states[cell]
        if before == now:
            return
        if before is not None:
            self.out.append((-1, cell, before))
        self.out.append((1, cell, now))
        self.shown[cell] = now

    def fire(self, watermark):
        due = [c for c in self.states if self.fired < c[0] - self.step <= watermark]
        due += [c for c in self.held if c[0] - self.step + self.lateness <= watermark]
        for cell in sorted(due, key=lambda c: (c[0], c[2])):
            self.show(cell)
            self.held.discard(cell)
        self.fired = max(self.fired, watermark)


class SessionModel:
    """GROUP BY k and SESSION(gap)."""

    def __init__(self, gap, step, lateness, changes):
        self.gap, self.step, self.lateness, self.changes = gap, step, lateness, changes
        self.every = False
        self.sessions = {key: [] for key in KEYS}
        self.late = 0
        self.out = []

    def row(self, key, value, time, watermark):
        self.fire(watermark)
        own = self.sessions[key]
        joined = [s for s in own if time < s["last"] + self.gap and s["first"] < time + self.gap]
        last = max([time] + [s["last"] for s in joined])
        if last + self.gap - self.step + self.lateness <= watermark:
            self.late += 1
            return
        session = {
            "first": min([time] + [s["first"] for s in joined]),
            "last": last,
            "sums": (1 + sum(s["sums"][0] for s in joined), value + sum(s["sums"][1] for s in joined)),
            "shown": None,
            "withdrawn": [],  # rows to take back when this one is shown
        }
        for old in joined:
            own.remove(old)
            session["withdrawn"] += old["withdrawn"]
            if old["shown"]:
                session["withdrawn"].append(old["shown"])
        own.append(session)
        if not self.every and (self.changes or last + self.gap - self.step <= watermark):
            self.show(key, session)
        elif not self.every:
            self.take_back(session)

    def tick(self):
        for key, own in self.sessions.items():
            for session in own:
                if not session["shown"]:
                    self.show(key, session)

    def take_back(self, session):
        self.out += [(-1, *row) for row in session["withdrawn"]]
        session["withdrawn"] = []

    def show(self, key, session):
        self.take_back(session)
        session["shown"] = ((session["last"] + self.gap, session["first"], key), session["sums"])
        self.out.append((1, *session["shown"]))

    def fire(self, watermark):
        due = [(s["last"] + self.gap, key, s) for key, own in self.sessions.items() for s in own
               if s["last"] + self.gap - self.step <= watermark and not s["shown"]]
        for _, key, session in sorted(due, key=lambda d: d[:2]):
            self.show(key, session)
        for key, own in self.sessions.items():
            self.sessions[key] = [
                s for s in own if s["last"] + self.gap - self.step + self.lateness > watermark]


class Watermarks:
    """Of several partitions, each with its own delay: the least over the active ones."""

    def __init__(self, delays):
        self.delays = delays
        self.own = [NEVER] * len(delays)
        self.event = [0] * len(delays)  # wall time of the last event, or of the first look
        self.spoke = [False] * len(delays)
        self.idle = [False] * len(delays)
        self.ended = [False] * len(delays)
        self.now = 0
        self.combined = NEVER

    def row(self, part, time):
        self.own[part] = max(self.own[part], time - self.delays[part])
        self.update()

    def speaks(self, part):
        self.event[part], self.idle[part], self.spoke[part] = self.now, False, True

    def clock(self, length):
        self.now += length
        for part, event in enumerate(self.event):
            if not self.ended[part] and self.now - event >= IDLE_TIMEOUT:
                self.idle[part] = True
        self.update()

    def update(self):
        open_parts = [p for p in range(len(self.own)) if not self.ended[p]]
        active = [self.own[p] for p in open_parts if not self.idle[p]]
        if active:
            now = min(active)
        elif open_parts:
            silent = [self.own[p] + self.now - self.event[p] for p in open_parts if self.spoke[p]]
            now = max([NEVER] + silent + [own for own, e in zip(self.own, self.ended) if e])
        else:
            return
        self.combined = max(self.combined, now)


class Story:
    """One golden file."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = [f"# Random story {seed} of tests/model/window_stories.py."]
        self.precision = self.pick(3, 3, 0, 6)
        self.step = 10 ** (6 - self.precision)
        self.lateness = self.pick(0, 0, 0, 5, 20) * SECOND
        self.changes = self.random.random() < 0.3
        self.every = not self.changes and self.random.random() < 0.15
        self.union = self.random.random() < 0.25
        self.changing = self.changes or self.every or self.lateness > 0
        self.cascade = not self.changing and self.random.random() < 0.3
        parts = 2 if self.union else self.pick(1, 1, 2, 3)
        delay = self.pick(0, 0, 3, 10)
        delays = [self.pick(0, 2, 7) for _ in range(2)] if self.union else [delay] * parts
        self.marks = Watermarks([d * SECOND for d in delays])
        self.times = [30 * SECOND] * parts  # where each partition's rows are
        self.outer = None
        self.write_tables(delays)
        self.write_query()

    def pick(self, *choices):
        return self.random.choice(choices)

    def write_tables(self, delays):
        tables = [f"t{i}" for i in range(len(delays))] if self.union else ["t"]
        for name, delay in zip(tables, delays):
            partitions = 1 if self.union else len(delays)
            self.lines += [
                "statement ok",
                f"CREATE TABLE {name} (k STRING, v BIGINT, ts TIMESTAMP({self.precision}),",
                f"  WATERMARK FOR ts AS ts - INTERVAL '{delay}' SECOND)",
                f"WITH ('connector' = 'push', 'format' = 'csv', 'partitions' = '{partitions}')", ""]
        if self.union:
            selects = " UNION ALL ".join(f"SELECT k, v, ts FROM {name}" for name in tables)
            self.lines += ["statement ok", f"CREATE VIEW t AS {selects}", ""]

    def write_query(self):
        kind = self.pick("TUMBLE", "HOP", "HOP", "CUMULATE", "SESSION")
        if self.every and kind == "SESSION":
            self.lateness = 0
        if kind == "SESSION":
            gap = self.pick(2, 5)
            self.model = SessionModel(gap * SECOND, self.step, self.lateness, self.changes)
            call = f"SESSION(TABLE t PARTITION BY k, DESCRIPTOR(ts), INTERVAL '{gap}' SECOND)"
        else:
            lengths = {"TUMBLE": [(5, 5), (10, 10)], "CUMULATE": [(5, 20), (2, 6)],
                       "HOP": [(5, 10), (2, 10), (4, 10), (10, 5), (1, 7)]}
            slide, size = self.pick(*lengths[kind])
            panes = Panes(kind, size * SECOND, slide * SECOND)
            self.model = WindowModel(panes, self.step, self.lateness, self.changes)
            call = panes.sql("t", "ts")
        group = "GROUP BY k, window_start, window_end"
        if self.cascade:
            panes = Panes("TUMBLE", 20 * SECOND, 20 * SECOND)
            # window_time has milliseconds at least.
            self.outer = WindowModel(panes, min(self.step, 1000), 0, False)
            self.lines += ["statement ok", "CREATE VIEW inner_windows AS",
                           "SELECT k, window_time AS wt, SUM(v) AS s",
                           f"FROM {call} {group}, window_time", "", "query",
                           "SELECT k, window_start, window_end, COUNT(*) AS n, SUM(s) AS s",
                           f"FROM {panes.sql('inner_windows', 'wt')} {group}"]
        else:
            self.lines += ["query", "SELECT k, window_start, window_end, COUNT(*) AS n, SUM(v) AS s",
                           f"FROM {call} {group}"]
        if self.changes:
            self.lines.append("EMIT CHANGES")
        if self.every:
            self.model.every = True
            self.lines.append(f"EMIT EVERY INTERVAL '{EVERY // SECOND}' SECOND")
        if self.lateness:
            self.lines.append(f"ALLOWED LATENESS INTERVAL '{self.lateness // SECOND}' SECOND")
        self.lines.append("")

    def fire(self, watermark):
        self.model.fire(watermark)
        if self.outer is None:
            return
        for _, (end, _, key), (_, total) in self.model.out:
            self.outer.row(key, total, end - 1000, self.outer.fired)
        self.model.out = []
        self.outer.fire(watermark)

    def look(self):
        shown = self.outer or self.model
        self.lines.append("output fold" if self.changing else "output")
        for weight, (end, start, key), (n, total) in shown.out:
            sign = ("+I " if weight > 0 else "-D ") if self.changing else ""
            self.lines.append(f"{sign}{key},{text_of(start)},{text_of(end)},{n},{total}")
        shown.out = []
        self.lines += ["", f"stats late={self.model.late}", ""]

    def name_of(self, part):
        if self.union:
            return f"t{part}"
        return "t" if len(self.times) == 1 else f"t partition {part}"

    def give_rows(self):
        part = self.random.randrange(len(self.times))
        if self.marks.ended[part]:
            return
        self.lines.append(f"input {self.name_of(part)}")
        self.marks.speaks(part)
        for _ in range(self.random.randint(1, 12)):
            ahead = self.pick(0, 0, 100, 500, 1000, 1000, 3000, self.random.randint(0, 9000))
            back = self.pick(0, 0, 0, 500, 1000, self.random.randint(0, 15000))
            self.times[part] += ahead * 1000
            time = max(self.times[part] - back * 1000, 0) // self.step * self.step
            key, value = self.pick(*KEYS), self.random.randint(0, 99)
            self.lines.append(f"{key},{value},{text_of(time)}")
            self.model.row(key, value, time, self.marks.combined)
            self.marks.row(part, time)
        self.lines.append("")
        self.fire(self.marks.combined)
        self.look()

    def end_one(self):
        part = self.random.randrange(len(self.times))
        if self.marks.ended.count(False) < 2 or self.marks.ended[part]:
            return
        self.lines += [f"end {self.name_of(part)}", ""]
        self.marks.ended[part] = True
        self.marks.update()
        self.fire(self.marks.combined)
        self.look()

    def pass_time(self):
        length = self.pick(1, 5, 10, 12)
        self.lines += [f"clock +{length}s", ""]
        interval = self.marks.now // EVERY
        self.marks.clock(length * SECOND)
        self.fire(self.marks.combined)
        if self.every and self.marks.now // EVERY != interval:
            self.model.tick()
        self.look()

    def tell(self):
        for _ in range(self.random.randint(3, 12)):
            chance = self.random.random()
            if chance < 0.1:
                self.pass_time()
            elif chance < 0.15:
                self.end_one()
            elif chance < 0.2:
                self.lines += ["checkpoint", ""]
            elif chance < 0.25:
                self.lines += ["restart", ""]
            else:
                self.give_rows()
        self.lines += ["end", ""]
        self.fire(END)
        self.look()
        return "\n".join(self.lines)


def main():
    first, last, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(first, last + 1):
        (folder / f"story_{seed}.slt").write_text(Story(seed).tell())


if __name__ == "__main__":
    main()
