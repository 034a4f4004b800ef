"""What testers do differently from their manual. Q and U: numbers of our notes on the protocol."""

from __future__ import annotations

from datetime import datetime

import pytest

from macnet_bridge.errors import Malformed, TesterRefused
from macnet_bridge.macnet.protocol import binary, codes, functions, jsonrpc, messages
from macnet_bridge.macnet.protocol.framing import Header

EMPTY = messages.Empty()


@pytest.mark.parametrize("row", [functions.VOLTAGES, functions.CURRENTS, functions.TEST_TIMES], ids=str)
@pytest.mark.parametrize(("length", "size"), [(8, 32), (32, 32), (0, 0)])
def test_q1_len_counts_channels_or_bytes(row: functions.Function, length: int, size: int) -> None:  # type: ignore[type-arg]
    asked = messages.ChannelRange(count=8)
    assert binary.reply_data_bytes(row, asked, length) == size


@pytest.mark.parametrize("length", [1, 7, 9, 31, 33, 65535])
def test_q1_any_other_len_is_malformed(length: int) -> None:
    with pytest.raises(Malformed):
        binary.reply_data_bytes(functions.VOLTAGES, messages.ChannelRange(count=8), length)


@pytest.mark.parametrize(("length", "size"), [(3, 12), (12, 12), (0, 0), (4, 4)])
def test_q1_aux_inputs_are_taken_for_bytes_where_both_are_possible(length: int, size: int) -> None:
    assert binary.reply_data_bytes(functions.AUX_READINGS, EMPTY, length) == size


@pytest.mark.parametrize("row", [functions.AUX_READINGS, functions.AUX_UNITS], ids=str)
def test_q1_aux_inputs_are_counted_when_so_many_bytes_are_there(row: functions.Function) -> None:  # type: ignore[type-arg]
    assert binary.reply_data_bytes(row, EMPTY, 8, waiting=32) == 32
    assert binary.reply_data_bytes(row, EMPTY, 8, waiting=8) == 8


def test_q1_a_bulk_reply_has_one_item_per_channel() -> None:
    asked = messages.ChannelRange(count=2)
    with pytest.raises(Malformed):
        binary.decode_reply(functions.VOLTAGES, 1, asked, Header(4, 2, 0, 4), bytes(4))
    text = b'{"result":{"FClass":4,"FNum":2,"Chan":0,"Len":2,"Voltage":[1]},"id":7}'
    with pytest.raises(Malformed, match="1 items for 2 channels"):
        jsonrpc.decode_reply(functions.VOLTAGES, 1, 7, text, request=asked)


def test_q1_an_empty_bulk_reply_is_a_refusal() -> None:
    asked = messages.ChannelRange(count=2)
    with pytest.raises(TesterRefused):
        binary.decode_reply(functions.VOLTAGES, 1, asked, Header(4, 2, 0, 0), b"")


@pytest.mark.parametrize(
    ("data", "result"), [(b"", None), (b"\0", 0), (b"\0\0", 0), (b"\5", 5), (b"\0\1", 256)]
)
def test_q10_commands_answer_with_a_bare_header_one_byte_or_two(data: bytes, result: int | None) -> None:
    for row in (functions.SUSPEND, functions.RESUME, functions.RESET, functions.SET_VARIABLE):
        reply = binary.decode_reply(row, 1, EMPTY, Header(*row.number, 0, len(data)), data)
        assert reply.result == result


def test_q10_new_flags_come_in_four_bytes_and_a_result_in_their_place_is_a_refusal() -> None:
    row, header = functions.SET_GLOBAL_FLAGS, Header(5, 1, 0, 4)
    assert binary.decode_reply(row, 1, EMPTY, header, bytes([1, 0, 0, 128])).flags == 0x80000001
    with pytest.raises(TesterRefused) as caught:
        binary.decode_reply(row, 1, EMPTY, Header(5, 1, 0, 2), b"\x03\x00")
    assert caught.value.result == 3
    for data in (b"", b"\0", b"\0\0"):
        with pytest.raises(Malformed):
            binary.decode_reply(row, 1, EMPTY, Header(5, 1, 0, len(data)), data)


def test_q10_a_bare_header_does_not_tell_whether_limits_were_set() -> None:
    with pytest.raises(Malformed, match="does not tell"):
        binary.decode_reply(functions.SET_SAFETY_LIMITS, 1, EMPTY, Header(6, 10, 0, 0), b"")


def test_a_command_without_its_printed_result_is_refused_in_binary() -> None:
    with pytest.raises(TesterRefused):
        binary.decode_reply(functions.SET_OUTPUT, 1, EMPTY, Header(6, 8, 0, 0), b"")


def test_a_json_command_without_result_is_not_taken_for_done() -> None:
    with pytest.raises(Malformed, match="no Result"):
        jsonrpc.decode_reply(functions.SUSPEND, 1, 7, b'{"result":{"FClass":6,"FNum":3,"Chan":0},"id":7}')


FLAGS = b'{"result":{"FClass":4,"FNum":8,"Chan":0,"GlobFlags":%b,"VARs":[]},"id":7}'


@pytest.mark.parametrize("flags", [b'"0x00000020"', b'"0X20"', b'"20"', b"32"])
def test_q14_flags_are_hex_text_or_a_number(flags: bytes) -> None:
    assert jsonrpc.decode_reply(functions.FLAGS_AND_VARIABLES, 1, 7, FLAGS % flags).flags == 32


@pytest.mark.parametrize("flags", [b'"zz"', b'""', b'"0x100000000"', b"-1", b"4294967296", b"1.5"])
def test_q14_other_flags_are_malformed(flags: bytes) -> None:
    with pytest.raises(Malformed):
        jsonrpc.decode_reply(functions.FLAGS_AND_VARIABLES, 1, 7, FLAGS % flags)


def test_u16_bytes_beyond_ascii_do_not_hide_a_reply() -> None:
    text = b'{"result":{"FClass":4,"FNum":5,"Chan":0,"AuxUnit":["\xb0C"]},"id":7}'
    assert jsonrpc.decode_reply(functions.AUX_UNITS, 1, 7, text).units == ["\ufffdC"]
    reply = binary.decode_reply(functions.AUX_UNITS, 1, EMPTY, Header(4, 5, 0, 4), b"\xb0C  ")
    assert reply.units == ["°C"]


def test_u13_times_have_no_zone() -> None:
    text = b'{"result":{"FClass":1,"FNum":1,"APIVersion":1,"MacTest32EXEversionMajor":3,'
    text += b'"MacTest32EXEversionBuild":18,"MacTest32EXEversionMinor":2,"MacTest32DLLversionMajor":3,'
    # pymacnet's spoofer writes "Msinor" here.
    text += b'"MacTest32DLLversionMsinor":2,"MacTest32DLLversionBuild":18,'
    text += b'"MacTest32ExeDT":"2016-11-08T15:02:58","MacTest32DLLDT":"2016-11-13T11:29:48%b"},"id":7}'
    version = jsonrpc.decode_reply(functions.VERSION_INFO, 1, 7, text % b"")
    assert version.exe_time == datetime(2016, 11, 8, 15, 2, 58)  # noqa: DTZ001
    assert version.dll_minor is None
    with pytest.raises(Malformed):
        jsonrpc.decode_reply(functions.VERSION_INFO, 1, 7, text % b"Z")


def test_unknown_codes_survive() -> None:
    assert codes.ChannelState.word(23) == "code_23"
    assert codes.ChannelState.word(2) == "active"
    text = b'{"result":{"FClass":4,"FNum":1,"Chan":0,"Status":[{"RF1":99,"RF2":99,"Stat":999}]},"id":7}'
    (status,) = jsonrpc.decode_reply(functions.CHANNEL_STATUSES, 1, 7, text).statuses
    assert codes.ChannelState.word(status.state) == "code_999"


@pytest.mark.parametrize("result", [None, 0, "0", "OK"])
def test_u6_results_that_agree(result: int | str | None) -> None:
    functions.check_result(functions.SET_OUTPUT, messages.Outcome(result=result))


@pytest.mark.parametrize(
    ("result", "shown", "code"),
    [
        (3, 3, "SENT_TOO_SOON"),
        ("3", 3, "SENT_TOO_SOON"),
        (99, 99, "MACNET_ERROR"),
        ("NOT OK", "NOT OK", "MACNET_ERROR"),
        ("", "", "MACNET_ERROR"),
        ("9" * 5000, "9" * 5000, "MACNET_ERROR"),
    ],
)
def test_u6_results_that_refuse(result: int | str, shown: int | str, code: str) -> None:
    with pytest.raises(TesterRefused) as caught:
        functions.check_result(functions.SET_OUTPUT, messages.Outcome(result=result))
    assert (caught.value.result, caught.value.code) == (shown, code)


def test_u8_a_datagram_holds_readings_of_128_channels_and_17_specifications() -> None:
    most = 1472
    for row, count in (
        (functions.VOLTAGES, 128),
        (functions.CHANNEL_STATUSES, 128),
        (functions.CHANNEL_SPECIFICATIONS, 17),
    ):
        size = row.binary_reply[0].item_size
        assert 8 + count * size <= most
        assert binary.reply_data_bytes(row, messages.ChannelRange(count=count), count * size) == count * size
    assert 8 + 18 * functions.CHANNEL_SPECIFICATIONS.binary_reply[0].item_size > most
