"""Which Do belongs to which Loop, and whether ends go where loops can be counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from macnet_bridge.simulator.machine.procedure.refusing import Notes
from macnet_bridge.simulator.machine.procedure.rows import AdvanceCycle, Do, Finish, Loop, Row, Step

Rows = Sequence[Row | None]
"""None where a row was not understood."""

_TAKES_NO_TIME = (AdvanceCycle, Do, Finish, Loop)


def paired(rows: Rows, notes: Notes) -> list[Row | None]:
    """The rows with the row of its Do in each Loop.

    Loops lie in one another or beside one another. One that lies in another has another number.
    """
    read = list(rows)
    open_loops: dict[int, int] = {}  # begin by number, the innermost last
    for row, content in enumerate(rows, 1):
        at = notes.at(f"step {row}")
        if isinstance(content, Do):
            _begin(content.number, row, open_loops, at)
        elif isinstance(content, Loop) and (begin := _finish(content.number, open_loops, at)):
            read[row - 1] = replace(content, begin=begin)
            _check_takes_time(content.number, rows[begin : row - 1], at)
    for number, begin in open_loops.items():
        notes.add(f"step {begin}: Do {number} has no Loop {number}")
    return read


def _begin(number: int, row: int, open_loops: dict[int, int], notes: Notes) -> None:
    if number in open_loops:
        notes.add(f"Do {number} begins again before the Loop {number} of step {open_loops[number]}")
    else:
        open_loops[number] = row


def _finish(number: int, open_loops: dict[int, int], notes: Notes) -> int | None:
    if number not in open_loops:
        notes.add(f"Loop {number} has no Do {number} before it")
        return None
    inner = list(open_loops)[list(open_loops).index(number) + 1 :]
    for other in inner:
        notes.add(f"Loop {number} lies inside loop {other} of step {open_loops.pop(other)}, its Do does not")
    return open_loops.pop(number)


def _check_takes_time(number: int, body: Rows, notes: Notes) -> None:
    if all(isinstance(row, _TAKES_NO_TIME) for row in body):
        notes.add(f"loop {number} has no step that takes time")


def check_jumps(rows: Rows, notes: Notes) -> None:
    """Note ends that go into a loop from outside, past its Do: how often would it run?"""
    inside = _inside(rows)
    for row, content in enumerate(rows, 1):
        # A Loop is the last row of its own loop, but what comes after it is outside.
        here = inside[row] - {content.begin} if isinstance(content, Loop) else inside[row]
        for place, goto in _jumps(content):
            for begin in sorted(inside.get(goto, frozenset()) - here):
                notes.add(f"step {row}, {place}: goes to step {goto}, into the loop of step {begin}")


def _jumps(row: Row | None) -> Iterator[tuple[str, int]]:
    if isinstance(row, Step):
        yield from ((f"end {number}", end.goto) for number, end in enumerate(row.ends, 1))
    elif isinstance(row, Loop):
        yield "end 1", row.goto


def _inside(rows: Rows) -> dict[int, frozenset[int]]:
    """By row, the first rows of the loops in which it lies, but not as that first row."""
    begins = {content.begin: row for row, content in enumerate(rows, 1) if isinstance(content, Loop)}
    inside: dict[int, frozenset[int]] = {}
    open_loops: dict[int, int] = {}
    for row in range(1, len(rows) + 1):
        inside[row] = frozenset(open_loops)
        if row in begins:
            open_loops[row] = begins[row]
        open_loops = {begin: last for begin, last in open_loops.items() if last > row}
    return inside
