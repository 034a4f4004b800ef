"""The page that lists all functions, and what they have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from macnet_bridge.macnet.protocol.functions import FUNCTIONS, Function
from macnet_bridge.macnet.protocol.jsonrpc.errors import ERROR_CODES
from reference.markdown import linked, page_name, table
from reference.page import transports, what_it_does
from reference.wording import EFFECTS, TARGETS, retry

_CLASSES = {
    0: "Echo",
    1: "The tester and its files",
    3: "What channels can do",
    4: "What channels do",
    5: "Flags",
    6: "Commands to channels",
    7: "Smart batteries",
    8: "Log-in",
}
_INTRODUCTION = """\
# MacNet's functions

One page for each of the 57 documented functions, made from the table that the client, the bridge and the
simulated cycler read; `python -m reference` makes them anew. A *lost reply* is one that did not come to a
request that left: what may be done then differs from function to function.

Channels count from 1 in this project and from 0 on the wire: channel 5 is `Chan` 4. Examples have made-up
values and the bytes of our own codecs.

## What all messages have in common

A binary message, by TCP or as one UDP datagram, begins with eight bytes. All numbers are little-endian,
nothing is padded, and offsets on the pages count from the end of this header:
"""
_AFTER_HEADER = """\
A JSON message has function, channel and fields side by side, in `params` of a request and in `result` of a
reply, and the reply repeats function, channel and `id`. An error comes as `error` in place of `result`:
"""
_HEADER = [
    ("0", "2", "`FClass`", "class, the first number of a function"),
    ("2", "2", "`FNum`", "its second number"),
    ("4", "2", "`Chan`", "channel, from 0; 0 for the tester as a whole"),
    ("6", "2", "`Len`", "what each page says"),
]


def index() -> str:
    """The whole page."""
    parts = [_INTRODUCTION, *table(("offset", "bytes", "field", "meaning"), _HEADER), _AFTER_HEADER]
    errors = [(f"`{text}`", f"`{code}`") for text, code in ERROR_CODES.items()]
    parts += table(
        ("message of the error", "code of the acknowledgement"), [*errors, ("any other", "`MACNET_ERROR`")]
    )
    for fclass, title in _CLASSES.items():
        parts += _class(title, [row for row in FUNCTIONS.values() if row.fclass == fclass])
    return "\n".join(parts).rstrip() + "\n"


def _class(title: str, rows: list[Function[Any, Any]]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    heads = ("function", "what it does", "target", "effect", "after a lost reply", "transports")
    yield from table(heads, map(_row, rows))


def _row(row: Function[Any, Any]) -> tuple[str, ...]:
    return (
        f"[({row.fclass}, {row.fnum}) {row.name}]({page_name(row.number)})",
        linked(what_it_does(row), row.number),
        TARGETS[row.target],
        EFFECTS[row.effect],
        retry(row),
        transports(row),
    )
