"""One TestStep to a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import NamedTuple, TypeVar

from macnet_bridge.macnet.protocol.codes import StepCode
from macnet_bridge.simulator.machine.procedure import layout, parts, spellings, values
from macnet_bridge.simulator.machine.procedure.document import Element
from macnet_bridge.simulator.machine.procedure.refusing import Notes, Refused, shown
from macnet_bridge.simulator.machine.procedure.rows import (
    AdvanceCycle,
    Amount,
    Do,
    Finish,
    Loop,
    Quantity,
    Row,
    Step,
    Wave,
)
from macnet_bridge.simulator.machine.procedure.waveform import Waveforms

T = TypeVar("T")

LOOP_NUMBERS = range(1, 5)
"""A test has four loops; MacNet (6, 13) has what remains of each."""

OPTIONS = (1, 2, 3, 4)
_NUMBERED = re.compile(r"(do|loop)(?P<number>[0-9]{1,9})")
_NO_OPTION = ("", "N")
_NO_RANGE = ("", "A")


class _Source(NamedTuple):
    """A TestStep and what reading it takes."""

    element: Element
    rows: int
    waveforms: Waveforms
    notes: Notes


class Kind(NamedTuple):
    """How rows of a step type are read.

    Attributes:
        elements: those that rows of this type use, besides StepNote; the others have to be blank.
    """

    read: Callable[[_Source], Row | None]
    elements: tuple[str, ...] = ()


def row(element: Element, rows: int, waveforms: Waveforms, notes: Notes) -> Row | None:
    """The row that a TestStep stands for, None where its type is not simulated."""
    layout.check(element, notes)
    for number in OPTIONS:
        notes.attempt(_option, number, element.value(f"Option{number}"))
    kind = notes.attempt(_kind, element.value("StepType"))
    if kind is None:
        return None
    _check_unused(element, kind, notes)
    return kind.read(_Source(element, rows, waveforms, notes))


def _option(number: int, text: str) -> None:
    if text not in _NO_OPTION:
        raise Refused(f"Option{number} {shown(text)} is not simulated")


def _kind(text: str) -> Kind:
    numbered = _NUMBERED.fullmatch(spellings.plain(text))
    if numbered and int(numbered["number"]) not in LOOP_NUMBERS:
        raise Refused(f"{shown(text)} has no loop number from 1 to {LOOP_NUMBERS[-1]}")
    return spellings.look_up("step type", KINDS, text)


def _check_unused(element: Element, kind: Kind, notes: Notes) -> None:
    step_type = shown(element.value("StepType"))
    for name in ("StepMode", "StepValue", "Limits", "Ends", "Reports"):
        if name not in kind.elements and not element.child(name).is_blank:
            notes.add(f"a step {step_type} has no {name}")
    if "Range" not in kind.elements and element.value("Range") not in _NO_RANGE:
        notes.add(f"a step {step_type} has no Range")


def _step(code: StepCode, source: _Source) -> Step:
    element, notes = source.element, source.notes
    control, amount = (None, None) if code is StepCode.REST else _control(element, notes)
    return Step(
        code,
        control,
        amount or Amount(0.0),
        parts.limits(element.child("Limits"), control, notes),
        _known(parts.end(entry, source.rows, at) for entry, at in _entries(source, "Ends", "EndEntry")),
        _known(parts.report(entry, at) for entry, at in _entries(source, "Reports", "ReportEntry")),
        notes.attempt(spellings.current_range, element.value("Range")),
    )


def _control(element: Element, notes: Notes) -> tuple[Quantity | None, Amount | None]:
    mode = notes.attempt(spellings.look_up, "step mode", spellings.MODES, element.value("StepMode"))
    if mode is None:
        return None, None
    return mode, notes.at("StepValue", ", ").attempt(parts.level, mode, element.value("StepValue"))


def _entries(source: _Source, group: str, name: str) -> Iterable[tuple[Element, Notes]]:
    for number, entry in enumerate(source.element.child(group).all(name), 1):
        yield entry, source.notes.at(f"{group[:-1].lower()} {number}", ", ")


def _known(read: Iterable[T | None]) -> tuple[T, ...]:
    return tuple(part for part in read if part is not None)


def _do(number: int, _: _Source) -> Do:
    return Do(number)


def _loop(number: int, source: _Source) -> Loop:
    entries = list(_entries(source, "Ends", "EndEntry"))
    if len(entries) != 1:
        source.notes.add(f"a loop has one end, not {len(entries)}")
        return Loop(number, 0, 1, 0)
    entry, notes = entries[0]
    for check in (_check_loop_end, _check_loop_operator, _check_loop_safety, parts.special_type):
        notes.attempt(check, entry)
    times = notes.attempt(values.times, entry.value("Value"))
    goto = notes.attempt(parts.row_number, entry.value("Step"), source.rows)
    return Loop(number, 0, times or 1, goto or 0)


def _check_loop_end(entry: Element) -> None:
    end_type = entry.value("EndType")
    if spellings.plain(end_type) != spellings.plain(spellings.LOOP_COUNT):
        raise Refused(f"a loop ends by {spellings.LOOP_COUNT}, not by {shown(end_type)}")


def _check_loop_operator(entry: Element) -> None:
    if (text := entry.value("Oper")) != "=":
        raise Refused(f"operator {shown(text)} does not fit a loop count")


def _check_loop_safety(entry: Element) -> None:
    if text := entry.value("ChanSafetyEnd"):
        raise Refused(f"a loop has no ChanSafetyEnd, such as {shown(text)}")


def _wave(source: _Source) -> Wave:
    name = source.element.value("StepValue")
    return Wave(name, source.waveforms.segments(name, source.notes))


_TIMED = ("Ends", "Reports", "Range")
_POWERED = ("StepMode", "StepValue", "Limits", *_TIMED)

STEP_TYPES: Mapping[str, Kind] = {
    "Charge": Kind(partial(_step, StepCode.CHARGE), _POWERED),
    "Dischrge": Kind(partial(_step, StepCode.DISCHARGE), _POWERED),
    "Rest": Kind(partial(_step, StepCode.REST), _TIMED),
    "FastWave": Kind(_wave, ("StepValue",)),
    "AdvCycle": Kind(lambda _: AdvanceCycle()),
    "End": Kind(lambda _: Finish()),
    **{f"Do {number}": Kind(partial(_do, number)) for number in LOOP_NUMBERS},
    **{f"Loop {number}": Kind(partial(_loop, number), ("Ends",)) for number in LOOP_NUMBERS},
}
"""The step types that are simulated, as the files spell them."""

KINDS = spellings.table(STEP_TYPES)
