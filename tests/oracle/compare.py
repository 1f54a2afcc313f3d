"""Are two answers the same? The word for how they differ, and rows that show it."""

import math
import re
from collections import Counter

import values
from engines import key_of

SHOWN = 5


def problem_of(case, expected, answer):
    """Nothing if velo's answer is right, else what is wrong with it."""
    if answer.problem:
        return answer.problem
    wrong = rows_problem(case, expected, answer.rows)
    if wrong:
        return wrong
    bad = sum(table.without_time() for table in case.tables)
    for name, count in {"bad": bad, **case.stats}.items():
        told = answer.stats.get("rows_" + name)
        if told != count:
            return f"velo counts {told} {name} rows instead of {count}"
    return None


def rows_problem(case, expected, rows):
    if case.ordered:
        theirs, ours = [key_of(case, row) for row in expected], [key_of(case, row) for row in rows]
        if theirs == ours:
            return None
        if sorted(theirs) == sorted(ours):
            return "velo's rows are in another order:\n" + "\n".join(map(row_text(case), rows[:20]))
    elif case.near and same_but_near(case, expected, rows):
        return None
    missing = Counter(key_of(case, row) for row in expected)
    missing.subtract(key_of(case, row) for row in rows)
    if not any(missing.values()):
        return None
    text = {key_of(case, row): row_text(case)(row) for row in rows + expected}
    lines = [f"velo gives {len(rows)} rows, expected are {len(expected)}"]
    for title, sign in (("missing", 1), ("too many", -1)):
        found = [(key, sign * count) for key, count in missing.items() if sign * count > 0]
        lines += [
            f"  {title}: {text[key]}" + (f" ({count} times)" if count > 1 else "")
            for key, count in found[:SHOWN]
        ]
        if len(found) > SHOWN:
            lines.append(f"  … and {len(found) - SHOWN} more")
    return "\n".join(lines)


def row_text(case):
    return lambda row: ",".join(values.shown(sql, value) for sql, value in zip(case.types, row))


def same_but_near(case, expected, rows):
    """The same rows, where the columns of `near` may differ by a share of their value."""
    if len(expected) != len(rows):
        return False

    def ordered(of):
        return sorted(of, key=lambda row: (exact_part(case, row), near_part(case, row)))

    return all(
        exact_part(case, a) == exact_part(case, b) and is_near(case, a, b)
        for a, b in zip(ordered(expected), ordered(rows))
    )


def exact_part(case, row):
    return tuple(
        values.exact(sql, value)
        for place, (sql, value) in enumerate(zip(case.types, row))
        if place not in case.near
    )


def near_part(case, row):
    return tuple(
        -math.inf if row[place] is None or math.isnan(row[place]) else row[place]
        for place in case.near
    )


def is_near(case, a, b):
    for place, share in case.near.items():
        x, y = a[place], b[place]
        if x is None or y is None or math.isnan(x) or math.isnan(y):
            if not (
                x is y or (x is not None and y is not None and math.isnan(x) and math.isnan(y))
            ):
                return False
        elif x != y and not math.isclose(x, y, rel_tol=share, abs_tol=share):
            return False
    return True


def kind_of(problem):
    """What stays the same while a case is made smaller: the first line, without numbers and quoted names."""
    line = problem.split("\n")[0]
    if line.startswith("velo gives") or line.startswith("velo's rows"):
        return "other rows"
    return re.sub(r"'[^']*'|[0-9]+", "…", line)[:160]
