"""A wave may have a hundred thousand segments: how often all of them are gone through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from macnet_bridge.macnet.protocol.codes import StepCode
from macnet_bridge.simulator.machine.files import MemoryFiles
from macnet_bridge.simulator.machine.phase import NEXT_SEGMENT
from macnet_bridge.simulator.machine.procedure.fitting import findings
from macnet_bridge.simulator.machine.procedure.library import Library
from macnet_bridge.simulator.machine.procedure.reading import read_procedure
from macnet_bridge.simulator.machine.procedure.rows import Amount, Procedure, Quantity, Segment, Step, Wave
from macnet_bridge.simulator.machine.procedure.run import ProcedureRun
from macnet_bridge.simulator.machine.progress import Progress
from macnet_bridge.simulator.machine.specification import SPECIFICATION
from tests.simulator.procedure.xml_text import procedure, step, wave_line, waveform


class Counted(tuple[Segment, ...]):
    """Counts how often all of it was gone through."""

    times = 0

    def __iter__(self) -> Iterator[Segment]:
        Counted.times += 1
        return super().__iter__()


def a_wave(ampere: float = 1.0) -> Wave:
    Counted.times = 0
    segment = Segment(Step(StepCode.CHARGE, Quantity.CURRENT, Amount(ampere)), 1.0)
    return Wave("w", Counted([segment] * 3))


def test_whether_a_wave_fits_is_looked_at_once_for_all_rows_that_name_it() -> None:
    wave = a_wave(9.0)
    found = findings(Procedure("p", "", (wave, wave, wave)), 2.5, SPECIFICATION)
    text = "waveform 'w', line 1: 9 A is more than range 4 of this channel, 5 A"
    assert found == [f"step {row}: {text}" for row in (1, 2, 3)]
    assert Counted.times == 1


def test_a_start_of_many_channels_looks_once_whether_it_fits() -> None:
    library = Library(MemoryFiles(), {"p": Procedure("p", "", (a_wave(),))})
    for _ in range(9):
        library.find("p", 2.5, SPECIFICATION)
    assert Counted.times == 1
    library.find("p", 2.0, SPECIFICATION)
    assert Counted.times == 2


def test_a_wave_is_entered_without_going_through_it() -> None:
    run = ProcedureRun(Procedure("p", "", (a_wave(),)), 2.5, SPECIFICATION)
    progress = Progress()
    assert run.go_to(None, progress)
    assert run.phase(progress) is run.phase(progress)
    assert run.go_to(NEXT_SEGMENT, progress)
    assert run.phase(progress) is run.phase(progress)
    assert Counted.times == 0


def test_a_wave_is_read_once_however_its_name_is_spelled() -> None:
    read: list[str] = []

    def wave(name: str) -> Any:
        read.append(name)
        return waveform(wave_line())

    rows = [step("FastWave", value=name) for name in ("LA4", "la4", "La4")]
    made = read_procedure("p", procedure(*rows), wave)
    assert read == ["LA4"]
    assert [row.name for row in made.rows if isinstance(row, Wave)] == ["LA4", "la4", "La4"]
