"""What single functions do differently from their manual, or from one transport to the other."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from macnet_bridge.errors import InvalidRequest, Malformed, TesterRefused
from macnet_bridge.macnet.protocol import binary, codes, functions, jsonrpc, messages
from macnet_bridge.macnet.protocol.framing import Header
from macnet_bridge.macnet.protocol.functions import FUNCTIONS, Function
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from tests.protocol.samples import JSON_ROWS

EMPTY = messages.Empty()
MISPRINTS = [
    (functions.PROCEDURE_EXISTS, 2, '"ProcedurExists":"TRUE"', b"\1"),
    (functions.TEST_NAME_EXISTS, 2, '"TestNameExists":"TRUE"', b"\1"),
    (functions.END_STATUS, 8, '"NumOfEnds":2,"EndNum":1', b"\2\0\1\0"),
    (functions.TEST_INFO_EXTENDED, 6, '"TestName":"T","ProcName":"P"', b"\1T\0\1P\0"),
]


def reply(
    function: Function[Any, Any], fields: str, fnum: int | None = None, envelope: str = "result"
) -> bytes:
    """A reply to wire channel 0 with the id 7."""
    chan = '"Chan":0,' if function.addresses_channel else ""
    number = function.fnum if fnum is None else fnum
    content = f'{{"FClass":{function.fclass},"FNum":{number},{chan}{fields}}}'
    return f'{{"jsonrpc":"2.0","{envelope}":{content},"id":7}}'.encode()


def by_json(function: Function[Any, Any], fields: str, **more: Any) -> Any:
    return jsonrpc.decode_reply(function, 1, 7, reply(function, fields, **more))


def by_binary(function: Function[Any, Any], data: bytes, fnum: int | None = None) -> Any:
    number = function.fnum if fnum is None else fnum
    return binary.decode_reply(function, 1, EMPTY, Header(function.fclass, number, 0, len(data)), data)


@pytest.mark.parametrize(("row", "printed", "fields", "data"), MISPRINTS, ids=str)
def test_q3_the_misprinted_number_is_taken_and_no_other(
    row: Function[Any, Any], printed: int, fields: str, data: bytes
) -> None:
    assert by_json(row, fields, fnum=printed) == by_json(row, fields)
    assert by_binary(row, data, printed) == by_binary(row, data)
    for other in {1, 2, 3, 6, 7, 8} - {printed, row.fnum}:
        with pytest.raises(Malformed):
            by_json(row, fields, fnum=other)
        with pytest.raises(Malformed):
            by_binary(row, data, other)


def test_q3_late_voltages_are_no_test_times() -> None:
    asked = messages.ChannelRange(count=1)
    assert by_json(functions.TEST_TIMES, '"TestTimes":[1]', fnum=2).test_time_second == [1.0]
    with pytest.raises(Malformed):
        binary.decode_reply(functions.TEST_TIMES, 1, asked, Header(4, 2, 0, 4), bytes(4))
    with pytest.raises(Malformed):
        by_json(functions.TEST_TIMES, '"Voltage":[1]', fnum=2)


def test_q3_no_other_function_has_a_second_number() -> None:
    known = {row.number: row.misprinted_fnum for row in FUNCTIONS.values() if row.misprinted_fnum}
    assert known == {(1, 3): 2, (1, 4): 2, (4, 9): 2, (4, 10): 8, (4, 11): 6}


@pytest.mark.parametrize(("regime", "length", "version"), [("", 186, 1), ("R", 211, 2)])
def test_q5_a_start_is_as_long_as_its_version(regime: str, length: int, version: int) -> None:
    request = messages.StartTest(test_name="T", procedure="P", regime=regime)
    header, data = binary.split(binary.encode_request(functions.START_TEST, 1, request))
    assert (header.length, len(data), data[:2]) == (length, length, bytes([2, version]))
    for start in (b"\2\2", b"\1\1"):
        with pytest.raises(Malformed):
            binary.decode_request(functions.START_TEST, header, start + data[2:-25] + bytes(1))


def test_q6_safety_limits_are_24_bytes_and_say_so() -> None:
    limits = messages.SafetyLimits(**dict.fromkeys(messages.SafetyLimits.__struct_fields__, 1.0))
    wire = binary.encode_request(functions.SET_SAFETY_LIMITS, 1, limits)
    assert wire[6:8] == b"\x18\x00"
    # By UDP all of the data are there, whatever Len says.
    header, data = binary.split(wire[:6] + b"\x05\x00" + wire[8:])
    assert binary.decode_request(functions.SET_SAFETY_LIMITS, header, data) == limits


def test_q7_scan_entries_are_34_bytes_and_read_with_33() -> None:
    entry = messages.NewScanEntry(
        index=3, register=4, length=2, data_type=1, error_value=0, designator="AtRate", display_format=2
    )
    header, data = binary.split(binary.encode_request(functions.SMB_WRITE_ENTRY, 1, entry))
    assert (header.length, len(data)) == (34, 34)
    assert binary.decode_request(functions.SMB_WRITE_ENTRY, header, data[:33]) == entry
    assert binary.encode_request(functions.SMB_READ_ENTRY, 1, messages.ScanIndex(index=3))[6:] == b"\1\0\3"
    late = binary.decode_request(functions.SMB_READ_ENTRY, Header(7, 20, 0, 0), b"\3")
    assert late == messages.ScanIndex(index=3)


@pytest.mark.parametrize("length", [3, 4])
def test_q8_four_bytes_follow_whatever_the_header_of_a_list_says(length: int) -> None:
    assert binary.reply_data_bytes(functions.LIST_FILES, EMPTY, length) == 4
    header = Header(1, 5, 0, length)
    listing = binary.decode_reply(functions.LIST_FILES, 1, EMPTY, header, b"\2\0\x1a\1")
    assert listing.number_of_files == 282


@pytest.mark.parametrize("data", [b"abc", b"abc".ljust(25), b"abc\0\0"])
def test_q9_names_go_out_in_25_bytes_and_come_in_fewer(data: bytes) -> None:
    row = functions.PROCEDURE_EXISTS
    wire = binary.encode_request(row, 1, messages.ProcedureName(procedure="abc"))
    assert wire[6:] == b"\x19\x00" + b"abc".ljust(25)
    assert binary.decode_request(row, Header(1, 3, 0, len(data)), data).procedure == "abc"
    with pytest.raises(Malformed):
        binary.decode_request(row, Header(1, 3, 0, 26), bytes(26))
    with pytest.raises(InvalidRequest):
        binary.encode_request(row, 1, messages.ProcedureName(procedure="x" * 26))


def test_q11_a_reply_may_look_like_a_request() -> None:
    row = functions.SMB_FETCH_READ
    fields = '"Status":2,"NumOfBytes":2,"Data":[1,2]'
    assert by_json(row, fields, envelope="params") == by_json(row, fields)
    printed = {row.number for row in JSON_ROWS if row.printed_as_request}
    assert printed == {(7, number) for number in (9, 10, 11, 12, 13, 14, 15, 20, 21, 22)}
    both = (
        b'{"params":{"FClass":0},"result":%b,"id":7}'
        % json.dumps({"FClass": 7, "FNum": 12, "Chan": 0, "Status": 3}).encode()
    )
    assert jsonrpc.decode_reply(row, 1, 7, both).status == codes.BusReadStatus.ERROR


@pytest.mark.parametrize("row", [functions.SMB_SAVE_LIST, functions.SMB_REFRESH_LIST], ids=str)
def test_q12_requests_have_a_method_whatever_is_printed(row: Function[Any, Any]) -> None:
    wire = json.loads(jsonrpc.encode_request(row, 10, EMPTY, 1987))
    assert wire == {
        "jsonrpc": "2.0",
        "method": "MacNet",
        "params": {"FClass": 7, "FNum": row.fnum, "Chan": 9},
        "id": 1987,
    }
    printed = b'{"jsonrpc":"2.0","result":{"FClass":7,"FNum":%d,"Chan":9},"id":1987}' % row.fnum
    with pytest.raises(BadRequest, match="Method MacNet"):
        jsonrpc.decode_request(printed)


def test_q13_of_a_key_that_comes_twice_the_last_one_counts() -> None:
    fields = '"Chan":0,"GlobFlags":"0x00000020","VARs":[1]'
    assert by_json(functions.FLAGS_AND_VARIABLES, fields).variables == [1.0]
    with pytest.raises(Malformed):
        by_json(functions.FLAGS_AND_VARIABLES, fields.replace('"Chan":0', '"Chan":1'))


@pytest.mark.parametrize(
    ("word", "truth"),
    [('"TRUE"', True), ('"true"', True), ("true", True), ("1", True), ('"FALSE"', False), ("0", False)],
)
@pytest.mark.parametrize("key", ["ProcedurExists", "ProcedureExists"])
def test_q14_truth_has_many_words(key: str, word: str, truth: bool) -> None:
    assert by_json(functions.PROCEDURE_EXISTS, f'"{key}":{word}').exists is truth


@pytest.mark.parametrize("word", ['"YES"', "2", "null", "[]"])
def test_q14_other_words_are_malformed(word: str) -> None:
    with pytest.raises(Malformed):
        by_json(functions.PROCEDURE_EXISTS, f'"ProcedurExists":{word}')


@pytest.mark.parametrize("key", ["New GlobFlags", "GlobFlags"])
@pytest.mark.parametrize("flags", ['"0x00000020"', "32"])
def test_q14_the_new_flags_may_have_the_old_key(key: str, flags: str) -> None:
    assert by_json(functions.SET_GLOBAL_FLAGS, f'"{key}":{flags}').flags == 32


def test_q14_the_printed_key_wins() -> None:
    assert by_json(functions.SET_GLOBAL_FLAGS, '"New GlobFlags":2,"GlobFlags":1').flags == 2


def test_q17_names_of_tests_may_be_longer_than_binary_has_them() -> None:
    info = by_json(functions.TEST_INFO, f'"TestName":"{"x" * 43}","ProcName":"P"')
    assert (len(info.test_name), info.comment, info.procedure_description) == (43, None, None)
    more = by_json(functions.TEST_INFO, '"TestName":"T","ProcName":"P","Comment":"C","ProcDesc":"D"')
    assert (more.comment, more.procedure_description) == ("C", "D")


def test_q18_boards_or_positions_with_an_offset_or_without() -> None:
    fields = (
        '"SystemID":"","SystemType":0,"ControllerBoards":1,"TestChannels":8,"AuxBoards":1,"AuxChannels":8'
    )
    info = by_json(functions.SYSTEM_INFO, fields + ',"SMB1Pos":0,"SMB3Pos":12')
    assert (info.smb3_positions, info.smb3_boards, info.channel_number_offset) == (12, None, None)
    for size in (63, 67):
        info = by_binary(functions.SYSTEM_INFO, bytes(size))
        assert (info.smb3_positions, info.smb3_boards) == (None, 0)
        assert info.channel_number_offset == (0 if size == 67 else None)


@pytest.mark.parametrize("variable", [0, 16, -1])
def test_q19_there_are_15_variables(variable: int) -> None:
    for encode in (binary.encode_request, jsonrpc.encode_request):
        arguments: Any = () if encode is binary.encode_request else (1,)
        with pytest.raises(InvalidRequest):
            encode(functions.SET_VARIABLE, 1, messages.SetVariable(variable=variable, value=1.0), *arguments)


@pytest.mark.parametrize("row", [functions.VOLTAGES, functions.CHANNEL_SPECIFICATIONS], ids=str)
@pytest.mark.parametrize("count", [0, 129])
def test_q20_128_channels_a_message(row: Function[Any, Any], count: int) -> None:
    with pytest.raises(InvalidRequest):
        binary.encode_request(row, 1, messages.ChannelRange(count=count))
    with pytest.raises(Malformed):
        binary.decode_request(row, Header(*row.number, 0, count), b"")


def test_q24_the_low_bit_is_the_first_channel() -> None:
    bitmap = messages.SelectionBitmap(bitmap=bytes([1, 5, 2]))
    assert bitmap.channels == [1, 9, 11, 18], "not 26, as the manual's text has it"
    assert messages.SelectionBitmap.of([1, 9, 11, 18], 24) == bitmap
    with pytest.raises(InvalidRequest):
        messages.SelectionBitmap.of([25], 24)


def test_q31_fra_has_two_numbers_and_a_label_may_have_two() -> None:
    assert codes.StepCode.word(22) == "chamber"
    assert codes.StepCode.word(24) == "code_24"
    assert codes.RecordCause(194) is not codes.RecordCause(195)


def test_q32_test_info_extended_is_asked_for_by_11_and_may_come_in_the_other_layout() -> None:
    assert binary.encode_request(functions.TEST_INFO_EXTENDED, 1, EMPTY)[2] == 11
    fixed = b"T".ljust(25) + b"C".ljust(80) + b"P".ljust(25) + b"D".ljust(80)
    expected = messages.TestInfo(test_name="T", comment="C", procedure="P", procedure_description="D")
    assert by_binary(functions.TEST_INFO_EXTENDED, fixed) == expected
    assert by_binary(functions.TEST_INFO_EXTENDED, b"\1T\1C\1P\1D") == expected


@pytest.mark.parametrize("result", [1, "1", "PASSED"])
def test_q33_one_is_success_for_log_in(result: int | str) -> None:
    functions.check_result(functions.LOGIN, messages.Outcome(result=result))


@pytest.mark.parametrize("result", [0, "0", "FAILED", "OK", 2])
def test_q33_nothing_else_is(result: int | str) -> None:
    with pytest.raises(TesterRefused) as caught:
        functions.check_result(functions.LOGIN, messages.Outcome(result=result))
    assert caught.value.code == ("LOGIN_FAILED" if result in (0, "0", "FAILED") else "MACNET_ERROR")


def test_q33_one_is_a_failure_elsewhere() -> None:
    functions.check_result(functions.LOGOUT, messages.Outcome(result="LOGGED OUT"))
    for row in (functions.SUSPEND, functions.CHECK_START, functions.ADVANCED_START):
        with pytest.raises(TesterRefused):
            functions.check_result(row, messages.Outcome(result=1))


def test_q34_255_bytes_are_the_most() -> None:
    def write(count: int) -> bytes:
        request = messages.BusWrite(first=1, last=1, count=count, data=[0] * count)
        return binary.encode_request(functions.SMB_WRITE_BYTES, 1, request)

    assert len(write(255)) == 8 + 6 + 255
    with pytest.raises(InvalidRequest):
        write(256)


def test_q35_names_are_as_long_as_the_transport_allows() -> None:
    start = messages.StartTest(test_name="x" * 250, procedure="P")
    assert b"x" * 250 in jsonrpc.encode_request(functions.START_TEST, 1, start, 1)
    with pytest.raises(InvalidRequest, match="25 characters"):
        binary.encode_request(functions.START_TEST, 1, start)
    long = messages.StartTest(test_name="x" * 251, procedure="P")
    with pytest.raises(InvalidRequest):
        jsonrpc.encode_request(functions.START_TEST, 1, long, 1)
    name = b"x" * 255
    assert by_binary(functions.TEST_INFO_EXTENDED, b"\xff" + name + b"\0\0\0").test_name == name.decode()


@pytest.mark.parametrize(("one", "other"), [(19, 20), (21, 25)])
def test_q36_two_numbers_of_one_meaning_stay_two_numbers(one: int, other: int) -> None:
    caught = []
    for result in (one, other):
        with pytest.raises(TesterRefused) as refused:
            functions.check_result(functions.START_TEST, messages.Outcome(result=result))
        caught.append(refused.value)
    assert caught[0].code == caught[1].code
    assert [error.result for error in caught] == [one, other]


def test_q39_a_block_is_the_last_one_when_it_is_not_full() -> None:
    for size, last in ((0, True), (499, True), (500, False)):
        data = bytes(size)
        block = by_binary(functions.GET_FILE, b"\3\3\1\0" + data)
        assert (block.data, block.is_last) == (data, last)
    with pytest.raises(Malformed):
        by_binary(functions.GET_FILE, b"\3\3\1\0" + bytes(501))


def test_a_transfer_has_no_messages_of_the_other_direction() -> None:
    with pytest.raises(InvalidRequest):
        binary.encode_request(functions.SEND_FILE, 1, messages.FileAcknowledgement(file_type=3, block=1))
    with pytest.raises(Malformed):
        by_binary(functions.GET_FILE, b"\3\4\1\0")


@pytest.mark.parametrize("word", ["NaN", "nan", "-NaN", "INF", "-inf", "Infinity", "-Infinity"])
def test_u18_words_for_no_number_are_no_value(word: str) -> None:
    volts = by_json(functions.VOLTAGES, f'"Voltage":[1,{word},2]').voltage_volt
    assert (volts[0], volts[2]) == (1.0, 2.0)
    assert math.isnan(volts[1])


@pytest.mark.parametrize("values", ['["NaN"]', "[1e999]", "[NULL]", "[1..5]", "[NaN"])
def test_u18_anything_else_is_malformed(values: str) -> None:
    with pytest.raises(Malformed):
        by_json(functions.VOLTAGES, f'"Voltage":{values}')


def test_u18_a_decimal_comma_makes_two_numbers_of_one() -> None:
    text, asked = reply(functions.VOLTAGES, '"Voltage":[1,5]'), messages.ChannelRange(count=1)
    with pytest.raises(Malformed, match="2 items for 1 channels"):
        jsonrpc.decode_reply(functions.VOLTAGES, 1, 7, text, request=asked)


def test_u18_such_words_in_texts_and_whole_numbers_are_left_alone() -> None:
    fields = '"TestName":"NaN [INF] \\"nan","ProcName":"P"'
    assert by_json(functions.TEST_INFO, fields).test_name == 'NaN [INF] "nan'
    with pytest.raises(Malformed):
        by_json(functions.END_STATUS, '"NumOfEnds":NaN,"EndNum":1')
    with pytest.raises(BadRequest, match="Parse error"):
        jsonrpc.decode_request(
            b'{"jsonrpc":"2.0","method":"MacNet","params":{"FClass":4,"FNum":2,"Chan":NaN},"id":7}'
        )
