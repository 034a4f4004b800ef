"""What may stand at the end of a layout: fields whose size differs from message to message."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from macnet_bridge.errors import InvalidRequest
from macnet_bridge.macnet.protocol.making import MANY, STRUCT, TEXT
from macnet_bridge.macnet.protocol.wire_types import ascii_bytes, code_page_text, kind, text_from_wire

_LENGTHS = {"8": "B", "16": "H"}
_TEXT = re.compile(r"text(?P<prefix>8|16)?(\[(?P<most>\d*)\])?$")
_NO_END = 1 << 16


class Items(Protocol):
    """What a layout has to offer when its Structs are items of another one."""

    size: int

    def pack(self, value: Any) -> bytes:
        """The bytes of one item."""

    def unpack_many(self, data: bytes) -> list[Any]:
        """The Structs of all items in these bytes."""


class Tail:
    """One field of variable size.

    Attributes:
        name: MacNet's name of the field.
        item_size: bytes of one item where the field repeats to the end, else 0.
        unit: bytes for each one that a length counts.
        gives: what its values are, in the words of `making`; empty where that has no word.
    """

    item_size = 0
    unit = 1
    gives = ""

    def __init__(self, name: str, length: str | None = None) -> None:
        """`length` is struct's code of the number before the field that says how long it is."""
        self.name = name
        self._length = struct.Struct("<" + length) if length else None

    @property
    def least(self) -> int:
        """Fewest bytes that the field can have."""
        return self._length.size if self._length else 0

    def end(self, data: bytes, at: int) -> int | None:
        """Where the field that begins at `at` ends; None when these bytes cannot be one."""
        if self._length is None:
            return len(data) if self.may_have(len(data) - at) else None
        if len(data) < at + self._length.size:
            return None
        end: int = at + self._length.size + self.unit * self._length.unpack_from(data, at)[0]
        return end if end <= len(data) else None

    def pack(self, value: Any) -> bytes:
        """The bytes of a value, with its length before it where that is due."""
        content = self.to_bytes(value)
        if self._length is None:
            return content
        return self._length.pack(len(content) // self.unit) + content

    def unpack(self, data: bytes) -> Any:
        """The value in the bytes of this field."""
        return self.from_bytes(data[self._length.size :] if self._length else data)

    def may_have(self, size: int) -> bool:
        """Whether a field without a length before it can have this size."""
        return True

    def to_bytes(self, value: Any) -> bytes:
        """The content alone."""
        raise NotImplementedError

    def from_bytes(self, data: bytes) -> Any:
        """The value of the content alone."""
        raise NotImplementedError


class _Text(Tail):
    """ASCII, at most `most` characters."""

    gives = TEXT

    def __init__(self, name: str, length: str | None, most: int) -> None:
        super().__init__(name, length)
        self._most = most

    def may_have(self, size: int) -> bool:
        return size <= self._most

    def to_bytes(self, value: Any) -> bytes:
        return ascii_bytes(value, self._most)

    def from_bytes(self, data: bytes) -> str:
        # What has its own length is not filled up: a space at its end is part of it.
        return text_from_wire(data) if self._length is None else code_page_text(data)


class _ClosedText(_Text):
    """ASCII up to a NUL, which is the last byte."""

    def to_bytes(self, value: Any) -> bytes:
        return ascii_bytes(value, self._most) + b"\0"


class _Raw(Tail):
    """Bytes as they are."""

    def to_bytes(self, value: Any) -> bytes:
        return bytes(value)

    def from_bytes(self, data: bytes) -> bytes:
        return data


class _Numbers(_Raw):
    """Bytes as a list of numbers, which is what JSON makes of them."""

    gives = MANY + "B"

    def from_bytes(self, data: bytes) -> list[int]:  # type: ignore[override]
        return list(data)


class _Repeated(Tail):
    """One type again and again, to the end."""

    def __init__(self, name: str, notation: str) -> None:
        super().__init__(name)
        self._code, self._to_wire, self._from_wire, gives = kind(notation)
        self.gives = MANY + gives
        self.item_size = struct.calcsize("<" + self._code)

    def may_have(self, size: int) -> bool:
        return size % self.item_size == 0

    def to_bytes(self, value: Iterable[Any]) -> bytes:
        code, to_wire = self._code, self._to_wire
        return b"".join(struct.pack("<" + code, to_wire(item) if to_wire else item) for item in value)

    def from_bytes(self, data: bytes) -> list[Any]:
        if self._from_wire is None:
            return list(struct.unpack(f"<{len(data) // self.item_size}{self._code}", data))
        return [self._from_wire(item) for (item,) in struct.iter_unpack("<" + self._code, data)]


class _Structs(Tail):
    """Structs one after the other: to the end, or as many as the byte before them says."""

    gives = MANY + STRUCT

    def __init__(self, name: str, length: str | None, items: Items) -> None:
        super().__init__(name, length)
        self._items = items
        self.unit = items.size
        self.item_size = 0 if length else items.size

    def may_have(self, size: int) -> bool:
        return size % self.unit == 0

    def to_bytes(self, value: Iterable[Any]) -> bytes:
        return b"".join(map(self._items.pack, value))

    def from_bytes(self, data: bytes) -> list[Any]:
        return self._items.unpack_many(data)


def tail(name: str, notation: str, items: Items | None) -> Tail | None:
    """The field of variable size with this notation, None when it is one of fixed size."""
    if text := _TEXT.match(notation):
        prefix = _LENGTHS.get(text["prefix"])
        if prefix is None and text["most"] is None:
            return None
        return _Text(name, prefix, int(text["most"] or (255 if prefix == "B" else _NO_END)))
    if notation in ("items[]", "items8") and items:
        return _Structs(name, _LENGTHS.get(notation.removeprefix("items")), items)
    if notation in _SIMPLE:
        return _SIMPLE[notation](name)
    return _Repeated(name, notation.removesuffix("[]")) if notation.endswith("[]") else None


_SIMPLE: dict[str, Callable[[str], Tail]] = {
    "bytes[]": _Raw,
    "u8[]": _Numbers,
    "list8": lambda name: _Numbers(name, "B"),
    "cstr": lambda name: _ClosedText(name, None, _NO_END),
}


def refuse_none(value: Any, name: str) -> Any:
    """A value that is there.

    Raises:
        InvalidRequest: it is None, and binary has no way to leave a field out.
    """
    if value is None:
        raise InvalidRequest("binary messages cannot leave this out", name)
    return value
