"""Random expressions with the same meaning in velo and DuckDB.

So that no row fails (families/bad_rows.py is about those), an expression knows what its values can
be: the range of an integer, the digits of a DECIMAL, and whether its values are tame. Tame doubles
are few binary digits each, so that sums are exact in any order; tame dates and timestamps are far
from the ends of the calendar.
"""

from dataclasses import dataclass, replace

import forms
from values import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INT,
    INTERVAL,
    STRING,
    TIME,
    SqlType,
    decimal,
    timestamp,
)

RANKS = ["TINYINT", "SMALLINT", "INT", "BIGINT"]
# Tame doubles: |value| at most `high`, a multiple of 2 ** -low.
TAME_BITS = 50


@dataclass(frozen=True)
class Ex:
    velo: str
    duck: str
    sql: SqlType
    low: int = 0
    high: int = 0
    tame: bool = True

    @property
    def kind(self):
        return "ts" if self.sql.kind == "ltz" else self.sql.kind


def both(text, sql, **about):
    return Ex(text, text, sql, **about)


def column(name, sql, tame):
    if sql.kind == "int":
        return both(name, sql, low=sql.low, high=sql.high, tame=tame)
    if sql.kind == "flt":
        return both(f"CAST({name} AS DOUBLE)", DOUBLE, low=3, high=2**24, tame=False)
    if sql.kind == "dbl":
        return both(name, sql, low=2, high=1024, tame=tame)
    return both(name, sql, tame=tame)


class Expressions:
    """Makes expressions over columns: texts of columns as they can be named where it will stand."""

    def __init__(self, c, columns):
        self.c = c
        self.columns = {}
        for one in columns:
            self.columns.setdefault(one.kind, []).append(one)

    def kinds(self):
        return [kind for kind in forms.FORMS if kind in self.columns]

    def any(self, depth):
        """Of a kind that can be a result."""
        return self.of(
            self.c.of(["int", "str", "bool", "dbl", "dec", "date", "ts", "time", "iv"]), depth
        )

    def of(self, kind, depth, tame=False):
        with self.c.span("expression " + kind):
            if depth <= 0 or self.c.chance(30):
                return self.leaf(kind, tame)
            if self.c.chance(15):
                return self.choice_of(kind, depth - 1, tame)
            return self.formed(self.c.of(forms.FORMS[kind]), depth - 1, tame)

    def leaf(self, kind, tame=False):
        named = [one for one in self.columns.get(kind, []) if one.tame or not tame]
        if named and not self.c.chance(20):
            return self.c.of(named)
        return self.literal(kind)

    def literal(self, kind):
        c = self.c
        if kind == "int":
            value = c.of([0, 1, 2, -1, 3, 5, 7, -3, 10, 100])
            return Ex(f"({value})", f"CAST({value} AS INTEGER)", INT, value, value)
        if kind == "dec":
            text = c.of(["0.5", "1.25", "-2.75", "100.0", "0.01"])
            return Ex(f"({text})", f"CAST({text} AS DECIMAL(5, 2))", decimal(5, 2))
        if kind == "dbl":
            return both(c.of(["0e0", "1e0", "(-0.5e0)", "2.5e0"]), DOUBLE, low=2, high=4)
        if kind == "bool":
            return both(c.of(["TRUE", "FALSE", "CAST(NULL AS BOOLEAN)"]), BOOLEAN)
        if kind == "str":
            word = c.of(["a", "", "ab", "B", "b"])
            return both(f"'{word}'", STRING)
        if kind == "date":
            return both(c.of(["DATE '2024-01-15'", "DATE '2024-02-29'"]), DATE)
        if kind == "time":
            return both(c.of(["TIME '12:00:00'", "TIME '00:00:01'"]), TIME)
        if kind == "iv":
            return both(c.of(["INTERVAL '90' SECOND", "INTERVAL '2' DAY"]), INTERVAL)
        text = c.of(["2024-01-01 00:00:00", "2024-01-01 00:01:00"])
        return both(f"TIMESTAMP '{text}'", timestamp(3))

    def choice_of(self, kind, depth, tame):
        """CASE, COALESCE and the like: for every kind."""
        shape = self.c.below(6)
        if shape == 0:
            return self.joined("COALESCE({0}, {1})", kind, depth, tame)
        if shape == 1:
            return self.joined("NULLIF({0}, {1})", kind, depth, tame)
        if shape == 2 and kind not in ("bool", "iv", "time"):
            return self.joined(self.c.of(["GREATEST", "LEAST"]) + "({0}, {1})", kind, depth, tame)
        when = self.of("bool", depth)
        if shape == 3:
            return self.joined("CASE WHEN {c} THEN {0} ELSE {1} END", kind, depth, tame, when)
        if shape == 4:
            return self.joined("IF({c}, {0}, {1})", kind, depth, tame, when)
        one = self.of(kind, depth, tame)
        return replace(
            one,
            velo=f"CASE WHEN {when.velo} THEN {one.velo} END",
            duck=f"CASE WHEN {when.duck} THEN {one.duck} END",
        )

    def joined(self, shape, kind, depth, tame, when=None):
        a, b = self.of(kind, depth, tame), self.of(kind, depth, tame)
        if {a.sql.kind, b.sql.kind} == {"ts", "ltz"}:
            b = a
        texts = [
            shape.format(x, y, c=z)
            for x, y, z in (
                (a.velo, b.velo, when and when.velo),
                (a.duck, b.duck, when and when.duck),
            )
        ]
        return Ex(
            *texts,
            common(a, b),
            min(a.low, b.low) if kind == "int" else max(a.low, b.low),
            max(a.high, b.high),
            a.tame and b.tame,
        )

    def formed(self, chosen, depth, tame):
        arguments = [self.argument(kind, depth, tame) for kind in chosen.takes]
        return fill(chosen, arguments) or self.leaf(chosen.gives, tame)

    def argument(self, kind, depth, tame):
        c = self.c
        if kind == "divisor":
            value = c.of([1, 2, 3, -2, 7, 10])
            return Ex(f"({value})", f"CAST({value} AS INTEGER)", INT, value, value)
        if kind == "days":
            value = c.of([1, 0, -1, 7, 30, 400])
            return Ex(f"({value})", f"CAST({value} AS INTEGER)", INT, value, value)
        if kind == "word":
            return self.leaf("str")
        if kind == "big":
            one = self.of("int", depth)
            return Ex(
                f"CAST({one.velo} AS BIGINT)",
                f"CAST({one.duck} AS BIGINT)",
                BIGINT,
                BIGINT.low,
                BIGINT.high,
            )
        if kind == "ts3":
            one = self.of("ts", depth)
            cast = f"CAST({one.velo} AS TIMESTAMP(3))"
            return replace(
                one, velo=cast, duck=f"date_trunc('millisecond', {one.duck})", sql=timestamp(3)
            )
        if kind == "int!":
            one = self.of("int", depth)
            return one if -100_000 <= one.low and one.high <= 100_000 else self.literal("int")
        return self.of(kind.rstrip("!"), depth, tame or kind.endswith("!"))


def common(a, b):
    """The type of CASE, COALESCE, … over both."""
    if a.sql.kind == "int":
        return a.sql if RANKS.index(a.sql.name) >= RANKS.index(b.sql.name) else b.sql
    if a.sql.kind == "dec":
        scale = max(a.sql.high, b.sql.high)
        return decimal(min(38, max(a.sql.low - a.sql.high, b.sql.low - b.sql.high) + scale), scale)
    if a.sql.kind in ("ts", "ltz"):
        return a.sql if a.sql.low >= b.sql.low else b.sql
    return a.sql


def fill(chosen, arguments):
    """The form with its arguments; nothing where the result might fail."""
    maker = {"int": integer, "dec": exact_decimal, "dbl": double}.get(chosen.gives)
    if maker:
        made = maker(chosen, arguments)
        if made and "DECIMAL(38" in chosen.duck:
            # Wider than its values, it would take digits from what it meets.
            made = replace(made, duck=f"CAST({made.duck} AS {made.sql.duck})")
        return made
    if sum(len(one.velo) for one in arguments) > 3000:
        return None
    sql = {
        "bool": BOOLEAN,
        "str": STRING,
        "date": DATE,
        "ts": timestamp(3),
        "time": TIME,
        "iv": INTERVAL,
    }[chosen.gives]
    kinds = {one.sql.kind for one in arguments}
    if {"ts", "ltz"} <= kinds or (
        "ltz" in kinds and (chosen.gives in ("str", "date") or "date" in kinds)
    ):
        return None
    if chosen.gives == "ts" and arguments[0].sql.kind in ("ts", "ltz"):
        sql = arguments[0].sql
    return text_of(chosen, arguments, sql, tame=all(one.tame for one in arguments))


def text_of(chosen, arguments, sql, **about):
    scales = [one.sql.high for one in arguments if one.sql.kind == "dec"] or [0]
    digits = {"s": max(scales), "s0": scales[0], "s1": scales[-1]}
    return Ex(
        chosen.velo.format(*[one.velo for one in arguments], **digits),
        chosen.duck.format(*[one.duck for one in arguments], **digits),
        sql,
        **about,
    )


def as_bigint(one):
    if one.sql is BIGINT or one.sql.kind != "int":
        return one
    return replace(
        one, velo=f"CAST({one.velo} AS BIGINT)", duck=f"CAST({one.duck} AS BIGINT)", sql=BIGINT
    )


def integer(chosen, arguments):
    numbers = [one for one in arguments if one.sql.kind == "int"]
    kinds = {one.sql.kind for one in arguments}
    if {"ts", "ltz"} <= kinds:
        return None
    if "low" in chosen.about:
        tame = chosen.about["high"] < 10**6
        return text_of(chosen, arguments, BIGINT, tame=tame, **chosen.about)
    if numbers != arguments:
        return None
    low, high = bounds(chosen.velo, numbers)
    sql = numbers[0].sql
    for one in numbers[1:]:
        sql = common(Ex("", "", sql), one)
    if low < sql.low or high > sql.high:
        numbers, sql = [as_bigint(one) for one in numbers], BIGINT
    if low < sql.low or high > sql.high:
        return None
    return text_of(
        chosen, numbers, sql, low=low, high=high, tame=abs(low) < 10**6 and abs(high) < 10**6
    )


def bounds(velo, numbers):
    a, b = numbers[0], numbers[-1]
    if velo.startswith("BIT"):
        return BIGINT.low, BIGINT.high
    if "+" in velo:
        return a.low + b.low, a.high + b.high
    if "{0} - {1}" in velo:
        return a.low - b.high, a.high - b.low
    if "*" in velo:
        corners = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
        return min(corners), max(corners)
    most = max(abs(a.low), abs(a.high))
    if "%" in velo or "MOD" in velo:
        return -most, abs(b.low)
    return -most, most


def exact_decimal(chosen, arguments):
    a, b = arguments[0], arguments[-1]
    if chosen.velo.startswith("CAST"):
        return text_of(chosen, arguments, decimal(20, 0))
    if "*" in chosen.velo:
        if a.sql.low + b.sql.low > 36:
            return None
        return text_of(
            chosen,
            arguments,
            decimal(a.sql.low + b.sql.low + 1, a.sql.high + b.sql.high),
            tame=False,
        )
    scale = max(a.sql.high, b.sql.high)
    digits = max(a.sql.low - a.sql.high, b.sql.low - b.sql.high) + scale + (len(arguments) > 1)
    if digits > 37:
        return None
    if len(arguments) == 1 and "-" not in chosen.velo and "ABS" not in chosen.velo:
        digits += 1
    return text_of(chosen, arguments, decimal(digits, scale), tame=a.tame and b.tame and digits < 9)


def double(chosen, arguments):
    a, b = arguments[0], arguments[-1]
    if a.sql.kind == "int":
        tame = max(abs(a.low), abs(a.high)) < 2**30
        return text_of(
            chosen, arguments, DOUBLE, low=0, high=max(abs(a.low), abs(a.high), 1), tame=tame
        )
    if a.sql.kind == "dec":
        return text_of(chosen, arguments, DOUBLE, tame=False)
    if "SQRT" in chosen.velo or "/" in chosen.velo:
        return text_of(chosen, arguments, DOUBLE, tame=False)
    fraction, most = max(a.low, b.low), max(a.high, b.high)
    if "{1}" in chosen.velo:
        fraction = a.low + b.low if "*" in chosen.velo else fraction
        most = a.high * b.high if "*" in chosen.velo else a.high + b.high
    tame = a.tame and b.tame and most * 2**fraction < 2**TAME_BITS
    return text_of(chosen, arguments, DOUBLE, low=fraction, high=most, tame=tame)
