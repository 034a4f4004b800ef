"""Sees to it that what was measured arrives: at once, from the disk later, or counted as lost.

Poll, deadband, conflation, number, then publish or spool. A reading with QoS 1 or an event is in
memory until the broker confirmed it or it is on disk, so that the disk rests while the broker keeps
up. Everything else may be replaced by something newer, or left out, and is counted then.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from macnet_bridge.broker import Outgoing
from macnet_bridge.payloads.health import DeliveryHealth, SpoolHealth
from macnet_bridge.payloads.telemetry import Reading
from macnet_bridge.store import Spool
from macnet_bridge.store.spool_tables import Message
from macnet_bridge.telemetry.backlog import Backlog
from macnet_bridge.telemetry.numbering import Numbering
from macnet_bridge.telemetry.repeats import Repeats
from macnet_bridge.telemetry.replay import Replay, historical
from macnet_bridge.telemetry.room import Room
from macnet_bridge.telemetry.safekeeping import Owed, Place, Safekeeping

log = logging.getLogger(__name__)

TICK_S = 0.05

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
        self._limits = limits or DeliveryLimits()
        self._room = Room(self._limits.messages, self._limits.bytes, is_ready)
        self._numbering = Numbering(run)
        self._repeats = Repeats(self._limits.repeated)
        self._backlog = Backlog()
        self._safekeeping = Safekeeping(spool, run, self._not_kept, self._file_lost)
        self._replay = Replay(self._safekeeping, self._send_again, self._wake)
        # Unconfirmed, by number, the oldest first: in memory alone, and on disk as well.
        self._in_memory: dict[int, Owed] = {}
        self._on_disk: dict[int, Owed] = {}
        self._unwritten = 0
        self._newest: dict[Place, tuple[str, dict[str, Any]]] = {}
        self._retained: dict[str, bytes] = {}
        self._now = time.monotonic()
        self._will_flush = False
        self._will_pump = False
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
            self._owe(topic, *self._numbered(place, values), place)
        elif self._room and not self._newest:
            self._send_unkept(place, topic, values)
        else:
            self._conflated += place in self._newest
            self._newest[place] = (topic, values)

    def event(self, topic: str, event: Struct) -> None:
        """Something that happened, told once, with QoS 1."""
        self._owe(topic, msgspec.json.encode(event))

    def retained(self, topic: str, payload: bytes) -> None:
        """A retained message; while there is no room the newest of a topic waits. Empty clears it."""
        if self._room and topic not in self._retained:
            self._send_retained(topic, payload)
        else:
            self._retained[topic] = payload

    def passing(self, topic: str, payload: bytes, qos: int) -> None:
        """Something that the next one will replace anyway: sent if there is room."""
        settled = partial(self._passing_settled, len(topic) + len(payload))
        if not self._room or not self._send(topic, payload, qos, settled):
            self._skipped += 1

    def suppress(self) -> None:
        """Count a reading within the deadband."""
        self._suppressed += 1

    async def let_through(self) -> None:
        """Wait while the broker is there and has much to confirm, a quarter of a second at most.

        For reads that go as fast as they can: what a broker cannot take in time, it would only get
        later, by way of the disk.
        """
        if not self._room.is_crowded:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.patience_s):
                await self._room.eased()

    # --- what the bridge tells

    def open(self) -> None:
        """Open the spool. Never fails: what is wrong with it is logged, and told by `spool_health`."""
        self._safekeeping.open()

    def connected(self) -> None:
        """There is a broker."""
        self._now = time.monotonic()
        self._safekeeping.flush()
        if line := self._backlog.connected(self._safekeeping.waiting):
            log.info(line)
        self._replay.begin(self._repeats.connected(self._now))

    def lost(self) -> None:
        """There is no broker; what it had not confirmed was given back before."""
        if self._replay.is_on:
            self._repeats.lost(time.monotonic())
        self._replay.stop()
        self._backlog.disconnected()
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

    def _numbered(self, place: Place, values: dict[str, Any]) -> tuple[bytes, int]:
        """The payload of a reading, and its number."""
        seq = self._numbering.next(place)
        previous = self._safekeeping.previous.pop(place, UNSET) if seq == 1 else UNSET
        reading = Reading(**values, run=self._numbering.run, seq=seq, previous=previous)
        return msgspec.json.encode(reading), seq

    def _owe(self, topic: str, payload: bytes, seq: int = 0, place: Place | None = None) -> None:
        number = self._safekeeping.next_number()
        owed = Owed(number, self._now, topic, payload, place, seq)
        if not self._room:
            self._safekeeping.keep(owed)
            return
        self._in_memory[number] = owed
        if self._send(topic, payload, 1, partial(self._owed_settled, number)):
            self._published += 1
        else:  # larger than this broker takes, and so it would be later
            del self._in_memory[number]
            self._lost += 1

    def _send_unkept(self, place: Place, topic: str, values: dict[str, Any]) -> None:
        payload, seq = self._numbered(place, values)
        size = len(topic) + len(payload)
        if self._send(topic, payload, 0, partial(self._unkept_settled, place, seq, size)):
            self._published += 1
            self._unwritten += 1
        else:
            self._lost += 1

    def _send_retained(self, topic: str, payload: bytes) -> None:
        self._send(topic, payload, 1, partial(self._retained_settled, topic, payload), retain=True)

    def _send_again(self, row: Message) -> bool:
        if not self._room:
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
        self._room.take(size)
        if self._publish(Outgoing(topic, payload, qos, retain, None, settled)):
            return True
        self._free(size)
        return False

    def _free(self, size: int) -> None:
        self._room.free(size)
        if (self._newest or self._retained) and not self._will_flush:
            self._will_flush = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        """Hand over what waited for room."""
        self._will_flush = False
        while self._retained and self._room:
            topic = next(iter(self._retained))
            self._send_retained(topic, self._retained.pop(topic))
        while self._newest and self._room:
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
        self._repeats.confirmed(self._now, owed)
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
        if self._is_ready():
            self._keep_again()
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
        self._replay.pump(time.monotonic(), self._numbering.per_second, self._oldest_unconfirmed())

    def _every_second(self, seconds: float) -> None:
        self._numbering.count(seconds)
        if self._safekeeping.is_failing:
            self._keep_older_than(self._now - self._limits.patience_s)
        self._safekeeping.tend(self._now)
        self._log_what_changed()

    def _log_what_changed(self) -> None:
        if line := self._backlog.arrived(self._safekeeping.waiting):
            log.info(line)
        if line := self._backlog.losses(self.health(), self.spool_health(), self._now):
            log.warning(line)

    def _keep_older_than(self, since: float) -> None:
        # What cannot be kept may come back at once: it is not met here again.
        for owed in list(takewhile(lambda owed: owed.since < since, self._in_memory.values())):
            self._on_disk[owed.number] = self._in_memory.pop(owed.number)
            self._safekeeping.keep(owed)

    def _keep_again(self) -> None:
        """What the broker may have forgotten, when it is time to send it again."""
        for owed in self._repeats.due(self._now):
            owed.was_settled = True
            self._safekeeping.keep(owed)

    def _oldest_unconfirmed(self) -> int:
        oldest = next(iter(self._in_memory), 1 << 62)
        return min(oldest, min(self._on_disk, default=1 << 62))
