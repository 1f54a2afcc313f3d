"""What expressions are made of: each form in velo's SQL and in DuckDB's, side by side.

This table is the mapping between the two dialects: where the same words mean something else, or the
same meaning has other words, the second text says what the first one means by docs/functions.md.
{0}, {1} … are the arguments.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Form:
    gives: str  # a kind of values.SqlType
    velo: str
    duck: str
    takes: tuple  # kinds of the arguments; a '!' behind it: tame values only, see expressions.py
    about: dict = field(default_factory=dict)  # low, high of an integer result


def form(gives, velo, *takes, duck=None, **about):
    return Form(gives, velo, duck or velo, takes, about)


COMPARED = ["int", "str", "dbl", "dec", "date", "ts", "bool", "time"]
COMPARISONS = ["=", "<", "<>", ">=", "<=", ">"]
PATTERNS = ["%a%", "a_%", "_", "%", "", "%b", "a%b%", "\\_%"]
REGEXES = ["a", "^a", "b$", "[0-9]+", "a.?b", "(a|b)+", "^$"]
UNITS = ["DAY", "MONTH", "YEAR", "QUARTER", "DOY", "WEEK"]
CLOCK_UNITS = ["HOUR", "MINUTE", "SECOND"]

BOOLEANS = [
    form("bool", "({0} AND {1})", "bool", "bool"),
    form("bool", "({0} OR {1})", "bool", "bool"),
    form("bool", "(NOT {0})", "bool"),
    form("bool", "({0} IS TRUE)", "bool"),
    form("bool", "({0} IS NOT FALSE)", "bool"),
    form("bool", "({0} IS UNKNOWN)", "bool", duck="({0} IS NULL)"),
    form("bool", "({0} BETWEEN {1} AND {2})", "int", "int", "int"),
    form("bool", "({0} NOT BETWEEN {1} AND {2})", "int", "int", "int"),
    form("bool", "({0} BETWEEN {1} AND {2})", "ts", "ts", "ts"),
    form("bool", "({0} IN ({1}, {2}, 1))", "int", "int", "int"),
    form("bool", "({0} NOT IN ({1}, {2}))", "int", "int", "int"),
    form("bool", "({0} NOT IN (0, NULL))", "int"),
    form("bool", "({0} IN ('a', 'ab', {1}))", "str", "str"),
    form("bool", "({0} IN (0.25, {1}))", "dec", "dec"),
    form("bool", "STARTS_WITH({0}, {1})", "str", "str"),
    form("bool", "ENDS_WITH({0}, {1})", "str", "str"),
    form("bool", "CONTAINS({0}, {1})", "str", "str"),
    form("bool", "({0} > {1})", "iv", "iv"),
    form("bool", "({0} > {1})", "int", "dec"),
    form("bool", "({0} = {1})", "ts", "date"),
    form("bool", "CAST({0} AS BOOLEAN)", "int"),
    form("bool", "IS_NAN({0})", "dbl", duck="isnan({0})"),
    form("bool", "IS_INF({0})", "dbl", duck="isinf({0})"),
    *[form("bool", f"({{0}} {o} {{1}})", kind, kind) for kind in COMPARED for o in COMPARISONS],
    *[
        form("bool", f"({{0}} {o} {{1}})", kind, kind)
        for kind in COMPARED
        for o in ("IS DISTINCT FROM", "IS NOT DISTINCT FROM")
    ],
    *[form("bool", f"({{0}} {o})", kind) for kind in COMPARED for o in ("IS NULL", "IS NOT NULL")],
    *[
        form("bool", f"({{0}} {o} '{pattern}')", "str")
        for pattern in PATTERNS
        for o in ("LIKE", "NOT LIKE", "ILIKE")
    ],
    *[
        form("bool", f"REGEXP_LIKE({{0}}, '{r}')", "str", duck=f"regexp_matches({{0}}, '{r}')")
        for r in REGEXES
    ],
]

# Integers are widened to BIGINT by expressions.py where a result might not fit.
INTEGERS = [
    form("int", "({0} + {1})", "int", "int"),
    form("int", "({0} - {1})", "int", "int"),
    form("int", "({0} * {1})", "int", "int"),
    form("int", "(-{0})", "int"),
    form("int", "ABS({0})", "int"),
    form("int", "({0} / {1})", "int", "divisor", duck="({0} // {1})"),
    form("int", "({0} % {1})", "int", "divisor"),
    form("int", "MOD({0}, {1})", "int", "divisor"),
    form("int", "SIGN({0})", "int", low=-1, high=1),
    form("int", "GCD({0}, {1})", "int!", "int!", low=0, high=200_000),
    form("int", "BITAND({0}, {1})", "big", "big", duck="({0} & {1})"),
    form("int", "BITOR({0}, {1})", "big", "big", duck="({0} | {1})"),
    form("int", "BITXOR({0}, {1})", "big", "big", duck="xor({0}, {1})"),
    form("int", "BITNOT({0})", "big", duck="(~{0})"),
    form("int", "LENGTH({0})", "str", low=0, high=10_000),
    form("int", "OCTET_LENGTH({0})", "str", duck="strlen({0})", low=0, high=40_000),
    form("int", "POSITION({0} IN {1})", "str", "str", duck="instr({1}, {0})", low=0, high=10_000),
    form("int", "ASCII({0})", "str", low=0, high=1_114_111),
    form("int", "LEVENSHTEIN({0}, {1})", "word", "word", low=0, high=100),
    form("int", "CAST({0} AS INT)", "bool", duck="CAST({0} AS INTEGER)", low=0, high=1),
    form("int", "CAST({0} AS BIGINT)", "dec!", low=-(10**9), high=10**9),
    form("int", "({0} - {1})", "date", "date", low=-4_000_000, high=4_000_000),
    form(
        "int",
        "TIMESTAMPDIFF(HOUR, {0}, {1})",
        "ts",
        "ts",
        duck="date_sub('hour', {0}, {1})",
        low=-(10**9),
        high=10**9,
    ),
    form(
        "int",
        "TIMESTAMPDIFF(DAY, {0}, {1})",
        "ts",
        "ts",
        duck="date_sub('day', {0}, {1})",
        low=-(10**8),
        high=10**8,
    ),
    form(
        "int",
        "TIMESTAMPDIFF(SECOND, {0}, {1})",
        "ts",
        "ts",
        duck="date_sub('second', {0}, {1})",
        low=-(10**13),
        high=10**13,
    ),
    form("int", "DAYOFWEEK({0})", "date", duck="(dayofweek({0}) + 1)", low=1, high=7),
    form(
        "int",
        "TRY_CAST({0} AS BIGINT)",
        "str",
        duck="TRY_CAST(CASE WHEN regexp_full_match({0}, "
        "'\\s*[-+]?[0-9]+\\s*') THEN {0} END AS BIGINT)",
        low=-(10**10),
        high=10**10,
    ),
    *[
        form("int", f"EXTRACT({unit} FROM {{0}})", "date", low=-10_000, high=10_000)
        for unit in UNITS
    ],
    *[
        form("int", f"EXTRACT({unit} FROM {{0}})", "ts", low=-10_000, high=10_000)
        for unit in UNITS + CLOCK_UNITS
    ],
    *[form("int", f"EXTRACT({unit} FROM {{0}})", "time", low=0, high=60) for unit in CLOCK_UNITS],
]

DECIMALS = [
    form(
        "dec",
        "({0} + {1})",
        "dec",
        "dec",
        duck="(CAST({0} AS DECIMAL(38, {s})) + CAST({1} AS DECIMAL(38, {s})))",
    ),
    form(
        "dec",
        "({0} - {1})",
        "dec",
        "dec",
        duck="(CAST({0} AS DECIMAL(38, {s})) - CAST({1} AS DECIMAL(38, {s})))",
    ),
    form(
        "dec",
        "({0} * {1})",
        "dec",
        "dec",
        duck="(CAST({0} AS DECIMAL(38, {s0})) * CAST({1} AS DECIMAL(38, {s1})))",
    ),
    form("dec", "(-{0})", "dec"),
    form("dec", "ABS({0})", "dec"),
    form("dec", "CAST({0} AS DECIMAL(20, 0))", "int"),
    form("dec", "ROUND({0}, 1)", "dec"),
    form("dec", "FLOOR({0})", "dec"),
    form("dec", "CEIL({0})", "dec"),
]

DOUBLES = [
    form("dbl", "({0} + {1})", "dbl!", "dbl!"),
    form("dbl", "({0} - {1})", "dbl!", "dbl!"),
    form("dbl", "({0} * {1})", "dbl!", "dbl!"),
    form("dbl", "({0} / NULLIF({1}, 0e0))", "dbl!", "dbl!"),
    form("dbl", "(-{0})", "dbl"),
    form("dbl", "ABS({0})", "dbl"),
    form("dbl", "FLOOR({0})", "dbl"),
    form("dbl", "CEIL({0})", "dbl"),
    form("dbl", "SQRT(ABS({0}))", "dbl"),
    form("dbl", "CAST({0} AS DOUBLE)", "int"),
    form("dbl", "CAST({0} AS DOUBLE)", "dec!"),
]

STRINGS = [
    form("str", "({0} || {1})", "str", "str"),
    form("str", "CONCAT({0}, {1})", "str", "str"),
    form("str", "CONCAT_WS('-', {0}, {1})", "str", "str"),
    form("str", "UPPER({0})", "str"),
    form("str", "LOWER({0})", "str"),
    form("str", "TRIM({0})", "str"),
    form("str", "LTRIM({0})", "str"),
    form("str", "RTRIM({0})", "str"),
    form("str", "SUBSTRING({0}, 2)", "str"),
    form("str", "SUBSTRING({0}, 1, 2)", "str"),
    form("str", "SUBSTRING({0}, 2, 1)", "str"),
    form("str", "LEFT({0}, 2)", "str"),
    form("str", "RIGHT({0}, 1)", "str"),
    form("str", "LPAD({0}, 4, '*')", "str"),
    form("str", "RPAD({0}, 4, 'xy')", "str"),
    form("str", "REPEAT({0}, 2)", "word"),
    form("str", "REVERSE({0})", "word"),
    form("str", "REPLACE({0}, 'a', 'bb')", "str"),
    form("str", "TRANSLATE({0}, 'ab', 'x')", "str"),
    form("str", "SPLIT_PART({0}, ',', 1)", "str"),
    form("str", "MD5({0})", "str"),
    form("str", "SHA256({0})", "str"),
    form("str", "HEX({0})", "str"),
    form("str", "TO_BASE64({0})", "str", duck="base64(encode({0}))"),
    form(
        "str",
        "REGEXP_EXTRACT({0}, '[a-z]+')",
        "str",
        duck="CASE WHEN regexp_matches({0}, '[a-z]+') THEN regexp_extract({0}, '[a-z]+') END",
    ),
    form(
        "str",
        "REGEXP_REPLACE({0}, '[ab]', '<>')",
        "str",
        duck="regexp_replace({0}, '[ab]', '<>', 'g')",
    ),
    form("str", "CAST({0} AS STRING)", "int", duck="CAST({0} AS VARCHAR)"),
    form("str", "CAST({0} AS STRING)", "bool", duck="upper(CAST({0} AS VARCHAR))"),
    form("str", "CAST({0} AS STRING)", "date!", duck="CAST({0} AS VARCHAR)"),
    form(
        "str", "DATE_FORMAT({0}, 'yyyy-MM-dd HH:mm')", "ts", duck="strftime({0}, '%Y-%m-%d %H:%M')"
    ),
    form("str", "DAYNAME({0})", "date"),
]

DATES = [
    form("date", "CAST({0} AS DATE)", "ts", duck="CAST({0} AS DATE)"),
    form("date", "({0} + {1})", "date!", "days"),
    form("date", "({0} - {1})", "date!", "days"),
    form(
        "date", "({0} + INTERVAL '1' MONTH)", "date!", duck="CAST({0} + INTERVAL '1' MONTH AS DATE)"
    ),
    form("date", "LAST_DAY({0})", "date!"),
    form(
        "date", "DATE_TRUNC('month', {0})", "date!", duck="CAST(date_trunc('month', {0}) AS DATE)"
    ),
    form("date", "DATE_TRUNC('week', {0})", "date!", duck="CAST(date_trunc('week', {0}) AS DATE)"),
]

TIMESTAMPS = [
    form("ts", "CAST({0} AS TIMESTAMP(3))", "date!", duck="CAST({0} AS TIMESTAMP)"),
    form("ts", "({0} + INTERVAL '90' SECOND)", "ts"),
    form("ts", "({0} - INTERVAL '1' DAY)", "ts"),
    form("ts", "({0} + INTERVAL '1' MONTH)", "ts"),
    form("ts", "({0} - INTERVAL '1' YEAR)", "ts"),
    form("ts", "({0} + {1})", "ts", "iv"),
    form("ts", "TIMESTAMPADD(HOUR, {1}, {0})", "ts", "days", duck="({0} + to_hours({1}))"),
    *[
        form("ts", f"DATE_TRUNC('{unit}', {{0}})", "ts")
        for unit in ("minute", "hour", "day", "week", "month", "quarter", "year")
    ],
    *[
        form("ts", f"FLOOR({{0}} TO {unit})", "ts", duck=f"date_trunc('{unit}', {{0}})")
        for unit in ("MINUTE", "DAY", "MONTH")
    ],
]

TIMES = [form("time", "CAST({0} AS TIME(3))", "ts3", duck="CAST({0} AS TIME)")]

INTERVALS = [
    form("iv", "({0} - {1})", "ts", "ts"),
    form("iv", "INTERVAL '90' SECOND"),
    form("iv", "(INTERVAL '1' HOUR * {0})", "days", duck="to_hours({0})"),
]

FORMS = {
    "bool": BOOLEANS,
    "int": INTEGERS,
    "dec": DECIMALS,
    "dbl": DOUBLES,
    "str": STRINGS,
    "date": DATES,
    "ts": TIMESTAMPS,
    "time": TIMES,
    "iv": INTERVALS,
}

# Aggregates. "any": a column of any type that has an order; "sum": integers whose sum is small. Where DuckDB
# computes in another way, a result may differ by a share that `near` names.
MOMENTS = {"near": 1e-9}  # other formulas, other roundings

AGGREGATES = [
    form("int", "COUNT(*)"),
    form("int", "COUNT({0})", "any"),
    form("int", "COUNT(DISTINCT {0})", "any"),
    form("int", "SUM({0})", "sum"),
    form("int", "SUM(DISTINCT {0})", "sum"),
    form("same", "MIN({0})", "any"),
    form("same", "MAX({0})", "any"),
    form("dec", "SUM({0})", "dec"),
    form("dec", "AVG({0})", "dec!", duck="{average}"),
    form("dbl", "SUM({0})", "dbl!"),
    form("dbl", "AVG({0})", "sum"),
    form("dbl", "AVG({0})", "dbl!"),
    form("bool", "BOOL_AND({0})", "bool"),
    form("bool", "BOOL_OR({0})", "bool"),
    form("dbl", "VAR_POP({0})", "dbl!", **MOMENTS),
    form("dbl", "VAR_SAMP({0})", "dbl!", **MOMENTS),
    form("dbl", "STDDEV_POP({0})", "dbl!", **MOMENTS),
    form("dbl", "STDDEV_SAMP({0})", "dbl!", **MOMENTS),
    form("dbl", "COVAR_POP({0}, {1})", "dbl!", "dbl!", **MOMENTS),
    form("int", "REGR_COUNT({0}, {1})", "dbl!", "dbl!"),
    form("dbl", "MEDIAN({0})", "dbl!", **MOMENTS),
    form("int", "PERCENTILE_DISC({0}, 0.3)", "sum", duck="quantile_disc({0}, 0.3)"),
    form("str", "STRING_AGG({0}, '-' ORDER BY {o})", "str"),
    form("str", "STRING_AGG({0}, '' ORDER BY {0} DESC, {o})", "text column"),
]

# Rows of one time count in the order in which they came; NULLs are left out.
ORDERED_AGGREGATES = [
    form("same", "FIRST_VALUE({0})", "any", duck="arg_min({0}, struct_pack(t := ts, i := {o}))"),
    form("same", "LAST_VALUE({0})", "any", duck="arg_max({0}, struct_pack(t := ts, i := {o}))"),
]
