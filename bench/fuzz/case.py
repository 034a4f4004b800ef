"""What the bytes of one input stand for.

Four bytes say which row, side, channel and cuts; the rest is the stream that comes in. So a
stream that the fuzzer has found can be tried on every row and from both sides.
"""

from __future__ import annotations

import random
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

from macnet_bridge.macnet.protocol import messages as m
from tests.protocol.samples import ROWS, Row, for_channel, sample_request

HEAD_BYTES = 4
MAX_BYTES = 4096
EVERYWHERE = 0
"""As `cuts`: at every byte."""

REQUEST_ID = 1987
"""That of the manual's examples, so that they are replies to what is asked here."""

_NUMBERS = 16
_MAX_CUTS = 8


class Side(IntEnum):
    """Who reads the stream, and in which form it is."""

    JSON_REPLIES = 0
    BINARY_REPLIES = 1
    JSON_REQUESTS = 2
    BINARY_REQUESTS = 3

    @property
    def is_json(self) -> bool:
        return self in (Side.JSON_REPLIES, Side.JSON_REQUESTS)

    @property
    def asks(self) -> bool:
        """Whether it is the client that reads."""
        return self in (Side.JSON_REPLIES, Side.BINARY_REPLIES)


class Case(NamedTuple):
    """One input, taken apart.

    Attributes:
        row: what was asked, and what a mutation makes the stream say.
        channel: that was asked for, 1-based, 1 to 16.
        channels: how many a bulk function asked for, 1 to 16.
        cuts: where the stream is cut: 0 at every byte, else at a few places that follow from it.
    """

    row: Row
    side: Side
    channel: int
    channels: int
    cuts: int
    stream: bytes

    @classmethod
    def of(cls, data: bytes) -> Case:
        """Any bytes are a case; those that are missing are 0."""
        row, side, numbers, cuts = data[:HEAD_BYTES].ljust(HEAD_BYTES, b"\0")
        high, low = divmod(numbers, _NUMBERS)
        return cls(
            ROWS[row % len(ROWS)], Side(side % len(Side)), low + 1, high + 1, cuts, data[HEAD_BYTES:MAX_BYTES]
        )

    def data(self) -> bytes:
        """The bytes of this case."""
        numbers = (self.channels - 1) * _NUMBERS + self.channel - 1
        return bytes([ROWS.index(self.row), self.side, numbers, self.cuts]) + self.stream

    @property
    def request(self) -> m.Message:
        """What was asked."""
        return self.request_of(self.row)

    def request_of(self, row: Row) -> m.Message:
        """What would be asked of another row."""
        if row.request is m.ChannelRange:
            return m.ChannelRange(count=self.channels)
        return for_channel(sample_request(row), self.channel)

    @property
    def other_row(self) -> Row:
        """Some row that was not asked; all of them come up."""
        at = ROWS.index(self.row) + 1 + self.cuts % (len(ROWS) - 1)
        return ROWS[at % len(ROWS)]

    def parts(self) -> list[bytes]:
        """The stream as the network delivers it."""
        size = len(self.stream)
        if self.cuts == EVERYWHERE:
            return [self.stream[at : at + 1] for at in range(size)]
        chosen = random.Random(self.cuts)
        places = sorted(chosen.randint(0, size) for _ in range(chosen.randint(1, _MAX_CUTS)))
        return [self.stream[start:end] for start, end in pairwise([0, *places, size])]
