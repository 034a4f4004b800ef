"""What a channel can give is not complained about; what it cannot give stands in `cases`."""

from __future__ import annotations

import pytest

from macnet_bridge.simulator.machine.procedure import fitting
from macnet_bridge.simulator.machine.procedure.reading import read_procedure
from macnet_bridge.simulator.machine.specification import SPECIFICATION
from tests.simulator.procedure.xml_text import (
    END,
    charge,
    end,
    procedure,
    report,
    rest,
    step,
    wave_line,
    waveform,
)


def found(*texts: str, c_rate_ah: float = 2.5) -> list[str]:
    waves = {"w": waveform(wave_line(value="25"))}
    made = read_procedure("fits", procedure(*texts, END), waves.get)
    return fitting.findings(made, c_rate_ah, SPECIFICATION)


@pytest.mark.parametrize(
    "made",
    [
        charge("5.0", limits={"Voltage": "5.0"}),
        charge("2.0C"),
        charge("0.15", Range="3"),
        charge("0.005", Range="2"),
        charge("0.00015", Range="1"),
        step("Dischrge", "Voltage", "0.0", {"Current": "2C"}),
        step("Dischrge", "Power", "25.0"),
        step("Dischrge", "Power", "0.75", Range="3"),
        step("Dischrge", "Resistance", "1.0E-6"),
        rest(),
        step("FastWave", value="w"),
        # Ends and reports are compared with, nothing has to give them.
        rest(end("Current", ">=", "100"), end("Voltage", ">=", "100"), reports=[report("Voltage", "100")]),
    ],
)
def test_it_fits(made: str) -> None:
    assert found(made) == []


@pytest.mark.parametrize("c_rate_ah", [0.0, -1.0, float("nan"), float("inf")])
def test_without_c_rates_1c_is_of_no_account(c_rate_ah: float) -> None:
    assert found(charge("5.0"), c_rate_ah=c_rate_ah) == []


def test_each_use_of_a_c_rate_needs_1c() -> None:
    made = (
        charge("1C"),
        charge(limits={"Voltage": "4.2"}, ends=[end("Current", "<=", "0.05C")]),
        step("Charge", "Voltage", "4.2", {"Current": "1C"}),
        charge(reports=[report("Current", "0.001C")]),
    )
    text = "a C-rate needs a 1C above zero, not inf A"
    assert found(*made, c_rate_ah=float("inf")) == [f"step {number}: {text}" for number in (1, 2, 3, 4)]


def test_each_step_and_quantity_is_told() -> None:
    made = charge("6.0", limits={"Voltage": "6.0", "Power": "30.0"}), rest(), charge("9.0")
    assert found(*made) == [
        "step 1: 6 A is more than range 4 of this channel, 5 A",
        "step 1: 6 V is more than this channel's 5 V",
        "step 1: 30 W is more than range 4 of this channel, 25 W",
        "step 3: 9 A is more than range 4 of this channel, 5 A",
    ]
