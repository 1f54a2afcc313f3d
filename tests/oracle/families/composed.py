"""Queries of queries: derived tables, WITH, views, UNION ALL, groups of groups."""

from aggregates import Aggregates
from case import Case
from expressions import Ex, Expressions, column
from schemas import named, some_table
from values import BIGINT

WAYS = ["derived", "with", "view", "union", "derived"]


class Relation:
    """What a query gives: texts for both, names and types of columns."""

    def __init__(self, velo, duck, columns):
        self.velo, self.duck, self.columns = velo, duck, columns

    def wrapped(self):
        return Relation(f"({self.velo})", f"({self.duck})", self.columns)


def make(c):
    tables = [some_table(c, "t", 3)]
    now = Relation("t", "t", named(tables[0]))
    case = Case(tables, "", "", [])
    for level in range(1 + c.below(3)):
        with c.span("level"):
            now = step(c, case, now, level)
    case.query, case.duck_query = now.velo, now.duck
    case.types = [one.sql for one in now.columns]
    return case


def step(c, case, below, level):
    """One query more, over the one below. The first column is a number that orders rows."""
    way = c.of(WAYS)
    if way == "view" and level:
        case.setup.append(f"CREATE VIEW v{level} AS {below.velo}")
        case.duck_setup.append(f"CREATE OR REPLACE VIEW v{level} AS {below.duck}")
        source = (f"v{level}", f"v{level}")
    elif level:
        source = (f"({below.velo}) d{level}", f"({below.duck}) d{level}")
    else:
        source = (below.velo, below.duck)
    head = ["", ""]
    if way == "with" and level == 0:
        head = ["WITH w AS (SELECT * FROM t) "] * 2
        source = ("w", "w")
    made = selected(c, below.columns, source, head)
    if way == "union":
        return united(c, made)
    return made


def selected(c, columns, source, head):
    expressions = Expressions(c, columns)
    where = expressions.of("bool", 1) if c.chance(40) else None
    grouping = []
    if c.chance(30):
        kinds = [kind for kind in expressions.kinds() if kind not in ("dbl", "iv")]
        grouping = [c.of(expressions.columns[c.of(kinds)]) for _ in range(c.below(3))]
        grouping = [one for one in grouping if one.velo.isidentifier()]
        aggregates = Aggregates(c, expressions, order=columns[0].velo)
        items = [Ex("COUNT(*)", "COUNT(*)", BIGINT)] + grouping
        for _ in range(1 + c.below(3)):
            item = aggregates.any()
            items.append(item if not aggregates.near and "AGG(" not in item.velo else items[0])
    else:
        items = [columns[0]] + c.many(lambda: expressions.any(2), 2, at_least=1, at_most=4)

    def text(side):
        query = (
            f"{head[side]}SELECT {', '.join(f'{(item.velo, item.duck)[side]} AS r{i}' for i, item in enumerate(items))}"
            f" FROM {source[side]}"
        )
        query += f" WHERE {(where.velo, where.duck)[side]}" if where else ""
        return query + (" GROUP BY " + ", ".join(key.velo for key in grouping) if grouping else "")

    return Relation(
        text(0), text(1), [column(f"r{i}", item.sql, False) for i, item in enumerate(items)]
    )


def united(c, one):
    """UNION ALL with itself, changed a little."""
    names = ", ".join(item.velo for item in one.columns)
    keep = c.of(["r0 > 1", "r0 % 2 = 0", "r0 IS NULL", "TRUE"])
    velo, duck = [
        f"{text} UNION ALL SELECT {names} FROM ({text}) u WHERE {keep}"
        for text in (one.velo, one.duck)
    ]
    return Relation(velo, duck, one.columns)
