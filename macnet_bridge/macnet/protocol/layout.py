"""Binary layouts, written the way a person would note them down.

    Layout(ChannelStatus, "RF1 u8 | RF2 u8 | Stat u16")

names MacNet's fields in wire order with their types; the Struct says which attribute holds
each. Everything is little-endian and packed. The types:

| type | wire | Python |
|---|---|---|
| `u8 u16 u32 i16 f32` | that number | int, float |
| `char[N]` | N bytes of ASCII, filled with spaces | str |
| `ms` | u64 milliseconds since 1970-01-01 | datetime without zone |
| `hex` | u32 | text such as `0x00000020` |
| `letter` | u8, an ASCII code | one-letter str |
| `f32[N]`, `f32[]`, `char[4][]` | N of them, or as many as there are (last field only) | list |
| `=N u8` in place of a name | always the number N | nothing |
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import msgspec

from macnet_bridge.errors import InvalidRequest, Malformed
from macnet_bridge.macnet.protocol.messages import Message, wire_names

M = TypeVar("M", bound=Message)

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  MacNet gives times without a zone
_MS = timedelta(milliseconds=1)
_NUMBERS = {"u8": "B", "u16": "H", "u32": "I", "i16": "h", "f32": "f"}
_FIELD = re.compile(r"(?P<name>=?[\w ]*\w) (?P<type>[a-z]+\d*)(\[(?P<width>\d+)\])?(?P<tail>\[\])?$")


def _identity(value: Any) -> Any:
    return value


def _text_to_wire(width: int) -> Callable[[str], bytes]:
    def convert(text: str) -> bytes:
        if not text.isascii():
            raise InvalidRequest(f"{text!r} has characters beyond ASCII, which MacNet cannot carry")
        if len(text) > width:
            raise InvalidRequest(f"{text!r} is longer than the {width} characters that MacNet carries")
        return text.encode("ascii").ljust(width)

    return convert


def _text_from_wire(raw: bytes) -> str:
    # Testers run Windows: a character beyond ASCII is one of its code page.
    return raw.decode("cp1252", errors="replace").rstrip(" \0")


def _time_from_wire(milliseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise Malformed(f"{milliseconds} ms is no time") from None


_CONVERTED: dict[str, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = {
    "ms": ("Q", lambda time: (time - _EPOCH) // _MS, _time_from_wire),
    "hex": ("I", lambda flags: flags if isinstance(flags, int) else int(flags, 16), "0x{:08X}".format),
    "letter": ("B", ord, chr),
}


@dataclass(frozen=True, slots=True)
class _Field:
    name: str  # MacNet's
    attribute: str | None  # None: a constant of the layout
    constant: int | None
    format: str
    items: int  # Python values that it takes: 1, or N for f32[N]
    to_wire: Callable[[Any], Any]
    from_wire: Callable[[Any], Any]


class Layout(Generic[M]):
    """How one Struct lies in bytes.

    Attributes:
        size: bytes of the fixed part.
        item_size: bytes of one item of the repeated last field, 0 when there is none.
    """

    def __init__(self, message: type[M], notation: str, items: Layout[Any] | None = None) -> None:
        """`items` is the layout of the Structs in a last field noted as `Name items[]`."""
        self.message = message
        self._names = wire_names(message)
        self._tail: str | None = None
        self._items = items
        parts = [part.strip() for part in notation.split("|")] if notation else []
        if parts and parts[-1].endswith("[]"):
            self._set_tail(parts.pop())
        self._fields = [self._parse(part) for part in parts]
        self._struct = struct.Struct("<" + "".join(field.format for field in self._fields))
        self.size = self._struct.size
        self.attributes = frozenset(f.attribute for f in self._fields if f.attribute) | (
            {self._tail} if self._tail else set()
        )

    @property
    def item_size(self) -> int:
        if self._tail is None:
            return 0
        return self._items.size if self._items else struct.calcsize("<" + self._tail_format)

    def fits(self, size: int) -> bool:
        """Whether data of this many bytes can have this layout."""
        if self._tail is None:
            return size == self.size
        return size >= self.size and (size - self.size) % self.item_size == 0

    def pack(self, value: M) -> bytes:
        """The bytes of a Struct.

        Raises:
            InvalidRequest: a text or number does not fit.
        """
        flat: list[Any] = []
        for field in self._fields:
            flat.extend(self._wire_values(field, value))
        try:
            fixed = self._struct.pack(*flat)
        except (struct.error, OverflowError) as error:
            raise InvalidRequest(f"{type(value).__name__}: {error}") from None
        return fixed + (self._pack_tail(getattr(value, self._tail)) if self._tail else b"")

    def unpack(self, data: bytes) -> M:
        """The Struct that lies in these bytes.

        Raises:
            Malformed: the size is wrong, or a value is not possible.
        """
        if not self.fits(len(data)):
            raise Malformed(f"{self.message.__name__} does not fit into {len(data)} bytes")
        flat = iter(self._struct.unpack_from(data))
        values: dict[str, Any] = {}
        for field in self._fields:
            taken = [next(flat) for _ in range(field.items)]
            self._store(field, taken, values)
        if self._tail:
            values[self._tail_name] = self._unpack_tail(data[self.size :])
        try:
            return msgspec.convert(values, self.message, from_attributes=True)
        except msgspec.ValidationError as error:
            raise Malformed(str(error)) from None

    def _parse(self, part: str) -> _Field:
        match = _FIELD.match(part)
        if match is None:
            raise ValueError(f"not a field of a layout: {part!r}")
        name, kind, width = match["name"], match["type"], match["width"]
        constant = int(name[1:]) if name.startswith("=") else None
        attribute = None if constant is not None else self._names[name]
        if kind == "char":
            return _Field(
                name, attribute, constant, f"{width}s", 1, _text_to_wire(int(width)), _text_from_wire
            )
        if kind in _CONVERTED:
            code, to_wire, from_wire = _CONVERTED[kind]
            return _Field(name, attribute, constant, code, 1, to_wire, from_wire)
        count = int(width or 1)
        return _Field(name, attribute, constant, _NUMBERS[kind] * count, count, _identity, _identity)

    def _set_tail(self, part: str) -> None:
        name, _, kind = part.removesuffix("[]").partition(" ")
        self._tail_name, self._tail = name, self._names[name]
        if not self._items:
            field = self._parse(f"{name} {kind}")
            self._tail_format, self._tail_to, self._tail_from = field.format, field.to_wire, field.from_wire

    def _wire_values(self, field: _Field, value: M) -> Sequence[Any]:
        if field.attribute is None:
            return (field.constant,)
        content = getattr(value, field.attribute)
        try:
            if field.items > 1:
                return [field.to_wire(item) for item in content]
            return (field.to_wire(content),)
        except InvalidRequest as error:
            raise InvalidRequest(str(error), field.attribute) from None

    @staticmethod
    def _store(field: _Field, taken: list[Any], values: dict[str, Any]) -> None:
        if field.attribute is None:
            if taken[0] != field.constant:
                raise Malformed(f"expected the constant {field.constant}, got {taken[0]}")
        elif field.items > 1:
            values[field.name] = [field.from_wire(item) for item in taken]
        else:
            values[field.name] = field.from_wire(taken[0])

    def _pack_tail(self, items: Sequence[Any]) -> bytes:
        if self._items:
            return b"".join(self._items.pack(item) for item in items)
        code = self._tail_format
        if code == "f":
            return struct.pack(f"<{len(items)}f", *items)
        return b"".join(struct.pack("<" + code, self._tail_to(item)) for item in items)

    def _unpack_tail(self, data: bytes) -> list[Any]:
        if self._items:
            size = self._items.size
            return [self._items.unpack(data[at : at + size]) for at in range(0, len(data), size)]
        return [self._tail_from(item) for (item,) in struct.iter_unpack("<" + self._tail_format, data)]
