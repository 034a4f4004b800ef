"""The parts of a page about one direction: what is said, field by field, and how it lies in binary."""

from __future__ import annotations

import inspect as docs
import re
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import inspect

from macnet_bridge.macnet.protocol.functions import Function, RequestLength
from macnet_bridge.macnet.protocol.layout import Layout
from macnet_bridge.macnet.protocol.messages import (
    ChannelRange,
    Echo,
    Empty,
    Message,
    Outcome,
    SaysByLen,
    ToggleSelection,
)
from macnet_bridge.macnet.protocol.tails import tail
from macnet_bridge.macnet.protocol.wire_types import kind as wire_kind
from reference.derived import Number
from reference.markdown import linked, table
from reference.wording import kind, unit, wire_type

Row = Function[Any, Any]
Layouts = Sequence[Layout[Any]]

_NUMBERS = r"(?:the bulk functions|MacNet (?:\(\d+, \d+\)(?:, | and )?)+)"
_OPENING = re.compile(rf"(?:(?:Request|Reply) of {_NUMBERS}|{_NUMBERS}, both ways)[.:,]?\s*")
_FIELD_HEADS = ("field", "MacNet's name", "type", "unit", "if left out", "only in")
_LAYOUT_HEADS = ("offset", "bytes", "field", "type")
_INSTEAD: dict[type[Message], str] = {
    Outcome: "Whether the tester agreed; see the results below.",
    Empty: "",
    Echo: "The request, unchanged.",
}
"""Where a docstring speaks of the Struct rather than of the message."""

_NOTHING = "Nothing beyond function and channel."


def request(row: Row, title: str, first: Row | None) -> Iterator[str]:
    """The section about the request; of a second form, only what the first one does not have."""
    known = first.binary_request if first else ()
    yield from _direction(row, title, row.binary_request, known, row.request)
    if row.binary:
        yield from _paragraph(f"`Len` in the header: {_request_len(row)}.")
        yield from _layouts(row.binary_request, known, "the first that holds everything is sent")


def reply(row: Row, title: str, first: Row | None) -> Iterator[str]:
    """The section about the reply."""
    known = first.binary_reply if first else ()
    yield from _direction(row, title, row.binary_reply, known, row.reply)
    if row.binary:
        yield from _paragraph(f"`Len` in the header: {_reply_len(row)}.")
        yield from _layouts(row.binary_reply, known, "any of these may come")


def _direction(
    row: Row, title: str, layouts: Layouts, known: Layouts, declared: type[Message]
) -> Iterator[str]:
    yield from _paragraph(title)
    kinds = list(dict.fromkeys(layout.message for layout in layouts))
    if {layout.message for layout in known} >= {*kinds}:
        yield from _paragraph("Its fields are those of the first form.")
        return
    if kinds != [declared]:
        yield from _paragraph(f"One of {', '.join(f'`{each.__name__}`' for each in kinds)}.")
    for each in kinds:
        if len(kinds) > 1:
            yield from _paragraph(f"**`{each.__name__}`**")
        yield from _message(row, each, layouts)


def _message(row: Row, message: type[Message], layouts: Layouts) -> Iterator[str]:
    yield from about(message, row.number)
    rows = list(_field_rows(row, message, layouts))
    if rows:
        yield from table(_FIELD_HEADS, rows)
    elif message is not Echo:
        yield from _paragraph(_NOTHING)
    for item in _items_of(message):
        yield from _paragraph(f"Each `{item.__name__}`:")
        yield from table(_FIELD_HEADS, _field_rows(row, item, ()))


def about(message: type[Message], here: Number) -> Iterator[str]:
    """What the Struct's docstring says beyond naming its function."""
    said = _INSTEAD.get(message, _OPENING.sub("", docs.getdoc(message) or "", count=1))
    for part in filter(None, said.split("\n\n")):
        yield from _paragraph(linked(_sentence(part.replace("\n", " ")), here))


def _sentence(text: str) -> str:
    text = re.sub("^which ", "it ", text)
    return text[:1].upper() + text[1:]


def _paragraph(text: str) -> Iterator[str]:
    yield text
    yield ""


def _items_of(message: type[Message]) -> list[type[Any]]:
    """The Structs in its lists."""
    types = [info.type for info in inspect.type_info(message).fields]  # type: ignore[attr-defined]
    options = [each for wanted in types for each in getattr(wanted, "types", (wanted,))]
    items = [each.item_type for each in options if isinstance(each, inspect.ListType)]
    return [item.cls for item in items if isinstance(item, inspect.StructType)]


def _field_rows(row: Row, message: type[Message], layouts: Layouts) -> Iterator[tuple[str, ...]]:
    types = {info.name: info for info in inspect.type_info(message).fields}  # type: ignore[attr-defined]
    for info in msgspec.structs.fields(message):
        left_out = "" if issubclass(message, Outcome) and info.name == "result" else _default(info)
        yield (
            f"`{info.name}`",
            f"`{info.encode_name}`",
            kind(types[info.name].type),
            unit(info.name),
            left_out,
            _only_in(row, info, layouts),
        )


def _default(info: msgspec.structs.FieldInfo) -> str:
    if info.required:
        return ""
    value = info.default if info.default_factory is msgspec.NODEFAULT else info.default_factory()
    if value is None:
        return "absent"
    return "empty" if value in ("", []) else f"{value:g}" if isinstance(value, float) else str(value)


def _only_in(row: Row, info: msgspec.structs.FieldInfo, layouts: Layouts) -> str:
    """The one form that has the field, empty where both have."""
    if not layouts or not (row.json and row.binary):
        return ""
    if info.encode_name in row.binary_only:
        return "binary"
    carried = any(info.name in layout.attributes for layout in layouts)
    in_header = issubclass(layouts[0].message, SaysByLen | ToggleSelection)
    return "" if carried or in_header else "JSON"


# --- binary


def _request_len(row: Row) -> str:
    if row.request_length is RequestLength.SELECTOR:
        return "the selector, and no data follow"
    if row.request_length is RequestLength.CHANNELS:
        count = "how many channels, 1 to 128" if row.request is ChannelRange else "1, for one channel"
        return f"{count}, and no data follow"
    if not any(layout.notation for layout in row.binary_request):
        return "0, and no data follow"
    return "the bytes of data that follow"


def _reply_len(row: Row) -> str:
    if not any(layout.notation for layout in row.binary_reply):
        return "0, and no data follow"
    return "the bytes of data that follow"


def _layouts(layouts: Layouts, known: Layouts, several: str) -> Iterator[str]:
    """The layouts with data, but for those that are known from the first form."""
    seen = {layout.notation for layout in known}
    shown = [layout for layout in layouts if layout.notation and layout.notation not in seen]
    if len(shown) < sum(bool(layout.notation) for layout in layouts):
        yield from _paragraph(f"The data {'may also be' if shown else 'are'} those of the first form.")
    for layout in shown:
        yield from _paragraph(f"Data{_which(layout, shown, several)}{_size(layout)}:")
        yield from table(_LAYOUT_HEADS, layout_rows(layout))
        if layout.items:
            yield from _paragraph(f"Each item{_size(layout.items)}:")
            yield from table(_LAYOUT_HEADS, layout_rows(layout.items))


def _which(layout: Layout[Any], shown: Layouts, several: str) -> str:
    """Which of several layouts it is."""
    of = f" of `{layout.message.__name__}`" if len({each.message for each in shown}) > 1 else ""
    same = [each for each in shown if each.message is layout.message]
    if len(same) == 1:
        return of
    return f"{of} ({several})" if layout is same[0] else f"{of} (another layout)"


def _size(layout: Layout[Any]) -> str:
    _, types = _fields(layout)
    fixed = [_fixed_bytes(each, layout.items) for each in types]
    if None in fixed:
        return f", {_bytes(layout.size)} and more" if layout.size else ""
    return f", {_bytes(layout.size)}"


def _bytes(count: int) -> str:
    return f"{count} byte{'s' * (count != 1)}"


def _fields(layout: Layout[Any]) -> tuple[list[str], list[str]]:
    parts = [part.strip().rpartition(" ") for part in layout.notation.split("|") if layout.notation]
    return [name for name, _, _ in parts], [notation for *_, notation in parts]


def layout_rows(layout: Layout[Any]) -> Iterator[tuple[str, ...]]:
    """Offset, bytes, name and type of every field."""
    at: int | None = 0
    for name, notation in zip(*_fields(layout), strict=True):
        size = _fixed_bytes(notation, layout.items)
        yield (
            "then" if at is None else str(at),
            "varies" if size is None else str(size),
            _name(name),
            wire_type(notation),
        )
        at = None if at is None or size is None else at + size


def _name(name: str) -> str:
    if name == "-":
        return "sent as 0, ignored when it comes"
    return f"always {name[1:]}" if name.startswith("=") else f"`{name}`"


def _fixed_bytes(notation: str, items: Layout[Any] | None) -> int | None:
    """Bytes of a type, None when they vary."""
    if tail("", notation, items) is not None:
        return None
    return struct.calcsize("<" + wire_kind(notation).format)
