"""Random aggregates over columns."""

from dataclasses import replace

import forms
from expressions import Ex, text_of
from values import BIGINT, BOOLEAN, DOUBLE, STRING, decimal

SUM_MOST = 2**40  # of integers that are added up


class Aggregates:
    """`order`: a number of its own of every row. `ordered`: rows have an event time ts, by which first and last
    values go."""

    def __init__(self, c, expressions, ordered=False, order="id"):
        self.c, self.expressions, self.order = c, expressions, order
        self.forms = forms.AGGREGATES + (forms.ORDERED_AGGREGATES if ordered else [])
        self.near = None  # of the last one

    def any(self, changing=False):
        with self.c.span("aggregate"):
            chosen = self.c.of(self.forms)
            chosen = replace(
                chosen,
                velo=chosen.velo.replace("{o}", self.order),
                duck=chosen.duck.replace("{o}", self.order),
            )
            arguments = [self.argument(kind) for kind in chosen.takes]
            made = self.filled(chosen, arguments)
            self.near = chosen.about.get("near")
            if self.c.chance(20):
                condition = self.expressions.of("bool", 1)
                made = replace(
                    made,
                    velo=f"{made.velo} FILTER (WHERE {condition.velo})",
                    duck=filtered(made.duck, condition.duck),
                )
            return made

    def argument(self, kind):
        c, expressions = self.c, self.expressions
        if kind == "any":
            return expressions.leaf(c.of(expressions.kinds()))
        if kind == "text column":
            return c.of(
                expressions.columns.get("str")
                or [Ex(f"CAST({self.order} AS STRING)", f"CAST({self.order} AS VARCHAR)", STRING)]
            )
        if kind == "sum":
            one = expressions.of("int", 2)
            if max(abs(one.low), abs(one.high)) <= SUM_MOST:
                return one
            return Ex(f"({one.velo} % 1000)", f"({one.duck} % 1000)", one.sql)
        if kind.startswith("dec"):
            one = expressions.of("dec", 1, kind.endswith("!"))
            return (
                one
                if one.sql.low <= 20 and (one.tame or kind == "dec")
                else expressions.literal("dec")
            )
        one = expressions.of(kind.rstrip("!"), 2, kind.endswith("!"))
        return one if one.tame or not kind.endswith("!") else expressions.literal(one.kind)

    def filled(self, chosen, arguments):
        if chosen.gives == "same":
            return text_of(chosen, arguments, arguments[0].sql, tame=False)
        if chosen.gives == "dec":
            scale = arguments[0].sql.high
            if "{average}" in chosen.duck:
                return Ex(
                    chosen.velo.format(arguments[0].velo),
                    decimal_average(arguments[0]),
                    decimal(38, max(6, scale)),
                )
            return text_of(chosen, arguments, decimal(38, scale), tame=False)
        sql = {"int": BIGINT, "dbl": DOUBLE, "bool": BOOLEAN, "str": STRING}[chosen.gives]
        return text_of(chosen, arguments, sql, low=BIGINT.low, high=BIGINT.high, tame=False)


def filtered(duck, condition):
    """FILTER behind every aggregate of the text."""
    if duck.startswith("/*average*/"):
        return duck.replace(")/*sum*/", f") FILTER (WHERE {condition})").replace(
            ")/*count*/", f") FILTER (WHERE {condition})"
        )
    return f"{duck} FILTER (WHERE {condition})"


def decimal_average(one):
    """velo rounds half away from zero to at least six decimals; DuckDB's AVG of DECIMAL is a DOUBLE."""
    digits = max(6, one.sql.high)
    total = f"(CAST(SUM({one.duck})/*sum*/ AS DECIMAL(38, {digits})) * 2)"
    count = f"COUNT({one.duck})/*count*/"
    # In units of the last digit: (2 |sum| + count) // (2 count), with the sign of the sum.
    units = f"CAST({total} * {10**digits} AS HUGEINT)"
    return (
        f"/*average*/CAST(CAST(sign({units}) * ((abs({units}) + {count}) // (2 * {count})) AS DECIMAL(38, 0))"
        f" * CAST({'0.' + '0' * (digits - 1) + '1'} AS DECIMAL({digits + 1}, {digits})) AS DECIMAL(38, {digits}))"
    )
