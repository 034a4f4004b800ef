"""Two clients want one channel at the same moment: one gets it, the other is told so."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import pytest

from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.simulator import Behaviour, SimulatedCycler
from tests.simulator.cases import OUTPUT, RECORDS, START_REST
from tests.simulator.peers import JsonPeer, binary_peer, json_peer

IN_USE = 23  # (6, 2)
NOT_AVAILABLE = 2  # (6, 7)
START: dict[str, Any] = {
    "ProcName": "CCCV_1C",
    "Comment": "",
    "Crate": 2.5,
    "ChamberNum": 0,
    **START_REST,
}
DIRECT = {**OUTPUT, **RECORDS}


async def start(peer: JsonPeer, name: str) -> Any:
    return (await peer.result(6, 2, Chan=4, TestName=name, **START))["Result"]


async def start_direct(peer: JsonPeer, name: str) -> Any:
    return (await peer.result(6, 7, Chan=4, TestName=name, **DIRECT))["Result"]


@pytest.mark.parametrize("latency_ms", [0.0, 3.0])
@pytest.mark.parametrize(
    ("first", "second", "refusal"),
    [
        (start, start, IN_USE),
        (start, start_direct, NOT_AVAILABLE),
        (start_direct, start, IN_USE),
        (start_direct, start_direct, NOT_AVAILABLE),
    ],
)
async def test_one_wins_and_the_other_gets_the_code_for_it(
    first: Any, second: Any, refusal: int, latency_ms: float
) -> None:
    async with SimulatedCycler(channels=8, latency_ms=latency_ms) as cycler:
        async with json_peer(cycler) as one, json_peer(cycler) as other:
            for round_ in range(10):
                names = (f"one {round_}", f"other {round_}")
                results = await asyncio.gather(first(one, names[0]), second(other, names[1]))
                name = (await one.result(4, 6, Chan=4))["TestName"]
                # Which one was first is the network's affair; what counts is that they agree.
                assert results.count("OK") == 1
                assert name == names[results.index("OK")]
                assert {*results} - {"OK"} <= {IN_USE, NOT_AVAILABLE}
                if results[0] == "OK":
                    assert results[1] == refusal
                assert (await one.result(6, 5, Chan=4))["Result"] == "OK"
        assert sum(record.number in ((6, 2), (6, 7)) for record in cycler.received) == 20


async def test_it_is_the_same_whatever_the_transports() -> None:
    behaviour = Behaviour(starting_second=0.0)
    async with SimulatedCycler(channels=8, behaviour=behaviour) as cycler:
        async with json_peer(cycler) as one, binary_peer(cycler) as other:
            binary = b"".join(
                (
                    struct.pack("<4H", 6, 2, 4, 186),
                    struct.pack("<BB25s25s80sfB", 2, 1, b"b", b"CCCV_1C", b"", 2.5, 0),
                    struct.pack("<HHfBBfffh25s", 0, 0, 1.0, 0, 0, 0.0, 0.0, 0.0, -1, b""),
                )
            )
            json_result, reply = await asyncio.gather(start(one, "j"), other.ask(binary))
            binary_result = struct.unpack("<H", reply[8:])[0]
            assert sorted([json_result == "OK", binary_result == 0]) == [False, True]
            assert IN_USE in (json_result, binary_result)
        assert cycler.channel(5).state is ChannelState.ACTIVE
