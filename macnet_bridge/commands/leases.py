"""All leases of a bridge: which there are, on disk too, and the outputs of their channels."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from msgspec import structs

from macnet_bridge.commands.lease import Lease, LeaseRecord, Place
from macnet_bridge.errors import Rejected
from macnet_bridge.macnet.cycler.outputs import Outputs
from macnet_bridge.macnet.cycler.pacing import OutputPacing
from macnet_bridge.tester import Tester

log = logging.getLogger(__name__)


class LeaseStore(Protocol):
    """Where leases outlive the bridge."""

    def load(self) -> Sequence[LeaseRecord]:
        """The leases of the run before."""
        ...

    def save(self, records: Sequence[LeaseRecord]) -> None:
        """Keep these and no others; on disk when it returns.

        Raises:
            OSError: they cannot be kept.
        """
        ...


class LeasesInMemory:
    """Leases that end with the process."""

    def load(self) -> Sequence[LeaseRecord]:
        return ()

    def save(self, records: Sequence[LeaseRecord]) -> None:
        """Nothing is kept."""


class Leases:
    """The leases of a bridge, one per channel at most.

    Attributes:
        began: called with each lease when its direct mode starts.
        changed: called with each lease when something may be due earlier than it was.
        ended: called with each lease when it is over.
    """

    def __init__(self, store: LeaseStore) -> None:
        self._store = store
        self._records = {record.place: record for record in store.load()}
        self._live: dict[Place, Lease] = {}
        self._outputs: dict[Place, Outputs] = {}
        self._pacing: dict[str, OutputPacing] = {}
        self._saving = asyncio.Lock()
        self.began: Callable[[Lease], None] = lambda lease: None
        self.changed: Callable[[Lease], None] = lambda lease: None
        self.ended: Callable[[Lease], None] = lambda lease: None

    @property
    def count(self) -> int:
        """How many channels are under direct control."""
        return len(self._live)

    @property
    def live(self) -> Iterable[Lease]:
        return list(self._live.values())

    @property
    def left_over(self) -> list[LeaseRecord]:
        """Leases that an earlier run did not end."""
        return [r for r in self._records.values() if r.live and r.place not in self._live]

    def find(self, place: Place) -> Lease:
        """The lease of a channel.

        Raises:
            Rejected: NO_LEASE
        """
        lease = self._live.get(place)
        if lease is None:
            raise Rejected("NO_LEASE", "nobody has a lease on this channel; start_direct gives one")
        return lease

    def get(self, place: Place) -> Lease | None:
        return self._live.get(place)

    def direct_test(self, place: Place) -> str | None:
        """The name of the last test that direct control began on a channel."""
        record = self._records.get(place)
        return record.test_name if record else None

    def outputs(self, tester: Tester, channel: int, interval_s: float) -> Outputs:
        """The output of a channel, the same object each time.

        Args:
            interval_s: least time between two outputs.
        """
        place = (tester.name, channel)
        if place not in self._outputs:
            pacing = self._pacing.setdefault(tester.name, OutputPacing(interval_s))
            self._outputs[place] = Outputs(tester.cycler, channel, pacing)
        return self._outputs[place]

    def known_outputs(self, place: Place) -> Outputs:
        """The output of a channel that had a lease in this run."""
        return self._outputs[place]

    def is_live(self, record: LeaseRecord) -> bool:
        """Whether this lease has not ended."""
        current = self._records.get(record.place)
        return current is not None and current.live and current.token == record.token

    async def grant(self, lease: Lease) -> None:
        """Have a lease on disk, before anything of it leaves.

        Raises:
            Rejected: JOURNAL_UNAVAILABLE, the disk does not take it.
        """
        record = lease.record
        before = self._records.get(record.place)
        self._records[record.place] = record
        try:
            await self._save()
        except OSError as error:
            self._put_back(record.place, before)
            raise Rejected(
                "JOURNAL_UNAVAILABLE", f"the lease cannot be kept on disk: {error.strerror}; free or mend it"
            ) from None

    def begin(self, lease: Lease) -> None:
        """The request that starts direct mode leaves: from now on the lease counts."""
        self._live[lease.record.place] = lease
        self.began(lease)

    def end(self, place: Place, token: str | None = None) -> bool:
        """A lease is over, also one that an earlier run left. True = there was one; call `keep`.

        Args:
            token: of the one that is meant, None for any.
        """
        record = self._records.get(place)
        if record is None or not record.live or token not in (None, record.token):
            return False
        self._records[place] = structs.replace(record, live=False)
        lease = self._live.pop(place, None)
        if lease is not None:
            lease.close()
            self.ended(lease)
        return True

    async def keep(self) -> None:
        """Write down which leases ended. A disk that takes nothing is no reason to fail."""
        try:
            await self._save()
        except OSError as error:
            # The next run finds a lease whose test does not run any more, and does nothing.
            log.warning("the end of a lease cannot be written: %s", error.strerror)

    def _put_back(self, place: Place, before: LeaseRecord | None) -> None:
        if before is None:
            del self._records[place]
        else:
            self._records[place] = before

    async def _save(self) -> None:
        async with self._saving:
            await asyncio.to_thread(self._store.save, list(self._records.values()))


def new_token() -> str:
    """A word that stands for a lease; nobody guesses it."""
    return secrets.token_hex(8)
