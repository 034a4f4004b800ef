"""A tester without sockets, and requests to it in Python."""

from __future__ import annotations

from typing import Any

from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.simulator.answers.device import handle
from macnet_bridge.simulator.machine.cell import Cell
from macnet_bridge.simulator.machine.channel import Channel
from macnet_bridge.simulator.machine.session import Session
from macnet_bridge.simulator.machine.tester import Behaviour, Tester

OFF = 65536.0
"""A voltage or power that no channel has, which switches the limit off."""


class Machine:
    """A tester, and a present that moves when told."""

    def __init__(self, channels: int = 4, speed: float = 1.0, **behaviour: Any) -> None:
        self.tester = Tester(channels, speed=speed, behaviour=Behaviour(**behaviour))
        self.now = 0.0
        self.session = Session()
        self.channel(1).cell = Cell()

    def channel(self, number: int) -> Channel:
        return self.tester.channel(number)

    def pass_by(self, second: float) -> m.StatusAndReadings:
        """Let time pass; how channel 1 is afterwards."""
        self.now += second
        return self.reading()

    def reading(self, channel: int = 1) -> m.StatusAndReadings:
        reading = self.ask(f.STATUS_AND_READINGS, m.Empty(), channel)
        assert isinstance(reading, m.StatusAndReadings)
        return reading

    def ask(self, function: f.Function[Any, Any], body: m.Message, channel: int = 1) -> m.Message:
        reply = handle(self.tester, function, channel, body, self.now, self.session)
        assert reply is not None
        return reply

    def result(self, function: f.Function[Any, Any], body: m.Message | None = None, channel: int = 1) -> Any:
        """The result code of a command."""
        reply = self.ask(function, body or m.Empty(), channel)
        assert isinstance(reply, m.Outcome)
        return reply.result

    def start(self, procedure: str = "CCCV_1C", name: str = "Random", channel: int = 1, **fields: Any) -> Any:
        fields.setdefault("c_rate_ah", 2.5)
        return self.result(f.START_TEST, m.StartTest(test_name=name, procedure=procedure, **fields), channel)

    def start_direct(self, name: str = "Random", **fields: Any) -> Any:
        return self.result(f.START_DIRECT, m.StartDirect(test_name=name, **output(**fields)))

    def set_output(self, **fields: Any) -> Any:
        return self.result(f.SET_OUTPUT, m.DirectOutput(**output(**fields)))


def output(
    mode: str = "C",
    ampere: float = 0.0,
    volt: float = 4.2,
    watt: float = OFF,
    ohm: float = 0.0,
    range: int = 4,
) -> dict[str, Any]:
    """Fields of a set point, short."""
    return {
        "current_ampere": ampere,
        "voltage_volt": volt,
        "power_watt": watt,
        "resistance_ohm": ohm,
        "current_range": range,
        "mode": mode,
    }


def limits(**changed: float) -> m.SafetyLimits:
    """Wide safety limits but for those given."""
    wide = {
        "voltage_max_volt": 5.0,
        "voltage_min_volt": 0.0,
        "charge_max_ampere": 5.0,
        "discharge_max_ampere": 5.0,
        "charge_max_watt": 25.0,
        "discharge_max_watt": 25.0,
    }
    return m.SafetyLimits(**{**wide, **changed})
