"""Kinds of queries; each module makes cases of one kind."""

from families import (
    bad_rows,
    composed,
    elements,
    firsts,
    frames,
    grouping,
    groups,
    joins,
    select,
    sets,
    subqueries,
    windows,
)

FAMILIES = {
    module.__name__.split(".")[1]: module.make
    for module in (
        select,
        groups,
        windows,
        joins,
        firsts,
        frames,
        composed,
        subqueries,
        sets,
        grouping,
        elements,
        bad_rows,
    )
}
