"""Procedures of a real laboratory, where they are at hand beside the project."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from macnet_bridge.simulator.machine.procedure import fitting
from macnet_bridge.simulator.machine.procedure.reading import read_procedure
from macnet_bridge.simulator.machine.procedure.refusing import NotUnderstood
from macnet_bridge.simulator.machine.procedure.rows import (
    Amount,
    Comparison,
    End,
    Finish,
    Loop,
    Procedure,
    Quantity,
    Step,
)
from macnet_bridge.simulator.machine.specification import SPECIFICATION
from tests.simulator.procedure.xml_text import wave_line, waveform

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "procedures"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no folder ../shared/data/procedures")


def read(name: str, **waves: bytes) -> Procedure:
    return read_procedure(name, (FOLDER / f"{name}.000").read_bytes(), waves.get)


def kinds(procedure: Procedure) -> Counter[str]:
    return Counter(
        f"{row.code.name} {row.control.name if row.control else ''}".strip()
        if isinstance(row, Step)
        else type(row).__name__
        for row in procedure.rows
    )


def test_diagnostic_v4() -> None:
    made = read("diagnosticV4")
    assert kinds(made) == {
        "REST": 12,
        "CHARGE CURRENT": 24,
        "CHARGE VOLTAGE": 2,
        "DISCHARGE CURRENT": 21,
        "DISCHARGE VOLTAGE": 3,
        "AdvanceCycle": 17,
        "Do": 8,
        "Loop": 8,
        "Finish": 1,
    }
    loops = [(row.begin, at, row.times) for at, row in enumerate(made.rows, 1) if isinstance(row, Loop)]
    assert loops == [
        (4, 8, 2),
        (10, 16, 20),
        (28, 36, 30),
        (42, 48, 20),
        (60, 68, 100),
        (37, 69, 1000),
        (70, 74, 2),
        (76, 82, 20),
    ]
    assert fitting.findings(made, 4.84, SPECIFICATION) == []


def test_the_first_rest_of_diagnostic_v4_has_safety_ends() -> None:
    rest = read("diagnosticV4").rows[0]
    assert isinstance(rest, Step)
    assert rest.ends == (
        End(Quantity.STEP_TIME, Comparison.AT_LEAST, Amount(10800.0), 2),
        End(Quantity.VOLTAGE, Comparison.AT_LEAST, Amount(4.4), 70, is_safety=True),
        End(Quantity.VOLTAGE, Comparison.AT_MOST, Amount(2.0), 70, is_safety=True),
    )
    assert rest.current_range == 4


def test_driving_v1_needs_its_waveform() -> None:
    with pytest.raises(NotUnderstood) as caught:
        read("drivingV1")
    assert caught.value.findings == ("step 33: there is no waveform 'LA4_8rep_lim'",)


def test_driving_v1_with_a_waveform() -> None:
    made = read("drivingV1", LA4_8rep_lim=waveform(wave_line()))
    assert len(made.rows) == 96
    assert kinds(made)["Wave"] == 2
    assert kinds(made)["DISCHARGE CURRENT"] == 19
    assert fitting.findings(made, 4.84, SPECIFICATION) == [
        f"step {number}: 7.42 A is more than range 4 of this channel, 5 A" for number in (26, 58, 92)
    ]


def test_goto_end_example() -> None:
    rest, charge, finish = read("goto_end_example").rows
    assert isinstance(rest, Step)
    assert isinstance(charge, Step)
    assert isinstance(finish, Finish)
    assert [end.goto for end in (*rest.ends, *charge.ends)] == [3, 3, 3, 3]
    assert charge.reports[0].amount.value == 0.01
