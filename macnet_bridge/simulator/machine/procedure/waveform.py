"""Waveforms, `*.MWF`: tab-separated lines without a header, one segment of the wave in each.

The twelve columns are named in `COLUMNS`; a limit, an end and a report may be left out, each with
all of its columns. Segments of the other form of these files, which begins with a line `Maccor
waveform file version`, look the same, but what its header says no public source tells: refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from macnet_bridge.simulator.machine.procedure import parts, spellings, values
from macnet_bridge.simulator.machine.procedure.document import MAX_BYTES
from macnet_bridge.simulator.machine.procedure.refusing import Notes, NotUnderstood, Refused, shown
from macnet_bridge.simulator.machine.procedure.rows import Amount, End, Quantity, Report, Segment, Step

VERSION_LINE = "Maccor waveform file version"

STATES = spellings.table(spellings.STATE_LETTERS)
QUANTITIES = spellings.table(spellings.QUANTITY_LETTERS)
REPORTS = spellings.table(spellings.REPORT_LETTERS)


class Line(NamedTuple):
    """The texts of a line, by column."""

    state: str
    control_mode: str
    value: str
    limit_mode: str
    limit_value: str
    duration: str
    end_mode: str
    operator: str
    end_value: str
    report_mode: str
    report_interval: str
    current_range: str


COLUMNS = Line._fields


def read_waveform(data: bytes) -> tuple[Segment, ...]:
    """The segments of a waveform file. Its ends go to no row: `goto` is 0.

    Raises:
        NotUnderstood: with all findings, each with its line.
    """
    notes = Notes()
    lines = notes.attempt(_lines, data) or []
    segments = [_segment(text, notes.at(f"line {number}")) for number, text in enumerate(lines, 1)]
    notes.settle()
    return tuple(segment for segment in segments if segment is not None)


def _lines(data: bytes) -> list[str]:
    if len(data) > MAX_BYTES:
        raise Refused(f"the file has {len(data):,} bytes, more than {MAX_BYTES:,}")
    lines = [line.decode("latin-1") for line in data.rstrip(b"\r\n").splitlines()]
    if not lines:
        raise Refused("the file has no lines")
    if lines[0].startswith(VERSION_LINE):
        raise Refused(f"format {shown(lines[0])} is not simulated")
    return lines


def _columns(text: str) -> Line:
    texts = [column.strip() for column in text.split("\t")]
    if len(texts) != len(COLUMNS):
        raise Refused(f"has {len(texts)} columns, not {len(COLUMNS)}")
    return Line(*texts)


def _segment(text: str, notes: Notes) -> Segment | None:
    line = notes.attempt(_columns, text)
    if line is None:
        return None
    code = notes.attempt(spellings.look_up, "state", STATES, line.state)
    control = notes.attempt(spellings.look_up, "control mode", QUANTITIES, line.control_mode)
    amount = control and notes.attempt(parts.level, control, line.value)
    limit = notes.attempt(_limit, control, line)
    ends = notes.attempt(_ends, line)
    reports = notes.attempt(_reports, line)
    second = notes.attempt(_ticks, line.duration)
    current_range = notes.attempt(spellings.current_range, line.current_range)
    if code is None or amount is None or second is None:
        return None
    step = Step(code, control, amount, limit or {}, ends or (), reports or (), current_range)
    return Segment(step, second.value)


def _limit(control: Quantity | None, line: Line) -> dict[Quantity, Amount]:
    if not line.limit_mode and not line.limit_value:
        return {}
    quantity = parts.limit_quantity(QUANTITIES, line.limit_mode, control)
    return {quantity: parts.level(quantity, line.limit_value)}


def _ends(line: Line) -> tuple[End, ...]:
    if not (line.end_mode or line.operator or line.end_value):
        return ()
    quantity = spellings.look_up("end mode", QUANTITIES, line.end_mode)
    comparison = spellings.comparison(quantity, line.operator)
    return (End(quantity, comparison, values.amount(quantity, line.end_value), goto=0),)


def _reports(line: Line) -> tuple[Report, ...]:
    if not line.report_mode and not line.report_interval:
        return ()
    quantity = spellings.look_up("report mode", REPORTS, line.report_mode)
    return (Report(quantity, _ticks(line.report_interval)),)


def _ticks(text: str) -> Amount:
    """Seconds, a tick of the tester at least: no segment is shorter than that, nor are records closer."""
    # Plain seconds, other than in procedures.
    amount = values.more_than_zero(Amount(values.number(text)), text)
    return parts.not_too_often(amount, text)


class Waveforms:
    """The waveforms of one procedure. Each is read once, however many steps name it.

    Names of files are alike in upper and lower case.
    """

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self._read = read
        self._known: dict[str, tuple[Segment, ...]] = {}

    def segments(self, name: str, notes: Notes) -> tuple[Segment, ...]:
        """Those of a waveform. What is wrong with it is noted once, and then it has none."""
        key = name.casefold()
        if key not in self._known:
            self._known[key] = self._look(name, notes)
        return self._known[key]

    def _look(self, name: str, notes: Notes) -> tuple[Segment, ...]:
        data = self._read(name) if name else None
        if data is None:
            notes.add(f"there is no waveform {shown(name)}")
            return ()
        try:
            return read_waveform(data)
        except NotUnderstood as error:
            for finding in error.findings:
                notes.add(f"waveform {shown(name)}, {finding}")
            return ()
