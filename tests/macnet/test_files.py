"""Transfers of files, with replies that are lost, late or errors."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator

import pytest

from macnet_bridge.errors import (
    BadReply,
    InvalidRequest,
    NoReply,
    OutcomeUnknown,
    TesterRefused,
    TooLarge,
    TransferBroken,
)
from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.macnet.cycler import Line
from macnet_bridge.macnet.protocol.codes import FileType
from macnet_bridge.simulator import SimulatedCycler
from tests.macnet.scripted_tester import Peer, ScriptedTester
from tests.patience import PATIENCE_S

NAME = "a.000"
SIZES = [0, 1, 499, 500, 501, 1750, 100_000]


def content(size: int) -> bytes:
    return bytes(number * 7 % 251 for number in range(size))


@pytest.fixture
async def simulated() -> AsyncIterator[SimulatedCycler]:
    async with SimulatedCycler(2) as simulated:
        yield simulated


@pytest.fixture
async def cycler(simulated: SimulatedCycler) -> AsyncIterator[AsyncCycler]:
    address = TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)
    async with AsyncCycler(address, timeout_s=0.5) as cycler:
        yield cycler


@pytest.mark.parametrize("size", SIZES)
async def test_q39_a_file_comes_back_as_it_went(cycler: AsyncCycler, size: int) -> None:
    data, sent, received = content(size), list[int](), list[int]()
    there = await cycler.put_file(FileType.PROCEDURE, NAME, data, sent.append)
    back, here = await cycler.get_file(FileType.PROCEDURE, NAME, received.append)
    assert back == data
    assert there == here
    assert there.sha256 == hashlib.sha256(data).hexdigest()
    assert (there.size_byte, there.blocks, there.resent) == (size, size // 500 + 1, 0)
    assert sent == received == [*range(500, size + 1, 500), size][: there.blocks]
    (entry,) = await cycler.list_files(FileType.PROCEDURE)
    assert (entry.name, entry.size_byte) == (NAME, size)


@pytest.mark.parametrize("lost", [1, 2])
async def test_u11_what_gets_lost_is_sent_again(
    simulated: SimulatedCycler, cycler: AsyncCycler, lost: int
) -> None:
    data = content(1750)

    def lose_in_the_middle(done: int) -> None:
        if done == 500:
            simulated.faults.drop_replies(1, 6, lost)
            simulated.faults.drop_replies(1, 7, lost)

    there = await cycler.put_file(FileType.CAN, "a.can", data, lose_in_the_middle)
    assert there.resent == lost
    back, here = await cycler.get_file(FileType.CAN, "a.can", lose_in_the_middle)
    assert back == data
    assert here.resent == 2 * lost, "the first replies were lost as well"


async def test_u11_after_three_tries_it_is_over(simulated: SimulatedCycler, cycler: AsyncCycler) -> None:
    simulated.faults.drop_replies(1, 7, 3)
    with pytest.raises(NoReply, match="messages sent: 3"):
        await cycler.get_file(FileType.SYSTEM_EVENTS, "SysEvent.log")
    assert len(simulated.received.of(1, 7)) == 3
    data, _ = await cycler.get_file(FileType.SYSTEM_EVENTS, "SysEvent.log")
    assert data.startswith(b"Simulated")


async def test_errors_of_the_tester(cycler: AsyncCycler) -> None:
    with pytest.raises(TesterRefused, match="not found") as refused:
        await cycler.get_file(FileType.ARCHIVE, "none.001")
    assert (refused.value.code, refused.value.result) == ("FILE_ERROR", 1)
    with pytest.raises(TesterRefused) as refused:
        await cycler.put_file(FileType.FRA, "..\\a", b"")
    assert refused.value.result == 2


async def test_what_is_not_even_sent(simulated: SimulatedCycler, cycler: AsyncCycler) -> None:
    before = len(simulated.received)
    for file_type in (FileType.ACTIVE, FileType.ARCHIVE, FileType.SYSTEM_EVENTS):
        with pytest.raises(InvalidRequest):
            await cycler.put_file(file_type, NAME, b"")
    with pytest.raises(InvalidRequest, match="65535 blocks"):
        await cycler.put_file(FileType.FRA, NAME, bytes(500 * 65535))
    for name in ("", "ä", "x" * 261):
        with pytest.raises(InvalidRequest):
            await cycler.get_file(FileType.FRA, name)
    with pytest.raises(InvalidRequest):
        await cycler.list_files(FileType.SYSTEM_EVENTS)
    asked = [record.number for record in simulated.received][before:]
    assert set(asked) <= {(1, 2)}, "who is there"


async def test_transfers_wait_for_each_other(cycler: AsyncCycler) -> None:
    files = {f"{number}.000": content(3000 + number) for number in range(5)}
    await asyncio.gather(*(cycler.put_file(FileType.PROCEDURE, name, data) for name, data in files.items()))
    found = await asyncio.gather(*(cycler.get_file(FileType.PROCEDURE, name) for name in files))
    assert [data for data, _ in found] == list(files.values())
    entries = await asyncio.gather(*(cycler.list_files(FileType.PROCEDURE) for _ in range(3)))
    assert all({entry.name for entry in each} == files.keys() for each in entries)


def block(number: int, data: bytes) -> bytes:
    size = 4 + len(data)
    return bytes([1, 0, 7, 0, 0, 0, size % 256, size // 256, 8, 3, number, 0]) + data


async def test_blocks_that_come_twice_count_once() -> None:
    full = content(500)
    replies = [block(1, full), block(1, full) + block(2, full), block(2, full) + block(3, b"end"), b""]

    def script(peer: Peer, request: bytes) -> None:
        # Requests are cut into headers here; only whole ones count.
        if request[:4] == b"\1\0\7\0" and replies:
            peer.send(replies.pop(0))

    async with ScriptedTester(script, binary=True) as tester:
        cycler = AsyncCycler(tester.address, timeout_s=5.0)
        data, result = await cycler.get_file(FileType.SYSTEM_EVENTS, "x")
    assert data == full + full + b"end"
    assert (result.blocks, result.resent) == (3, 0)


async def test_rubbish_ends_a_transfer() -> None:
    def script(peer: Peer, request: bytes) -> None:
        if request[:4] == b"\1\0\7\0":
            peer.send(bytes([1, 0, 7, 0, 0, 0, 2, 0, 8, 9]))

    async with ScriptedTester(script, binary=True) as tester:
        with pytest.raises(BadReply):
            await AsyncCycler(tester.address).get_file(FileType.SYSTEM_EVENTS, "x")
        await asyncio.wait_for(tester.peers[0].closed.wait(), PATIENCE_S)


# --- bounds, gates and transfers that break off


async def test_a_file_or_a_list_that_is_more_than_wanted(
    simulated: SimulatedCycler, cycler: AsyncCycler
) -> None:
    await cycler.put_file(FileType.CAN, "a.can", content(1750))
    data, _ = await cycler.get_file(FileType.CAN, "a.can", max_bytes=1750)
    assert len(data) == 1750
    with pytest.raises(TooLarge, match="1749"):
        await cycler.get_file(FileType.CAN, "a.can", max_bytes=1749)
    before = len(simulated.received.of(1, 7))
    with pytest.raises(TooLarge):
        await cycler.get_file(FileType.CAN, "a.can", max_bytes=600)
    last = await simulated.wait_for(lambda record: record is simulated.received[-1])
    assert len(simulated.received.of(1, 7)) <= before + 3
    assert last.number == (1, 7)
    assert len(await cycler.list_files(FileType.CAN, max_files=1)) == 1
    with pytest.raises(TooLarge):
        await cycler.list_files(FileType.CAN, max_files=0)


async def test_u10_a_list_whose_place_was_lost_with_the_connection() -> None:
    def script(peer: Peer, request: bytes) -> None:
        asked = json.loads(request)
        params = asked["params"]
        if params["FClass"] != 1:
            return  # without a reply, so that the client closes this connection
        reply = {"FClass": 1, "FNum": 5, "FileType": 3, "Command": params["Command"], "NumberOfFiles": 2}
        if params["Command"]:
            place = sum(b'"Command":1' in each for each in peer.requests)
            reply |= {
                "Index": place,
                "FileDate": "2020-01-01T00:00:00",
                "Size": 1,
                "FileName": f"{place}.000",
            }
        peer.send(json.dumps({"result": reply, "id": asked["id"]}).encode())

    async with ScriptedTester(script) as tester:
        cycler = AsyncCycler(tester.address, timeout_s=0.2)
        listed, lost = await asyncio.gather(
            cycler.list_files(FileType.PROCEDURE, line=Line.COMMANDS),
            cycler.resume(1),
            return_exceptions=True,
        )
        assert isinstance(lost, NoReply)
        assert isinstance(listed, BadReply)
        cycler.close()


class NotWanted(Exception):
    """What a gate raises."""


async def test_a_gate_keeps_the_first_message_back(simulated: SimulatedCycler, cycler: AsyncCycler) -> None:
    def stop() -> None:
        raise NotWanted

    passed: list[int] = []

    def go() -> None:
        passed.append(len(simulated.received))

    await cycler.read_check_messages()  # opens the connection
    before = len(simulated.received)
    for call in (
        lambda: cycler.put_file(FileType.CAN, "a.can", b"x", before_send=stop),
        lambda: cycler.get_file(FileType.CAN, "a.can", before_send=stop),
        lambda: cycler.list_files(FileType.CAN, before_send=stop),
        lambda: cycler.set_global_flags(1, before_send=stop),
    ):
        with pytest.raises(NotWanted):
            await call()
    assert len(simulated.received) == before
    await cycler.put_file(FileType.CAN, "a.can", content(1750), before_send=go)
    assert passed == [before], "once, and before the first message"
    opened = cycler._lines.binary.times_opened
    with pytest.raises(NotWanted):
        await cycler.get_file(FileType.CAN, "a.can", before_send=stop)
    await cycler.get_file(FileType.CAN, "a.can", before_send=go)
    assert cycler._lines.binary.times_opened == opened, "what was never sent leaves no doubt"


async def test_a_write_request_goes_once(simulated: SimulatedCycler, cycler: AsyncCycler) -> None:
    simulated.faults.drop_replies(1, 6)
    with pytest.raises(NoReply):
        await cycler.put_file(FileType.CAN, "a.can", b"x")
    assert len(simulated.received.of(1, 6)) == 1


async def test_an_error_in_the_middle_leaves_it_open_what_was_kept() -> None:
    replies = [bytes([5, 4, 0, 0]), bytes([5, 5, 3, 0]) + b"disk full\0"]

    def script(peer: Peer, request: bytes) -> None:
        if request[:4] == b"\1\0\6\0":
            reply = replies.pop(0)
            peer.send(bytes([1, 0, 6, 0, 0, 0, len(reply), 0]) + reply)

    async with ScriptedTester(script, binary=True) as tester:
        cycler = AsyncCycler(tester.address, timeout_s=2.0)
        with pytest.raises(TransferBroken, match="disk full, at block 1") as broken:
            await cycler.put_file(FileType.CAN, "a.can", b"x")
        assert (broken.value.code, broken.value.category) == ("FILE_ERROR", "device")
        assert isinstance(broken.value, OutcomeUnknown)
        await asyncio.wait_for(tester.peers[0].closed.wait(), PATIENCE_S)
