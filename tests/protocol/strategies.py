"""Hypothesis strategies for every message, made from the types of its fields.

A new message needs none of its own unless binary can carry less than its types allow.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

from macnet_bridge.macnet.protocol import messages as m

singles = st.floats(width=32, allow_nan=False, allow_infinity=False)
flags = st.integers(0, 2**32 - 1).map("0x{:08X}".format)
# Milliseconds that JSON's times can say as well: whole seconds, as the manual prints them.
times = st.integers(0, 2**32 - 1).map(lambda s: datetime(1970, 1, 1) + timedelta(seconds=s))  # noqa: DTZ001
bytes_of_list = st.integers(0, 255)


def text(width: int, least: int = 0) -> st.SearchStrategy[str]:
    """ASCII that survives a field filled with spaces."""
    first = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=least, max_size=1)
    rest = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=width - 1)
    return st.builds(lambda a, b: (a and a + b).rstrip(), first, rest)


def scaled(least: int, most: int, divisor: int) -> st.SearchStrategy[float]:
    return st.integers(least, most).map(lambda number: number / divisor)


# Where binary has less room than the types, or another form.
SPECIAL: dict[tuple[type[m.Message], str], st.SearchStrategy[Any]] = {
    (m.SystemInfo, "system_id"): text(50),
    (m.SystemInfo, "smb1_positions"): st.none(),
    (m.SystemInfo, "smb3_positions"): st.none(),
    (m.SystemInfo, "channel_number_offset"): st.none() | st.integers(0, 2**32 - 1),
    (m.FileListing, "file_name"): text(80),
    (m.AuxUnits, "units"): st.lists(text(4), min_size=1, max_size=16),
    (m.FlagsAndVariables, "variables"): st.lists(singles, min_size=15, max_size=15),
    (m.AdvancedStart, "archived_test_name"): text(30),
    (m.Login, "user"): text(255),
    (m.Login, "password"): text(255).map(lambda word: word[:254] + " "),
    (m.FileError, "message"): text(80),
    (m.SmartBatteryInfo, "dll_version"): text(50),
    (m.SmartBatteryInfo, "dll_name"): text(50),
    (m.SmartBatteryInfo, "last_read_second"): scaled(0, 2**32 - 1, 1000),
    (m.SmartBatteryInfo, "last_header_second"): scaled(0, 2**32 - 1, 1000),
    (m.SmartBatteryInfo, "bus_volt"): scaled(0, 2**16 - 1, 1000),
    (m.SmartBatteryInfo, "temperature_celsius"): scaled(-(2**15), 2**15 - 1, 10),
    (m.SmartBatteryInfo, "status"): st.integers(0, 255),
    (m.ReadRegister, "device_address"): st.none() | st.integers(0, 255),
    (m.RegisterValue, "device_address"): st.none() | st.integers(0, 255),
    (m.ScanRegister, "pointer"): st.integers(0, 255),
    (m.ScanRegister, "length"): st.integers(0, 255),
    (m.RawRequest, "raw_format"): st.just(1),
    (m.RawData, "raw_format"): st.none(),
    (m.RawData, "registers"): st.none(),
    (m.RawData, "raw"): st.lists(bytes_of_list, max_size=100),
}
SPECIAL_NAMES: dict[str, st.SearchStrategy[Any]] = {
    "global_flags": flags,
    "answer": st.sampled_from(["TRUE", "FALSE"]),
    "comment": text(80),
    "procedure_description": text(80),
    "mode": st.sampled_from("CDR"),
    "result": st.integers(0, 255),
}


@cache
def message(kind: type[m.Message]) -> st.SearchStrategy[Any]:
    """Messages of this type that JSON and binary can carry."""
    fields = inspect.type_info(kind).fields  # type: ignore[attr-defined]
    return st.builds(kind, **{info.name: _field(kind, info) for info in fields})


def _field(kind: type[m.Message], info: inspect.Field) -> st.SearchStrategy[Any]:
    if (kind, info.name) in SPECIAL:
        return SPECIAL[kind, info.name]
    if info.name in SPECIAL_NAMES:
        return SPECIAL_NAMES[info.name]
    if info.encode_name in ("Len", "NumOfRegs") and isinstance(info.type, inspect.UnionType):
        return st.none()  # JSON counts what binary shows by its size
    return _value(info.type)


def _value(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.ListType(item_type=item, min_length=least, max_length=most):
            return st.lists(_value(item), min_size=least or 1, max_size=most or 128)
        case inspect.StructType(cls=cls):
            return message(cls)
        case inspect.UnionType(types=types):
            return _value(next(each for each in types if not isinstance(each, inspect.NoneType)))
        case _:
            return _scalar(kind)


def _scalar(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.IntType(ge=least, le=most, lt=below):
            return st.integers(least, most if most is not None else (below or 2**16) - 1)
        case inspect.FloatType():
            return singles
        case inspect.StrType(min_length=least, max_length=most):
            return text(min(most or 25, 25), least or 0)
        case inspect.BytesType(min_length=least, max_length=most):
            return st.binary(min_size=least or 0, max_size=min(most or 500, 500))
        case inspect.DateTimeType():
            return times
    raise NotImplementedError(kind)
