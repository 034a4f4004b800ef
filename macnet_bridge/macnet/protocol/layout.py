"""Binary layouts, written the way a person would note them down.

    Layout(ChannelStatus, "RF1 u8 | RF2 u8 | Stat u16")

names MacNet's fields in wire order with their types; the Struct says which attribute holds
each. Everything is little-endian and packed. The types:

| type | wire | Python |
|---|---|---|
| `u8 u16 u32 u64 i16 i32 i64 f32 f64` | that number | int, float |
| `u16/1000` | a number, a thousand times the value | float |
| `char[N]` | N bytes of ASCII, filled with spaces | str |
| `ms`, `ims` | u64 or i64 milliseconds since 1970-01-01 | datetime without zone |
| `hex` | u32 | text such as `0x00000020` |
| `truth` | u8, 0 or not | `"TRUE"` or `"FALSE"` |
| `letter` | u8, an ASCII code | one-letter str |
| `f32[N]` | N of them | list |
| `=N u8` in place of a name | always the number N, which tells layouts apart | nothing |
| `- u8` in place of a name | sent as 0, ignored when it comes | nothing |

Fields of variable size stand at the end:

| type | wire | Python |
|---|---|---|
| `text8`, `text16` | length as u8 or u16, then ASCII | str |
| `list8` | length as u8, then bytes | list of int |
| `items8` | number of items as u8, then Structs of the layout `items` | list |
| `text[]`, `text[N]` | ASCII to the end, at most N bytes | str |
| `cstr` | ASCII to the end, where a NUL stands | str |
| `bytes[]` | bytes to the end | bytes |
| `u8[]`, `f32[]`, `char[4][]`, `items[]` | as many of them as there are | list |
"""

from __future__ import annotations

import re
import struct
from typing import Any, Generic, TypeVar

import msgspec

from macnet_bridge.errors import InvalidRequest, Malformed
from macnet_bridge.macnet.protocol.fieldtypes import wire_names
from macnet_bridge.macnet.protocol.making import cannot_break, checked, field_types, straight, straight_many
from macnet_bridge.macnet.protocol.messages import Message
from macnet_bridge.macnet.protocol.tails import refuse_none, tail
from macnet_bridge.macnet.protocol.wire_types import Kind, kind

M = TypeVar("M", bound=Message)

_FIELD = re.compile(r"(?P<name>=\d+|-|\w[\w ]*) (?P<type>\S+)$")
_IGNORED = "-"


def _parse(notation: str) -> list[tuple[str, str]]:
    """Names and types of the fields."""
    fields = []
    for part in notation.split("|") if notation else ():
        match = _FIELD.match(part.strip())
        if match is None:
            raise ValueError(f"not a field of a layout: {part!r}")
        fields.append((match["name"], match["type"]))
    return fields


class Layout(Generic[M]):
    """How one Struct lies in bytes.

    Attributes:
        notation, items: what it was made from.
        size: bytes of the fixed part.
        item_size: bytes of one item of a last field that repeats to the end, 0 when there is none.
        items_attribute: the Struct's attribute for that field, None when there is none.
        attributes: names of the Struct's attributes that it carries.
        is_complete: whether these are all of them.
        is_fixed: whether it has no field of variable size, and no constant that tells it from others.
    """

    def __init__(self, message: type[M], notation: str, items: Layout[Any] | None = None) -> None:
        """`items` is the layout of the Structs in a field noted as `Name items[]` or `Name items8`."""
        self.message = message
        self.notation = notation
        self.items = items
        fields = _parse(notation)
        ends = [tail(name, type_, items) for name, type_ in fields]
        first = next((at for at, end in enumerate(ends) if end), len(ends))
        self._tails = [end for end in ends[first:] if end]
        if len(self._tails) != len(ends) - first:
            raise ValueError(f"fields of fixed size come first: {notation!r}")
        self._take_fixed([(name, kind(type_)) for name, type_ in fields[:first]])
        self._take_names()
        self._take_makers()

    def _take_fixed(self, fields: list[tuple[str, Kind]]) -> None:
        self._names = [name for name, _ in fields]
        self._constants = {at: _constant(name) for at, name in enumerate(self._names) if name[0] in "=-"}
        self._marks = [(at, value) for at, value in self._constants.items() if value is not None]
        self._gives = [kind.gives for _, kind in fields]
        self._to_wire = [(at, kind.to_wire) for at, (_, kind) in enumerate(fields) if kind.to_wire]
        self._from_wire = [(at, kind.from_wire) for at, (_, kind) in enumerate(fields) if kind.from_wire]
        self._struct = struct.Struct("<" + "".join(kind.format for _, kind in fields))
        self.size = self._struct.size

    def _take_names(self) -> None:
        names = wire_names(self.message)
        self._attributes = [None if name[0] in "=-" else names[name] for name in self._names]
        self._tail_attributes = [names[each.name] for each in self._tails]
        self.attributes = frozenset(filter(None, (*self._attributes, *self._tail_attributes)))
        self.is_complete = self.attributes == set(names.values())
        self.is_fixed = not self._tails and not self._marks
        self.item_size = self._tails[-1].item_size if self._tails else 0
        self.items_attribute = self._tail_attributes[-1] if self.item_size else None

    def _take_makers(self) -> None:
        types = field_types(self.message)
        attributes = [*self._attributes, *self._tail_attributes]
        given = [
            *zip(self._names, self._gives, strict=True),
            *((each.name, each.gives) for each in self._tails),
        ]
        needed = {info.name for info in msgspec.structs.fields(self.message) if info.required}
        self._is_straight = needed <= self.attributes and all(
            name[0] in "=-" or cannot_break(gives, types[name]) for name, gives in given
        )
        self._make = straight(self.message, attributes)
        self._make_many = straight_many(self.message, attributes)

    def matches(self, data: bytes) -> bool:
        """Whether these bytes can have this layout, by their number, lengths and constants."""
        if self._tails:
            if len(data) < self.size or self._tail_ends(data) is None:
                return False
        elif len(data) != self.size:
            return False
        return not self._marks or self._is_marked(data)

    def lacks(self, value: M) -> bool:
        """Whether the Struct has nothing for some field of this layout."""
        if any(getattr(value, name) is None for name in self.attributes):
            return True
        if self.items is None:
            return False
        items = getattr(value, self._tail_attributes[-1])
        return any(self.items.lacks(item) for item in items)

    def pack(self, value: M) -> bytes:
        """The bytes of a Struct.

        Raises:
            InvalidRequest: a text or number does not fit.
        """
        try:
            fixed = self._struct.pack(*self._flat(value))
            return b"".join((fixed, *self._packed_tails(value))) if self._tails else fixed
        except (struct.error, OverflowError, TypeError, ValueError) as error:
            raise InvalidRequest(f"{type(value).__name__}: {error}") from None

    def unpack(self, data: bytes) -> M:
        """The Struct that lies in these bytes.

        Raises:
            Malformed: the size is wrong, or a value is not possible.
        """
        if self.is_fixed and len(data) == self.size:
            return self._made(self._from_flat(self._struct.unpack(data)))
        ends = self._tail_ends(data) if len(data) >= self.size else None
        if ends is None:
            raise Malformed(f"{self.message.__name__} does not fit into {len(data)} bytes")
        values = self._from_flat(self._struct.unpack_from(data))
        start = self.size
        for each, end in zip(self._tails, ends, strict=True):
            values.append(each.unpack(data[start:end]))
            start = end
        return self._made(values)

    def unpack_many(self, data: bytes) -> list[M]:
        """Structs of fixed size that lie one after the other.

        Raises:
            Malformed: a value is not possible.
        """
        rows = self._struct.iter_unpack(data)
        if self._is_straight and not self._from_wire and not self._marks:
            return self._make_many(rows)
        return [self._made(self._from_flat(row)) for row in rows]

    def _made(self, values: list[Any]) -> M:
        if self._is_straight:
            return self._make(*values)
        names = [*self._names, *(each.name for each in self._tails)]
        return checked(self.message, dict(zip(names, values, strict=True)))

    def _tail_ends(self, data: bytes) -> list[int] | None:
        """Where each field of variable size ends; None unless the last one ends with the data."""
        ends: list[int] = []
        at = self.size
        for each in self._tails:
            end = each.end(data, at)
            if end is None:
                return None
            ends.append(at := end)
        return ends if at == len(data) else None

    def _is_marked(self, data: bytes) -> bool:
        flat = self._struct.unpack_from(data)
        return all(flat[at] == value for at, value in self._marks)

    def _packed_tails(self, value: M) -> list[bytes]:
        packed = []
        for each, name in zip(self._tails, self._tail_attributes, strict=True):
            try:
                packed.append(each.pack(refuse_none(getattr(value, name), name)))
            except InvalidRequest as error:
                raise InvalidRequest(str(error), name) from None
        return packed

    def _flat(self, value: M) -> list[Any]:
        """What struct packs: one value per field, converted, constants in their places."""
        flat = [getattr(value, attribute) if attribute else None for attribute in self._attributes]
        for at, constant in self._constants.items():
            flat[at] = constant or 0
        for at, to_wire in self._to_wire:
            try:
                flat[at] = to_wire(flat[at])
            except InvalidRequest as error:
                raise InvalidRequest(str(error), self._attributes[at]) from None
        return flat

    def _from_flat(self, unpacked: tuple[Any, ...]) -> list[Any]:
        """What struct unpacked, converted; not yet checked against the types of the Struct."""
        flat = list(unpacked)
        for at, from_wire in self._from_wire:
            flat[at] = from_wire(flat[at])
        for at, constant in self._marks:
            if flat[at] != constant:
                raise Malformed(f"expected the constant {constant}, got {flat[at]}")
        return flat


def _constant(name: str) -> int | None:
    """The number that stands in place of a name; None where any number may come."""
    return None if name == _IGNORED else int(name[1:])
