"""What the options of cells and meters do to what MacNet shows."""

from __future__ import annotations

import pytest

from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.simulator.machine.cell import PRESETS
from macnet_bridge.simulator.machine.tester import Behaviour, Tester
from tests.simulator.machine import Machine


def machine(**behaviour: object) -> Machine:
    """A machine whose cells are the tester's own."""
    made = Machine()
    made.tester = Tester(4, behaviour=Behaviour(**behaviour))  # type: ignore[arg-type]
    return made


def shown(it: Machine) -> list[float]:
    reply = it.ask(f.VOLTAGES, m.ChannelRange(count=4), 1)
    assert isinstance(reply, m.Voltages)
    return reply.voltage_volt


@pytest.mark.parametrize(
    ("name", "lowest", "highest"), [("lfp", 3.2, 3.4), ("lto", 2.1, 2.5), ("nca", 3.5, 3.8)]
)
def test_the_cells_are_of_the_kind_that_was_asked_for(name: str, lowest: float, highest: float) -> None:
    assert all(lowest < volt < highest for volt in shown(machine(preset=PRESETS[name])))


def test_a_cell_in_another_size_drops_as_much_at_the_same_c_rate() -> None:
    small, large = machine(), machine(preset=PRESETS["nmc"].scaled(25.0), max_ampere=50.0)
    assert large.channel(1).cell.capacity_ah == pytest.approx(10.0 * small.channel(1).cell.capacity_ah)
    for it, c_rate_ah in ((small, 2.5), (large, 25.0)):
        assert it.start("Discharge_1C", c_rate_ah=c_rate_ah) == 0
    one, other = small.pass_by(600.0), large.pass_by(600.0)
    assert other.current_ampere == pytest.approx(10.0 * one.current_ampere)
    assert other.voltage_volt == pytest.approx(one.voltage_volt, abs=1e-6)


def test_without_noise_what_is_shown_comes_in_steps() -> None:
    for volt in shown(machine(noise=0.0)):
        steps = volt / (5.0 / 65_535)
        assert steps == pytest.approx(round(steps), abs=0.02)


def test_noise_is_of_each_channel_and_moment_and_does_not_reach_the_cell() -> None:
    noisy, exact = machine(noise=0.001), machine()
    first = shown(noisy)
    assert shown(noisy) == first, "the same moment"
    noisy.now += 1.0
    assert shown(noisy) != first
    for it in (noisy, exact):
        it.start("Discharge_1C")
        it.pass_by(600.0)
    assert noisy.channel(1).cell.charge == exact.channel(1).cell.charge
    reading, true = noisy.reading(), exact.reading()
    assert reading.voltage_volt != true.voltage_volt
    assert reading.voltage_volt == pytest.approx(true.voltage_volt, abs=0.03)
    assert reading.current_ampere == pytest.approx(true.current_ampere, abs=0.03)
    assert reading.step_capacity_ah == true.step_capacity_ah
