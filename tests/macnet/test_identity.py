"""A binary port that is another tester's, as ports that are forwarded may be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from macnet_bridge.errors import TesterOffline
from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.macnet.protocol.codes import FileType
from macnet_bridge.simulator import SimulatedCycler


def address(simulated: SimulatedCycler) -> TesterAddress:
    return TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)


async def test_no_command_reaches_another_tester() -> None:
    async with SimulatedCycler(2) as meant, SimulatedCycler(4) as other:
        mixed = replace(address(meant), tcp_port=other.tcp_port)
        async with AsyncCycler(mixed) as cycler:
            with pytest.raises(TesterOffline, match=r"another tester.*4 channels"):
                await cycler.rest(1)
            with pytest.raises(TesterOffline, match="another tester"):
                await cycler.put_file(FileType.PROCEDURE, "a.000", b"x")
            with pytest.raises(TesterOffline, match="another tester"):
                await cycler.select([1])
        assert {record.number for record in other.received} == {(1, 2)}


async def test_a_tester_that_was_restarted_as_another_is_asked_again() -> None:
    async with SimulatedCycler(2) as first:
        cycler = AsyncCycler(address(first))
        await cycler.read_system_info()
        place = address(first)
    async with (
        SimulatedCycler(4, json_port=place.json_port, tcp_port=place.tcp_port),
        cycler,
    ):
        await cycler.ping_rest()
