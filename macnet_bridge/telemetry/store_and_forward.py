"""Readings with QoS 1 and events: in memory until the broker confirmed them, or on disk and sent later."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial

from macnet_bridge.store import Spool
from macnet_bridge.store.spool_tables import Message
from macnet_bridge.telemetry.outlet import Outlet
from macnet_bridge.telemetry.owed import Owed, Place
from macnet_bridge.telemetry.progress import Progress
from macnet_bridge.telemetry.repeats import Repeats
from macnet_bridge.telemetry.replay import Replay, historical
from macnet_bridge.telemetry.safekeeping import Safekeeping
from macnet_bridge.telemetry.unconfirmed import Unconfirmed


class StoreAndForward:
    """Sends them, keeps those that the broker does not confirm in time, and sends these again.

    Args:
        spool: where to keep what cannot be delivered; without, that is lost.
        patience_s: how long one may be unconfirmed until it goes to the disk.
        repeated: how many confirmed ones are remembered, to be sent again.

    Attributes:
        safekeeping: what of them is on disk.
        published, confirmed: handed to the broker, and taken by it.
        lost: neither confirmed nor kept.
    """

    def __init__(
        self, outlet: Outlet, spool: Spool | None, progress: Progress, patience_s: float, repeated: int
    ) -> None:
        self._outlet = outlet
        self._progress = progress
        self._patience_s = patience_s
        self._unconfirmed = Unconfirmed()
        self._repeats = Repeats(repeated)
        self.safekeeping = Safekeeping(spool, progress, self._not_kept, self._file_lost)
        self._replay = Replay(self.safekeeping, self._send_again, self._wake)
        self._now = time.monotonic()
        self._live_per_second = 0.0
        self._will_pump = False
        self.published = self.confirmed = self.lost = 0

    def owe(self, topic: str, payload: bytes, seq: int = 0, place: Place | None = None) -> None:
        """A reading, with its number and place, or an event: it has to arrive."""
        number = self.safekeeping.next_number()
        owed = Owed(number, self._now, topic, payload, place, seq)
        if not self._outlet.has_room:
            self.safekeeping.keep(owed)
            return
        self._unconfirmed.add(owed)
        if self._outlet.send(topic, payload, 1, partial(self._settled, number)):
            self.published += 1
        else:  # larger than this broker takes, and so it would be later
            self._unconfirmed.take(number)
            self.lost += 1

    # --- what there is

    @property
    def live_under_way(self) -> int:
        """Not confirmed, those left out that are sent again from the disk."""
        return len(self._unconfirmed)

    @property
    def under_way(self) -> int:
        """Not confirmed, whether they come from the disk or not."""
        return len(self._unconfirmed) + self._replay.under_way

    # --- beginning and end

    def connected(self, now: float) -> None:
        """There is a broker."""
        self._now = now
        self.safekeeping.flush()
        self._replay.begin(self._repeats.connected(now))

    def disconnected(self, now: float) -> None:
        """There is none; what it had not confirmed was given back before."""
        if self._replay.is_on:
            self._repeats.lost(now)
        self._replay.stop()
        self.safekeeping.flush()

    def stop_replay(self) -> None:
        """Send nothing more from the disk until there is a broker anew."""
        self._replay.stop()

    def keep_the_rest(self) -> None:
        """Put everything on disk that is not confirmed."""
        self._keep_older_than(float("inf"))
        self.safekeeping.flush()

    def close(self) -> None:
        """Put everything on disk that is not confirmed, and close the spool."""
        self.keep_the_rest()
        self.safekeeping.close()

    # --- now and then

    def tick(self, now: float) -> None:
        """To be called many times a second."""
        self._now = now
        if self.safekeeping.is_on and not self.safekeeping.is_failing:
            self._keep_older_than(now - self._patience_s)
        self.safekeeping.flush()
        if self._progress.has_begun_some:
            self.safekeeping.tend(now)
        self._pump()

    def every_second(self, now: float, live_per_second: float) -> None:
        """To be called once a second.

        Args:
            live_per_second: how many readings are measured; those from the disk go in proportion.
        """
        self._live_per_second = live_per_second
        if self.safekeeping.is_failing:
            self._keep_older_than(now - self._patience_s)
        self.safekeeping.tend(now)

    def _keep_older_than(self, since: float) -> None:
        # What cannot be kept may come back at once: it is not met here again.
        for owed in self._unconfirmed.older_than(since):
            self._unconfirmed.to_disk(owed)
            self.safekeeping.keep(owed)

    def _keep_again(self, now: float) -> None:
        """What the broker may have forgotten, when it is time to send it again."""
        for owed in self._repeats.due(now):
            owed.was_settled = True
            self.safekeeping.keep(owed)

    def _wake(self) -> None:
        if not self._will_pump:
            self._will_pump = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._will_pump = False
        now = time.monotonic()
        if self._outlet.is_ready():
            self._keep_again(now)  # at the very moment at which the replay begins: its numbers come first
        self._replay.pump(now, self._live_per_second, self._unconfirmed.oldest())

    def _send_again(self, row: Message) -> bool:
        if not self._outlet.has_room:
            return False
        owed = Owed(row.id, self._now, row.topic, historical(row.payload))
        if self._outlet.send(row.topic, owed.payload, 1, partial(self._replay_settled, owed)):
            self.published += 1
            return True
        self._replay.settled(row.id)
        self.lost += 1
        self.safekeeping.forget(row.id)
        return True

    # --- what became of it; called within the broker driver, so nothing here may raise

    def _settled(self, number: int, is_taken: bool) -> None:
        owed = self._unconfirmed.take(number)
        self._outlet.free(len(owed.topic) + len(owed.payload))
        if is_taken:
            self._arrived(owed)
        elif not self._outlet.is_ready():
            if not owed.is_on_disk:
                self.safekeeping.keep(owed)
            return
        else:  # the broker took it and said that it may not be published
            self.lost += 1
        owed.was_settled = True
        if owed.is_on_disk:
            self.safekeeping.forget(number)
            self.safekeeping.replayed += is_taken

    def _replay_settled(self, owed: Owed, is_taken: bool) -> None:
        self._outlet.free(len(owed.topic) + len(owed.payload))
        if not self._replay.settled(owed.number) or not (is_taken or self._outlet.is_ready()):
            return  # it is of an earlier connection, or will be sent again
        if is_taken:
            self._arrived(owed)
            self.safekeeping.replayed += 1
        else:
            self.lost += 1
        self.safekeeping.forget(owed.number)

    def _arrived(self, owed: Owed) -> None:
        self.confirmed += 1
        self._repeats.confirmed(self._now, owed)
        if owed.place is not None:
            self._progress.safe(owed.place, owed.seq)

    def _not_kept(self, batch: Sequence[Owed]) -> None:
        self.lost += sum(not owed.was_settled for owed in self._unconfirmed.not_kept(batch))

    def _file_lost(self, waiting: int) -> None:
        """The spool was damaged: what is here as well is not lost with it."""
        on_disk, in_hand = self._unconfirmed.on_disk(), self._replay.in_hand
        self.lost += max(0, waiting - len(on_disk) - len(in_hand))
        self._not_kept(on_disk)
        for row in in_hand:  # they are read from the new one, should the broker be lost now
            self.safekeeping.keep(Owed(row.id, self._now, row.topic, row.payload))
