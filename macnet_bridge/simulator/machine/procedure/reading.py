"""Maccor's procedure files, `*.000`, to procedures.

Reading is all or nothing: a procedure comes out only when each of its elements is understood. What
is not stands in the findings of `NotUnderstood`, all of it: step by step, then what is wrong with loops.
"""

from __future__ import annotations

from collections.abc import Callable

from macnet_bridge.simulator.machine.procedure import layout, loops, steps
from macnet_bridge.simulator.machine.procedure.document import Element, parse
from macnet_bridge.simulator.machine.procedure.refusing import Notes, NotUnderstood, Refused, line, shown
from macnet_bridge.simulator.machine.procedure.rows import Procedure, Row
from macnet_bridge.simulator.machine.procedure.waveform import Waveforms

MAX_ROWS = 9_999


def read_procedure(name: str, data: bytes, waveform: Callable[[str], bytes | None]) -> Procedure:
    """The procedure that a file holds.

    Args:
        name: of the procedure, without extension.
        data: what is in its file.
        waveform: what is in the file of a waveform by its name without extension, as the procedure
            has it, which may be anything; None where there is no such file.

    Raises:
        NotUnderstood: it uses what the simulator lacks, or is no procedure at all.
    """
    try:
        root = _root(data)
    except Refused as refused:
        raise NotUnderstood([line(str(refused))]) from refused
    notes = Notes()
    _check_around_steps(root, notes)
    rows = _rows(root, Waveforms(waveform), notes)
    notes.settle()
    description = root.child("header").child("ProcDesc").value("desc")
    return Procedure(name, description, tuple(row for row in rows if row is not None))


def _root(data: bytes) -> Element:
    root = parse(data)
    if root.name != layout.ROOT:
        raise Refused(f"the file is a {shown(root.name)}, not a {layout.ROOT}")
    return root


def _check_around_steps(root: Element, notes: Notes) -> None:
    layout.check(root, notes, inner=False)
    for header in root.all("header"):
        layout.check(header, notes)
    for group in root.all("ProcSteps"):
        layout.check(group, notes, inner=False)


def _rows(root: Element, waveforms: Waveforms, notes: Notes) -> list[Row | None]:
    found = list(root.child("ProcSteps").all("TestStep"))
    if not found:
        notes.add("there are no steps")
    if len(found) > MAX_ROWS:
        notes.add(f"there are {len(found):,} steps, more than {MAX_ROWS:,}")
        return []
    read = [
        steps.row(element, len(found), waveforms, notes.at(f"step {number}"))
        for number, element in enumerate(found, 1)
    ]
    rows = loops.paired(read, notes)
    loops.check_jumps(rows, notes)
    return rows
