"""Polls one tester: finds it, reads it as planned, notices when it is gone, finds it again."""

from __future__ import annotations

import asyncio
import logging
import random
import time

from macnet_bridge.errors import InvalidRequest, MacNetBridgeError, TransportError
from macnet_bridge.macnet.cycler import Line, ReadTransport
from macnet_bridge.macnet.cycler.lines import KEEP_ALIVE_S
from macnet_bridge.macnet.probe import probe
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.survey import Survey, survey
from macnet_bridge.payloads.health import CyclerHealth
from macnet_bridge.telemetry.channel import Channel
from macnet_bridge.telemetry.dues import Due, Intervals, Kind
from macnet_bridge.telemetry.lateness import WINDOW_S, Lateness
from macnet_bridge.telemetry.pace import Pace
from macnet_bridge.telemetry.planner import Planner
from macnet_bridge.telemetry.publisher import Publisher
from macnet_bridge.telemetry.reader import Outcomes, Reader, Subject
from macnet_bridge.telemetry.sweep import SWEEP_FUNCTIONS, blocks
from macnet_bridge.telemetry.watch import Watch
from macnet_bridge.tester import Tester

log = logging.getLogger(__name__)

FAILURES_UNTIL_OFFLINE = 2
"""Reads that fail in a row until a tester counts as away: one alone may be a hiccup."""

BATCH = 32
"""How many channels are read in one turn of a tester that is quick enough."""

RESURVEY_FIRST_S = 10.0
RESURVEY_LAST_S = 320.0
"""A tester of which some replies were lost when it was surveyed is asked again, six times at most."""

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
        self._troubles: dict[Subject | None, str] = {None: _NOT_YET_REACHED}
        self._planner: Planner | None = None
        self._lateness: Lateness | None = None
        self._survey_again_at = float("inf")
        self._resurvey_s = RESURVEY_FIRST_S
        self._pace = Pace(tester.cycler.traffic, time.monotonic())
        self._unspecified: list[int] = []
        self._transport: ReadTransport = tester.cycler.transport
        self._wake = asyncio.Event()
        tester.touched = self._touched
        tester.lock_changed = self._lock_changed

    @property
    def name(self) -> str:
        """That of the cycler."""
        return self._tester.name

    async def run(self) -> None:
        """Poll, and while the tester is away look for it with growing patience."""
        retry_s = _RETRY_FIRST_S
        # It may have been cancelled long ago, when another bridge took the tester over.
        self._tester.survey, self._troubles = None, {None: _NOT_YET_REACHED}
        self._publish_status()
        while True:
            try:
                planner = await self._come_online()
                retry_s = _RETRY_FIRST_S
                await self._poll(planner)
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

    def health(self, now: float) -> CyclerHealth:
        """How the tester keeps up, since the last call. `now` is in monotonic seconds."""
        lag_s = self._planner.lag(now) if self._planner else 0.0
        return self._pace.health(now, self._publisher.cycler_state, lag_s)

    # --- coming and going

    async def _come_online(self) -> Planner:
        tester = self._tester
        tester.cycler.use("json")
        found = await survey(tester.cycler, constant_id=self._constant_id)
        if not tester.channels:
            raise InvalidRequest(f"it has {found.system.test_channels} channels, none of those configured")
        tester.survey = found
        self._connected = tester.cycler.times_connected(Line.READS)
        self._forget_specifications(found)
        self._resurvey_s = RESURVEY_FIRST_S
        self._doubt(found)
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
        return self._plan(found)

    def _doubt(self, found: Survey) -> None:
        """Survey it again soon if replies were lost: until then its read-backs are not trusted."""
        is_worth_it = found.doubtful and self._resurvey_s <= RESURVEY_LAST_S
        self._survey_again_at = time.monotonic() + self._resurvey_s if is_worth_it else float("inf")
        self._resurvey_s *= 2

    async def _survey_again(self) -> bool:
        """Ask a doubtful tester again when it is time. True = something else was found."""
        if time.monotonic() < self._survey_again_at:
            return False
        known = self._tester.online()
        try:
            found = await survey(self._tester.cycler, constant_id=self._constant_id)
        except TransportError:
            found = known  # if it is gone, the next read that is due finds out
        self._doubt(found)
        if found.system != known.system or (found.missing, found.live) == (known.missing, known.live):
            return False
        self._tester.survey = found
        self._tester.came_online()
        self._publish_status()
        return True

    def _plan(self, found: Survey) -> Planner:
        served, now = self._tester.channels, time.monotonic()
        planner = Planner(
            self._intervals,
            served,
            now,
            sweeps=found.has(*SWEEP_FUNCTIONS),
            sweep_requests=len(SWEEP_FUNCTIONS) * len(blocks(served[0], served[-1])),
        )
        if not found.has(f.AUX_READINGS):
            planner.give_up(Kind.AUX)
        if not found.has(f.FLAGS_AND_VARIABLES):
            planner.give_up(Kind.VARIABLES)
        self._planner, self._lateness = planner, Lateness(planner, now, WINDOW_S)
        return planner

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
        self._tester.aux_units.clear()
        self._unspecified = list(self._tester.channels) if found.has(f.CHANNEL_SPECIFICATION) else []

    def _go_offline(self, reason: str) -> None:
        # Said when it goes, and again when the reason changes; not at every attempt to reach it.
        if self._tester.survey is not None or reason != self._troubles.get(None):
            log.warning("%s is offline: %s", self._tester.name, reason)
        self._tester.survey = None
        self._planner = self._lateness = None
        self._troubles = {None: reason}
        self._publish_status()
        now = time.time()
        self.watch.gone(reason, now)
        for number, channel in self._channels.items():
            if channel.go_stale(now):
                self._publisher.state(number, channel)

    def _publish_status(self, *, always: bool = False) -> None:
        trouble = next(iter(self._troubles.values()), None)
        if trouble is None and self._lateness is not None:
            trouble = self._lateness.reason
        self._publisher.status(trouble, self._last_ok, always=always)

    # --- polling

    async def _poll(self, planner: Planner) -> None:
        reader = self._reader(planner)
        while True:
            await self._tester.let_stops_pass()
            await self._tester.cycler.keep_alive()
            self._judge(reader)
            if await self._survey_again():
                planner = self._plan(self._tester.online())
                reader = self._reader(planner)
            due = planner.next_due(time.monotonic(), BATCH)
            if due is not None:
                await self._carry_out(due, reader, planner)
                self._notice_fall_back()
                if await self._is_another_tester():
                    return self._go_offline("it was restarted as another tester")
            elif not await self._read_a_specification():
                await self._wait(min(planner.next_turn() - time.monotonic(), KEEP_ALIVE_S / 3))

    def _reader(self, planner: Planner) -> Reader:
        return Reader(self._tester, self._publisher, self._channels, planner, self._pace, self.watch)

    def _judge(self, reader: Reader) -> None:
        """Say when the tester begins or ends to be too slow, and what was learned of it."""
        if self._lateness is not None and self._lateness.judge(time.monotonic()):
            self._publish_status()
        if reader.learned:
            reader.learned = False
            self._publisher.info()

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

    async def _carry_out(self, due: Due, reader: Reader, planner: Planner) -> None:
        traffic = self._tester.cycler.traffic
        answered, busy_s = traffic.answered, traffic.busy_s
        outcomes = await reader.carry_out(due)
        if traffic.answered > answered:
            planner.observe(traffic.busy_s - busy_s, traffic.answered - answered)
        self._note(outcomes)

    def _note(self, outcomes: Outcomes) -> None:
        """Keep what is wrong with single reads.

        Raises:
            TransportError: so often in a row that the tester counts as away.
        """
        last: MacNetBridgeError | None = None
        is_news = False
        for subject, error in outcomes:
            if error is None:
                self._failures = 0
                is_news |= self._troubles.pop(subject, None) is not None
                continue
            # What was asked together fails together, once.
            self._pace.failed += error is not last
            is_news |= self._troubles.get(subject) != str(error)
            self._troubles[subject] = str(error)
            self._count(error, again=error is last)
            last = error
        if last is None:
            self._last_ok = time.time()
        if is_news:
            self._publish_status()

    def _count(self, error: MacNetBridgeError, *, again: bool) -> None:
        if not isinstance(error, TransportError):
            self._failures = 0  # it answers, so it is there
            return
        self._failures += not again
        if self._failures >= FAILURES_UNTIL_OFFLINE:
            raise error

    async def _wait(self, seconds: float) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _touched(self, channel: int) -> None:
        """A command has just changed this channel: look at it before its turn."""
        if self._planner is not None and channel in self._channels:
            self._channels[channel].test_may_be_another()
            self._planner.hurry(channel, time.monotonic())
            self._wake.set()

    def _lock_changed(self, number: int) -> None:
        channel = self._channels.get(number)
        if channel is not None and channel.see_lock(self._tester.locks.get(number), time.time()):
            self._publisher.state(number, channel)

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
