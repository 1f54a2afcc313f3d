"""GROUPING SETS, ROLLUP and CUBE, alone, multiplied and inside one another; of tables and per window."""

from aggregates import Aggregates
from case import Case
from expressions import Expressions, both
from families.groups import some_having, some_key
from families.windows import Window
from schemas import named, some_stream, some_table
from values import BIGINT

MOST_SETS = 24  # so many groupings of one query


def make(c):
    windowed = c.chance(30)
    table = some_stream(c) if windowed else some_table(c)
    window = Window(c, table, ["TUMBLE", "HOP", "CUMULATE"]) if windowed else None
    expressions = Expressions(c, named(table))
    keys = []
    for one in c.many(lambda: some_key(c, expressions), 2.5, at_least=1, at_most=4):
        if all(one.velo != other.velo for other in keys):
            keys.append(one)
    bounds = [both(column.name, column.sql) for column in window.columns()[:2]] if window else []
    sets, keys = some_sets(c, keys)
    aggregates, near, items = Aggregates(c, expressions, ordered=windowed), {}, bounds + keys

    def one():
        if c.chance(40):
            items.append(missing_keys(c, keys))
            return
        made = aggregates.any()
        items.append(made)
        if aggregates.near:
            near[len(items) - 1] = aggregates.near

    c.many(one, 2.5, at_least=1, at_most=5)
    where = expressions.of("bool", 2) if c.chance(30) else None
    having = some_condition(c, expressions, keys) if c.chance(25) else None
    emit = c.of(["", "", "", " EMIT CHANGES"])

    def text(side):
        source = "t" if not window else window.function() if side == "velo" else "w"
        query = f"SELECT {', '.join(f'{getattr(item, side)} AS r{i}' for i, item in enumerate(items))} FROM {source}"
        query += f" WHERE {getattr(where, side)}" if where else ""
        query += " GROUP BY " + ", ".join([bound.velo for bound in bounds] + [sets(side)])
        return query + (f" HAVING {getattr(having, side)}" if having else "")

    case = Case(
        [table], text("velo") + emit, text("duck"), [item.sql for item in items], near=near
    )
    if window:

        def derive(ask):
            passing = None
            if where:
                passing = {row[0] for row in ask(f"SELECT id FROM t WHERE {where.duck}")}
            late = window.give(case, passing)
            case.stats["late"] = sum(passing is None or number in passing for number in late)

        case.derive = derive
    return case


def missing_keys(c, keys):
    """Which keys the row's set lacks."""
    asked = [c.of(keys) for _ in range(1 + c.below(3))]
    velo, duck = [
        f"GROUPING({', '.join(getattr(key, side) for key in asked)})" for side in ("velo", "duck")
    ]
    one = both("", BIGINT)
    return type(one)(velo, duck, BIGINT)


def some_condition(c, expressions, keys):
    if c.chance(50):
        return some_having(c, expressions)
    one = missing_keys(c, keys)
    return type(one)(f"{one.velo} > 0", f"{one.duck} > 0", None)


class Keys:
    """Some of the keys, again and again; which of them were taken."""

    def __init__(self, c, keys):
        self.c, self.keys, self.taken = c, keys, []

    def one(self):
        key = self.c.of(self.keys)
        if key not in self.taken:
            self.taken.append(key)
        return key


def some_sets(c, keys):
    """What stands in GROUP BY, as a function of the side; the keys in it."""
    elements, count = [], 1
    taken = []
    for _ in range(1 + c.below(2)):
        of = Keys(c, keys)
        with c.span("sets"):
            element, sets = some_element(c, of, 2)
        if count * sets > MOST_SETS:
            break
        count *= sets
        elements.append(element)
        taken += [key for key in of.taken if key not in taken]
    if not taken:
        elements.append(lambda side: getattr(keys[0], side))
        taken.append(keys[0])
    return (lambda side: ", ".join(element(side) for element in elements)), taken


def some_element(c, keys, depth):
    """(text by side, how many sets)"""
    shape = c.of(["sets", "rollup", "cube", "key"] if depth == 2 else ["key", "list", "rollup", "cube"])
    if shape == "key":
        key = keys.one()
        return (lambda side: getattr(key, side)), 1
    if shape == "list":
        return some_list(c, keys, 0), 1
    if shape in ("rollup", "cube"):
        parts = [some_list(c, keys, 1) for _ in range(1 + c.below(3))]
        count = len(parts) + 1 if shape == "rollup" else 2 ** len(parts)
        return (
            lambda side: f"{shape.upper()} ({', '.join(part(side) for part in parts)})"
        ), count
    parts = [some_element(c, keys, depth - 1) for _ in range(1 + c.below(4))]
    return (
        lambda side: f"GROUPING SETS ({', '.join(part(side) for part, _ in parts)})"
    ), sum(count for _, count in parts)


def some_list(c, keys, least):
    """A key, or several in parentheses."""
    chosen = [keys.one() for _ in range(least + c.below(3))]
    if len(chosen) == 1:
        return lambda side: getattr(chosen[0], side)
    return lambda side: f"({', '.join(getattr(key, side) for key in chosen)})"
