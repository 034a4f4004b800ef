"""What the encoders refuse to send, and how errors of the tester are told apart."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from macnet_bridge.errors import FunctionMissing, InvalidRequest, Malformed, TesterRefused
from macnet_bridge.macnet.protocol import binary, functions, jsonrpc, messages
from macnet_bridge.macnet.protocol.functions import Function
from tests.protocol.samples import sample_request

NUMBERS: list[tuple[Function[Any, Any], list[str]]] = [
    (functions.SET_OUTPUT, ["current_ampere", "voltage_volt", "power_watt", "resistance_ohm"]),
    (functions.START_DIRECT, ["current_ampere", "record_second", "record_volt", "record_ampere"]),
    (functions.SET_VARIABLE, ["value"]),
    (functions.SET_SAFETY_LIMITS, list(messages.SafetyLimits.__struct_fields__)),
    (functions.START_TEST, ["c_rate_ah", "mass_gram", "parallel_ohm", "divider_high_ohm", "divider_low_ohm"]),
    (functions.CHECK_START, ["c_rate_ah"]),
]
NO_SINGLES = [float("nan"), float("inf"), float("-inf"), 3.5e38, -3.5e38, 10**400, "1", None, True]
RANGES: list[tuple[Function[Any, Any], str, list[Any]]] = [
    (functions.SET_VARIABLE, "variable", [0, 16, -1, 256, 1.5]),
    (functions.SET_OUTPUT, "current_range", [0, 5]),
    (functions.SET_OUTPUT, "mode", ["", "c", "X", "CC", "C\n", 67, "€"]),
    (functions.START_TEST, "chamber", [-1, 256]),
    (functions.START_TEST, "start_cycle", [-1, 65536]),
    (functions.START_TEST, "can_position", [-32769, 32768]),
    (functions.VOLTAGES, "count", [0, 129, -1, 65536]),
]
CASES = [
    *((row, name, bad) for row, names in NUMBERS for name in names for bad in NO_SINGLES),
    *((row, name, bad) for row, name, values in RANGES for bad in values),
    *(
        (functions.START_TEST, name, bad)
        for name in ("test_name", "procedure", "comment", "can_profile", "regime")
        for bad in ("Zelle Nr. 5 °C", "x" * 251, 5, None)
    ),
]


def both_refuse(row: Function[Any, Any], request: messages.Message, field: str) -> None:
    with pytest.raises(InvalidRequest) as by_json:
        jsonrpc.encode_request(row, 1, request, 1)
    with pytest.raises(InvalidRequest) as by_binary:
        binary.encode_request(row, 1, request)
    assert (by_json.value.field, by_binary.value.field) == (field, field)


@pytest.mark.parametrize(("row", "field", "bad"), CASES, ids=lambda v: str(v)[:30].encode("ascii", "replace"))
def test_neither_codec_sends_what_does_not_fit(row: Function[Any, Any], field: str, bad: Any) -> None:
    both_refuse(row, msgspec.structs.replace(sample_request(row), **{field: bad}), field)


def test_half_a_surrogate_pair_is_no_text() -> None:
    request = messages.StartTest(test_name="\ud800", procedure="P")
    with pytest.raises(InvalidRequest):
        jsonrpc.encode_request(functions.START_TEST, 1, request, 1)


@pytest.mark.parametrize(
    ("field", "width"), [("test_name", 25), ("procedure", 25), ("comment", 80), ("can_profile", 25)]
)
def test_binary_names_are_as_long_as_their_fields(field: str, width: int) -> None:
    fits: Any = msgspec.structs.replace(sample_request(functions.START_TEST), **{field: "x" * width})
    long: Any = msgspec.structs.replace(fits, **{field: "x" * (width + 1)})
    binary.encode_request(functions.START_TEST, 1, fits)
    jsonrpc.encode_request(functions.START_TEST, 1, long, 1)
    with pytest.raises(InvalidRequest, match=f"longer than the {width}") as caught:
        binary.encode_request(functions.START_TEST, 1, long)
    assert caught.value.field == field


def test_a_reply_that_does_not_fit_is_an_error_too() -> None:
    with pytest.raises(InvalidRequest):
        binary.encode_reply(functions.VOLTAGES, 1, messages.Voltages(voltage_volt=[1e39]))
    with pytest.raises(InvalidRequest):
        binary.encode_reply(functions.SUSPEND, 1, messages.Outcome(result="OK"))


SHAPES = [
    b"null",
    b"1",
    b'"text"',
    b"[]",
    b"{}",
    b'{"code":{}}',
    b'{"message":null}',
    b'{"message":5,"code":1}',
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("number", [b"7", b"null"])
def test_u5_an_error_of_any_shape_is_a_refusal(shape: bytes, number: bytes) -> None:
    with pytest.raises(TesterRefused) as caught:
        jsonrpc.decode_reply(functions.SUSPEND, 1, 7, b'{"error":%b,"result":null,"id":%b}' % (shape, number))
    assert type(caught.value) is TesterRefused
    assert caught.value.code == "MACNET_ERROR"


def test_a_null_error_beside_a_result_denies_nothing() -> None:
    reply = b'{"result":{"FClass":6,"FNum":2,"Chan":0,"Result":"OK"},"error":null,"id":7}'
    assert jsonrpc.decode_reply(functions.START_TEST, 1, 7, reply).result == "OK"
    with pytest.raises(TesterRefused):
        jsonrpc.decode_reply(functions.START_TEST, 1, 7, b'{"result":null,"error":null,"id":7}')


def test_an_error_about_another_request_is_not_ours() -> None:
    with pytest.raises(Malformed):
        jsonrpc.decode_reply(functions.SUSPEND, 1, 7, b'{"error":{},"id":8}')


@pytest.mark.parametrize("shape", ['{"code":-32602,"message":"%s"}', '"%s"', '{"message":"%s"}'])
@pytest.mark.parametrize("text", ["Invalid FNum", "Invalid FClass"])
def test_a_missing_function_is_named(shape: str, text: str) -> None:
    reply = b'{"error":%b,"id":7}' % (shape % text).encode()
    with pytest.raises(FunctionMissing) as caught:
        jsonrpc.decode_reply(functions.SUSPEND, 1, 7, reply)
    assert (caught.value.result, caught.value.code) == (text, "INVALID_FUNCTION")


def test_the_spoofers_error_is_malformed() -> None:
    with pytest.raises(Malformed):
        jsonrpc.decode_reply(functions.VOLTAGES, 1, 7, b'{"err": 1}')


REQUEST = '{"jsonrpc":"2.0","method":"MacNet","params":%s,"id":7}'
BAD_REQUESTS = [
    ("{", "Parse error", None),
    ('{"jsonrpc":"2.0","method":"MacNet","params":{}}', "Method MacNet, jsonrpc 2.0 or id not found", None),
    ('{"jsonrpc":"2.0","method":"X","params":{},"id":7}', "Method MacNet, jsonrpc 2.0 or id not found", 7),
    ('{"jsonrpc":"1","method":"MacNet","id":"a"}', "Method MacNet, jsonrpc 2.0 or id not found", "a"),
    ('{"jsonrpc":"2.0","method":"MacNet","id":[]}', "Method MacNet, jsonrpc 2.0 or id not found", None),
    ('{"jsonrpc":"2.0","method":"MacNet","id":7}', "Invalid params", 7),
    (REQUEST % "[]", "Invalid params", 7),
    (REQUEST % "{}", '"FClass" key does not exist or value syntax error', 7),
    (REQUEST % '{"FClass":true}', '"FClass" key does not exist or value syntax error', 7),
    (REQUEST % '{"FClass":4,"FNum":"7"}', '"FNum" key does not exist or value syntax error', 7),
    (REQUEST % '{"FClass":4,"FNum":99}', "Invalid FNum", 7),
    (REQUEST % '{"FClass":2,"FNum":1}', "Invalid FClass", 7),
    (REQUEST % '{"FClass":9,"FNum":1}', "Invalid FClass", 7),
    (REQUEST % '{"FClass":4,"FNum":7}', "Missing object", 7),
    (REQUEST % '{"FClass":4,"FNum":2,"Chan":0}', "Missing object", 7),
    (REQUEST % '{"FClass":4,"FNum":7,"Chan":-1}', "Illegal value", 7),
    (REQUEST % '{"FClass":4,"FNum":7,"Chan":true}', "Illegal value", 7),
    (REQUEST % '{"FClass":4,"FNum":7,"Chan":65536}', "Illegal value", 7),
    (REQUEST % '{"FClass":4,"FNum":2,"Chan":0,"Len":129}', "Illegal value", 7),
    (REQUEST % '{"FClass":6,"FNum":9,"Chan":0,"VarNum":16,"Value":1}', "Illegal value", 7),
    (REQUEST % '{"FClass":6,"FNum":9,"Chan":0,"VarNum":1,"Value":"\\ud800"}', "Parse error", None),
]


@pytest.mark.parametrize(("text", "message", "number"), BAD_REQUESTS)
def test_bad_requests_get_the_manuals_texts(text: str, message: str, number: int | str | None) -> None:
    with pytest.raises(jsonrpc.BadRequest) as caught:
        jsonrpc.decode_request(text.encode())
    assert (str(caught.value), caught.value.request_id) == (message, number)
