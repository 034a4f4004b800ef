"""The types that `layout` has names for, as they lie on the wire."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from macnet_bridge.errors import InvalidRequest, Malformed
from macnet_bridge.macnet.protocol.fieldtypes import flags_number, is_true
from macnet_bridge.macnet.protocol.making import MANY, SINGLE, TEXT, TIME

Convert = Callable[[Any], Any]

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  MacNet gives times without a zone
_MS = timedelta(milliseconds=1)
_NUMBERS = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "i16": "h", "i32": "i", "i64": "q", "f32": "f"}
_NUMBERS["f64"] = "d"
_TYPE = re.compile(r"(?P<type>[a-z]+\d*)(/(?P<divisor>\d+))?(\[(?P<width>\d+)\])?$")


class Kind(NamedTuple):
    """A type of fixed size; `to_wire` and `from_wire` are None where struct does it all.

    `gives` says what comes from the wire, in the words of `making`; empty where that has no word.
    """

    format: str
    to_wire: Convert | None = None
    from_wire: Convert | None = None
    gives: str = ""


def kind(notation: str) -> Kind:
    """The type of fixed size with this name, such as `u16`, `char[25]` or `u16/1000`.

    Raises:
        ValueError: there is none.
    """
    match = _TYPE.match(notation)
    if match is None or match["type"] not in {*_NUMBERS, *_CONVERTED, "char"}:
        raise ValueError(f"not a type of a layout: {notation!r}")
    if match["type"] == "char":
        return _fixed_text(int(match["width"] or 1))
    if match["type"] in _CONVERTED:
        return _CONVERTED[match["type"]]
    code = _NUMBERS[match["type"]]
    if match["divisor"]:
        return _scaled(code, int(match["divisor"]))
    return _array(code, int(match["width"])) if match["width"] else Kind(code, gives=code)


def ascii_bytes(text: str, most: int) -> bytes:
    """A text as it travels.

    Raises:
        InvalidRequest: it is too long, or has characters beyond ASCII.
    """
    if not text.isascii():
        raise InvalidRequest(f"{text!r} has characters beyond ASCII, which MacNet cannot carry")
    if len(text) > most:
        raise InvalidRequest(f"{text!r} is longer than the {most} characters that MacNet carries")
    return text.encode("ascii")


def code_page_text(raw: bytes) -> str:
    """A text that came. Testers run Windows: a character beyond ASCII is one of its code page."""
    return raw.decode("cp1252", errors="replace")


def text_from_wire(raw: bytes) -> str:
    """A text that came, without the spaces and NULs that fill its field."""
    return code_page_text(raw).rstrip(" \0")


def _fixed_text(width: int) -> Kind:
    return Kind(f"{width}s", lambda text: ascii_bytes(text, width).ljust(width), text_from_wire, TEXT)


def _array(code: str, count: int) -> Kind:
    numbers = struct.Struct(f"<{count}{code}")
    return Kind(
        f"{numbers.size}s",
        lambda items: numbers.pack(*items),
        lambda raw: list(numbers.unpack(raw)),
        MANY + code,
    )


def _scaled(code: str, divisor: int) -> Kind:
    return Kind(code, lambda value: round(value * divisor), lambda number: number / divisor, SINGLE)


def _time_from_wire(milliseconds: int) -> datetime:
    try:
        return _EPOCH + milliseconds * _MS  # twice as quick as a timedelta of so many
    except OverflowError:
        raise Malformed(f"{milliseconds} ms is no time") from None


def _time_to_wire(time: datetime) -> int:
    return (time - _EPOCH) // _MS


_CONVERTED = {
    "ms": Kind("Q", _time_to_wire, _time_from_wire, TIME),
    "ims": Kind("q", _time_to_wire, _time_from_wire, TIME),
    "hex": Kind("I", flags_number, "0x{:08X}".format),
    "truth": Kind("B", is_true, lambda number: "TRUE" if number else "FALSE"),
    "letter": Kind("B", ord, chr),
}
