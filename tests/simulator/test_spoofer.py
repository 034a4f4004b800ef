"""The profile `pymacnet`, side by side with the MaccorSpoofer that it stands in for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pymacnet.messages
import pytest

from macnet_bridge.errors import FunctionMissing, MacNetBridgeError
from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.simulator import SimulatedCycler, Transport
from tests.bridge.spoofer import HOST, Spoofer
from tests.patience import PATIENCE_S
from tests.simulator.peers import FakeClock, binary_peer, datagram_peer, json_peer, request

CHANNELS = 12
START = {"TestName": "Random", "ProcName": "P", "Comment": "", "Crate": 1, "ChamberNum": 0}
OUTPUT = {"Current": 0.5, "Voltage": 4.2, "Power": 65536, "Resistance": 0, "CurrentRange": 4, "ChMode": "C"}
SAFETY = {
    "VSafeMax": 4.25,
    "VSafeMin": 2.5,
    "ISafeChg": 5.0,
    "ISafeDis": -2.0,
    "PBatSafeChg": 25,
    "PBatSafeDis": 25,
}
ELEVEN: list[tuple[int, int, dict[str, Any]]] = [
    (1, 1, {}),
    (1, 2, {}),
    (4, 1, {"Chan": -1, "Len": 2}),
    (4, 4, {"Chan": 4}),
    (4, 7, {"Chan": 4}),
    (6, 2, {"Chan": 4, **START}),
    (6, 5, {"Chan": 4}),
    (6, 7, {"Chan": 4, "TestName": "Random", **OUTPUT, "DataTime": 1.0, "DataV": 0, "DataI": 0}),
    (6, 8, {"Chan": 4, **OUTPUT}),
    (6, 9, {"Chan": 4, "VarNum": 16, "Value": 2.5}),
    (6, 10, {"Chan": 4, **SAFETY}),
]
MORE: list[tuple[int, int, dict[str, Any]]] = [
    (4, 1, {"Chan": 3, "Len": 8}),
    (4, 7, {"Chan": -1}),
    (4, 7, {"Chan": 13}),
    (6, 8, {"Chan": 500, **OUTPUT, "ChMode": "R"}),
    (0, 0, {}),
    (4, 2, {"Chan": 0, "Len": 1}),
    (6, 3, {"Chan": 0}),
    (99, 99, {}),
]
BREAKS: list[bytes] = [
    request(4, 7, Chan=CHANNELS),
    request(4, 7),
    request(6, 10, Chan=1),
    b'{"jsonrpc":"2.0","method":"MacNet","id":1}',
    b'{"params":[]}',
    b"{broken}",
]


@pytest.fixture(scope="module")
def original() -> Iterator[Spoofer]:
    with Spoofer(CHANNELS) as spoofer:
        yield spoofer


@pytest.fixture
async def cycler(clock: FakeClock) -> AsyncIterator[SimulatedCycler]:
    async with SimulatedCycler(CHANNELS, profile="pymacnet", clock=clock) as cycler:
        yield cycler


async def answer(port: int, message: bytes, end: bytes = b"\r\n") -> bytes:
    """All that comes back on a new connection, up to this end or to that of the connection."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(message)
        received = b""
        async with asyncio.timeout(PATIENCE_S):
            while not received.endswith(end) or _is_cut(received):
                part = await reader.read(4096)
                if not part:
                    break
                received += part
    except ConnectionError:
        pass
    finally:
        writer.close()
    return received


def _is_cut(received: bytes) -> bool:
    """Whether a JSON text ends before its last brace."""
    return received.startswith(b"{") and received.count(b"{") != received.count(b"}")


def test_these_are_all_that_pymacnet_has() -> None:
    requests = [message for name, message in vars(pymacnet.messages).items() if name.startswith("tx_")]
    numbers = {(message["params"]["FClass"], message["params"]["FNum"]) for message in requests}
    assert {(fclass, fnum) for fclass, fnum, _ in ELEVEN} == numbers
    assert len(ELEVEN) == len(numbers) == 11


@pytest.mark.parametrize(
    ("fclass", "fnum", "fields"), [*ELEVEN, *MORE], ids=lambda part: str(part) if type(part) is int else ""
)
async def test_q37_each_function_answers_as_the_original(
    original: Spoofer, cycler: SimulatedCycler, fclass: int, fnum: int, fields: dict[str, Any]
) -> None:
    """Byte for byte, -1 for a channel included, which pymacnet sends in (4, 1)."""
    asked = request(fclass, fnum, request_id=5, **fields)
    wanted = await answer(original.json_port, asked)
    found = await answer(cycler.json_port, asked)
    assert json.loads(found) == json.loads(wanted)
    assert found == wanted
    assert json.loads(found).get("id", 1987) == 1987
    assert (json.loads(found) == {"err": 1}) == ((fclass, fnum) not in {each[:2] for each in ELEVEN})


@pytest.mark.parametrize("message", BREAKS)
async def test_what_breaks_the_original_closes_the_connection(
    original: Spoofer, cycler: SimulatedCycler, message: bytes
) -> None:
    """The original lets go of it only when the next client comes."""
    waiting = asyncio.create_task(answer(original.json_port, message))
    while not waiting.done():
        assert (
            json.loads(await answer(original.json_port, request(1, 2)))["result"]["TestChannels"] == CHANNELS
        )
    assert await waiting == b""
    assert await answer(cycler.json_port, message) == b""
    async with json_peer(cycler) as peer:
        peer.writer.write(message)
        assert await peer.is_closed()
    assert cycler.received[-1].raw == message


async def test_binary_messages_come_back_by_tcp(original: Spoofer, cycler: SimulatedCycler) -> None:
    rest = bytes.fromhex("0600080000001200 000000000000000000008047 00000000 04 52")
    for message in (bytes(8), rest):
        assert await answer(original.tcp_port, message, message) == message
        assert await answer(cycler.tcp_port, message, message) == message
    async with binary_peer(cycler) as peer, datagram_peer(cycler) as datagrams:
        datagrams.transport.sendto(bytes(8))
        assert await peer.ask(bytes(8)) == bytes(8)
        await cycler.wait_for(lambda record: record.transport is Transport.BINARY_UDP, PATIENCE_S)
        assert datagrams.replies.empty()


async def test_readings_can_be_shown(cycler: SimulatedCycler) -> None:
    assert cycler.spoofer is not None
    cycler.spoofer.show(5, Voltage=3.1, Stat=2)
    async with json_peer(cycler) as peer:
        peer.writer.write(request(4, 7, Chan=4))
        text = await asyncio.wait_for(peer.reader.readuntil(b"}\r\n"), PATIENCE_S)
        assert json.loads(text)["result"]["Voltage"] == 3.1
        peer.writer.write(request(4, 7, Chan=3))
        text = await asyncio.wait_for(peer.reader.readuntil(b"}\r\n"), PATIENCE_S)
        assert json.loads(text)["result"]["Voltage"] == 3.85
    with pytest.raises(KeyError):
        cycler.spoofer.show(5, Volt=1.0)


async def test_the_client_is_not_taken_in(cycler: SimulatedCycler) -> None:
    """What the spoofer lacks is an error, and its id only passes where that was asked for."""
    address = TesterAddress(cycler.host, cycler.json_port, cycler.tcp_port, cycler.udp_port)
    with pytest.raises(MacNetBridgeError, match="1987"):
        await AsyncCycler(address).read_system_info()
    async with AsyncCycler(address, constant_id=True) as client:
        assert client.channels == CHANNELS
        assert (await client.read_version_info()).dll_minor is None
        assert (await client.read_status(5)).record_index == 4225
        for call in (client.read_voltages(1, 1), client.read_statuses(1, 3), client.rest(1)):
            with pytest.raises(MacNetBridgeError) as caught:
                await call
            assert not isinstance(caught.value, FunctionMissing)
