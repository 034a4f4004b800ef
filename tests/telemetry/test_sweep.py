"""Sweeps: blocks of channels, and their payload."""

from __future__ import annotations

import pytest

from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.macnet.cycler import BulkTransport
from macnet_bridge.simulator import SimulatedCycler
from macnet_bridge.telemetry.sweep import blocks, sweep, sweep_payload
from macnet_bridge.tester import Tester


@pytest.mark.parametrize(
    ("first", "last", "cut"),
    [
        (1, 1, [(1, 1)]),
        (1, 128, [(1, 128)]),
        (1, 129, [(1, 128), (129, 1)]),
        (5, 300, [(5, 128), (133, 128), (261, 40)]),
        (1, 1024, [(n, 128) for n in range(1, 1025, 128)]),
    ],
)
def test_blocks(first: int, last: int, cut: list[tuple[int, int]]) -> None:
    assert blocks(first, last) == cut


@pytest.mark.parametrize("transport", ["json", "tcp", "udp"])
async def test_a_sweep_of_more_than_one_block(transport: BulkTransport) -> None:
    async with SimulatedCycler(300) as simulated:
        address = TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)
        async with AsyncCycler(address, transport=transport) as cycler:
            tester = Tester("lab1", cycler, frozenset({3, 129, 300}))
            payload = sweep_payload(await sweep(tester), tester, run=1, seq=1)
        assert payload.channel == [3, 129, 300]
        assert payload.voltage_volt == pytest.approx(
            [simulated.tester.channel(n).cell.voltage_volt for n in (3, 129, 300)]
        )
        assert payload.current_ampere == [0.0, 0.0, 0.0]
        assert [record.wire_channel for record in simulated.received.of(4, 2)] == [2, 130, 258]
