"""Polls one tester: finds it, reads it as planned, notices when it is gone, finds it again."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from macnet_bridge.errors import BadReply, InvalidRequest, MacNetBridgeError, TesterRefused, TransportError
from macnet_bridge.macnet.cycler import Line, ReadTransport
from macnet_bridge.macnet.cycler.lines import KEEP_ALIVE_S
from macnet_bridge.macnet.probe import probe
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.survey import Survey, survey
from macnet_bridge.payloads.health import CyclerHealth
from macnet_bridge.telemetry.budget import ALERT, AT_EASE
from macnet_bridge.telemetry.channel import Channel
from macnet_bridge.telemetry.doubts import Doubts
from macnet_bridge.telemetry.dues import Due, Intervals, Kind
from macnet_bridge.telemetry.figures import ChannelFigures, CyclerFigures, channel_figures
from macnet_bridge.telemetry.lateness import WINDOW_S, Lateness
from macnet_bridge.telemetry.pace import Pace
from macnet_bridge.telemetry.planner import Planner
from macnet_bridge.telemetry.presence import Presence
from macnet_bridge.telemetry.publisher import Publisher
from macnet_bridge.telemetry.reader import AnotherTester, Outcomes, Reader, Subject
from macnet_bridge.telemetry.sweep import SWEEP_FUNCTIONS, blocks
from macnet_bridge.telemetry.turns import NEVER
from macnet_bridge.telemetry.watch import Watch
from macnet_bridge.tester import Tester

log = logging.getLogger(__name__)

AT_EASE_AFTER_S = 5.0
"""When no command has come for so long, more is asked for together."""

RESURVEY_FIRST_S = 10.0
RESURVEY_LAST_S = 320.0
"""A tester of which some replies were lost when it was surveyed is asked again, six times at most."""

_RETRY_FIRST_S = 0.2
_RETRY_LAST_S = 5.0
_INFO_S = 1.0
"""What is learned of many channels in a row is not told after each of them."""


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
        commanded_at: Callable[[], float] = lambda: -math.inf,
    ) -> None:
        """
        Args:
            commanded_at: when the last command came, to any tester: they all share the event loop.
        """
        self._commanded_at = commanded_at
        self._tester = tester
        self.watch = watch or Watch(tester, publisher)
        self._publisher = publisher
        self._intervals = intervals
        self._run_number = run_number
        self._constant_id = constant_id
        self._channels: dict[int, Channel] = {}
        self._presence = Presence(publisher)
        self._connected = 0
        self._planner: Planner | None = None
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
        self._tester.survey = None
        self._presence.away()
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
        self._presence.publish(always=True)
        self._publisher.info()
        for number, channel in self._channels.items():
            self._publisher.state(number, channel)
        self._publisher.alarms()

    def health(self, now: float) -> CyclerHealth:
        """How the tester keeps up, since the last call. `now` is in monotonic seconds."""
        lag_s = self._planner.lag(now) if self._planner else 0.0
        return self._pace.health(now, self._publisher.cycler_state, lag_s)

    def figures(self, now: float) -> CyclerFigures:
        """As `health`, in counts since the bridge began, which whoever asks leaves as they are."""
        pace, traffic = self._pace, self._tester.cycler.traffic
        return CyclerFigures(
            name=self.name,
            state=self._publisher.cycler_state,
            poll_lag_s=self._planner.lag(now) if self._planner else 0.0,
            requests=traffic.answered,
            busy_s=traffic.busy_s,
            readings=pace.readings,
            sweeps=pace.sweeps,
            failed_reads=pace.failed,
        )

    def channel_figures(self) -> Iterator[ChannelFigures]:
        """The last full readings of the channels, those of a tester that is away left out."""
        sign = self._tester.sign
        for number, channel in self._channels.items():
            if (figures := channel_figures(self.name, number, channel, sign)) is not None:
                yield figures

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
        self._presence.there(time.time())
        for number in tester.channels:
            channel = self._channels.setdefault(number, Channel(self._run_number))
            channel.lock = tester.locks.get(number)
            # Of two tests in the same state nothing else tells one from the other.
            channel.test_may_be_another()
        log.info("%s is online with %d channels", tester.name, found.system.test_channels)
        tester.came_online()
        self.watch.there(found, time.time())
        self._presence.publish()
        # Commands are served from here on; they do not wait for the probe.
        await self._choose_transport(found)
        self._publisher.info()
        return self._plan(found)

    async def _survey_again(self, doubts: Doubts) -> bool:
        """Ask a doubtful tester again when it is time. True = something else was found."""
        if not doubts.is_due(time.monotonic()):
            return False
        known = self._tester.online()
        try:
            found = await survey(self._tester.cycler, constant_id=self._constant_id)
        except TransportError:
            found = known  # if it is gone, the next read that is due finds out
        doubts.surveyed(time.monotonic(), doubtful=found.doubtful)
        if found.system != known.system or (found.missing, found.live) == (known.missing, known.live):
            return False
        self._tester.survey = found
        self._tester.came_online()
        self._presence.publish()
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
        self._planner, self._presence.lateness = planner, Lateness(planner, now, WINDOW_S)
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
        if self._tester.survey is not None or reason != self._presence.away_for:
            log.warning("%s is offline: %s", self._tester.name, reason)
        self._tester.survey = None
        self._planner = None
        self._presence.away(reason)
        now = time.time()
        self.watch.gone(reason, now)
        for number, channel in self._channels.items():
            if channel.go_stale(now):
                self._publisher.state(number, channel)

    # --- polling

    async def _poll(self, planner: Planner) -> None:
        reader, found = self._reader(planner), self._tester.online()
        doubts = Doubts(RESURVEY_FIRST_S, RESURVEY_LAST_S, time.monotonic(), doubtful=found.doubtful)
        while True:
            await self._tester.let_stops_pass()
            await self._tester.cycler.keep_alive()
            if self._intervals.has_flat_out:
                await self._publisher.let_through()
            self._judge(reader)
            if await self._survey_again(doubts):
                planner = self._plan(self._tester.online())
                reader = self._reader(planner)
            now = time.monotonic()
            due = planner.next_due(now, *(ALERT if now - self._commanded_at() < AT_EASE_AFTER_S else AT_EASE))
            if due is not None:
                await self._carry_out(due, reader, planner)
                self._notice_fall_back()
                with suppress(TransportError, TesterRefused):  # the next read that is due finds out
                    await self._recognize()  # one that refused the read is another one perhaps
            elif not await self._read_a_specification():
                await self._wait(min(planner.next_turn() - time.monotonic(), KEEP_ALIVE_S / 3))

    def _reader(self, planner: Planner) -> Reader:
        return Reader(
            self._tester,
            self._publisher,
            self._channels,
            planner,
            self._pace,
            self.watch,
            recognize=self._recognize,
        )

    def _judge(self, reader: Reader) -> None:
        """Say when the tester begins or ends to be too slow, and what was learned of it."""
        now, lateness = time.monotonic(), self._presence.lateness
        if lateness is not None and lateness.judge(now):
            self._presence.publish()
            if lateness.reason is None:
                log.info("%s keeps up with its intervals again", self._tester.name)
            else:
                log.warning("%s is too slow for its intervals: %s", self._tester.name, lateness.reason)
        if now - reader.learned_at >= _INFO_S:
            reader.learned_at = NEVER
            self._publisher.info()

    def _notice_fall_back(self) -> None:
        cycler = self._tester.cycler
        if cycler.transport != self._transport:
            self._transport = cycler.transport
            log.warning("%s is read by %s again: %s", self._tester.name, cycler.transport, cycler.fallen_back)
            self._publisher.info()

    async def _recognize(self) -> None:
        """After a new connection: a tester that came back between two reads was never seen to be away.

        Raises:
            AnotherTester: this one was not there before.
            TransportError, TesterRefused: it did not say who it is.
        """
        cycler, known = self._tester.cycler, self._tester.online()
        connected = cycler.times_connected(Line.READS)
        if connected == self._connected:
            return
        system = await cycler.read_system_info()
        if system != known.system:
            raise AnotherTester("it was restarted as another tester")
        self._connected = connected
        self._forget_specifications(known)

    async def _carry_out(self, due: Due, reader: Reader, planner: Planner) -> None:
        traffic = self._tester.cycler.traffic
        answered, busy_s = traffic.answered, traffic.busy_s
        outcomes = await reader.carry_out(due)
        if traffic.answered > answered:
            planner.observe(traffic.busy_s - busy_s, traffic.answered - answered)
        self._note(outcomes)

    def _note(self, outcomes: Outcomes) -> None:
        """Keep what became of reads.

        Raises:
            TransportError: so many in a row had no good reply that the tester counts as away.
        """
        is_lost, now_unix = False, time.time()
        for subject, error in outcomes:
            if error is None:
                self._presence.answered(subject, now_unix)
            elif not is_lost:  # what was asked together is lost together, once
                is_lost = isinstance(error, TransportError)
                self._pace.failed += 1
                self._say(subject, error)

    def _say(self, subject: Subject, error: MacNetBridgeError) -> None:
        if not isinstance(error, TransportError):
            self._presence.refused(subject, str(error))
        elif self._presence.lost(subject, str(error), garbled=isinstance(error, BadReply)):
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
