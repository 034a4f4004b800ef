"""Sees to it that what was measured arrives: at once, from the disk later, or counted as lost.

Poll, deadband, conflation, number, then publish or spool. A reading with QoS 1 or an event is in
memory until the broker confirmed it or it is on disk, so that the disk rests while the broker keeps
up. Everything else may be replaced by something newer, or left out, and is counted then.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from macnet_bridge.broker import Outgoing
from macnet_bridge.payloads.health import DeliveryHealth, SpoolHealth
from macnet_bridge.payloads.telemetry import Reading
from macnet_bridge.store import Spool
from macnet_bridge.store.spool import Message
from macnet_bridge.telemetry.replay import Replay, historical
from macnet_bridge.telemetry.safekeeping import Owed, Place, Safekeeping

log = logging.getLogger(__name__)

TICK_S = 0.05

REPEATED_S = 5.0
"""What was confirmed so shortly before a broker was lost is sent again: it may have been killed, and have
forgotten its subscribers and what it had for them."""

REPEAT_AFTER_S = 3.0
"""How long after it came back, together with what was confirmed meanwhile: subscribers are back then, too."""

_DRAIN_STEP_S = 0.01


@dataclass(frozen=True, slots=True)
class DeliveryLimits:
    """Bounds of what is handed over and not confirmed.

    Attributes:
        patience_s: how long a reading may be unconfirmed until it goes to the disk.
        repeated: how many confirmed messages are remembered, to be sent again.
    """

    messages: int = 2_000
    bytes: int = 2 << 20
    patience_s: float = 0.25
    repeated: int = 5_000


class _Line:
    """The readings of one channel."""

    __slots__ = ("place", "seq")

    def __init__(self, place: Place) -> None:
        self.place = place
        self.seq = 0


class Delivery:
    """Everything that a bridge publishes of its testers goes through here. Nothing here waits.

    Args:
        publish: hands a message to the broker; False when it was not taken.
        is_ready: whether there is a broker.
        spool: where to keep what cannot be delivered; without, that is lost.
    """

    def __init__(
        self,
        publish: Callable[[Outgoing], bool],
        is_ready: Callable[[], bool],
        spool: Spool | None = None,
        *,
        run: int,
        limits: DeliveryLimits | None = None,
    ) -> None:
        self._publish = publish
        self._is_ready = is_ready
        self._run = run
        self._limits = limits or DeliveryLimits()
        self._safekeeping = Safekeeping(spool, run, self._not_kept, self._file_lost)
        self._replay = Replay(self._safekeeping, self._send_again, self._wake)
        self._lines: dict[Place, _Line] = {}
        # Unconfirmed, by number, the oldest first: in memory alone, and on disk as well.
        self._in_memory: dict[int, Owed] = {}
        self._on_disk: dict[int, Owed] = {}
        self._unwritten = 0
        self._newest: dict[Place, tuple[str, dict[str, Any]]] = {}
        self._retained: dict[str, bytes] = {}
        self._confirmed_last: deque[tuple[float, Owed]] = deque(maxlen=self._limits.repeated)
        self._messages = 0
        self._bytes = 0
        self._now = time.monotonic()
        self._lost_at: float | None = None
        self._repeat_since: float | None = None
        self._repeat_at = 0.0
        self._eased = asyncio.Event()
        self._eased.set()
        self._will_flush = False
        self._will_pump = False
        self._numbered = 0
        self._live_per_second = 0.0
        self._published = 0
        self._confirmed = 0
        self._suppressed = 0
        self._conflated = 0
        self._lost = 0
        self._skipped = 0

    # --- what there is to publish

    def reading(self, cycler: str, channel: int, topic: str, values: dict[str, Any], qos: int) -> None:
        """A reading that passed the deadband; `values` are the fields of `Measured`."""
        place = (cycler, channel)
        if qos:
            self._owe(topic, self._numbered_reading(place, values), self._lines[place])
        elif self._has_room and not self._newest:
            self._send_unkept(place, topic, values)
        else:
            self._conflated += place in self._newest
            self._newest[place] = (topic, values)

    def event(self, topic: str, event: Struct) -> None:
        """Something that happened, told once, with QoS 1."""
        self._owe(topic, msgspec.json.encode(event), None)

    def retained(self, topic: str, payload: bytes) -> None:
        """A retained message; while there is no room the newest of a topic waits. Empty clears it."""
        if self._has_room and topic not in self._retained:
            self._send_retained(topic, payload)
        else:
            self._retained[topic] = payload

    def passing(self, topic: str, payload: bytes, qos: int) -> None:
        """Something that the next one will replace anyway: sent if there is room."""
        settled = partial(self._passing_settled, len(topic) + len(payload))
        if not self._has_room or not self._send(topic, payload, qos, settled):
            self._skipped += 1

    def suppress(self) -> None:
        """Count a reading within the deadband."""
        self._suppressed += 1

    async def let_through(self) -> None:
        """Wait while the broker is there and has much to confirm, a quarter of a second at most.

        For reads that go as fast as they can: what a broker cannot take in time, it would only get
        later, by way of the disk.
        """
        if self._is_crowded:
            self._eased.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._limits.patience_s):
                    await self._eased.wait()

    # --- what the bridge tells

    def open(self) -> None:
        """Open the spool. Never fails: what is wrong with it is logged, and told by `spool_health`."""
        self._safekeeping.open()

    def connected(self) -> None:
        """There is a broker. One that was lost may have forgotten what it had confirmed.

        Whether it kept our session does not tell: one that is killed comes back with what it had
        written long before.
        """
        now = self._now = time.monotonic()
        if self._lost_at is not None:
            since = self._lost_at - REPEATED_S
            self._repeat_since = since if self._repeat_since is None else min(since, self._repeat_since)
            self._repeat_at = now + REPEAT_AFTER_S
        self._safekeeping.flush()
        self._replay.begin(now if self._repeat_since is None else self._repeat_at)

    def lost(self) -> None:
        """There is no broker; what it had not confirmed was given back before."""
        if self._lost_at is None or self._replay.is_on:
            self._lost_at = time.monotonic()
        self._replay.stop()
        self._safekeeping.flush()

    def withdraw_retained(self, prefix: str) -> None:
        """What waits below this topic is not ours to publish any more."""
        for topic in [topic for topic in self._retained if topic.startswith(prefix)]:
            del self._retained[topic]

    async def run(self) -> None:
        """Look after what is unconfirmed and what is on disk, until cancelled."""
        self._safekeeping.begin()
        next_second = time.monotonic()
        while True:
            await asyncio.sleep(TICK_S)
            try:
                self._tick()
                if self._now >= next_second:
                    self._every_second(self._now - next_second + 1.0)
                    next_second = self._now + 1.0
            except Exception:
                # A fault of ours must not end the bridge: the stops of all testers depend on it.
                log.exception("delivery failed unexpectedly")

    async def drain(self, timeout_s: float) -> None:
        """The bridge stops: let what is under way arrive, and replay nothing more."""
        self._replay.stop()
        self._flush()
        end = time.monotonic() + timeout_s
        while self._live_under_way and self._is_ready() and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(_DRAIN_STEP_S)  # an event would cost every reading

    def keep_the_rest(self) -> None:
        """Put everything on disk that is not confirmed."""
        self._keep_older_than(float("inf"))
        self._safekeeping.flush()

    def close(self) -> None:
        """Put everything on disk that is not confirmed, and close the spool."""
        self.keep_the_rest()
        self._safekeeping.close()

    def health(self) -> DeliveryHealth:
        """`delivery` in `R/bridge/B/health`."""
        return DeliveryHealth(
            published=self._published,
            confirmed=self._confirmed,
            unconfirmed=self._live_under_way + self._replay.under_way,
            suppressed=self._suppressed,
            conflated=self._conflated,
            lost=self._lost,
            skipped=self._skipped,
        )

    def spool_health(self) -> SpoolHealth:
        """`spool` in `R/bridge/B/health`."""
        return self._safekeeping.health()

    # --- sending

    @property
    def _live_under_way(self) -> int:
        """Readings and events that were not confirmed, and those with QoS 0 that were not written."""
        return len(self._in_memory) + len(self._on_disk) + self._unwritten

    @property
    def _is_crowded(self) -> bool:
        return self._messages > self._limits.messages // 4 and self._is_ready()

    @property
    def _has_room(self) -> bool:
        return (
            self._messages < self._limits.messages and self._bytes < self._limits.bytes and self._is_ready()
        )

    def _numbered_reading(self, place: Place, values: dict[str, Any]) -> bytes:
        line = self._lines.get(place)
        if line is None:
            line = self._lines[place] = _Line(place)
        line.seq += 1
        self._numbered += 1
        previous = self._safekeeping.previous.pop(place, UNSET) if line.seq == 1 else UNSET
        return msgspec.json.encode(Reading(**values, run=self._run, seq=line.seq, previous=previous))

    def _owe(self, topic: str, payload: bytes, line: _Line | None) -> None:
        number = self._safekeeping.next_number()
        place, seq = (None, 0) if line is None else (line.place, line.seq)
        owed = Owed(number, self._now, topic, payload, place, seq)
        if not self._has_room:
            self._safekeeping.keep(owed)
            return
        self._in_memory[number] = owed
        if self._send(topic, payload, 1, partial(self._owed_settled, number)):
            self._published += 1
        else:  # larger than this broker takes, and so it would be later
            del self._in_memory[number]
            self._lost += 1

    def _send_unkept(self, place: Place, topic: str, values: dict[str, Any]) -> None:
        payload = self._numbered_reading(place, values)
        seq = self._lines[place].seq
        size = len(topic) + len(payload)
        if self._send(topic, payload, 0, partial(self._unkept_settled, place, seq, size)):
            self._published += 1
            self._unwritten += 1
        else:
            self._lost += 1

    def _send_retained(self, topic: str, payload: bytes) -> None:
        self._send(topic, payload, 1, partial(self._retained_settled, topic, payload), retain=True)

    def _send_again(self, row: Message) -> bool:
        if not self._has_room:
            return False
        owed = Owed(row.id, self._now, row.topic, historical(row.payload))
        if self._send(row.topic, owed.payload, 1, partial(self._replay_settled, owed)):
            self._published += 1
            return True
        self._replay.settled(row.id)
        self._lost += 1
        self._safekeeping.forget(row.id)
        return True

    def _send(
        self,
        topic: str,
        payload: bytes,
        qos: int,
        settled: Callable[[bool], None],
        *,
        retain: bool = False,
    ) -> bool:
        """Publish; once it is taken or given up, `settled` has to call `_free`."""
        size = len(topic) + len(payload)
        self._messages += 1
        self._bytes += size
        if self._publish(Outgoing(topic, payload, qos, retain, None, settled)):
            return True
        self._free(size)
        return False

    def _free(self, size: int) -> None:
        self._messages -= 1
        self._bytes -= size
        if self._messages <= self._limits.messages // 8 and not self._eased.is_set():
            self._eased.set()
        if (self._newest or self._retained) and not self._will_flush:
            self._will_flush = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        """Hand over what waited for room."""
        self._will_flush = False
        while self._retained and self._has_room:
            topic = next(iter(self._retained))
            self._send_retained(topic, self._retained.pop(topic))
        while self._newest and self._has_room:
            place = next(iter(self._newest))
            self._send_unkept(place, *self._newest.pop(place))

    # --- what became of it; called within the broker driver, so nothing here may raise

    def _owed_settled(self, number: int, is_taken: bool) -> None:
        owed = self._in_memory.pop(number, None)
        was_on_disk = owed is None
        if owed is None:
            owed = self._on_disk.pop(number)
        self._free(len(owed.topic) + len(owed.payload))
        if is_taken:
            self._arrived(owed)
        elif not self._is_ready():
            if not was_on_disk:
                self._safekeeping.keep(owed)
            return
        else:  # the broker took it and said that it may not be published
            self._lost += 1
        owed.was_settled = True
        if was_on_disk:
            self._safekeeping.forget(number)
            self._safekeeping.replayed += is_taken

    def _arrived(self, owed: Owed) -> None:
        self._confirmed += 1
        self._confirmed_last.append((self._now, owed))
        if owed.place is not None:
            self._safekeeping.note(owed.place, owed.seq)

    def _passing_settled(self, size: int, is_taken: bool) -> None:
        self._free(size)

    def _unkept_settled(self, place: Place, seq: int, size: int, is_taken: bool) -> None:
        self._free(size)
        self._unwritten -= 1
        if is_taken:
            self._confirmed += 1
            self._safekeeping.note(place, seq)
        else:
            self._lost += 1

    def _retained_settled(self, topic: str, payload: bytes, is_taken: bool) -> None:
        self._free(len(topic) + len(payload))
        if not is_taken and not self._is_ready():
            self._retained.setdefault(topic, payload)

    def _replay_settled(self, owed: Owed, is_taken: bool) -> None:
        self._free(len(owed.topic) + len(owed.payload))
        if not self._replay.settled(owed.number) or not (is_taken or self._is_ready()):
            return  # it is of an earlier connection, or will be sent again
        if is_taken:
            self._arrived(owed)
            self._safekeeping.replayed += 1
        else:
            self._lost += 1
        self._safekeeping.forget(owed.number)

    def _not_kept(self, batch: Sequence[Owed]) -> None:
        back = {}
        for owed in batch:
            if self._on_disk.pop(owed.number, None) is not None:
                back[owed.number] = owed  # it may still be confirmed
            else:
                self._lost += not owed.was_settled
        if back:
            self._in_memory = dict(sorted((back | self._in_memory).items()))

    def _file_lost(self, waiting: int) -> None:
        """The spool was damaged: what is here as well is not lost with it."""
        self._lost += max(0, waiting - len(self._on_disk) - self._replay.in_hand)
        self._not_kept(list(self._on_disk.values()))

    # --- now and then

    def _tick(self) -> None:
        self._now = time.monotonic()
        self._flush()
        if self._safekeeping.is_on and not self._safekeeping.is_failing:
            self._keep_older_than(self._now - self._limits.patience_s)
        if self._repeat_since is not None and self._now >= self._repeat_at and self._is_ready():
            self._keep_confirmed_again(self._repeat_since)
        self._safekeeping.flush()
        if self._safekeeping.has_begun_some:
            self._safekeeping.tend(self._now)
        self._pump()

    def _wake(self) -> None:
        if not self._will_pump:
            self._will_pump = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._will_pump = False
        self._replay.pump(time.monotonic(), self._live_per_second, self._oldest_unconfirmed())

    def _every_second(self, seconds: float) -> None:
        self._live_per_second = self._numbered / seconds
        self._numbered = 0
        if self._safekeeping.is_failing:
            self._keep_older_than(self._now - self._limits.patience_s)
        self._safekeeping.tend(self._now)

    def _keep_older_than(self, since: float) -> None:
        while self._in_memory:
            number = next(iter(self._in_memory))
            owed = self._in_memory[number]
            if owed.since >= since:
                break
            del self._in_memory[number]
            self._on_disk[number] = owed
            self._safekeeping.keep(owed)

    def _keep_confirmed_again(self, since: float) -> None:
        """What the broker may have forgotten, and what came before its subscribers were back."""
        self._repeat_since = None
        for at, owed in self._confirmed_last:
            if at >= since:
                owed.was_settled = True
                self._safekeeping.keep(owed)
        self._confirmed_last.clear()

    def _oldest_unconfirmed(self) -> int:
        oldest = next(iter(self._in_memory), 1 << 62)
        return min(oldest, min(self._on_disk, default=1 << 62))
