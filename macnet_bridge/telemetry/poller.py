"""Polls one tester: finds it, reads it as scheduled, notices when it is gone, finds it again."""

from __future__ import annotations

import asyncio
import logging
import random
import time

from macnet_bridge.errors import InvalidRequest, MacNetBridgeError, TesterRefused, TransportError
from macnet_bridge.macnet.cycler import Line, ReadTransport
from macnet_bridge.macnet.cycler.lines import KEEP_ALIVE_S
from macnet_bridge.macnet.probe import probe
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol.codes import RUNNING
from macnet_bridge.macnet.protocol.messages import EndStatus, TestInfo
from macnet_bridge.macnet.survey import Survey, survey
from macnet_bridge.telemetry.channel import Channel
from macnet_bridge.telemetry.publisher import Publisher
from macnet_bridge.telemetry.schedule import Due, Intervals, ReadingDue, Schedule
from macnet_bridge.telemetry.sweep import SWEEP_FUNCTIONS, Swept, sweep
from macnet_bridge.telemetry.watch import Watch
from macnet_bridge.tester import Tester

log = logging.getLogger(__name__)

FAILURES_UNTIL_OFFLINE = 2
"""Reads that fail in a row until a tester counts as away: one alone may be a hiccup."""

_RETRY_FIRST_S = 0.2
_RETRY_LAST_S = 5.0
_NOT_YET_REACHED = "not reached yet"


class Poller:
    """Telemetry of one tester. `run` goes on until it is cancelled."""

    def __init__(
        self,
        tester: Tester,
        publisher: Publisher,
        intervals: Intervals,
        *,
        run_number: int,
        constant_id: bool = False,
        watch: Watch | None = None,
    ) -> None:
        self._tester = tester
        self.watch = watch or Watch(tester, publisher)
        self._publisher = publisher
        self._intervals = intervals
        self._run_number = run_number
        self._constant_id = constant_id
        self._channels: dict[int, Channel] = {}
        self._failures = 0
        self._connected = 0
        self._last_ok: float | None = None
        # What is wrong, by the read that showed it; gone when that read succeeds again.
        self._troubles: dict[Due | None, str] = {None: _NOT_YET_REACHED}
        self._schedule: Schedule | None = None
        self._unspecified: list[int] = []
        self._transport: ReadTransport = tester.cycler.transport
        self._wake = asyncio.Event()
        tester.touched = self._touched
        tester.lock_changed = self._lock_changed

    async def run(self) -> None:
        """Poll, and while the tester is away look for it with growing patience."""
        retry_s = _RETRY_FIRST_S
        # It may have been cancelled long ago, when another bridge took the tester over.
        self._tester.survey, self._troubles = None, {None: _NOT_YET_REACHED}
        self._publish_status()
        while True:
            try:
                schedule = await self._come_online()
                retry_s = _RETRY_FIRST_S
                await self._poll(schedule)
            except MacNetBridgeError as error:
                self._go_offline(str(error))
            except Exception as error:
                # A fault of ours, or a reply that nobody thought of, must not end the bridge:
                # other testers, and the stops of this one, depend on it.
                log.exception("polling %s failed unexpectedly", self._tester.name)
                self._go_offline(f"internal error: {error!r}")
            await asyncio.sleep(random.uniform(retry_s / 2, retry_s))
            retry_s = min(2 * retry_s, _RETRY_LAST_S)

    def publish_retained(self) -> None:
        """Publish everything retained again, for a broker that may have lost it."""
        self._publish_status(always=True)
        self._publisher.info()
        for number, channel in self._channels.items():
            self._publisher.state(number, channel)
        self._publisher.alarms()

    # --- coming and going

    async def _come_online(self) -> Schedule:
        tester = self._tester
        tester.cycler.use("json")
        found = await survey(tester.cycler, constant_id=self._constant_id)
        if not tester.channels:
            raise InvalidRequest(f"it has {found.system.test_channels} channels, none of those configured")
        tester.survey = found
        self._connected = tester.cycler.times_connected(Line.READS)
        self._forget_specifications(found)
        self._last_ok, self._failures = time.time(), 0
        self._troubles.clear()
        for number in tester.channels:
            channel = self._channels.setdefault(number, Channel(self._run_number))
            channel.lock = tester.locks.get(number)
        log.info("%s is online with %d channels", tester.name, found.system.test_channels)
        tester.came_online()
        self.watch.there(found, self._last_ok)
        self._publish_status()
        # Commands are served from here on; they do not wait for the probe.
        await self._choose_transport(found)
        self._publisher.info()
        self._schedule = Schedule(
            self._intervals, tester.channels, time.monotonic(), sweeps=found.has(*SWEEP_FUNCTIONS)
        )
        return self._schedule

    async def _choose_transport(self, found: Survey) -> None:
        tester = self._tester
        if tester.cycler.is_auto:
            tester.probe = await probe(tester.cycler, found)
            tester.cycler.use(tester.probe.chosen)
            log.info("%s is read by %s (%s)", tester.name, tester.probe.chosen, tester.probe)
        self._transport = tester.cycler.transport

    def _forget_specifications(self, found: Survey) -> None:
        """What comes back need not be what went away, and limits are made of these."""
        self._tester.specifications.clear()
        self._unspecified = list(self._tester.channels) if found.has(f.CHANNEL_SPECIFICATION) else []

    def _go_offline(self, reason: str) -> None:
        # Said when it goes, and again when the reason changes; not at every attempt to reach it.
        if self._tester.survey is not None or reason != self._troubles.get(None):
            log.warning("%s is offline: %s", self._tester.name, reason)
        self._tester.survey = None
        self._schedule = None
        self._troubles = {None: reason}
        self._publish_status()
        now = time.time()
        self.watch.gone(reason, now)
        for number, channel in self._channels.items():
            if channel.go_stale(now):
                self._publisher.state(number, channel)

    def _publish_status(self, *, always: bool = False) -> None:
        trouble = next(iter(self._troubles.values()), None)
        self._publisher.status(trouble, self._last_ok, always=always)

    # --- polling

    async def _poll(self, schedule: Schedule) -> None:
        while True:
            await self._tester.let_stops_pass()
            await self._tester.cycler.keep_alive()
            due = schedule.next_due(time.monotonic())
            if due is not None:
                await self._attempt(due, schedule)
                self._notice_fall_back()
                if await self._is_another_tester():
                    return self._go_offline("it was restarted as another tester")
            elif not await self._read_a_specification():
                await self._wait(min(schedule.next_turn() - time.monotonic(), KEEP_ALIVE_S / 3))

    def _notice_fall_back(self) -> None:
        cycler = self._tester.cycler
        if cycler.transport != self._transport:
            self._transport = cycler.transport
            log.warning("%s is read by %s again: %s", self._tester.name, cycler.transport, cycler.fallen_back)
            self._publisher.info()

    async def _is_another_tester(self) -> bool:
        """After a new connection: a tester that came back between two reads was never seen to be away."""
        cycler, known = self._tester.cycler, self._tester.online()
        connected = cycler.times_connected(Line.READS)
        if connected == self._connected:
            return False
        try:
            system = await cycler.read_system_info()
        except TransportError:
            return False  # if it is gone, the next read that is due finds out
        self._connected = connected
        self._forget_specifications(known)
        return system != known.system

    async def _attempt(self, due: Due, schedule: Schedule) -> None:
        try:
            if isinstance(due, ReadingDue):
                await self._read_channel(due.channel, schedule)
            else:
                await self._sweep(schedule)
        except TransportError as error:
            self._failures += 1
            if self._failures >= FAILURES_UNTIL_OFFLINE:
                raise
            self._troubles[due] = str(error)
        except TesterRefused as error:
            # It answers, so it is there.
            self._failures = 0
            self._troubles[due] = str(error)
        else:
            self._failures = 0
            self._last_ok = time.time()
            if self._troubles.pop(due, None) is None:
                return
        self._publish_status()

    async def _wait(self, seconds: float) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _touched(self, channel: int) -> None:
        """A command has just changed this channel: look at it before its turn."""
        if self._schedule is not None and channel in self._channels:
            self._channels[channel].test_may_be_another()
            self._schedule.hurry(channel, time.monotonic())
            self._wake.set()

    def _lock_changed(self, number: int) -> None:
        channel = self._channels.get(number)
        if channel is not None and channel.see_lock(self._tester.locks.get(number), time.time()):
            self._publisher.state(number, channel)

    async def _sweep(self, schedule: Schedule) -> None:
        swept = await sweep(self._tester)
        self._publisher.sweep(swept)
        self._notice_changes(swept, schedule)

    def _notice_changes(self, swept: Swept, schedule: Schedule) -> None:
        """Hurry the full reading of channels that differ from what was seen last."""
        now = time.monotonic()
        for number, status in zip(swept.channels, swept.statuses, strict=True):
            known = self._channels[number].status
            schedule.set_active(number, status.state in RUNNING, now)
            if known is not None and (known.state, known.step_code) != (status.state, status.step_code):
                schedule.hurry(number, now)

    async def _read_channel(self, number: int, schedule: Schedule) -> None:
        channel = self._channels[number]
        asked_unix = time.time()
        status = await self._tester.cycler.read_status(number)
        now_unix = time.time()
        test: TestInfo | None = None
        end: EndStatus | None = None
        try:
            if channel.needs_test_info(status) and self._tester.online().has(f.TEST_INFO):
                test = await self._tester.cycler.read_test_info(number)
            end = await self.watch.end_of(number, status)
        finally:
            # A name that cannot be read is no reason to withhold what was measured.
            changed = channel.see(status, now_unix, test)
            schedule.set_active(number, channel.running, time.monotonic())
            self._tester.seen(number, status.state)
            self._publisher.reading(number, channel, status, now_unix)
            if changed:
                self._publisher.state(number, channel)
            self.watch.see(number, channel, asked_unix, now_unix, end)

    async def _read_a_specification(self) -> bool:
        """Use idle time to read one more specification. False = all are known, or never will be."""
        tester = self._tester
        if not self._unspecified:
            return False
        try:
            await tester.specification(self._unspecified[0], line=Line.READS)
        except TransportError:
            return False  # if the tester is gone, the next read that is due finds out
        del self._unspecified[0]  # asked once, also where the tester does not tell
        if not self._unspecified:
            self._publisher.info()
        return True
