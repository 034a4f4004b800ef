"""Words such as NaN and INF in a reply: JSON does not have them, testers may send them.

They are read as a number that is none, which says: no value. It is what binary messages have
in such a place, and readers of measured values have to cope with it anyway.
"""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec
from msgspec import Raw

from macnet_bridge.errors import Malformed
from macnet_bridge.macnet.protocol.jsonrpc.envelope import decode, encoder

_NO_VALUE = "\0no value"
"""Stands in the text in place of such a word, until the types are known."""

_MARK = encoder.encode(_NO_VALUE)

# A string without an end takes all the rest, so that no text is looked at more than once.
_WORDS = re.compile(
    rb'"(?:[^"\\]|\\.)*+"?|(?P<word>[-+]?\b(?:nan|inf(?:inity)?)\b)', re.IGNORECASE | re.DOTALL
)


def decode_reply_part(kind: Any, data: bytes | Raw) -> Any:
    """As `decode`, and words for numbers that are none are such numbers.

    Raises:
        Malformed: not JSON, or not of this type: also where the type is that of whole numbers.
    """
    try:
        return decode(kind, data)
    except Malformed:
        text = _WORDS.sub(_marked, bytes(data))
        if _MARK not in text:
            raise
    return _decode_marked(kind, text)


def _marked(match: re.Match[bytes]) -> bytes:
    return _MARK if match["word"] else match[0]


def _decode_marked(kind: Any, text: bytes) -> Any:
    try:
        return decode(kind, text)  # an envelope is content with the marks
    except Malformed as error:
        problem = error
    try:
        return msgspec.convert(_with_nan(decode(Any, text)), kind)
    except (msgspec.ValidationError, RecursionError):
        raise problem from None


def _with_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_nan(item) for item in value]
    return math.nan if value == _NO_VALUE else value
