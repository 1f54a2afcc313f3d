"""What SEMANTICS.md §3 says about time, worked out row by row: watermarks, windows, late rows.

Times are datetimes; the rows stand in the order of their file, which is one partition.
"""

import datetime
from dataclasses import dataclass

from values import EPOCH

MS = datetime.timedelta(milliseconds=1)
NEVER = datetime.datetime.min + datetime.timedelta(days=300)


def watermarks(times, delay):
    """The watermark in force when each row comes: the greatest time before it, less the delay."""
    mark, marks = NEVER, []
    for time in times:
        marks.append(mark)
        if time is not None:
            mark = max(mark, time - delay)
    return marks


@dataclass(frozen=True)
class Grid:
    """TUMBLE, HOP and CUMULATE. `slide`: of HOP, or the step of CUMULATE."""

    kind: str
    size: datetime.timedelta
    slide: datetime.timedelta

    def windows(self, time):
        """(start, end) of the windows that a time lies in."""
        since = time - EPOCH
        if self.kind == "CUMULATE":
            start = EPOCH + since // self.size * self.size
            end = start + ((time - start) // self.slide + 1) * self.slide
            while end <= start + self.size:
                yield start, end
                end += self.slide
            return
        start = EPOCH + since // self.slide * self.slide
        while start + self.size > time:
            yield start, start + self.size
            start -= self.slide


def rows_in_windows(grid, rows, at, delay, step, lateness):
    """(rows with their windows, the same of those that came too late); rows without a time are in neither."""
    taken, late = [], []
    marks = watermarks([row[at] for row in rows], delay)
    for row, mark in zip(rows, marks):
        if row[at] is None:
            continue
        for start, end in grid.windows(row[at]):
            (late if end - step + lateness <= mark else taken).append([*row, start, end, end - MS])
    return taken, late


def rows_in_sessions(gap, rows, at, key_of, wanted, delay, step, lateness):
    """The same for sessions per key, of those rows whose id (the first column) is in `wanted`, if that is given."""
    open_sessions, all_sessions, late = {}, [], []
    marks = watermarks([row[at] for row in rows], delay)
    for row, mark in zip(rows, marks):
        time = row[at]
        if time is None or (wanted is not None and row[0] not in wanted):
            continue
        own = open_sessions.setdefault(key_of(row), [])
        own[:] = [one for one in own if one["last"] + gap - step + lateness > mark]
        joined = [one for one in own if time < one["last"] + gap and one["first"] < time + gap]
        last = max([time] + [one["last"] for one in joined])
        if last + gap - step + lateness <= mark:
            late.append(row)
            continue
        session = {
            "first": min([time] + [one["first"] for one in joined]),
            "last": last,
            "rows": [row] + [other for one in joined for other in one["rows"]],
        }
        own[:] = [one for one in own if one not in joined] + [session]
        all_sessions = [
            one for one in all_sessions if not any(one is other for other in joined)
        ] + [session]
    taken = [
        [*row, one["first"], one["last"] + gap, one["last"] + gap - MS]
        for one in all_sessions
        for row in one["rows"]
    ]
    return taken, late
