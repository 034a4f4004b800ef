"""The ways in which testers may word their replies, each one switched on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from macnet_bridge.simulator import Behaviour, Forms, SimulatedCycler
from tests.patience import PATIENCE_S
from tests.simulator.peers import FakeClock, binary_peer, json_peer, request


@asynccontextmanager
async def worded(**forms: Any) -> AsyncIterator[SimulatedCycler]:
    behaviour = Behaviour(smart_batteries=True)
    async with SimulatedCycler(clock=FakeClock(), forms=Forms(**forms), behaviour=behaviour) as cycler:
        yield cycler


async def test_q11_class_7_in_the_envelope_of_a_request() -> None:
    async with worded(class7_envelope="params") as cycler, json_peer(cycler) as peer:
        reply = await peer.ask(7, 22, Chan=3)
        assert (reply["method"], reply["params"]["Result"]) == ("MacNet", "OK")
        assert "result" not in reply
        assert (await peer.ask(7, 23, Chan=3))["result"]["Result"] == "OK", "printed as a result"
        assert (await peer.ask(6, 1, Chans=[3]))["result"]["Result"] == "OK"


@pytest.mark.parametrize(
    ("number", "fields", "printed", "data"),
    [
        ((1, 3), {"ProcName": "Rest"}, 2, b"Rest"),
        ((1, 4), {"TestName": "t"}, 2, b"t"),
        ((4, 9), {"Chan": 3, "Len": 1}, 2, b""),
        ((4, 10), {"Chan": 3}, 8, b""),
    ],
)
async def test_q3_misprinted_numbers(
    number: tuple[int, int], fields: dict[str, Any], printed: int, data: bytes
) -> None:
    async with worded(misprints=True) as cycler, json_peer(cycler) as peer, binary_peer(cycler) as binary:
        assert (await peer.result(*number, **fields))["FNum"] == printed
        length = len(data) or fields.get("Len", 0)
        asked = bytes([number[0], 0, number[1], 0, fields.get("Chan", 0), 0, length, 0]) + data
        assert (await binary.ask(asked))[2] == printed


@pytest.mark.parametrize("fnum", [2, 3, 4, 5, 9])
async def test_q1_len_counts_items(fnum: int) -> None:
    async with worded(len_semantics="count") as cycler, binary_peer(cycler) as peer:
        bulk = fnum not in (4, 5)
        peer.writer.write(bytes([4, 0, fnum, 0, 0, 0, 2 if bulk else 0, 0]))
        async with asyncio.timeout(PATIENCE_S):
            reply = await peer.reader.readexactly(8 + 8)
        assert reply[6:8] == b"\x02\x00"


async def test_q10_bare_headers() -> None:
    async with worded(bare_replies=True) as cycler, binary_peer(cycler) as peer:
        assert await peer.ask(bytes.fromhex("0600010003000000")) == bytes.fromhex("0600010003000000")
        assert await peer.ask(bytes.fromhex("0500010000000400 01000000")) == bytes.fromhex("0500010000000000")
        assert cycler.tester.global_flags == 1
        # What the manual prints a reply for still has it.
        checked = bytes.fromhex("06000B0003008900 0101") + b" " * 130 + bytes(5)
        assert await peer.ask(checked) == bytes.fromhex("06000B0003000200 0200")


async def test_q13_the_channel_twice() -> None:
    async with worded(repeat_channel=True) as cycler, json_peer(cycler) as peer:
        peer.writer.write(request(4, 8, Chan=3))
        text = await peer.line()
        assert text.count(b'"Chan":3,') == 2
        assert json.loads(text)["result"]["GlobFlags"] == "0x00000000"


async def test_q17_all_names_of_a_test() -> None:
    async with worded(all_test_info=True) as cycler, json_peer(cycler) as peer:
        assert {"Comment", "ProcDesc"} <= (await peer.result(4, 6, Chan=3)).keys()


class Ears(asyncio.DatagramProtocol):
    """Waits for one datagram."""

    def __init__(self) -> None:
        self.heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if not self.heard.done():
            self.heard.set_result(data)


async def test_q2_replies_to_the_next_port() -> None:
    loop = asyncio.get_running_loop()
    async with worded(udp_reply="next_port") as cycler:
        transport, ears = await loop.create_datagram_endpoint(
            Ears, local_addr=(cycler.host, cycler.udp_port + 1)
        )
        other, _ = await loop.create_datagram_endpoint(Ears, local_addr=(cycler.host, 0))
        try:
            other.sendto(bytes(8), (cycler.host, cycler.udp_port))
            async with asyncio.timeout(PATIENCE_S):
                assert await ears.heard == bytes(8)
        finally:
            transport.close()
            other.close()


async def test_u12_log_in_is_for_one_connection() -> None:
    behaviour = Behaviour(users={"robin": "secret"})
    async with (
        SimulatedCycler(behaviour=behaviour) as cycler,
        json_peer(cycler) as one,
        json_peer(cycler) as two,
    ):
        assert (await one.ask(1, 1))["error"]["message"] == "MacNet error"
        assert (await one.ask(0, 0))["params"] == {"FClass": 0, "FNum": 0}
        assert (await one.result(8, 1, UserID="robin", Password="no"))["Result"] == "FAILED"
        assert (await one.ask(4, 7, Chan=0))["error"]["message"] == "MacNet error"
        assert (await one.result(8, 1, UserID="robin", Password="secret"))["Result"] == "PASSED"
        assert (await one.result(1, 2))["TestChannels"] == 8
        assert (await two.ask(1, 2))["error"]["message"] == "MacNet error"
        assert (await one.result(8, 2))["Result"] == "LOGGED OUT"
        assert (await one.result(8, 2))["Result"] == "FAILED"
        assert (await one.ask(1, 2))["error"]["message"] == "MacNet error"
        async with binary_peer(cycler) as binary:
            assert await binary.ask(bytes.fromhex("0100010000000000")) == bytes.fromhex("0100010000000000")
            assert await binary.ask(bytes.fromhex("0800010000000E00") + b"\x05robin\x06secret\0")
            passed = await binary.ask(bytes.fromhex("0800010000000D00") + b"\x05robin\x06secret")
            assert passed == bytes.fromhex("0800010000000100 01")
            assert len(await binary.ask(bytes.fromhex("0100010000000000"))) == 34
