"""Where one message ends and the next begins, whatever the network did to the stream.

Incomplete is not an error: `take` waits for more. Too long, or bytes that cannot begin a
message, is: then the stream is out of step and the connection has to be closed.
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from macnet_bridge.errors import Malformed

MAX_JSON_BYTES = 1 << 20
"""Longest JSON message accepted. The longest real one, 128 channels of (4, 1), has about 6 kB."""

_WHOLE_OBJECT_DEPTH = 4
"""Objects nested no deeper than this, which is all that MacNet has, are found by one match."""

_OUTSIDE_STRING = re.compile(rb'[{}"]')
_IN_STRING = re.compile(rb'["\\]')
_WHITE_SPACE = re.compile(rb"[ \t\r\n]+")


def _whole_object() -> re.Pattern[bytes]:
    """A pattern for an object whose strings have no escapes. It never backtracks."""
    flat = rb'[^{}"\\]++|"[^"\\]*+"'
    content = flat
    for _ in range(_WHOLE_OBJECT_DEPTH - 1):
        content = flat + rb"|\{(?:" + content + rb")*+\}"
    return re.compile(rb"\{(?:" + content + rb")*+\}")


_WHOLE_OBJECT = _whole_object()


class JsonFramer:
    """Cuts a byte stream into JSON objects by their braces, minding strings.

    Line ends mean nothing here: testers end replies with CRLF, but a pretty-printed
    reply has CRLF inside as well, and requests end with nothing at all.
    """

    def __init__(self, max_bytes: int = MAX_JSON_BYTES) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._scanned = 0
        self._depth = 0
        self._in_string = False

    def feed(self, data: bytes) -> None:
        """Add bytes from the stream."""
        self._buffer += data

    def take(self) -> bytes | None:
        """The next whole JSON object, or None while it is incomplete.

        Raises:
            Malformed: the stream does not begin with an object, or the object is too long.
        """
        if self._depth == 0:
            self._skip_to_object()
        end = self._find_end()
        if end is None:
            if len(self._buffer) > self._max_bytes:
                raise Malformed(f"a JSON message is longer than {self._max_bytes} bytes")
            return None
        if end > self._max_bytes:
            raise Malformed(f"a JSON message is longer than {self._max_bytes} bytes")
        message = bytes(self._buffer[:end])
        del self._buffer[:end]
        self._scanned = 0
        return message

    @property
    def pending(self) -> bool:
        """Whether bytes other than white space are waiting for the rest of their message."""
        return bool(self._buffer) and not _WHITE_SPACE.fullmatch(self._buffer)

    def _skip_to_object(self) -> None:
        # Deletes in place: a copy per message would make a buffer of many messages slow.
        if white := _WHITE_SPACE.match(self._buffer):
            del self._buffer[: white.end()]
        if self._buffer and self._buffer[0] != ord("{"):
            raise Malformed(f"expected a JSON object, got {bytes(self._buffer[:20])!r}")

    def _find_end(self) -> int | None:
        position = self._scanned
        if position == 0 and (whole := _WHOLE_OBJECT.match(self._buffer)):
            return whole.end()  # the usual case; the scan below copes with all others
        while True:
            pattern = _IN_STRING if self._in_string else _OUTSIDE_STRING
            match = pattern.search(self._buffer, position)
            if match is None:
                self._scanned = len(self._buffer)
                return None
            position = match.end()
            mark = match[0]
            if mark == b"\\":
                # The escaped character may be a quote, and may not have arrived yet.
                if position == len(self._buffer):
                    self._scanned = match.start()
                    return None
                position += 1
            elif mark == b'"':
                self._in_string = not self._in_string
            else:
                self._depth += 1 if mark == b"{" else -1
                if self._depth == 0:
                    return position


class Header(NamedTuple):
    """The eight bytes before every binary message. `channel` is the wire's, 0-based."""

    fclass: int
    fnum: int
    channel: int
    length: int

    @classmethod
    def unpack(cls, data: bytes | bytearray) -> Header:
        """Read a header from the first eight bytes of `data`."""
        return cls(*_HEADER.unpack_from(data))

    def pack(self) -> bytes:
        """The header as eight bytes."""
        return _HEADER.pack(*self)


_HEADER = struct.Struct("<HHHH")
HEADER_BYTES = _HEADER.size
