"""Makes a failing case small: tries shorter and simpler choices as long as it fails in the same way.

Passes, over and over until none helps: leave out a span (a row, a column, a clause), put a span in
place of one around it (an argument instead of the call), make a span the simplest of its kind, make
single choices smaller.
"""

import time


class Shrinker:
    def __init__(self, fails, seconds):
        self.fails = (
            fails  # choices → the Choices that were really made if it still fails, else None
        )
        self.until = time.monotonic() + seconds
        self.tried = set()
        self.best = None

    def shrink(self, made):
        self.best = made
        while True:
            before = self.best.made
            for step in (self.leave_out, self.hoist, self.simplest, self.smaller):
                step()
            if self.best.made == before or self.over():
                return self.best

    def over(self):
        return time.monotonic() > self.until

    def attempt(self, choices):
        key = tuple(choices)
        if key in self.tried or self.over():
            return False
        self.tried.add(key)
        made = self.fails(choices)
        if made is None or order(made.made) >= order(self.best.made):
            return False
        self.best = made
        return True

    def runs_of_spans(self):
        """Neighbours of the same label together, then halves of them, at last each alone; the last first."""
        spans = sorted(
            {span for span in self.best.spans if span[2] > span[1]}, key=lambda s: (s[1], -s[2])
        )
        rows = [span for span in spans if span[0] == "row"]
        size = len(rows)
        while size > 1:
            for at in range(len(rows) - size, -1, -size):
                yield rows[at][1], rows[at + size - 1][2]
            size //= 2
        for span in sorted(spans, key=lambda s: (s[1] - s[2], -s[1])):
            yield span[1], span[2]

    def repeat(self, candidates):
        """Takes candidates from the best as long as one of them helps."""
        helped = True
        while helped and not self.over():
            helped = any(self.attempt(choices) for choices in candidates())

    def leave_out(self):
        def candidates():
            made = self.best.made
            for begin, end in self.runs_of_spans():
                yield made[:begin] + made[end:]

        self.repeat(candidates)

    def hoist(self):
        def candidates():
            made = self.best.made
            for label, begin, end in self.best.spans:
                for inner, low, high in self.best.spans:
                    if inner == label and begin <= low and high <= end and high - low < end - begin:
                        yield made[:begin] + made[low:high] + made[end:]

        self.repeat(candidates)

    def simplest(self):
        def candidates():
            made = self.best.made
            for begin, end in self.runs_of_spans():
                if any(made[begin:end]):
                    yield made[:begin] + [0] * (end - begin) + made[end:]

        self.repeat(candidates)

    def smaller(self):
        place = 0
        while place < len(self.best.made) and not self.over():
            made = self.best.made
            for value in sorted({0, made[place] // 2, made[place] - 1}):
                if 0 <= value < made[place] and self.attempt(
                    made[:place] + [value] + made[place + 1 :]
                ):
                    break
            place += 1


def order(choices):
    return len(choices), choices
