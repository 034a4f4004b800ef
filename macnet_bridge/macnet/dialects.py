"""How requests become bytes on a connection, and what arrives becomes the reply.

A dialect remembers what was asked last, for a reply alone does not tell what it says.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from msgspec import Struct

from macnet_bridge.errors import InvalidRequest
from macnet_bridge.macnet.protocol import binary, jsonrpc
from macnet_bridge.macnet.protocol.framing import HEADER_BYTES, Header, JsonFramer
from macnet_bridge.macnet.protocol.functions import Function
from macnet_bridge.macnet.protocol.messages import ChannelRange, Message

Q = TypeVar("Q", bound=Message)

log = logging.getLogger(__name__)

MAX_JSON_REQUEST_BYTES = 1400
"""Fits into one segment of TCP. Whether testers put requests together from several is not known."""

_FIRST_ID_BELOW = 1 << 30
_FNUM = re.compile(rb'"FNum"\s*:\s*(\d+)')


class Call(NamedTuple):
    """A request of a function, about a channel from 1 on."""

    function: Function[Any, Any]
    channel: int
    request: Message


class Dialect(Protocol):
    """How requests become bytes and bytes become the reply, for one connection."""

    def encode(self, function: Function[Q, Any], channel: int, request: Q) -> bytes:
        """The bytes of a request, whose reply `take` will then wait for."""

    def encode_each(self, calls: Sequence[Call]) -> bytes:
        """Requests that leave together; `take` waits for their replies in this order, `turn` by `turn`."""

    def turn(self) -> None:
        """The reply that `take` waited for is dealt with: wait for that of the next request."""

    def feed(self, data: bytes) -> None:
        """Add received bytes."""

    def take(self) -> Message | None:
        """The reply, or None while it is incomplete. Raises Malformed, TesterRefused."""

    @property
    def pending(self) -> bool:
        """Whether bytes were fed that no reply has used up, and that mean something."""

    @property
    def in_doubt(self) -> bool:
        """Whether the reply that was fed would be a longer one if more came at once."""

    def settle(self) -> None:
        """Nothing more came at once."""


class _Misprints:
    """Says once of a function that a tester answers it with the number that the manual misprints."""

    def __init__(self) -> None:
        self._noted: set[tuple[int, int]] = set()

    def note(self, function: Function[Any, Any], fnum: int) -> None:
        """A reply to this function was taken that has this number."""
        if fnum == function.misprinted_fnum and function.number not in self._noted:
            self._noted.add(function.number)
            log.info(
                "%s was answered as (%d, %d), as the manual misprints it", function, function.fclass, fnum
            )


class _AskedByJson(Struct, frozen=True, gc=False):
    """A request and what its reply has to fit."""

    function: Function[Any, Any]
    channel: int
    request: Message
    id: int
    alone: bool
    read_usual: jsonrpc.ReadUsual


class JsonDialect:
    """JSON with rising ids from an unpredictable start, so that no late reply fits by chance."""

    def __init__(self, *, constant_id: bool = False) -> None:
        self._constant_id = constant_id
        self._framer = JsonFramer()
        # What arrived and was not looked at by the framer, and how much of it replies have used up.
        self._untried, self._at = b"", 0
        self._misprints = _Misprints()
        self._id = secrets.randbelow(_FIRST_ID_BELOW)
        self._asked: _AskedByJson | None = None
        self._to_come: deque[_AskedByJson] = deque()

    def encode(self, function: Function[Q, Any], channel: int, request: Q) -> bytes:
        self._to_come.clear()
        message, self._asked = self._encoded(function, channel, request, True)
        return message

    def encode_each(self, calls: Sequence[Call]) -> bytes:
        alone = len(calls) == 1
        each = [self._encoded(*call, alone) for call in calls]
        self._to_come = deque(asked for _, asked in each)
        self._asked = self._to_come.popleft()
        return b"".join(message for message, _ in each)

    def turn(self) -> None:
        self._asked = self._to_come.popleft() if self._to_come else None

    def _encoded(
        self, function: Function[Q, Any], channel: int, request: Q, alone: bool
    ) -> tuple[bytes, _AskedByJson]:
        self._id += 1
        message = jsonrpc.encode_request(function, channel, request, self._id)
        if len(message) > MAX_JSON_REQUEST_BYTES:
            raise InvalidRequest(f"{function}: a request of {len(message)} bytes; shorten its texts")
        read_usual = jsonrpc.usual_reader(function, channel)
        return message, _AskedByJson(function, channel, request, self._id, alone, read_usual)

    def feed(self, data: bytes) -> None:
        if self._untried or self._framer.pending:
            self._frame_untried()
            self._framer.feed(data)
        else:
            self._untried, self._at = data, 0

    def take(self) -> Message | None:
        asked = self._asked
        assert asked is not None, "take before encode"
        if self._untried:
            usual = self._take_usual(asked)
            if usual is not None:
                return usual
            self._frame_untried()
        text = self._framer.take()
        return None if text is None else self._decoded(text, asked)

    def _take_usual(self, asked: _AskedByJson) -> Message | None:
        """The reply, if what arrived begins with it and nothing about it is unusual."""
        data, start = self._untried, self._at
        # A line end is in no string, so one within a reply leaves half of it, which is none.
        found = data.find(jsonrpc.REPLY_END, start) if self._to_come else -1
        end = len(data) if found < 0 else found + len(jsonrpc.REPLY_END)
        usual = asked.read_usual(data[start:end], asked.id, asked.request)
        if usual is not None:
            self._untried, self._at = (b"", 0) if end == len(data) else (data, end)
        return usual

    def _decoded(self, text: bytes, asked: _AskedByJson) -> Message:
        usual = asked.read_usual(text, asked.id, asked.request)
        if usual is not None:
            return usual
        function = asked.function
        reply: Message = jsonrpc.decode_reply(
            function,
            asked.channel,
            asked.id,
            text,
            constant_id=self._constant_id,
            request=asked.request,
            alone=asked.alone,
        )
        if function.misprinted_fnum is not None and (fnum := _FNUM.search(text)):
            self._misprints.note(function, int(fnum[1]))
        return reply

    @property
    def pending(self) -> bool:
        return bool(self._untried[self._at :].strip()) or self._framer.pending

    @property
    def in_doubt(self) -> bool:
        return False  # braces tell where a reply ends

    def settle(self) -> None:
        pass

    def _frame_untried(self) -> None:
        """What arrived first is tried as one whole message, until more comes or it is not one."""
        self._framer.feed(self._untried[self._at :])
        self._untried, self._at = b"", 0


class BinaryDialect:
    """Binary messages, which carry no id: function and channel must match."""

    def __init__(self) -> None:
        self._buffer = b""
        self._misprints = _Misprints()
        # A tester whose Len was once a number of bytes is not asked again what it means by it.
        self._counts_bytes = False
        self._asked: Call | None = None
        self._to_come: deque[Call] = deque()

    def encode(self, function: Function[Q, Any], channel: int, request: Q) -> bytes:
        return self.encode_each((Call(function, channel, request),))

    def encode_each(self, calls: Sequence[Call]) -> bytes:
        self._to_come = deque(calls)
        self._asked = self._to_come.popleft()
        return b"".join([binary.encode_request(*call) for call in calls])

    def turn(self) -> None:
        self._asked = self._to_come.popleft() if self._to_come else None

    def feed(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data

    def take(self) -> Message | None:
        assert self._asked is not None, "take before encode"
        function, channel, request = self._asked
        read_usual = binary.usual_reader(function, channel)
        if read_usual is not None:
            end = _usual_bytes(function, request) if self._to_come else len(self._buffer)
            usual = read_usual(self._buffer[:end], request)
            if usual is not None:
                self._buffer = self._buffer[end:]
                return usual
        return self._take(function, channel, request)

    def _take(self, function: Function[Any, Any], channel: int, request: Message) -> Message | None:
        if len(self._buffer) < HEADER_BYTES:
            return None
        header = Header.unpack(self._buffer)
        waiting = len(self._buffer) - HEADER_BYTES
        end = HEADER_BYTES + binary.reply_data_bytes(function, request, header.length, waiting)
        if len(self._buffer) < end:
            return None
        data, self._buffer = self._buffer[HEADER_BYTES:end], self._buffer[end:]
        reply: Message = binary.decode_reply(function, channel, request, header, data)
        self._misprints.note(function, header.fnum)
        return reply

    @property
    def pending(self) -> bool:
        return bool(self._buffer)

    @property
    def in_doubt(self) -> bool:
        assert self._asked is not None, "in_doubt before encode"
        function, _, request = self._asked
        item_bytes = function.binary_reply[0].item_size
        if item_bytes <= 1 or self._counts_bytes or isinstance(request, ChannelRange):
            return False
        return _may_count(self._buffer, item_bytes)

    def settle(self) -> None:
        self._counts_bytes = True


def _usual_bytes(function: Function[Any, Any], request: Message) -> int:
    """How long the reply is that a `usual_reader` takes."""
    layout = function.binary_reply[0]
    items = request.count if isinstance(request, ChannelRange) else 0
    return HEADER_BYTES + layout.size + items * layout.item_size


def _may_count(data: bytes, item_bytes: int) -> bool:
    """Whether Len may be a number of inputs, not all of which have arrived yet; see (4, 4)."""
    if len(data) < HEADER_BYTES:
        return False
    length, waiting = Header.unpack(data).length, len(data) - HEADER_BYTES
    return length % item_bytes == 0 and length <= waiting < length * item_bytes
