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
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from macnet_bridge.errors import InvalidRequest, Malformed
from macnet_bridge.macnet.protocol.fieldtypes import wire_names
from macnet_bridge.macnet.protocol.messages import Message

M = TypeVar("M", bound=Message)
Convert = Callable[[Any], Any]

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  MacNet gives times without a zone
_MS = timedelta(milliseconds=1)
_NUMBERS = {"u8": "B", "u16": "H", "u32": "I", "i16": "h", "f32": "f"}
_FIELD = re.compile(r"(?P<name>=?[\w ]*\w) (?P<type>[a-z]+\d*)(\[(?P<width>\d+)\])?(?P<tail>\[\])?$")


class _Kind(NamedTuple):
    """A type on the wire; `to_wire` and `from_wire` are None where struct does it all."""

    format: str
    to_wire: Convert | None = None
    from_wire: Convert | None = None


def _text(width: int) -> _Kind:
    def to_wire(text: str) -> bytes:
        if not text.isascii():
            raise InvalidRequest(f"{text!r} has characters beyond ASCII, which MacNet cannot carry")
        if len(text) > width:
            raise InvalidRequest(f"{text!r} is longer than the {width} characters that MacNet carries")
        return text.encode("ascii").ljust(width)

    return _Kind(f"{width}s", to_wire, _text_from_wire)


def _text_from_wire(raw: bytes) -> str:
    # Testers run Windows: a character beyond ASCII is one of its code page.
    return raw.decode("cp1252", errors="replace").rstrip(" \0")


def _array(code: str, count: int) -> _Kind:
    numbers = struct.Struct(f"<{count}{code}")
    return _Kind(
        f"{numbers.size}s", lambda items: numbers.pack(*items), lambda raw: list(numbers.unpack(raw))
    )


def _time_from_wire(milliseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise Malformed(f"{milliseconds} ms is no time") from None


def _flags_to_wire(flags: int | str) -> int:
    return int(flags, 16) if isinstance(flags, str) else flags


_CONVERTED = {
    "ms": _Kind("Q", lambda time: (time - _EPOCH) // _MS, _time_from_wire),
    "hex": _Kind("I", _flags_to_wire, "0x{:08X}".format),
    "letter": _Kind("B", ord, chr),
}


def _kind(name: str, width: str | None) -> _Kind:
    if name == "char":
        return _text(int(width or 1))
    if name in _CONVERTED:
        return _CONVERTED[name]
    return _array(_NUMBERS[name], int(width)) if width else _Kind(_NUMBERS[name])


def _parse(part: str) -> tuple[str, _Kind, bool]:
    """Name, type, and whether the field repeats to the end."""
    match = _FIELD.match(part)
    if match is None:
        raise ValueError(f"not a field of a layout: {part!r}")
    return match["name"], _kind(match["type"], match["width"]), bool(match["tail"])


class Layout(Generic[M]):
    """How one Struct lies in bytes.

    Attributes:
        size: bytes of the fixed part.
        item_size: bytes of one item of the repeated last field, 0 when there is none.
        items_attribute: the Struct's attribute for that field, None when there is none.
        attributes: names of the Struct's attributes that it carries.
    """

    def __init__(self, message: type[M], notation: str, items: Layout[Any] | None = None) -> None:
        """`items` is the layout of the Structs in a last field noted as `Name items[]`."""
        self.message = message
        parts = [part.strip() for part in notation.split("|")] if notation else []
        self._tail: _Tail | None = None
        if parts and parts[-1].endswith("[]"):
            self._tail = _Tail(parts.pop(), items)
        fields = [_parse(part)[:2] for part in parts]
        self._constants = {at: int(name[1:]) for at, (name, _) in enumerate(fields) if name[0] == "="}
        self._names = [name for name, _ in fields]
        self._attributes = [wire_names(message)[name] if name[0] != "=" else None for name in self._names]
        self._to_wire = [(at, kind.to_wire) for at, (_, kind) in enumerate(fields) if kind.to_wire]
        self._from_wire = [(at, kind.from_wire) for at, (_, kind) in enumerate(fields) if kind.from_wire]
        self._struct = struct.Struct("<" + "".join(kind.format for _, kind in fields))
        self.size = self._struct.size
        self.item_size = self._tail.item_size if self._tail else 0
        self.items_attribute = wire_names(message)[self._tail.name] if self._tail else None
        carried = (*self._attributes, self.items_attribute)
        self.attributes = frozenset(attribute for attribute in carried if attribute)

    def fits(self, size: int) -> bool:
        """Whether data of this many bytes can have this layout."""
        if not self.item_size:
            return size == self.size
        return size >= self.size and (size - self.size) % self.item_size == 0

    def pack(self, value: M) -> bytes:
        """The bytes of a Struct.

        Raises:
            InvalidRequest: a text or number does not fit.
        """
        try:
            fixed = self._struct.pack(*self._flat(value))
            if self._tail is None or self.items_attribute is None:
                return fixed
            return fixed + self._tail.pack(getattr(value, self.items_attribute))
        except (struct.error, OverflowError, TypeError, ValueError) as error:
            raise InvalidRequest(f"{type(value).__name__}: {error}") from None

    def unpack(self, data: bytes) -> M:
        """The Struct that lies in these bytes.

        Raises:
            Malformed: the size is wrong, or a value is not possible.
        """
        if not self.fits(len(data)):
            raise Malformed(f"{self.message.__name__} does not fit into {len(data)} bytes")
        try:
            return msgspec.convert(self._fields(data), self.message)
        except msgspec.ValidationError as error:
            raise Malformed(str(error)) from None

    def _flat(self, value: M) -> list[Any]:
        """What struct packs: one value per field, converted, constants in their places."""
        flat = [getattr(value, attribute) if attribute else None for attribute in self._attributes]
        for at, constant in self._constants.items():
            flat[at] = constant
        for at, to_wire in self._to_wire:
            try:
                flat[at] = to_wire(flat[at])
            except InvalidRequest as error:
                raise InvalidRequest(str(error), self._attributes[at]) from None
        return flat

    def _fields(self, data: bytes) -> dict[str, Any]:
        """The fields by MacNet's names, not yet checked against the types of the Struct."""
        fields = self._named(list(self._struct.unpack_from(data)))
        if self._tail:
            fields[self._tail.name] = self._tail.unpack(data[self.size :])
        return fields

    def _named(self, flat: list[Any]) -> dict[str, Any]:
        for at, from_wire in self._from_wire:
            flat[at] = from_wire(flat[at])
        for at, constant in self._constants.items():
            if flat[at] != constant:
                raise Malformed(f"expected the constant {constant}, got {flat[at]}")
        return dict(zip(self._names, flat, strict=True))


class _Tail:
    """The last field of a layout when it repeats: numbers, texts or Structs."""

    def __init__(self, notation: str, items: Layout[Any] | None) -> None:
        self._items = items
        if items:
            self.name, self.item_size = notation.removesuffix(" items[]"), items.size
        else:
            self.name, self._kind, _ = _parse(notation)
            self.item_size = struct.calcsize("<" + self._kind.format)

    def pack(self, items: Iterable[Any]) -> bytes:
        if self._items:
            return b"".join(map(self._items.pack, items))
        code, to_wire, _ = self._kind
        return b"".join(struct.pack("<" + code, to_wire(item) if to_wire else item) for item in items)

    def unpack(self, data: bytes) -> list[Any]:
        size = self.item_size
        if self._items:
            return [self._items._named(list(item)) for item in self._items._struct.iter_unpack(data)]
        code, _, from_wire = self._kind
        if from_wire is None:
            return list(struct.unpack(f"<{len(data) // size}{code}", data))
        return [from_wire(item) for (item,) in struct.iter_unpack("<" + code, data)]
