"""SQL types: random values, and their forms in files, in DuckDB and in velo's answers.

A value is None or a Python bool, int, float, Decimal, str, date, time, datetime or (INTERVAL) an
int of microseconds. Instants are datetimes in UTC without a zone, in DuckDB plain TIMESTAMPs.
"""

import datetime
import math
import struct
from dataclasses import dataclass
from decimal import Decimal, getcontext

getcontext().prec = 80  # no digit of a DECIMAL is lost

EPOCH = datetime.datetime(1970, 1, 1)
MICRO = datetime.timedelta(microseconds=1)


@dataclass(frozen=True)
class SqlType:
    name: str  # as velo writes it
    duck: str
    kind: str  # bool int dec dbl flt str date time ts ltz iv list map row
    low: int = 0  # int: least value; dec: digits; time, ts, ltz: digits of the second
    high: int = 0  # int: greatest value; dec: scale
    parts: tuple = ()  # list: type of the elements; map: of the values; row: (name, type) each


BOOLEAN = SqlType("BOOLEAN", "BOOLEAN", "bool")
TINYINT = SqlType("TINYINT", "TINYINT", "int", -(2**7), 2**7 - 1)
SMALLINT = SqlType("SMALLINT", "SMALLINT", "int", -(2**15), 2**15 - 1)
INT = SqlType("INT", "INTEGER", "int", -(2**31), 2**31 - 1)
BIGINT = SqlType("BIGINT", "BIGINT", "int", -(2**63), 2**63 - 1)
INTEGERS = [TINYINT, SMALLINT, INT, BIGINT]
FLOAT = SqlType("FLOAT", "FLOAT", "flt")
DOUBLE = SqlType("DOUBLE", "DOUBLE", "dbl")
STRING = SqlType("STRING", "VARCHAR", "str")
DATE = SqlType("DATE", "DATE", "date")
TIME = SqlType("TIME", "TIME", "time")
INTERVAL = SqlType("INTERVAL DAY TO SECOND(6)", "INTERVAL", "iv")


def decimal(precision, scale):
    name = f"DECIMAL({precision}, {scale})"
    return SqlType(name, name, "dec", precision, scale)


def timestamp(digits):
    return SqlType(f"TIMESTAMP({digits})", "TIMESTAMP", "ts", digits)


def timestamp_ltz(digits):
    return SqlType(f"TIMESTAMP_LTZ({digits})", "TIMESTAMP", "ltz", digits)


def list_of(part):
    return SqlType(f"ARRAY<{part.name}>", f"{part.duck}[]", "list", parts=(part,))


def map_of(part):
    """Keys are strings."""
    return SqlType(f"MAP<STRING, {part.name}>", f"MAP(VARCHAR, {part.duck})", "map", parts=(part,))


def row_of(*fields):
    return SqlType(
        f"ROW<{', '.join(f'{name} {part.name}' for name, part in fields)}>",
        f"STRUCT({', '.join(f'{name} {part.duck}' for name, part in fields)})",
        "row",
        parts=fields,
    )


COLUMN_TYPES = [
    BIGINT,
    STRING,
    INT,
    DOUBLE,
    decimal(10, 2),
    BOOLEAN,
    timestamp(3),
    DATE,
    SMALLINT,
    TINYINT,
    FLOAT,
    TIME,
    timestamp(6),
    timestamp_ltz(3),
    decimal(18, 4),
    decimal(38, 10),
    decimal(4, 4),
    timestamp_ltz(6),
]

WORDS = [
    "a",
    "b",
    "",
    "ab",
    "B",
    "aa",
    "b a",
    "ä",
    "€uro",
    "a,b",
    'say "x"',
    "it's",
    "NULL",
    "null",
    " a ",
    "A1",
    "10",
    "-3",
    "abcdefghijklm",
    "a longer text of no meaning",
    "日本",
    "x\\y",
    "%",
    "_",
    "true",
    "1.5",
    "2024-01-01",
]
DOUBLES = [
    0.0,
    1.0,
    -1.0,
    0.5,
    2.0,
    -0.25,
    100.0,
    3.75,
    1024.5,
    -77.125,
    0.1,
    1e10,
    1e-7,
    123456.789,
]
# No −0: which of two equal zeros MIN gives is nobody's promise.
EXTREME_DOUBLES = [
    1.7976931348623157e308,
    -1.7976931348623157e308,
    5e-324,
    2.2250738585072014e-308,
    9007199254740993.0,
    1e16,
    math.nan,
    math.inf,
    -math.inf,
]
FLOATS = [0.0, 1.0, -1.0, 0.5, 2.5, -0.25, 16777216.0, 0.125, -1000.75]
DAY = datetime.date(2024, 1, 1)
DATES = [
    DAY,
    datetime.date(1970, 1, 1),
    datetime.date(1969, 12, 31),
    datetime.date(2024, 2, 29),
    datetime.date(2000, 2, 29),
    datetime.date(1900, 3, 1),
    datetime.date(2038, 1, 19),
    datetime.date(1, 1, 1),
    datetime.date(9999, 12, 31),
    datetime.date(1582, 10, 10),
]


def some_value(c, kind, wild=True):
    """A value of the type, often one of a few. `wild`: extremes too."""
    if c.chance(15):
        return None
    return some_set_value(c, kind, wild)


def some_set_value(c, sql, wild):
    if sql.kind == "list":
        return c.many(lambda: some_value(c, sql.parts[0], wild), 2, at_most=5, label="element")
    if sql.kind == "map":
        return {key: some_value(c, sql.parts[0], wild) for key in WORDS[:3] if c.chance(50)}
    if sql.kind == "row":
        return {name: some_value(c, part, wild) for name, part in sql.parts}
    extreme = wild and c.chance(10)
    if sql.kind == "bool":
        return bool(c.below(2))
    if sql.kind == "int":
        if extreme:
            return c.of([sql.low, sql.high, sql.low + 1, sql.high - 1])
        if c.chance(20):
            return c.between(max(sql.low, -100_000), min(sql.high, 100_000))
        return c.between(-3, 6)
    if sql.kind == "dec":
        return some_decimal(c, sql, extreme)
    if sql.kind in ("dbl", "flt"):
        return some_double(c, sql, extreme)
    if sql.kind == "str":
        return c.of(WORDS if extreme else WORDS[:8])
    if sql.kind == "date":
        return c.of(DATES) if extreme else DAY + datetime.timedelta(days=c.between(-40, 400))
    if sql.kind == "time":
        return (
            datetime.datetime.combine(DAY, datetime.time())
            + datetime.timedelta(seconds=c.of([0, 1, 59, 3600, 43200, 86399, 45296]))
        ).time()
    moment = datetime.datetime.combine(c.of(DATES[:-3]) if extreme else DAY, datetime.time())
    step = c.of([1_000_000, 60_000_000, 1000, 1] if sql.low == 6 else [1_000_000, 60_000_000, 1000])
    return moment + datetime.timedelta(microseconds=step * c.between(-5, 5000))


def some_decimal(c, sql, extreme):
    most = 10**sql.low - 1
    if extreme:
        unscaled = c.of([most, -most])
    else:
        unscaled = c.between(-300, 300) * c.of([1, 10, 100])
        unscaled = max(-most, min(most, unscaled))
    return Decimal(unscaled).scaleb(-sql.high)


def some_double(c, sql, extreme):
    if sql.kind == "flt":
        return c.of(FLOATS) if not c.chance(30) else c.between(-4000, 4000) / 8
    if extreme:
        return c.of(EXTREME_DOUBLES)
    return c.of(DOUBLES[:10]) if c.chance(60) else c.between(-4000, 4000) / 4


def time_text(value):
    """velo's text of a date, time or timestamp: digits of the second as many as it needs, by threes."""
    if isinstance(value, datetime.datetime):
        return f"{value.year:04}-{value.month:02}-{value.day:02}T{time_text(value.time())}"
    if isinstance(value, datetime.date):
        return f"{value.year:04}-{value.month:02}-{value.day:02}"
    text = f"{value.hour:02}:{value.minute:02}:{value.second:02}"
    if value.microsecond % 1000:
        return f"{text}.{value.microsecond:06}"
    return f"{text}.{value.microsecond // 1000:03}" if value.microsecond else text


def plain_text(sql, value):
    """How a value that is not NULL stands in a file, before quoting."""
    if sql.kind == "bool":
        return "true" if value else "false"
    if sql.kind in ("dbl", "flt"):
        if math.isnan(value):
            return "NaN"
        return ("-" if value < 0 else "") + "Infinity" if math.isinf(value) else repr(value)
    if sql.kind == "dec":
        return format(value, "f")
    if sql.kind in ("date", "time", "ts", "ltz"):
        return time_text(value) + ("Z" if sql.kind == "ltz" else "")
    return str(value)


def duck_literal(sql, value):
    """For INSERT … VALUES into a column of the type."""
    if value is None:
        return "NULL"
    if sql.kind in ("int", "bool"):
        return str(value)
    if sql.kind == "list":
        return f"[{', '.join(duck_literal(sql.parts[0], one) for one in value)}]"
    if sql.kind == "map":
        inside = (f"'{key}': {duck_literal(sql.parts[0], one)}" for key, one in value.items())
        return f"MAP {{{', '.join(inside)}}}"
    if sql.kind == "row":
        inside = (f"'{name}': {duck_literal(part, value[name])}" for name, part in sql.parts)
        return f"{{{', '.join(inside)}}}"
    text = value if sql.kind == "str" else plain_text(sql, value).rstrip("Z")
    return "'" + text.replace("'", "''") + "'"


def from_duck(sql, value):
    """What DuckDB's Python gives as one of our values."""
    if value is None:
        return None
    if sql.kind == "iv":
        return value // MICRO
    if sql.kind == "dec":
        return Decimal(value)
    if sql.kind in ("dbl", "flt"):
        return float(value)
    return value


def from_velo(sql, value):
    """What stands in a JSON line of velo, numbers as their texts; ValueError if it is none of the type."""
    if value is None:
        return None
    if sql.kind == "bool":
        if not isinstance(value, bool):
            raise ValueError(f"no boolean: {value!r}")
        return value
    if not isinstance(value, str):
        raise ValueError(f"not expected: {value!r}")
    readers = {
        "str": str,
        "int": int,
        "dec": Decimal,
        "dbl": float,
        "flt": float,
        "date": datetime.date.fromisoformat,
        "time": datetime.time.fromisoformat,
        "ts": _no_zone,
        "ltz": _utc,
        "iv": _duration,
    }
    return readers[sql.kind](value)


def _no_zone(text):
    if text.endswith("Z"):
        raise ValueError(f"a zone in a TIMESTAMP: {text}")
    return datetime.datetime.fromisoformat(text)


def _utc(text):
    if not text.endswith("Z"):
        raise ValueError(f"no zone in a TIMESTAMP_LTZ: {text}")
    return datetime.datetime.fromisoformat(text[:-1])


def _duration(text):
    sign = -1 if text.startswith("-") else 1
    days, clock = text.lstrip("-").split(" ")
    hours, minutes, seconds = clock.split(":")
    micros = int(Decimal(seconds) * 1_000_000)
    return sign * (((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60_000_000 + micros)


def exact(sql, value):
    """A hashable text: two values have the same one exactly if they are the same. Doubles by their bits, but for NaNs."""
    if value is None:
        return "NULL"
    if sql.kind == "dbl":
        return "NaN" if math.isnan(value) else struct.pack(">d", value).hex()
    if sql.kind == "flt":
        return "NaN" if math.isnan(value) else struct.pack(">f", value).hex()
    if sql.kind == "dec":
        return format(value.normalize() + 0, "f") if value else "0"
    return str(value)


def shown(sql, value):
    """As a golden file has it."""
    if value is None:
        return "NULL"
    if sql.kind == "bool":
        return str(value).upper()
    if sql.kind == "iv":
        rest, micros = divmod(abs(value), 1_000_000)
        days, rest = divmod(rest, 86400)
        clock = (
            datetime.datetime.min + datetime.timedelta(seconds=rest, microseconds=micros)
        ).time()
        return f"{'-' if value < 0 else ''}{days} {time_text(clock)}"
    return quoted(value) if sql.kind == "str" else plain_text(sql, value)


def quoted(text):
    plain = (
        text.strip(" ") == text
        and text not in ("", "NULL")
        and not text.startswith("#")
        and not set(',"\n') & set(text)
    )
    return text if plain else '"' + text.replace('"', '""').replace("\n", "\\n") + '"'
