"""A case as a golden file (docs/golden-tests.md)."""

from collections import Counter

import compare

CHUNKS = 3  # inputs of each table in a story


def _block(lines, head, *body):
    lines.extend([head, *body, ""])


def golden_text(case, expected, title):
    """Its files written by `write`, DuckDB's answer as what must come out."""
    lines = [f"# {title}"]
    for table in case.tables:
        _block(lines, f"write {table.file}", *table.file_lines())
        _block(lines, "statement ok", table.velo_ddl("${TMP}/" + table.file))
    for statement in case.setup:
        _block(lines, "statement ok", statement)
    order = "nosort" if case.ordered else "rowsort"
    _block(lines, f"query {order}", case.query, "----", *map(compare.row_text(case), expected))
    return "\n".join(lines)


def story_text(case, texts, title):
    """The same rows pushed in turns, so that `velo test` restarts between them. `texts`: the right rows."""
    lines = [f"# {title}"]
    query = case.query
    if case.streams:
        query, texts = _counted(case, texts)
        _block(lines, "statement ok", "SET 'state.unbounded' = 'allow'")
    for table in case.tables:
        _block(lines, "statement ok", table.push_ddl(bounded=not case.streams))
    for statement in case.setup:
        _block(lines, "statement ok", statement)
    changing = bool(case.streams or texts) and all(text.startswith("+I ") for text in texts)
    _block(
        lines,
        "query fold" if changing else "query nosort" if case.ordered else "query rowsort",
        query,
    )
    for chunk in range(CHUNKS):
        for table in case.tables:
            rows = table.data_lines()
            part = rows[len(rows) * chunk // CHUNKS : len(rows) * (chunk + 1) // CHUNKS]
            if part:
                _block(lines, f"input {table.name}", *part)
    _block(lines, "end")
    _block(lines, "output", *texts)
    return "\n".join(lines)


def _counted(case, texts):
    """How often each row comes: over tables that go on that is a changing result, whatever it is of."""
    names = ", ".join(case.streams)
    query = f"SELECT {names}, COUNT(*) AS times FROM ({case.query}) AS s GROUP BY {names}"
    counts = Counter(text.removeprefix("+I ") for text in texts)
    return query, [f"+I {text},{count}" for text, count in counts.items()]
