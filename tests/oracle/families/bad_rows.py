"""Rows that fail: overflow, division by zero, casts. A failing row is left out and counted; TRY makes it NULL.

DuckDB fails the whole query instead, so it is asked row by row.
"""

import values
from case import Case, Column, Table
from schemas import FORMATS, some_average, some_rows

COLUMNS = [
    Column("id", values.BIGINT),
    Column("a", values.INT, False),
    Column("b", values.BIGINT, False),
    Column("t", values.TINYINT, False),
    Column("s", values.STRING, False),
    Column("m", values.decimal(6, 2), False),
]
# velo's text, DuckDB's, type. Texts of numbers with a point are left out: velo takes whole numbers
# only for an INT.
RISKY = [
    ("a + a", None, values.INT),
    ("a * a", None, values.INT),
    ("b - a", None, values.BIGINT),
    ("b * b", None, values.BIGINT),
    ("a - 2", None, values.INT),
    ("-t", None, values.TINYINT),
    ("ABS(b)", None, values.BIGINT),
    ("a / t", "a // t", values.INT),
    ("a % t", None, values.INT),
    ("b / a", "b // a", values.BIGINT),
    ("t + t", None, values.TINYINT),
    ("t * t", None, values.TINYINT),
    ("CAST(a AS TINYINT)", None, values.TINYINT),
    ("CAST(b AS INT)", None, values.INT),
    ("CAST(m AS TINYINT)", None, values.TINYINT),
    ("CAST(NULLIF(s, '1.5') AS INT)", None, values.INT),
    ("CAST(s AS DATE)", None, values.DATE),
    ("CAST(NULLIF(s, '') AS DOUBLE)", None, values.DOUBLE),
]


def make(c):
    table = Table("t", COLUMNS, some_rows(c, COLUMNS, some_average(c)), c.of(FORMATS))
    items = [("id", "id", values.BIGINT)]

    def one():
        velo, duck, sql = c.of(RISKY)
        duck = duck or velo
        if c.chance(25):
            velo, duck = f"TRY({velo})", f"TRY({duck})"
        elif c.chance(25):
            condition = c.of(["a > 0", "t <> 0", "s = 'a'"])
            velo, duck = [f"CASE WHEN {condition} THEN {text} END" for text in (velo, duck)]
        items.append((velo, duck, sql))

    c.many(one, 2, at_least=1, at_most=4)
    condition = c.of(["", "", " WHERE t <> 0", " WHERE t * t > 10", " WHERE b > a"])

    def text(side):
        return f"SELECT {', '.join(f'{item[side]} AS r{i}' for i, item in enumerate(items))} FROM t{condition}"

    case = Case([table], text(0), text(1), [item[2] for item in items])

    def derive(ask):
        case.expected, case.stats["bad"] = [], 0
        lead = " AND" if condition else " WHERE"
        for row in table.rows:
            try:
                case.expected += ask(f"{case.duck_query}{lead} id = {row[0]}")
            except Exception:  # whatever DuckDB calls it, this row fails
                case.stats["bad"] += 1

    case.derive = derive
    return case
