"""Procedures of a real laboratory from their first step to their End, where they are at hand.

Unchanged they take 35 years of test time, a main loop of 1,000 rounds of two weeks. So the test does what a
laboratory does that has seen enough: it stops within the first round, archives the test, and goes on with
it by an advanced start, with no round remaining, MacNet (6, 13).
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import ChannelState, FileType, RecordCause
from macnet_bridge.simulator.machine.cell import PRESETS
from macnet_bridge.simulator.machine.files import MemoryFiles, StoredFile
from macnet_bridge.simulator.machine.tester import Behaviour, Tester
from tests.simulator.machine import Machine
from tests.simulator.procedure.drive_cycle import drive_cycle

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "procedures"
NO_TIME = datetime(2026, 1, 1)  # noqa: DTZ001  MacNet gives times without a zone

needs_real_files = pytest.mark.skipif(not FOLDER.is_dir(), reason="no folder ../shared/data/procedures")

MAIN_LOOP = 38
"""First step in the main loop of both procedures that takes time."""

# Counted in the files by hand: the reset cycles, HPPC, three rate tests, the first 30; a round of the main
# loop; the last reset cycles and rate tests.
CYCLES = (2 + 1 + 3 + 30) + (1 + 1 + 3 + 100) + (2 + 1 + 3)


def laboratory(**behaviour: Any) -> Machine:
    files = MemoryFiles()
    for path in FOLDER.glob("*.000"):
        files.write(FileType.PROCEDURE, StoredFile(path.name, path.read_bytes(), NO_TIME))
    files.write(FileType.WAVEFORM, StoredFile("LA4_8rep_lim.MWF", drive_cycle(), NO_TIME))
    machine = Machine()
    machine.tester = Tester(1, behaviour=Behaviour(starting_second=0.0, **behaviour), files=files)
    return machine


def walk(machine: Machine, step: int | None = None) -> tuple[m.StatusAndReadings, Counter[int]]:
    """Let time pass until a step begins or the test ends; how often each step was seen to begin."""
    began: Counter[int] = Counter()
    last = machine.reading().step_id
    while (reading := machine.pass_by(60.0)).state == ChannelState.ACTIVE and last != step:
        if reading.step_id != last:
            last = reading.step_id
            began[last] += 1
        assert reading.test_time_second < 1e8, "it never comes to an end"
    return reading, began


@needs_real_files
def test_the_one_whose_end_comes_early() -> None:
    machine = laboratory()
    assert machine.start("goto_end_example", "t") == 0
    over = machine.pass_by(20_000.0)
    assert (over.state, over.step_id, over.record_cause) == (
        ChannelState.COMPLETED,
        1,
        RecordCause.NORMAL_END,
    )
    assert over.test_time_second == 3 * 3600.0
    assert machine.ask(f.END_STATUS, m.Empty()) == m.EndStatus(number_of_ends=1, end_number=1)


@needs_real_files
@pytest.mark.parametrize(
    ("name", "capacity_ah", "max_ampere"), [("diagnosticV4", 1.1, 5.0), ("drivingV1", 4.0, 10.0)]
)
def test_a_laboratorys_diagnostics_run_to_their_end(name: str, capacity_ah: float, max_ampere: float) -> None:
    machine = laboratory(max_ampere=max_ampere, preset=PRESETS["nmc"].scaled(capacity_ah))
    assert machine.start(name, "t") == 0
    before, began = walk(machine, MAIN_LOOP)
    assert before.step_id == MAIN_LOOP
    assert (began[33], began[5], began[20]) == (30, 2, 1)

    assert machine.result(f.SUSPEND) == 0
    assert machine.result(f.ARCHIVE) == 0
    on = m.AdvancedStart(
        test_name="", procedure=name, c_rate_ah=1.0, options=3, archived_test_name="t.001", remaining_loop_1=0
    )
    assert machine.result(f.ADVANCED_START, on) == 0
    went_on = machine.pass_by(0.0)
    assert (went_on.step_id, went_on.cycle_count) == (MAIN_LOOP, before.cycle_count)
    assert went_on.test_time_second == pytest.approx(before.test_time_second)

    over, began = walk(machine)
    assert (over.state, over.step_id, over.record_cause) == (
        ChannelState.COMPLETED,
        95,
        RecordCause.NORMAL_END,
    )
    assert (began[65], began[71], began[72], began[95]) == (100, 2, 2, 1)
    assert machine.ask(f.END_STATUS, m.Empty()) == m.EndStatus(number_of_ends=1, end_number=1)
    assert over.cycle_count == CYCLES
