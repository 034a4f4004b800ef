"""Sees to it that what was measured arrives: at once, from the disk later, or counted as lost.

Poll, deadband, conflation, number, then publish or spool. A reading with QoS 1 or an event is in
memory until the broker confirmed it or it is on disk, so that the disk rests while the broker keeps
up. Everything else may be replaced by something newer, or left out, and is counted then.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct

from macnet_bridge.broker import Outgoing
from macnet_bridge.payloads.health import DeliveryHealth, SpoolHealth
from macnet_bridge.store import Spool
from macnet_bridge.telemetry.backlog import Backlog
from macnet_bridge.telemetry.conflation import Conflation
from macnet_bridge.telemetry.numbering import Numbering
from macnet_bridge.telemetry.outlet import Outlet
from macnet_bridge.telemetry.progress import Progress
from macnet_bridge.telemetry.retained import Retained
from macnet_bridge.telemetry.store_and_forward import StoreAndForward

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
        limits = limits or DeliveryLimits()
        progress = Progress(run)
        self._patience_s = limits.patience_s
        self._numbering = Numbering(progress)
        self._outlet = Outlet(publish, is_ready, limits.messages, limits.bytes, self._flush)
        self._retained = Retained(self._outlet)
        self._conflation = Conflation(self._outlet, self._numbering, progress)
        self._forward = StoreAndForward(self._outlet, spool, progress, limits.patience_s, limits.repeated)
        self._backlog = Backlog()
        self._suppressed = 0
        self._skipped = 0

    # --- what there is to publish

    def reading(self, cycler: str, channel: int, topic: str, values: dict[str, Any], qos: int) -> None:
        """A reading that passed the deadband; `values` are the fields of `Measured`."""
        place = (cycler, channel)
        if qos:
            self._forward.owe(topic, *self._numbering.numbered(place, values), place)
        else:
            self._conflation.reading(place, topic, values)

    def event(self, topic: str, event: Struct) -> None:
        """Something that happened, told once, with QoS 1."""
        self._forward.owe(topic, msgspec.json.encode(event))

    def retained(self, topic: str, payload: bytes) -> None:
        """A retained message; while there is no room the newest of a topic waits. Empty clears it."""
        self._retained.publish(topic, payload)

    def passing(self, topic: str, payload: bytes, qos: int) -> None:
        """Something that the next one will replace anyway: sent if there is room."""
        settled = partial(self._passing_settled, len(topic) + len(payload))
        if not self._outlet.has_room or not self._outlet.send(topic, payload, qos, settled):
            self._skipped += 1

    def _passing_settled(self, size: int, is_taken: bool) -> None:
        self._outlet.free(size)

    def suppress(self) -> None:
        """Count a reading within the deadband."""
        self._suppressed += 1

    async def let_through(self) -> None:
        """Wait while the broker is there and has much to confirm, a quarter of a second at most.

        For reads that go as fast as they can: what a broker cannot take in time, it would only get
        later, by way of the disk.
        """
        await self._outlet.ease(self._patience_s)

    # --- what the bridge tells

    def open(self) -> None:
        """Open the spool. Never fails: what is wrong with it is logged, and told by `spool_health`."""
        self._forward.safekeeping.open()

    def connected(self) -> None:
        """There is a broker."""
        if line := self._backlog.connected(self._forward.safekeeping.waiting):
            log.info(line)
        self._forward.connected(time.monotonic())

    def lost(self) -> None:
        """There is no broker; what it had not confirmed was given back before."""
        self._backlog.disconnected()
        self._forward.disconnected(time.monotonic())

    def withdraw_retained(self, prefix: str) -> None:
        """What waits below this topic is not ours to publish any more."""
        self._retained.withdraw(prefix)

    async def run(self) -> None:
        """Look after what is unconfirmed and what is on disk, until cancelled."""
        self._forward.safekeeping.begin()
        next_second = time.monotonic()
        while True:
            await asyncio.sleep(TICK_S)
            try:
                now = time.monotonic()
                self._tick(now)
                if now >= next_second:
                    self._every_second(now, now - next_second + 1.0)
                    next_second = now + 1.0
            except Exception:
                # A fault of ours must not end the bridge: the stops of all testers depend on it.
                log.exception("delivery failed unexpectedly")

    async def drain(self, timeout_s: float) -> None:
        """The bridge stops: let what is under way arrive, and replay nothing more."""
        self._forward.stop_replay()
        self._flush()
        end = time.monotonic() + timeout_s
        while self._live_under_way and self._outlet.is_ready() and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(_DRAIN_STEP_S)  # an event would cost every reading

    def keep_the_rest(self) -> None:
        """Put everything on disk that is not confirmed."""
        self._forward.keep_the_rest()

    def close(self) -> None:
        """Put everything on disk that is not confirmed, and close the spool."""
        self._forward.close()

    def health(self) -> DeliveryHealth:
        """`delivery` in `R/bridge/B/health`."""
        forward, conflation = self._forward, self._conflation
        return DeliveryHealth(
            published=forward.published + conflation.published,
            confirmed=forward.confirmed + conflation.confirmed,
            unconfirmed=forward.under_way + conflation.under_way,
            suppressed=self._suppressed,
            conflated=conflation.conflated,
            lost=forward.lost + conflation.lost,
            skipped=self._skipped,
        )

    def spool_health(self) -> SpoolHealth:
        """`spool` in `R/bridge/B/health`."""
        return self._forward.safekeeping.health()

    # --- now and then

    @property
    def _live_under_way(self) -> int:
        """Readings and events that were not confirmed, and those with QoS 0 that were not written."""
        return self._forward.live_under_way + self._conflation.under_way

    def _flush(self) -> None:
        """Hand over what waited for room."""
        self._retained.flush()
        self._conflation.flush()

    def _tick(self, now: float) -> None:
        self._flush()
        self._forward.tick(now)

    def _every_second(self, now: float, seconds: float) -> None:
        self._numbering.count(seconds)
        self._forward.every_second(now, self._numbering.per_second)
        if line := self._backlog.arrived(self._forward.safekeeping.waiting):
            log.info(line)
        if line := self._backlog.losses(self.health(), self.spool_health(), now):
            log.warning(line)
