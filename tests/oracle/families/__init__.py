"""Kinds of queries; each module makes cases of one kind."""

from families import bad_rows, composed, firsts, frames, groups, joins, select, windows

FAMILIES = {
    module.__name__.split(".")[1]: module.make
    for module in (select, groups, windows, joins, firsts, frames, composed, bad_rows)
}
