"""A case is made from a sequence of choices, each a whole number of which 0 is the simplest.

Making a case anew from a changed sequence gives another case: so every case can be made smaller
without knowing anything of SQL (shrink.py). Spans mark which choices belong together: a row, an
expression.
"""

import random
from contextlib import contextmanager


class Choices:
    """Chooses at random, or again what was chosen before; beyond the end of that, the simplest."""

    def __init__(self, seed=None, replay=None):
        self.random = random.Random(seed) if replay is None else None
        self.replay = replay
        self.made = []
        self.spans = []  # (label, begin, end)

    def below(self, count):
        """A number from 0 to count − 1."""
        if self.random is not None:
            chosen = int(self.random.random() * count)
        elif len(self.made) < len(self.replay):
            chosen = min(self.replay[len(self.made)], count - 1)
        else:
            chosen = 0
        self.made.append(chosen)
        return chosen

    def of(self, things):
        """One of them; the first is the simplest."""
        return things[self.below(len(things))]

    def chance(self, percent):
        """True so often; False is the simplest."""
        return self.below(100) >= 100 - percent

    def between(self, low, high):
        """A whole number; the one nearest to 0 is the simplest."""
        start = min(max(0, low), high)
        chosen = self.below(high - low + 1)
        value = start + chosen
        return value if value <= high else low + (value - high - 1)

    @contextmanager
    def span(self, label):
        place = len(self.spans)
        self.spans.append(None)
        begin = len(self.made)
        try:
            yield
        finally:
            self.spans[place] = (label, begin, len(self.made))

    def many(self, make, average, at_least=0, at_most=1000, label="item"):
        """A list of what `make` gives; taking an item's span away takes the item away."""
        made = []
        go_on = int(100 * (1 - 1 / (max(average - at_least, 0) + 1)))
        while len(made) < at_most:
            with self.span(label):
                if len(made) >= at_least and not self.chance(go_on):
                    break
                made.append(make())
        return made
