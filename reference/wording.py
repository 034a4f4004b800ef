"""Words for what the table says by its types: fields, layouts, and what may be done after a lost reply."""

from __future__ import annotations

import re
from typing import Any

from msgspec import inspect

from macnet_bridge.macnet.protocol import fieldtypes, messages
from macnet_bridge.macnet.protocol.functions import Effect, Function, Retry, Target

TARGETS = {
    Target.SYSTEM: "the tester as a whole",
    Target.CHANNEL: "one channel",
    Target.CHANNELS: "a range of channels, from the addressed one on",
    Target.LISTED: "the channels that the request lists; in binary one, that of the header",
    Target.ALL_SELECTED: "all selected channels, written as channel 65535",
}
EFFECTS = {Effect.READS: "reads, changes nothing", Effect.CHANGES: "changes something"}
_RETRIES = {
    Retry.AT_ONCE: "may be sent again at once",
    Retry.AFTER_READING_STATE: "read the state first; it may have been done",
    Retry.NEVER: "never sent again; read the state to learn what became of it",
    Retry.RESTART: "begin the whole transfer again",
}
_ANSWERED_ONCE = "not at once: the tester may have gone on to its next answer, so begin anew"
UNITS = {
    "volt": "volt",
    "ampere": "ampere",
    "watt": "watt",
    "ohm": "ohm",
    "second": "second",
    "ms": "millisecond",
    "ah": "ampere-hour",
    "wh": "watt-hour",
    "gram": "gram",
    "celsius": "degree Celsius",
    "percent": "percent",
    "byte": "byte",
}

_INTEGERS = {"u8": 8, "u16": 16, "u32": 32, "u64": 64, "i16": 16, "i32": 32, "i64": 64}
_CONVERTED = {
    "f32": "single",
    "f64": "double",
    "ms": "milliseconds since 1970-01-01, unsigned 64 bits",
    "ims": "milliseconds since 1970-01-01, signed 64 bits",
    "hex": "unsigned 32 bits",
    "truth": "unsigned 8 bits, 0 or 1",
    "letter": "ASCII code of the letter, 8 bits",
}
_TAILS = {
    "text8": "length as 8 bits, then ASCII",
    "text16": "length as 16 bits, then ASCII",
    "list8": "length as 8 bits, then bytes",
    "items8": "number of items as 8 bits, then the items",
    "items[]": "items to the end",
    "text[]": "ASCII to the end",
    "cstr": "ASCII to the end, and a NUL",
    "bytes[]": "bytes to the end",
    "u8[]": "bytes to the end",
    "f32[]": "singles to the end",
}
_PATTERNS = {
    inspect.type_info(fieldtypes.Mode).pattern: "`C`, `D` or `R`",  # type: ignore[attr-defined]
    inspect.type_info(fieldtypes.FlagsText).pattern: "hex text such as `0x00000006`",  # type: ignore[attr-defined]
}
_LARGE = 1 << 32


def retry(row: Function[Any, Any]) -> str:
    """What may be done when the reply is lost."""
    if row.effect is Effect.READS and row.retry is Retry.AFTER_READING_STATE:
        return _ANSWERED_ONCE
    return _RETRIES[row.retry]


def unit(attribute: str) -> str:
    """The unit that an attribute's name ends with, empty when it has none."""
    return UNITS.get(attribute.rpartition("_")[2], "")


def kind(wanted: inspect.Type) -> str:
    """A field's type and bounds."""
    if wanted == inspect.type_info(fieldtypes.Truth):
        return "`TRUE` or `FALSE`; also true, false, 1 or 0"
    if wanted == inspect.type_info(messages.Result):
        return "whole number or text"
    if isinstance(wanted, inspect.UnionType):
        return ", or ".join(kind(each) for each in wanted.types if not isinstance(each, inspect.NoneType))
    said: str = _SIMPLE[type(wanted)](wanted)
    return said


def _whole(wanted: inspect.IntType) -> str:
    high = wanted.le if wanted.le is not None or wanted.lt is None else wanted.lt - 1
    if wanted.ge is None or high is None:
        return "whole number"
    if high >= _LARGE:
        return "whole number, signed 64 bits"
    return f"whole number, {wanted.ge} to {high}"


def _number(wanted: inspect.FloatType) -> str:
    return "number" if wanted.le is None else "number, finite, single precision"


def _text(wanted: inspect.StrType) -> str:
    if wanted.pattern in _PATTERNS:
        return _PATTERNS[wanted.pattern]
    return _bounded("text" if wanted.pattern is None else "ASCII text", "characters", wanted)


def _bytes(wanted: inspect.BytesType) -> str:
    return _bounded("bytes", "", wanted)


def _list(wanted: inspect.ListType) -> str:
    item = wanted.item_type
    of = f"`{item.cls.__name__}`" if isinstance(item, inspect.StructType) else _plural(kind(item))
    return _bounded(f"list of {of}", "items", wanted)


def _plural(of: str) -> str:
    return re.sub(r"^(whole number|number|text)\b", r"\1s", of)


def _bounded(what: str, unit_of_length: str, wanted: Any) -> str:
    """With its least and greatest length."""
    least, most = wanted.min_length, wanted.max_length
    bounds = [f"at least {least}"] * (least is not None) + [f"at most {most}"] * (most is not None)
    one = unit_of_length.removesuffix("s") if most is None and least == 1 else unit_of_length
    return f"{what}, {' and '.join(bounds)} {one}".rstrip() if bounds else what


_SIMPLE: dict[type[inspect.Type], Any] = {
    inspect.IntType: _whole,
    inspect.FloatType: _number,
    inspect.StrType: _text,
    inspect.BytesType: _bytes,
    inspect.ListType: _list,
    inspect.DateTimeType: lambda wanted: "time, without a zone",
    inspect.StructType: lambda wanted: f"`{wanted.cls.__name__}`",
}


def wire_type(notation: str) -> str:
    """A type of a layout."""
    if notation in _TAILS:
        return _TAILS[notation]
    base, divisor, width, repeated = _parts(notation)
    if base == "text":
        return f"ASCII to the end, at most {width} bytes"
    if base == "char":
        one = f"{width} ASCII characters, filled with spaces"
        return f"{one}; again and again to the end" if repeated else one
    one = _CONVERTED.get(base) or f"{'unsigned' if base[0] == 'u' else 'signed'} {_INTEGERS[base]} bits"
    if divisor:
        return f"{one}, {divisor} times the value"
    return f"{width} times {one}" if width else one


def _parts(notation: str) -> tuple[str, str, str, bool]:
    """Base, divisor and width of a type, each may be empty, and whether it repeats to the end."""
    found = re.fullmatch(r"([a-z]+\d*)(?:/(\d+))?(?:\[(\d+)\])?(\[\])?", notation)
    if found is None:
        raise ValueError(f"no words for the type {notation!r}")
    return found[1], found[2] or "", found[3] or "", bool(found[4])
