"""What commands do about the oddities of testers. Q and U: numbers of docs/quirks.md."""

from __future__ import annotations

from typing import Any

import pytest

from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.macnet.protocol.messages import SafetyLimits
from tests.commands.lab import START, lab


@pytest.mark.parametrize("name", ["discharge_max_ampere", "charge_max_ampere", "discharge_max_watt"])
async def test_q40_a_limit_with_a_sign_is_refused_by_name(name: str) -> None:
    async with lab() as given:
        answer = await given.ask("set_safety_limits", {"safety": {name: -2.0}})
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "BAD_ARGS")
        assert name in answer["error"]["field"]
        assert given.asked(6, 10) == 0


async def test_q41_power_limits_of_0_watts_are_sent_only_when_asked_for() -> None:
    async with lab() as given:
        answer = await given.ask("start_test", START)
        assert answer["status"] == "done"
        (record,) = given.simulated.received.of(6, 10)
        assert isinstance(record.body, SafetyLimits)
        assert (record.body.charge_max_watt, record.body.discharge_max_watt) == (25.0, 25.0)
        answer = await given.ask("set_safety_limits", {"safety": {"charge_max_watt": 0.0}}, channel=2)
        assert answer["result"]["safety"]["charge_max_watt"] == 0.0


async def test_u23_a_reset_reads_the_state_before_and_after() -> None:
    async with lab() as given:
        await given.ask("start_test", START)
        given.simulated.received.clear()
        answer = await given.ask("reset")
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "CHANNEL_BUSY")
        assert given.asked(6, 5) == 0
        answer = await given.ask("reset", {"stop_running": True})
        assert (answer["status"], answer["verified"]) == ("done", "read_back")
        numbers: list[Any] = [record.number for record in given.simulated.received]
        at = numbers.index((6, 5))
        assert (numbers[at - 1], numbers[at + 1]) == ((4, 7), (4, 7))
        assert given.simulated.channel(1).state is ChannelState.AVAILABLE
