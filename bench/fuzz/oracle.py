"""What a message says about itself, read by other means than those that are tested."""

from __future__ import annotations

import json
import re
import struct
from typing import Any

from tests.protocol.samples import Row

MISPRINTED_IN_BINARY = {(1, 3): 2, (1, 4): 2, (4, 10): 8, (4, 11): 6}
"""Numbers that the manual prints in replies by mistake, and that are taken."""

MISPRINTED_IN_JSON = {**MISPRINTED_IN_BINARY, (4, 9): 2}

LEN_COUNTS_IN_REQUESTS = {(3, 1), (4, 1), (4, 2), (4, 3), (4, 9), (7, 5), (7, 7)}
"""Functions whose requests have channels or a selector as Len, and no data."""

_LONGEST_NUMBER = 300
_HEADER = struct.Struct("<4H")
_NO_NUMBERS = re.compile(rb'("(?:[^"\\]|\\.)*"?)|[-+]?\b(?:nan|inf(?:inity)?)\b', re.IGNORECASE | re.DOTALL)


def header(data: bytes) -> tuple[int, int, int, int]:
    """Class, number, wire channel and Len of a binary message."""
    fclass, fnum, channel, length = _HEADER.unpack_from(data)
    return fclass, fnum, channel, length


def request_size(data: bytes) -> int:
    """Bytes of data that follow the header of a binary request."""
    fclass, fnum, _, length = header(data)
    return 0 if (fclass, fnum) in LEN_COUNTS_IN_REQUESTS else length


def is_binary_reply_to(row: Row, channel: int, data: bytes) -> bool:
    """Whether a header answers this function and channel."""
    fclass, fnum, wire_channel, _ = header(data)
    numbers = (row.fnum, MISPRINTED_IN_BINARY.get(row.number))
    return fclass == row.fclass and fnum in numbers and wire_channel == row.wire_channel(channel)


def is_json_reply_to(row: Row, channel: int, request_id: int, text: bytes) -> bool:
    """Whether a JSON reply has this id, and answers this function and channel."""
    try:
        envelope = _read(text)
    except RecursionError:
        return True  # nested too deep for this reader; there is nothing to compare
    content = envelope.get("result", envelope.get("params"))
    if "error" in envelope or not isinstance(content, dict) or not _is(envelope.get("id"), request_id):
        return False
    numbers = (row.fnum, MISPRINTED_IN_JSON.get(row.number))
    right = _is(content.get("FClass"), row.fclass) and any(
        _is(content.get("FNum"), number) for number in numbers
    )
    return right and (not row.addresses_channel or _is(content.get("Chan"), row.wire_channel(channel)))


def is_json_error_to(request_id: int, text: bytes) -> bool:
    """Whether a JSON reply has an error, and this id or none."""
    try:
        envelope = _read(text)
    except RecursionError:
        return True
    found = envelope.get("id")
    return "error" in envelope and (found is None or _is(found, request_id))


def json_request(text: bytes) -> dict[str, Any]:
    """A JSON request, empty when it is nested too deep for this reader."""
    try:
        return _read(text)
    except RecursionError:
        return {}


def begins_with_object(rest: bytes) -> bool:
    """Whether there is a whole JSON value where these bytes begin."""
    try:
        json.JSONDecoder(parse_int=str).raw_decode(rest.decode("utf-8", errors="replace"))
    except (ValueError, RecursionError):
        return False
    return True


def _read(text: bytes) -> dict[str, Any]:
    try:
        readable = text.decode("utf-8", errors="replace").encode()
        words = _NO_NUMBERS.sub(lambda match: match[1] or b"null", readable)
        read: dict[str, Any] = json.loads(words, parse_int=_int)
    except ValueError:
        return {}
    return read


def _int(digits: str) -> int | str:
    return int(digits) if len(digits) < _LONGEST_NUMBER else digits


def _is(value: Any, number: int | None) -> bool:
    """Whether a JSON value is this whole number; a truth value is none."""
    return type(value) in (int, float) and value == number
