"""What the smart battery functions do differently from their manual, or by one transport only."""

from __future__ import annotations

import json

import pytest

from macnet_bridge.errors import InvalidRequest, Malformed
from macnet_bridge.macnet.protocol import binary, codes, functions, jsonrpc, messages
from macnet_bridge.macnet.protocol.framing import Header
from tests.protocol.examples_smart_battery import EXAMPLES

EMPTY = messages.Empty()


def printed(fnum: int, number: int = 0) -> str:
    """A reply that the manual prints."""
    return [example.reply for example in EXAMPLES if example.fnum == fnum][number]


def test_q16_units_are_the_same_by_json_and_binary() -> None:
    shown = jsonrpc.decode_reply(functions.SMB_INFO, 10, 1987, printed(1).encode())
    assert shown.status == "Reading"
    assert (shown.last_read_second, shown.bus_volt, shown.temperature_celsius) == (0.031, 3.299, -48.4)
    data = bytes(9) + bytes(102) + bytes.fromhex("1F000000 2F1A0000 03 E30C 1CFE")
    packed = binary.decode_reply(functions.SMB_INFO, 1, EMPTY, Header(7, 1, 0, len(data)), data)
    assert (packed.last_read_second, packed.last_header_second) == (0.031, 6.703)
    assert (packed.bus_volt, packed.temperature_celsius) == (3.299, -48.4)
    assert packed.status == 3
    assert codes.SMART_BATTERY_STATUS_LABELS[2] == codes.SMART_BATTERY_STATUS_LABELS[3] == "Reading"


def test_q16_zero_seconds_mean_never() -> None:
    data = bytes(124)
    info = binary.decode_reply(functions.SMB_INFO, 1, EMPTY, Header(7, 1, 0, 124), data)
    assert (info.seconds_since_read, info.seconds_since_header) == (None, None)
    shown = jsonrpc.decode_reply(functions.SMB_INFO, 10, 1987, printed(1).encode())
    assert (shown.seconds_since_read, shown.seconds_since_header) == (0.031, 6.703)


def test_q26_bus_types_of_transfers_and_of_positions_differ() -> None:
    assert codes.TransferBusType.word(3) == "one_wire"
    assert codes.PositionBusType.word(3) == "hdq16"
    assert codes.PositionBusType.word(23) == "code_23"


def test_q27_the_data_type_is_shown_as_the_number_that_came() -> None:
    entry = jsonrpc.decode_reply(functions.SMB_READ_ENTRY, 10, 1987, printed(20).encode())
    assert (entry.data_type, entry.length) == (2, 2), "a text by the manual's table, and a word in truth"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (bytes(4), False),
        (b"\x16\x09\x15\x28", True),
        (b"\x16\0\0\0", True),
        (bytes(3), False),
        (b"\x09\0\0", True),
    ],
)
def test_q28_zeros_mean_that_the_scan_list_has_no_such_register(data: bytes, found: bool) -> None:
    row = functions.SMB_READ_REGISTER
    assert binary.decode_reply(row, 1, EMPTY, Header(7, 4, 0, len(data)), data).found is found


def test_q28_a_request_without_device_is_one_byte_and_has_no_key() -> None:
    request = messages.ReadRegister(register=9)
    params = json.loads(jsonrpc.encode_request(functions.SMB_READ_REGISTER, 10, request, 1))["params"]
    assert params == {"FClass": 7, "FNum": 4, "Chan": 9, "SMBRegAddr": 9}


def test_q29_scan_lists_repeat_addresses_and_leave_devices_out() -> None:
    registers = jsonrpc.decode_reply(functions.SMB_SCAN_LIST, 10, 1987, printed(5).encode()).registers
    assert len(registers) == 32
    assert sum(register.device_address is None for register in registers) == 18
    assert len({register.address for register in registers}) < 32
    assert len({register.pointer for register in registers}) == 32
    shown = jsonrpc.decode_reply(functions.SMB_RAW_DATA, 10, 1987, printed(6, 1).encode())
    assert shown.registers is not None
    assert len(shown.registers) == shown.count == 27


@pytest.mark.parametrize(
    ("data", "fits"), [(b"\2" + bytes(8), True), (b"\2" + bytes(6), True), (b"\2" + bytes(7), False)]
)
def test_a_binary_scan_list_is_as_long_as_it_says(data: bytes, fits: bool) -> None:
    row, header = functions.SMB_SCAN_LIST, Header(7, 5, 0, len(data))
    if fits:
        assert len(binary.decode_reply(row, 1, EMPTY, header, data).registers) == 2
    else:
        with pytest.raises(Malformed):
            binary.decode_reply(row, 1, EMPTY, header, data)


def test_the_selector_of_a_scan_list_is_for_binary_only() -> None:
    for selector in (0, 1):
        request = messages.ScanListRequest(selector=selector)
        params = json.loads(jsonrpc.encode_request(functions.SMB_SCAN_LIST, 10, request, 1))["params"]
        assert params == {"FClass": 7, "FNum": 5, "Chan": 9}


def test_the_list_of_registers_is_for_json_only() -> None:
    request = messages.RawRequest(raw_format=codes.RawFormat.REGISTERS)
    assert b'"Format":2' in jsonrpc.encode_request(functions.SMB_RAW_DATA, 1, request, 1)
    with pytest.raises(InvalidRequest):
        binary.encode_request(functions.SMB_RAW_DATA, 1, request)


def test_u25_a_read_that_is_not_done_may_come_without_data() -> None:
    text = b'{"result":{"FClass":7,"FNum":12,"Chan":0,"Status":1},"id":7}'
    assert jsonrpc.decode_reply(functions.SMB_FETCH_READ, 1, 7, text).data == []
    result = binary.decode_reply(functions.SMB_FETCH_READ, 1, EMPTY, Header(7, 12, 0, 1), b"\1")
    assert (result.status, result.data) == (codes.BusReadStatus.IN_PROGRESS, [])
