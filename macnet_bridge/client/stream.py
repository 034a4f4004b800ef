"""What a channel or a cycler publishes, as asynchronous iterators of typed values."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Generic, Self, TypeVar

import msgspec

from macnet_bridge.client.order import Gap, ReadingOrder
from macnet_bridge.payloads.events import AnyEvent
from macnet_bridge.payloads.inputs import Aux
from macnet_bridge.payloads.telemetry import ChannelState, Reading
from macnet_bridge.topics import Scope, Source

T = TypeVar("T")

WAITING_MAX = 10_000
"""Messages that wait for a reader who is slower than they come."""
_EVENTS_REMEMBERED = 1_000


class Stream:
    """Messages of one kind that were not read yet.

    It listens from the moment it is made, and until nobody holds it any more.

    Attributes:
        channel: of which one; None for all of the cycler.
        dropped: how many were thrown away, oldest first, because they were not read in time.
    """

    def __init__(self, root: str, cycler: str, channel: int | None, leaf: str) -> None:
        middle = "+" if channel is None else str(channel)
        self.topic_filter = f"{root}/{cycler}/{middle}/telemetry/{leaf}"
        self.channel = channel
        self.dropped = 0
        self._cycler = cycler
        self._leaf = leaf
        self._messages: deque[tuple[int, bytes]] = deque()
        self._filled = asyncio.Event()
        self._is_closed = False

    def is_for(self, source: Source) -> bool:
        """Whether a message of this source belongs here."""
        is_ours = (source.scope, source.name, source.leaf) == (Scope.CHANNEL, self._cycler, self._leaf)
        return is_ours and self.channel in (None, source.channel)

    def put(self, channel: int, payload: bytes) -> None:
        """Keep a message; an empty one only says that a retained one is gone."""
        if not payload:
            return
        if len(self._messages) >= WAITING_MAX:
            self._messages.popleft()
            self.dropped += 1
        self._messages.append((channel, payload))
        self._filled.set()

    def close(self) -> None:
        """Nothing comes any more; what waits can still be read."""
        self._is_closed = True
        self._filled.set()

    async def get(self) -> tuple[int, bytes]:
        """The oldest message with its channel. Raises StopAsyncIteration at the end of the client."""
        while not self._messages:
            if self._is_closed:
                raise StopAsyncIteration
            self._filled.clear()
            await self._filled.wait()
        return self._messages.popleft()


class InfoStream(Stream):
    """The retained information of a bridge or of a cycler, and each change of it."""

    def __init__(self, root: str, scope: Scope, name: str) -> None:
        super().__init__(root, name, None, "info")
        self.topic_filter = f"{root}/bridge/{name}/info" if scope is Scope.BRIDGE else f"{root}/{name}/info"
        self._key = (scope, name, "info")

    def is_for(self, source: Source) -> bool:
        return (source.scope, source.name, source.leaf) == self._key


class Values(Generic[T]):
    """The typed values of a stream, each with its channel: `async for channel, value in ...`.

    Attributes:
        stream: the messages themselves.
    """

    kind: Any

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._decode = msgspec.json.Decoder(self.kind).decode
        self._ready: deque[tuple[int, T]] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> tuple[int, T]:
        while not self._ready:
            channel, payload = await self.stream.get()
            try:
                value = self._decode(payload)
            except msgspec.DecodeError:
                continue  # of a later version, or of somebody else
            self._ready.extend((channel, new) for new in self._new(channel, value))
        return self._ready.popleft()

    def _new(self, channel: int, value: Any) -> list[T]:
        """What a message brings that was not there before."""
        raise NotImplementedError


class Readings(Values[Reading | Gap]):
    """Each reading once, and what is missing."""

    kind = Reading

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream)
        self._orders: dict[int, ReadingOrder] = {}

    def _new(self, channel: int, value: Reading) -> list[Reading | Gap]:
        return self._orders.setdefault(channel, ReadingOrder()).take(value)


class States(Values[ChannelState]):
    """The states, those that hold already first."""

    kind = ChannelState

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream)
        self._last: dict[int, ChannelState] = {}

    def _new(self, channel: int, value: ChannelState) -> list[ChannelState]:
        # After a reconnect the retained one comes again.
        if self._last.get(channel) == value:
            return []
        self._last[channel] = value
        return [value]


class Events(Values[AnyEvent]):
    """Each event once."""

    kind = AnyEvent

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream)
        self._known: dict[str, None] = {}

    def _new(self, channel: int, value: AnyEvent) -> list[AnyEvent]:
        if value.id in self._known:
            return []
        self._known[value.id] = None
        if len(self._known) > _EVENTS_REMEMBERED:
            del self._known[next(iter(self._known))]
        return [value]


class AuxInputs(Values[Aux]):
    """Auxiliary inputs, as they are published."""

    kind = Aux

    def _new(self, channel: int, value: Aux) -> list[Aux]:
        return [value]


class OfChannel(Generic[T]):
    """The same for one channel: `async for value in ...`."""

    def __init__(self, values: Values[T]) -> None:
        self._values = values

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        return (await self._values.__anext__())[1]

    @property
    def dropped(self) -> int:
        """How many messages were thrown away because they were not read in time."""
        return self._values.stream.dropped
