"""Sub-queries: IN, EXISTS, ANY, ALL and values, alone or tied to the row around, in every clause."""

import values
from case import Case
from expressions import Ex, Expressions, both, common
from families.joins import some_side
from schemas import named, some_average

KEY_TYPES = [values.BIGINT, values.STRING, values.INT, values.DATE, values.decimal(10, 2)]
COMPARED = ["int", "str", "dec", "date", "ts", "bool"]
# Sub-queries of b's rows, inside those of a's.
NESTED = [
    "b.k IN (SELECT d.k FROM a AS d)",
    "b.id NOT IN (SELECT d.id FROM b AS d WHERE d.k = b.k AND d.id > 3)",
    "EXISTS (SELECT 1 FROM b AS d WHERE d.k = b.k AND d.id <> b.id)",
    "b.id = (SELECT MAX(d.id) FROM b AS d WHERE d.k = b.k)",
    "b.id >= (SELECT AVG(d.id) FROM a AS d)",
]
OPERATORS = ["=", "<>", "<", "<=", ">", ">="]
AGGREGATES = ["COUNT(*)", "MAX({0})", "COUNT({0})", "MIN({0})", "COUNT(DISTINCT {0})"]


def make(c):
    return c.of([filtered, selected, filtered, grouped])(c, Around(c))


def meet(one, other):
    """Whether both engines compare them without a cast that could fail."""
    if {one.sql.kind, other.sql.kind} == {"ts", "ltz"}:
        return False
    if one.sql.kind != "dec":
        return True
    whole = max(one.sql.low - one.sql.high, other.sql.low - other.sql.high)
    return whole + max(one.sql.high, other.sql.high) <= 38


def are_columns(outer, inner):
    """Whether their equality ties rows to rows: neither is a constant."""
    return "a." in outer.velo and "b." in inner.velo


class Around:
    """Rows of a, which are asked about rows of b."""

    def __init__(self, c):
        self.c = c
        key, average = c.of(KEY_TYPES), some_average(c)
        self.a = some_side(c, "a", key, average)
        self.b = some_side(c, "b", key, c.of([average, 3, 0, 20]))
        self.outer = Expressions(c, named(self.a, "a."))
        self.inner = Expressions(c, named(self.b, "b."))
        self.across = Expressions(c, named(self.a, "a.") + named(self.b, "b."))
        self.is_loose = False  # a tie without any equality, which streams refuse

    def pair(self, depth=1):
        """Something of a and something of b that can be compared."""
        kind = self.c.of(COMPARED)
        one, other = self.outer.of(kind, depth), self.inner.of(kind, depth)
        if meet(one, other):
            return one, other
        return self.outer.literal(kind), self.inner.literal(kind)

    def rows(self, loose=False, tied=True, equal=False):
        """FROM b WHERE …; `loose`: also tied by something other than equalities; `equal`: by one that
        stands outside."""
        c = self.c
        conditions = []
        if tied and c.chance(60):
            equal = True
            conditions.append(both(c.of(["b.k = a.k", "a.k = b.k"]), values.BOOLEAN))
        if c.chance(30):
            conditions.append(self.inner.of("bool", 1))
        if tied and c.chance(10):
            conditions.append(self.outer.of("bool", 1))
        if loose and c.chance(50):
            conditions.append(self.across.of("bool", 1))
            self.is_loose |= not equal
        if c.chance(12):
            conditions.append(both(c.of(NESTED), values.BOOLEAN))
        return [
            "FROM b" + "".join(
                (" AND " if i else " WHERE ") + getattr(condition, side)
                for i, condition in enumerate(conditions)
            )
            for side in ("velo", "duck")
        ]

    def test(self, loose=False):
        with self.c.span("test"):
            return self.c.of([self.member, self.exists, self.member_of_rows, self.quantified])(
                loose
            )

    def member(self, loose):
        needle, value = self.pair()
        word = self.c.of(["IN", "NOT IN"])
        rows = self.rows(loose, equal=are_columns(needle, value))
        made = self.c.of(["{1}", "{1}", "DISTINCT {1}"])
        shape = f"({{0}} {word} (SELECT {made} {{2}}))"
        return formed(shape, values.BOOLEAN, needle, value, rows=rows)

    def member_of_rows(self, loose):
        """Of several columns at once. DuckDB cannot do that tied to the row around: it is asked
        whether rows are equal, and whether they could be."""
        (x, v), (y, w) = self.pair(), self.pair()
        word = self.c.of(["IN", "NOT IN"])
        velo, duck = self.rows(loose, equal=are_columns(x, v) or are_columns(y, w))
        equal = f"({x.duck} = {v.duck} AND {y.duck} = {w.duck})"
        joined = " AND " if " WHERE " in duck else " WHERE "
        member = (
            f"(CASE WHEN EXISTS (SELECT 1 {duck}{joined}{equal}) THEN TRUE "
            f"WHEN EXISTS (SELECT 1 {duck}{joined}{equal} IS NOT FALSE) THEN NULL ELSE FALSE END)"
        )
        return Ex(
            f"(({x.velo}, {y.velo}) {word} (SELECT {v.velo}, {w.velo} {velo}))",
            f"(NOT {member})" if word == "NOT IN" else member,
            values.BOOLEAN,
            tame=False,
        )

    def exists(self, loose):
        word = self.c.of(["EXISTS", "NOT EXISTS"])
        return formed(f"({word} (SELECT 1 {{0}}))", values.BOOLEAN, rows=self.rows(loose))

    def quantified(self, _):
        needle, value = self.pair()
        compared = f"{self.c.of(OPERATORS)} {self.c.of(['ANY', 'ALL'])}"
        return formed(f"({{0}} {compared} (SELECT {{1}} {{2}}))", values.BOOLEAN, needle, value,
                      rows=self.rows())

    def value(self):
        """Of an aggregate, or of the first of the rows."""
        c = self.c
        with c.span("value"):
            kind = c.of(COMPARED)
            one = self.inner.of(kind, 1)
            rows = self.rows()
            if c.chance(30):
                return formed("(SELECT {0} {1} ORDER BY b.id LIMIT 1)", one.sql, one, rows=rows)
            aggregate = c.of(AGGREGATES)
            sql = values.BIGINT if "COUNT" in aggregate else one.sql
            about = {"low": sql.low, "high": sql.high} if sql.kind == "int" else {}
            return formed(f"(SELECT {aggregate} {{1}})", sql, one, rows=rows, **about)

    def compared_value(self):
        one = self.value()
        other = self.outer.of(one.kind, 1)
        if not meet(one, other):
            return formed("({0} IS NULL)", values.BOOLEAN, one)
        return formed(f"({{0}} {self.c.of(OPERATORS)} {{1}})", values.BOOLEAN, other, one)

    def item(self):
        """A result with a sub-query in it."""
        c = self.c
        shape = c.below(4)
        if shape == 0:
            return self.value()
        if shape == 1:
            return self.test()
        if shape == 2:
            return formed("CASE WHEN {0} THEN a.id ELSE -1 END", values.BIGINT, self.test())
        one = self.value()
        other = self.outer.of(one.kind, 1)
        if not meet(one, other):
            return one
        return formed("COALESCE({0}, {1})", common(one, other), one, other)


def formed(shape, sql, *parts, rows=None, **about):
    sides = []
    for i, side in enumerate(("velo", "duck")):
        texts = [getattr(part, side) for part in parts] + ([rows[i]] if rows else [])
        sides.append(shape.format(*texts))
    return Ex(*sides, sql, tame=False, **about)


def case_of(around, items, rest):
    """`rest`: FROM and what follows, by side."""

    def text(i, side):
        listed = ", ".join(f"{getattr(item, side)} AS r{j}" for j, item in enumerate(items))
        return f"SELECT {listed} {rest[i]}"

    summed_up = any(item.sql.kind in ("dbl", "flt", "iv") for item in items)
    return Case(
        [around.a, around.b],
        text(0, "velo"),
        text(1, "duck"),
        [item.sql for item in items],
        streams=None if summed_up or around.is_loose else [f"r{i}" for i in range(len(items))],
    )


def filtered(c, around):
    """Conditions of WHERE: joins of their own where they stand alone, else columns."""
    conditions = []
    for _ in range(1 + c.below(2)):
        shape = c.below(5)
        if shape < 2:
            conditions.append(around.test(loose=True))
        elif shape == 2:
            conditions.append(around.compared_value())
        elif shape == 3:
            more = around.outer.of("bool", 1)
            word = c.of(["OR", "IS NOT DISTINCT FROM"])
            conditions.append(formed(f"({{0}} {word} {{1}})", values.BOOLEAN, around.test(), more))
        else:
            conditions.append(formed("(NOT {0})", values.BOOLEAN, around.test(loose=False)))
    if c.chance(30):
        conditions.append(around.outer.of("bool", 1))
    rest = [
        "FROM a WHERE " + " AND ".join(getattr(condition, side) for condition in conditions)
        for side in ("velo", "duck")
    ]
    columns = named(around.a, "a.")
    items = columns[:1] + c.many(lambda: around.outer.any(1), 1.5, at_most=3)
    return case_of(around, items, rest)


def selected(c, around):
    """Of every row a value."""
    items = named(around.a, "a.")[:1] + c.many(around.item, 1.5, at_least=1, at_most=3)
    return case_of(around, items, ["FROM a"] * 2)


def grouped(c, around):
    """Inside aggregates, and asked of groups."""
    key = named(around.a, "a.")[1]
    inside = around.test()
    aggregate = c.of(["COUNT(*) FILTER (WHERE {0})", "SUM(CASE WHEN {0} THEN 1 ELSE 0 END)"])
    items = [key, formed(aggregate, values.BIGINT, inside)]
    rest = ["FROM a GROUP BY a.k"] * 2
    shape = c.below(3)
    if shape == 1:
        word = c.of(["IN", "NOT IN"])
        asked = formed(f"a.k {word} (SELECT b.k FROM b)", values.BOOLEAN)
        rest = [text + " HAVING " + getattr(asked, side) for text, side in zip(rest, ("velo", "duck"))]
    elif shape == 2:
        items.append(both("(SELECT COUNT(*) FROM b WHERE b.k = a.k)", values.BIGINT))
    return case_of(around, items, rest)
