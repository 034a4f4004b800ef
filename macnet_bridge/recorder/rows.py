"""What a message becomes: rows of one table, with exactly what was published. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from macnet_bridge.recorder.columns import FITS, STORED, TABLES, Column, Table, as_json
from macnet_bridge.store.rows import Row

TEXT_MAX = 8 << 20
"""Characters in all rows of one message; what is common to them is in each."""

_decode = msgspec.json.Decoder().decode


class Unread(Exception):
    """A message that none of the tables has a row for; says why."""


def rows_of(leaf: str, place: Row, payload: bytes) -> list[Row]:
    """The rows of a message, in the order of `TABLES[leaf].columns`.

    Args:
        leaf: last level of the topic.
        place: what the topic says: cycler and, but for a sweep, channel.

    Raises:
        Unread: no JSON object, or one without what tells its row from all others, or too large.
    """
    message = _object(payload)
    table = TABLES[leaf]
    try:
        if leaf == "sweep":
            return _bounded(_row(table, place, each) for each in _turned(message))
        if leaf == "aux":
            return _bounded(_row(table, place, each) for each in _inputs(message))
        return [_row(table, place, message)]
    except RecursionError as error:  # what could just be read cannot be written again
        raise Unread(f"no JSON: {error}") from None


def _bounded(rows: Iterable[Row]) -> list[Row]:
    found, size = [], 0
    for row in rows:
        size += sum(len(value) for value in row if isinstance(value, str))
        if size > TEXT_MAX:
            raise Unread(f"its rows are larger than {TEXT_MAX >> 20} MiB")
        found.append(row)
    return found


def _object(payload: bytes) -> dict[str, Any]:
    try:
        message = _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unread(f"no JSON: {error}") from None
    if not isinstance(message, dict):
        raise Unread("no JSON object")
    return message


def _row(table: Table, place: Row, message: Mapping[str, Any]) -> Row:
    found: dict[str, Any] = {}
    more = _split(message, table.tree, found)
    for key in table.dropped:
        more.pop(key, None)
    missing = table.key - found.keys()
    if missing:
        raise Unread(f"no good {' and '.join(sorted(missing))}")
    value = found.get
    columns = table.columns[len(place) : -1]
    return (*place, *(value(column.name) for column in columns), as_json(more) if more else None)


def _split(message: Mapping[str, Any], tree: Mapping[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Put what has a column into `found`; the rest, under its keys."""
    more: dict[str, Any] = {}
    for key, value in message.items():
        node = tree.get(key)
        if node is None:
            more[key] = value
        elif value is None:
            pass  # as if it were not there: NULL
        elif isinstance(node, Column):
            _place(node, key, value, found, more)
        elif not isinstance(value, dict):
            more[key] = value
        elif rest := _split(value, node, found):
            more[key] = rest
    return more


def _place(column: Column, key: str, value: Any, found: dict[str, Any], more: dict[str, Any]) -> None:
    kind = column.kind
    if not FITS[kind](value):
        more[key] = value
    elif kind in STORED:
        found[column.name] = STORED[kind](value)
    else:
        found[column.name] = value


def _turned(sweep: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The columns of a sweep, as one message for each channel.

    A list as long as that of the channels has a value for each; anything else holds for all of them.
    """
    channels = sweep.get("channel")
    if not isinstance(channels, list):
        raise Unread("no good channel")
    count = len(channels)
    columns = {key: value for key, value in sweep.items() if isinstance(value, list) and len(value) == count}
    common = {key: value for key, value in sweep.items() if key not in columns}
    for number in range(count):
        yield common | {key: values[number] for key, values in columns.items()}


def _inputs(aux: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One message for each auxiliary input. What is its own counts before what is common to all."""
    inputs = aux.get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(each, dict) for each in inputs):
        raise Unread("no good inputs")
    common = {key: value for key, value in aux.items() if key != "inputs"}
    for each in inputs:
        yield common | each
