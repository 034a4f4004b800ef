"""What can go wrong between a client and a simulated tester: one line in `KINDS` for each."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Literal

import msgspec

from macnet_bridge.macnet.protocol.jsonrpc import REPLY_END
from macnet_bridge.simulator.sockets.line import Stream
from macnet_bridge.simulator.sockets.received import Received, Transport

GARBAGE = b"\xff\x00garbage\r\n"
"""What comes before a reply when nobody says otherwise."""

_BEFORE_RESET_SECOND = 0.05  # so that the first half is read before the RST takes it away


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong: what, for which requests, and how often.

    Attributes:
        kind: a key of `KINDS`.
        on: the function, such as `(6, 2)`; None is every one.
        channel: from 1; None is every one.
        transport: None is every one.
        after: so many requests that fit pass unharmed first.
        share: how likely it is to strike a request that fits, 0 to 1. The dice follow the seed.
        times: how often it strikes; None is without end.
        carried_out: whether the tester has done what was asked when it strikes. With False the
            request is lost on its way there.
        second: how late (`delay`), from the first to the last piece (`split`), or for how long
            (`refuse`).
        parts: how many pieces (`split`).
        data: what comes before the reply (`garbage`).

    Raises:
        ValueError: no such kind, or one that cannot be had in this way.
    """

    kind: str
    _: KW_ONLY
    on: tuple[int, int] | None = None
    channel: int | None = None
    transport: Transport | None = None
    after: int = 0
    share: float = 1.0
    times: int | None = None
    carried_out: bool = True
    second: float = 1.0
    parts: int = 3
    data: bytes = GARBAGE

    def __post_init__(self) -> None:
        kind = KINDS.get(self.kind)
        if kind is None:
            raise ValueError(f"there is no fault {self.kind!r}, only {', '.join(KINDS)}")
        if self.transport is not None and self.transport not in kind.transports:
            raise ValueError(f"there is no {self.kind} by {self.transport.value}")
        if not self.carried_out and not kind.before:
            raise ValueError(f"{self.kind} needs a reply, and so a request that was carried out")
        if kind.strikes == "connections" and (self.on or self.channel):
            raise ValueError(f"{self.kind} strikes connections, which have no function and no channel")
        if not (self.after >= 0 and 0.0 <= self.share <= 1.0 and (self.times or 0) >= 0):
            raise ValueError("after and times are 0 or more, share is 0 to 1")
        if not (0.0 <= self.second < math.inf and self.parts >= 1):
            raise ValueError("second is 0 or more, parts is 1 or more")

    def fits(self, record: Received) -> bool:
        """Whether this request may be struck."""
        return (
            record.transport in KINDS[self.kind].transports
            and self.transport in (None, record.transport)
            and self.on in (None, record.number)
            and self.channel in (None, record.channel)
        )


Act = Callable[[Fault, bytes, Stream], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault.

    Attributes:
        what: what the client sees.
        act: does it to a reply on its way to the client.
        transports: by which it can happen.
        strikes: what it strikes.
        before: whether it can also happen before a request is carried out.
    """

    what: str
    act: Act
    transports: frozenset[Transport] = frozenset(Transport)
    strikes: Literal["requests", "connections"] = "requests"
    before: bool = False


def _drop(fault: Fault, reply: bytes, line: Stream) -> None:
    pass


def _delay(fault: Fault, reply: bytes, line: Stream) -> None:
    asyncio.get_running_loop().call_later(fault.second, line.send, reply)


def _split(fault: Fault, reply: bytes, line: Stream) -> None:
    size = max(1, -(-len(reply) // fault.parts))
    pieces = [reply[at : at + size] for at in range(0, len(reply), size)]
    gap_second = fault.second / max(1, len(pieces) - 1)
    for number, piece in enumerate(pieces):
        asyncio.get_running_loop().call_later(number * gap_second, line.send, piece)


def _glue(fault: Fault, reply: bytes, line: Stream) -> None:
    line.hold(reply)


def _garbage(fault: Fault, reply: bytes, line: Stream) -> None:
    line.send(fault.data)
    line.send(reply)


def _garble(fault: Fault, reply: bytes, line: Stream) -> None:
    line.send(bytes(byte ^ 0xFF for byte in reply))


def _wrong_id(fault: Fault, reply: bytes, line: Stream) -> None:
    answer = msgspec.json.decode(reply)
    right = answer.get("id")
    answer["id"] = right - 1 if isinstance(right, int) else 0
    line.send(msgspec.json.encode(answer) + REPLY_END)


def _reset(fault: Fault, reply: bytes, line: Stream) -> None:
    line.reset()


def _cut(fault: Fault, reply: bytes, line: Stream) -> None:
    line.send(reply[: len(reply) // 2])
    asyncio.get_running_loop().call_later(_BEFORE_RESET_SECOND, line.reset)


def _half_open(fault: Fault, reply: bytes, line: Stream) -> None:
    line.fall_silent()


_STREAMS = frozenset({Transport.JSON, Transport.BINARY_TCP})
_JSON = frozenset({Transport.JSON})

KINDS: dict[str, Kind] = {
    "drop": Kind("no reply comes", _drop, before=True),
    "delay": Kind("the reply comes `second` later; replies to other requests may overtake it", _delay),
    "split": Kind(
        "the reply comes in `parts` pieces, the last one `second` after the first", _split, _STREAMS
    ),
    "glue": Kind("the reply is kept back, and comes in one segment with the next one", _glue, _STREAMS),
    "garbage": Kind("the bytes of `data` come before the reply", _garbage),
    "garble": Kind("bytes that make no sense come in place of the reply, as many", _garble),
    "wrong-id": Kind("the reply has the id of the request before", _wrong_id, _JSON),
    "reset": Kind("the connection ends by RST, and no reply comes", _reset, _STREAMS, before=True),
    "cut": Kind("half of the reply comes, then the connection ends by RST", _cut, _STREAMS),
    "half-open": Kind(
        "no reply comes, and never anything more on this connection, which stays open",
        _half_open,
        _STREAMS,
        before=True,
    ),
    "refuse": Kind(
        "new connections are reset as soon as they are made, for `second`", _reset, _STREAMS, "connections"
    ),
}
