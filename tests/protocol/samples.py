"""One request for every function, and strategies for requests and replies of all of them."""

from __future__ import annotations

import struct
from typing import Any

from hypothesis import strategies as st

from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from tests.protocol.strategies import message

Row = f.Function[Any, Any]


def single(value: float) -> float:
    """The nearest number that four bytes can hold."""
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded


def request_of(row: Row) -> st.SearchStrategy[tuple[Row, m.Message]]:
    return st.tuples(st.just(row), _any_of(row.binary_request))


def reply_of(row: Row) -> st.SearchStrategy[tuple[Row, m.Message]]:
    return st.tuples(st.just(row), _any_of(row.binary_reply))


def _any_of(layouts: tuple[Any, ...]) -> st.SearchStrategy[m.Message]:
    kinds = dict.fromkeys(layout.message for layout in layouts)
    return st.one_of(*map(message, kinds))


ROWS = [*f.FUNCTIONS.values(), *(form.function for form in f.FORMS.values())]
JSON_ROWS = [row for row in ROWS if row.json]
rows = st.sampled_from(ROWS)
json_rows = st.sampled_from(JSON_ROWS)
requests = rows.flatmap(request_of)
replies = rows.flatmap(reply_of)
json_requests = json_rows.flatmap(request_of)
json_replies = json_rows.flatmap(reply_of)
channels = st.integers(1, 1024)

_START: dict[str, Any] = {"test_name": "Random", "procedure": "P"}
_OUTPUT: dict[str, Any] = {
    "current_ampere": 0.5,
    "voltage_volt": 4.0,
    "power_watt": 65536.0,
    "resistance_ohm": 0.0,
}
_SAMPLES: dict[type[m.Message], m.Message] = {
    m.Empty: m.Empty(),
    m.ProcedureName: m.ProcedureName(procedure="P"),
    m.TestName: m.TestName(test_name="T"),
    m.ListFiles: m.ListFiles(file_type=2),
    m.FileMessage: m.FileError(file_type=3, error_code=0, message="over"),
    m.GlobalFlags: m.GlobalFlags.of(1),
    m.Login: m.Login(user="Robin", password="xxxxyyyy"),
    m.ChannelRange: m.ChannelRange(count=2),
    m.ToggleSelection: m.ToggleSelection.of(1),
    m.SelectionBitmap: m.SelectionBitmap.of([1], 8),
    m.StartTest: m.StartTest(**_START),
    m.CheckStart: m.CheckStart(**_START),
    m.AdvancedStart: m.AdvancedStart(**_START),
    m.StartDirect: m.StartDirect(test_name="Random", mode="C", **_OUTPUT),
    m.DirectOutput: m.DirectOutput(mode="D", **_OUTPUT),
    m.SetVariable: m.SetVariable(variable=3, value=-1.25),
    m.SafetyLimits: m.SafetyLimits(**dict.fromkeys(m.SafetyLimits.__struct_fields__, 1.0)),
    m.ReadRegister: m.ReadRegister(device_address=22, register=9),
    m.ScanListRequest: m.ScanListRequest(),
    m.RawRequest: m.RawRequest(),
    m.WriteRegister: m.WriteRegister(register=1, data=[44, 1]),
    m.BusWrite: m.BusWrite(first=1, last=1, count=2, data=[44, 1]),
    m.BusRead: m.BusRead(first=34, last=34, count=4),
    m.SetPosition: m.SetPosition(clock_divisor=85, bus_logic_volt=3.25, access_delay_ms=2),
    m.ScanIndex: m.ScanIndex(index=3),
    m.NewScanEntry: m.NewScanEntry(
        index=3, register=4, length=2, data_type=1, error_value=65534, designator="AtRate", display_format=2
    ),
}


def sample_request(function: Row) -> m.Message:
    """Some request of this function."""
    return _SAMPLES[function.request]


def for_channel(request: m.Message, channel: int) -> m.Message:
    """The same request for this channel, where it has one inside."""
    return m.ToggleSelection.of(channel) if isinstance(request, m.ToggleSelection) else request


def items(reply: Any) -> m.ChannelRange:
    """The request that a bulk reply of this length answers."""
    lists = [getattr(reply, name) for name in reply.__struct_fields__]
    return m.ChannelRange(count=next(len(value) for value in lists if isinstance(value, list)))


def request_for(function: Row, reply: m.Message) -> m.Message:
    """A request that this reply may answer."""
    return items(reply) if function.request is m.ChannelRange else m.Empty()
