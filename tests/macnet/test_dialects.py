"""A reply in a stream: cut anywhere it is the same, and a part of it is nothing yet."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.errors import Malformed, TesterRefused
from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.macnet.dialects import BinaryDialect, JsonDialect
from macnet_bridge.macnet.protocol import binary, jsonrpc, messages
from macnet_bridge.simulator import Forms, SimulatedCycler
from tests.protocol.samples import ROWS, Row, for_channel, items, json_replies, replies, sample_request

CHANNEL = 5


def asked_for(row: Row, reply: messages.Message) -> messages.Message:
    """A request that this reply may answer, and that can be sent."""
    if row.request is messages.ChannelRange:
        return items(reply)
    return for_channel(sample_request(row), CHANNEL)


@given(replies, st.lists(st.integers(0, 3000), max_size=5))
def test_any_split_of_a_binary_reply_gives_it(reply: tuple[Row, messages.Message], cuts: list[int]) -> None:
    row, body = reply
    dialect = BinaryDialect()
    dialect.encode(row, CHANNEL, asked_for(row, body))
    data = binary.encode_reply(row, row.wire_channel(CHANNEL) + 1, body)
    for part in parts(data, cuts):
        assert dialect.take() is None
        dialect.feed(part)
    assert dialect.take() == body
    assert not dialect.pending


@given(json_replies, st.lists(st.integers(0, 3000), max_size=5))
def test_any_split_of_a_json_reply_gives_it(reply: tuple[Row, messages.Message], cuts: list[int]) -> None:
    row, body = reply
    dialect = JsonDialect()
    request_id = msgspec.json.decode(dialect.encode(row, CHANNEL, asked_for(row, body)))["id"]
    channel = row.wire_channel(CHANNEL) + 1
    data = jsonrpc.encode_reply(row, channel, body, request_id)
    for part in parts(data + b"\r\n", cuts)[:-1]:
        assert dialect.take() is None
        dialect.feed(part)
    dialect.feed(parts(data + b"\r\n", cuts)[-1])
    assert isinstance(dialect.take(), row.reply)
    assert not dialect.pending


def parts(data: bytes, cuts: list[int]) -> list[bytes]:
    """The data in pieces, of which only the last one completes a message."""
    places = sorted({0, *(cut % max(len(data) - 2, 1) for cut in cuts)})
    ends = [*places[1:], len(data)]
    return [data[start:end] for start, end in zip(places, ends, strict=True)]


@given(st.sampled_from(ROWS), st.binary(max_size=600))
def test_any_bytes_are_a_reply_a_typed_error_or_a_beginning(row: Row, data: bytes) -> None:
    dialect = BinaryDialect()
    dialect.encode(row, CHANNEL, for_channel(sample_request(row), CHANNEL))
    dialect.feed(data)
    try:
        reply: Any = dialect.take()
    except (Malformed, TesterRefused):
        return
    assert reply is None or isinstance(reply, row.reply)


async def test_q1_inputs_are_read_from_testers_that_count_them() -> None:
    async with SimulatedCycler(8, forms=Forms(len_semantics="count")) as simulated:
        address = TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)
        for transport in ("tcp", "udp"):
            async with AsyncCycler(address, transport=transport) as cycler:
                assert len((await cycler.read_aux(3)).values) == 2
                assert (await cycler.read_aux_units(3)).units == ["C", "V"]
                assert len(await cycler.read_voltages(1, 8)) == 8


async def test_q2_replies_come_in_at_the_port_that_was_chosen() -> None:
    async with SimulatedCycler(8, forms=Forms(udp_reply="next_port")) as simulated:
        address = TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)
        async with AsyncCycler(address, transport="udp", udp_local_port=simulated.udp_port + 1) as cycler:
            assert len(await cycler.read_voltages(1, 8)) == 8


@pytest.mark.parametrize(
    "forms", [Forms(misprints=True), Forms(class7_envelope="params"), Forms(bare_replies=True)]
)
async def test_q3_q10_q11_a_tester_with_the_manuals_oddities_can_be_used(forms: Forms) -> None:
    async with SimulatedCycler(8, forms=forms) as simulated:
        address = TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)
        async with AsyncCycler(address) as cycler:
            assert await cycler.procedure_exists("Rest")
            assert not await cycler.test_name_exists("t")
            assert len(await cycler.read_test_times(1, 8)) == 8
            assert (await cycler.read_end_status(1)).end_number == 0
            assert (await cycler.read_long_test_info(1)).test_name == ""
            await cycler.select([1])
            assert simulated.channel(1).state.name == "SELECTED"
