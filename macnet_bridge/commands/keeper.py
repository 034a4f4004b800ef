"""Keeps leases: feeds the tester's watchdog while they live, and stops their channels when they lapse."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from msgspec import Struct

from macnet_bridge.commands.direct import LapseArguments
from macnet_bridge.commands.lease import Lease, LeaseRecord
from macnet_bridge.commands.leases import Leases
from macnet_bridge.commands.ticket import Clock
from macnet_bridge.errors import MacNetBridgeError, Superseded
from macnet_bridge.macnet.cycler import Line
from macnet_bridge.macnet.protocol.codes import STOPPED
from macnet_bridge.macnet.protocol.messages import REST, DirectOutput
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.payloads.events import DirectLapsed, LapseReason
from macnet_bridge.tester import Tester
from macnet_bridge.topics import Topics

log = logging.getLogger(__name__)

STOP_AGAIN_S = 1.0
"""How long until a stop that could not be confirmed is tried again."""

_LOOK_FOR_TESTER_S = 0.2

SendEvent = Callable[[str, Struct], object]
"""Publishes an event on a topic, so that it arrives, now or later."""

Order = Callable[[LeaseRecord, LapseArguments], Awaitable[Acknowledgement]]
"""Stops the channel of a lease, ahead of all commands to it, and tells what became of that."""


class LeaseKeeper:
    """Sees to all leases of a bridge, each in a task of its own."""

    def __init__(
        self,
        leases: Leases,
        testers: Mapping[str, Tester],
        topics: Topics,
        order: Order,
        send: SendEvent,
        tasks: asyncio.TaskGroup,
        clock: Clock,
        *,
        run: int = 0,
    ) -> None:
        self._leases = leases
        self._testers = testers
        self._topics = topics
        self._order = order
        self._send = send
        self._tasks = tasks
        self._clock = clock
        self._run = run
        self._is_stopping = False
        self._news: dict[Lease, asyncio.Event] = {}
        self._keeping: set[asyncio.Task[None]] = set()
        leases.began = self._began
        leases.changed = self._changed
        leases.ended = self._ended

    def recover(self) -> None:
        """Stop the channels of leases that an earlier run left, once their testers are there."""
        for record in self._leases.left_over:
            tester = self._testers.get(record.cycler)
            if tester is None or not tester.serves(record.channel):
                log.warning(
                    "%s/%d had direct control, and is not served any more: look whether its test %r runs",
                    *record.place,
                    record.test_name,
                )
                continue
            self._keep_in_task(self._recover(record, tester), record)

    def stop(self) -> None:
        """The bridge is stopping: let all leases lapse, and those that are yet to begin."""
        self._is_stopping = True
        for news in self._news.values():
            news.set()

    async def finished(self) -> None:
        """Wait until no lease is left."""
        while self._keeping:
            await asyncio.wait(list(self._keeping))

    def abandon(self) -> None:
        """Leave what still lives to the next run."""
        for task in self._keeping:
            task.cancel()
        for lease in self._leases.live:
            record = lease.record
            log.error(
                "%s/%d could not be stopped: its direct test %r may still run; go and look",
                *record.place,
                record.test_name,
            )

    def seen(self, cycler: str, channel: int, state: int) -> None:
        """A poll saw a channel in this state: perhaps its lease is over."""
        lease = self._leases.get((cycler, channel))
        if lease is not None and lease.is_confirmed and lease.is_open and state in STOPPED:
            self._keep_in_task(self._look(lease), lease.record)

    # --- one lease

    def _began(self, lease: Lease) -> None:
        self._news[lease] = asyncio.Event()
        self._keep_in_task(self._keep(lease), lease.record)

    def _changed(self, lease: Lease) -> None:
        if news := self._news.get(lease):
            news.set()

    def _ended(self, lease: Lease) -> None:
        if news := self._news.pop(lease, None):
            news.set()

    def _keep_in_task(self, work: Coroutine[Any, Any, None], record: LeaseRecord) -> None:
        task = self._tasks.create_task(work, name=f"{record.cycler}/{record.channel} lease")
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    async def _keep(self, lease: Lease) -> None:
        news = self._news[lease]
        while lease.is_open:
            due = lease.next_due()
            now = self._clock().monotonic
            if self._is_stopping:
                await self._let_lapse(lease.record, "bridge_stopped")
            elif due.at > now:
                await _wait(news, due.at - now)
            elif due.what == "lapse":
                await self._let_lapse(lease.record, "silence")
            else:
                self._feed(lease, now)

    def _feed(self, lease: Lease, now: float) -> None:
        lease.fed(now)
        setpoint = lease.setpoint
        if setpoint is not None:
            self._keep_in_task(self._repeat(lease, setpoint), lease.record)

    async def _repeat(self, lease: Lease, setpoint: DirectOutput) -> None:
        """MacNet (6, 8), with what it last took."""
        outputs = self._leases.known_outputs(lease.record.place)
        if not outputs.is_idle:
            # An output or a rest that is on its way feeds it too, and must not be replaced by the
            # one before. It may have come since this task was made.
            return

        def leaves() -> None:
            if not lease.is_open or lease.setpoint is not setpoint:
                raise Superseded("STOPPED", "this is not the setpoint any more")

        try:
            if setpoint is REST:
                await outputs.rest_unseen(leaves)
            else:
                await outputs.set(setpoint, leaves)
        except Superseded:
            return
        except MacNetBridgeError as error:
            log.warning("%s/%d: its watchdog was not fed: %s", *lease.record.place, error)
            await self._look(lease)

    async def _look(self, lease: Lease) -> None:
        """End a lease whose channel has stopped, seen by a read that is younger than its start."""
        if not lease.is_confirmed:
            return
        cycler, channel = lease.record.place
        tester = self._testers[cycler]
        try:
            state = (await tester.cycler.read_status(channel, line=Line.COMMANDS)).state
        except MacNetBridgeError:
            return
        if state in STOPPED and self._leases.end(lease.record.place, lease.record.token):
            tester.touched(channel)
            await self._leases.keep()

    # --- its end

    async def _let_lapse(self, record: LeaseRecord, reason: LapseReason, *, look_first: bool = False) -> None:
        """Stop the channel; again and again until that is seen, or another stop came first."""
        lease = self._leases.get(record.place)
        # One that an earlier run left may come to its end after the next one of its channel began.
        if lease is not None and lease.record.token == record.token:
            lease.close()
        wanted = LapseArguments(test_name=record.test_name, look_first=look_first)
        answer = await self._order(record, wanted)
        if not (answer.status == "done" and not answer.result):
            self._publish(record, reason, suspended=answer.status == "done")
        while answer.status != "done" and not self._is_stopping and self._leases.is_live(record):
            log.error("%s/%d: a lapsed lease could not be stopped: %s", *record.place, answer.error)
            await asyncio.sleep(STOP_AGAIN_S)
            answer = await self._order(record, wanted)
        if answer.status == "done" and self._leases.end(record.place, record.token):
            await self._leases.keep()

    async def _recover(self, record: LeaseRecord, tester: Tester) -> None:
        while tester.survey is None:
            if self._is_stopping:
                return
            await asyncio.sleep(_LOOK_FOR_TESTER_S)
        await self._let_lapse(record, "bridge_restarted", look_first=True)

    def _publish(self, record: LeaseRecord, reason: LapseReason, *, suspended: bool) -> None:
        event = DirectLapsed(
            id=secrets.token_hex(8),
            unix_time_second=round(self._clock().unix, 3),
            run=self._run,
            principal=record.principal,
            test_name=record.test_name,
            reason=reason,
            suspended=suspended,
        )
        topic = self._topics.channel_topic(record.cycler, record.channel, "event")
        self._send(topic, event)


async def _wait(news: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        return
    news.clear()
