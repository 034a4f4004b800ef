"""What is to be sent, in which order, and how much of it at a time. No I/O, no clock.

The connection bounds nothing: it takes all that it is given, however many unconfirmed messages and
however large a packet the broker can bear. So the window, the size and the bytes under way are kept
here, and the connection only gets what may leave at once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from macnet_bridge.broker.messages import Counters, Lane, Outgoing, is_publishable, packet_bytes


@dataclass(frozen=True, slots=True)
class OutboxLimits:
    """Bounds in messages and bytes.

    Attributes:
        window: QoS 1 messages without confirmation, at most; the broker may ask for fewer.
        reserve: how many of these telemetry may not use (at most half of the window).
        unwritten_bytes: QoS 0 bytes handed over and not yet written, at most.
    """

    acknowledgement_messages: int = 10_000
    acknowledgement_bytes: int = 64 << 20
    telemetry_messages: int = 10_000
    telemetry_bytes: int = 8 << 20
    window: int = 100
    reserve: int = 16
    unwritten_bytes: int = 1 << 20


class Entry(Struct, frozen=True):
    """A message in the outbox; `lane` None is a canary of the driver itself.

    Attributes:
        owed: whether a clean stop waits for it: acknowledgements and retained state.
    """

    message: Outgoing
    lane: Lane | None
    size: int
    owed: bool = False


class _Queue:
    """A deque that knows its bytes."""

    def __init__(self, max_messages: int, max_bytes: int) -> None:
        self.entries: deque[Entry] = deque()
        self.bytes = 0
        self._max_messages = max_messages
        self._max_bytes = max_bytes

    @property
    def overfull(self) -> bool:
        return len(self.entries) > self._max_messages or self.bytes > self._max_bytes

    def has_room_for(self, entry: Entry) -> bool:
        return len(self.entries) < self._max_messages and self.bytes + entry.size <= self._max_bytes

    def append(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.bytes += entry.size

    def appendleft(self, entry: Entry) -> None:
        self.entries.appendleft(entry)
        self.bytes += entry.size

    def popleft(self) -> Entry:
        entry = self.entries.popleft()
        self.bytes -= entry.size
        return entry


class Outbox:
    """Two lanes in front of one connection."""

    def __init__(self, counters: Counters, limits: OutboxLimits | None = None) -> None:
        self.limits = limits or OutboxLimits()
        self._counters = counters
        self._acknowledgements = _Queue(
            self.limits.acknowledgement_messages, self.limits.acknowledgement_bytes
        )
        self._telemetry = _Queue(self.limits.telemetry_messages, self.limits.telemetry_bytes)
        self._in_flight: dict[int, Entry] = {}
        self._unwritten: deque[Entry] = deque()
        self._unwritten_bytes = 0
        self._window = 0
        self._telemetry_window = 0
        self._telemetry_waits = False
        self._max_packet_bytes: int | None = None
        self._open = False
        self.owed = 0
        self.owed_lost = 0

    @property
    def in_flight(self) -> int:
        """QoS 1 messages that the broker has not confirmed yet, canaries included."""
        return len(self._in_flight)

    @property
    def unwritten_bytes(self) -> int:
        """QoS 0 bytes handed over and not yet written to the socket."""
        return self._unwritten_bytes

    @property
    def queued(self) -> int:
        """Messages that wait to be handed over, in both lanes."""
        return len(self._acknowledgements.entries) + len(self._telemetry.entries)

    @property
    def has_room(self) -> bool:
        """Whether the broker can take another QoS 1 message now."""
        return len(self._in_flight) < self._window

    def connected(self, receive_maximum: int | None, max_packet_bytes: int | None) -> None:
        """Take over what the broker said when it accepted the connection; nothing leaves yet."""
        self._window = min(self.limits.window, receive_maximum or self.limits.window)
        self._telemetry_window = self._window - min(self.limits.reserve, self._window // 2)
        self._telemetry_waits = False
        self._max_packet_bytes = max_packet_bytes

    def opened(self) -> None:
        """From now on `take` yields."""
        self._open = True

    def offer(self, message: Outgoing, lane: Lane) -> bool:
        """Accept a message, or count it as refused and return False."""
        if lane is Lane.ACKNOWLEDGEMENT and message.qos == 0:
            # Nobody would confirm it, so it could be neither kept nor sent again in its place.
            message = replace(message, qos=1)
        owed = message.retain or lane is Lane.ACKNOWLEDGEMENT
        accepted = is_publishable(message) and self._accept(Entry(message, lane, packet_bytes(message), owed))
        self._counters.refused += not accepted
        return accepted

    def _accept(self, entry: Entry) -> bool:
        if self._is_oversize(entry):
            return False
        if entry.lane is Lane.ACKNOWLEDGEMENT:
            self._acknowledgements.append(entry)
            self.owed += 1
            self._push_out_oldest()
            return True
        if not self._open or not self._telemetry.has_room_for(entry):
            return False
        self._telemetry.append(entry)
        self.owed += entry.owed
        return True

    def _is_oversize(self, entry: Entry) -> bool:
        return self._max_packet_bytes is not None and entry.size > self._max_packet_bytes

    def _push_out_oldest(self) -> None:
        while self._acknowledgements.overfull:
            self._drop(self._acknowledgements.popleft())

    def _drop(self, entry: Entry) -> None:
        self._counters.dropped += entry.lane is not None
        self.owed -= entry.owed
        self.owed_lost += entry.owed
        if entry.message.settled is not None:
            entry.message.settled(False)

    def take(self) -> Entry | None:
        """The next message that may be handed over now, acknowledgements first."""
        if not self._open:
            return None
        if self._acknowledgements.entries:
            self._skip_oversize()
            if self._may_leave(self._acknowledgements, self._window):
                return self._acknowledgements.popleft()
        if self._may_leave(self._telemetry, self._open_telemetry_window()):
            return self._telemetry.popleft()
        return None

    def _open_telemetry_window(self) -> int:
        """How many messages may be without confirmation for telemetry with QoS 1 to leave.

        Once its window was full it waits until half of that is free: messages that leave one by
        one, each after a confirmation, cost several times as much as the same ones together.
        """
        in_flight, window = len(self._in_flight), self._telemetry_window
        self._telemetry_waits = in_flight >= window or (self._telemetry_waits and in_flight > window // 2)
        return 0 if self._telemetry_waits else window

    def _skip_oversize(self) -> None:
        # Accepted while offline, or from a broker that took more than this one does.
        while self._acknowledgements.entries and self._is_oversize(self._acknowledgements.entries[0]):
            self._drop(self._acknowledgements.popleft())

    def _may_leave(self, queue: _Queue, window: int) -> bool:
        if not queue.entries:
            return False
        entry = queue.entries[0]
        if entry.message.qos:
            return len(self._in_flight) < window
        return self._unwritten_bytes + entry.size <= self.limits.unwritten_bytes or not self._unwritten

    def put_back(self, entry: Entry) -> None:
        """Undo `take`."""
        queue = self._acknowledgements if entry.lane is Lane.ACKNOWLEDGEMENT else self._telemetry
        queue.appendleft(entry)

    def handed(self, entry: Entry, mid: int) -> None:
        """The entry was handed over under this packet id."""
        self._counters.published += entry.lane is not None
        if entry.message.qos:
            self._in_flight[mid] = entry
        else:
            self._unwritten.append(entry)
            self._unwritten_bytes += entry.size

    def confirmed(self, mid: int, *, denied: bool = False) -> Entry | None:
        """The broker answered for a QoS 1 message. Returns it, None for an id that is not under way."""
        entry = self._in_flight.pop(mid, None)
        if entry is not None:
            self._counters.denied += denied
            self._settle(entry, not denied)
        return entry

    def written(self, count: int = 1) -> None:
        """So many QoS 0 messages under way have left, the oldest first."""
        for _ in range(min(count, len(self._unwritten))):
            entry = self._unwritten.popleft()
            self._unwritten_bytes -= entry.size
            self._settle(entry, True)

    def _settle(self, entry: Entry, is_taken: bool) -> None:
        self._counters.confirmed += entry.lane is not None
        self.owed -= entry.owed
        if entry.message.settled is not None:
            entry.message.settled(is_taken)

    def lost(self) -> None:
        """The connection ended: acknowledgements go back to the head in their order, telemetry goes.

        The newest is given up first, so that who wants only the newest of a kind has it when told.
        """
        self._open = False
        self._window = 0
        under_way = [*self._in_flight.values(), *self._unwritten]
        self._in_flight.clear()
        self._unwritten.clear()
        self._unwritten_bytes = 0
        while self._telemetry.entries:
            under_way.append(self._telemetry.popleft())
        for entry in reversed(under_way):
            if entry.lane is Lane.ACKNOWLEDGEMENT:
                self._acknowledgements.appendleft(entry)
            else:
                self._drop(entry)
        self._push_out_oldest()
