"""Polls one tester: reads it as planned while it is there, and looks for it while it is not."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from macnet_bridge.errors import MacNetBridgeError, TesterRefused, TransportError
from macnet_bridge.macnet.cycler.lines import KEEP_ALIVE_S
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.survey import Survey
from macnet_bridge.payloads.health import CyclerHealth
from macnet_bridge.telemetry.budget import ALERT, AT_EASE
from macnet_bridge.telemetry.channel import Channel
from macnet_bridge.telemetry.doubts import Doubts
from macnet_bridge.telemetry.dues import Due, Intervals, Kind
from macnet_bridge.telemetry.figures import ChannelFigures, CyclerFigures, channel_figures
from macnet_bridge.telemetry.finder import Finder
from macnet_bridge.telemetry.lateness import WINDOW_S, Lateness
from macnet_bridge.telemetry.pace import Pace
from macnet_bridge.telemetry.planner import Planner
from macnet_bridge.telemetry.presence import Presence
from macnet_bridge.telemetry.publisher import Publisher
from macnet_bridge.telemetry.reader import Reader
from macnet_bridge.telemetry.reading_transport import ReadingTransport
from macnet_bridge.telemetry.recognition import Recognition
from macnet_bridge.telemetry.specifications import Specifications
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
        constant_id: bool = False,
        watch: Watch | None = None,
        commanded_at: Callable[[], float] = lambda: -math.inf,
    ) -> None:
        """
        Args:
            constant_id: whether the tester may answer each request with one id.
            commanded_at: when the last command came, to any tester: they all share the event loop.
        """
        self._commanded_at = commanded_at
        self._tester = tester
        self.watch = watch or Watch(tester, publisher)
        self._publisher = publisher
        self._intervals = intervals
        self._channels: dict[int, Channel] = {}
        self._pace = Pace(tester.cycler.traffic, time.monotonic())
        self._presence = Presence(publisher, self._pace)
        self._specifications = Specifications(tester, publisher)
        self._recognition = Recognition(tester, self._specifications)
        self._transport = ReadingTransport(tester, publisher)
        self._finder = Finder(
            tester,
            publisher,
            self._channels,
            self._presence,
            self.watch,
            self._recognition,
            self._transport,
            constant_id=constant_id,
        )
        self._planner: Planner | None = None
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
                found = await self._finder.find()
                retry_s = _RETRY_FIRST_S
                await self._poll(found)
            except MacNetBridgeError as error:
                self._go_offline(str(error))
            except Exception as error:
                # A fault of ours, or a reply that nobody thought of, must not end the bridge:
                # other testers, and the stops of this one, depend on it.
                log.exception("polling %s failed unexpectedly", self._tester.name)
                self._go_offline(f"internal error: {error!r}")
            await asyncio.sleep(random.uniform(retry_s / 2, retry_s))
            retry_s = min(2 * retry_s, _RETRY_LAST_S)

    def _go_offline(self, reason: str) -> None:
        self._planner = None
        self._finder.gone(reason)

    # --- what others ask

    def publish_retained(self) -> None:
        """Publish everything retained again, for a broker that may have lost it."""
        self._presence.publish(always=True)
        self._publisher.info()
        for number, channel in self._channels.items():
            self._publisher.state(number, channel)
        self._publisher.alarms()

    def health(self, now: float) -> CyclerHealth:
        """How the tester keeps up, since the last call. `now` is in monotonic seconds."""
        return self._pace.health(now, self._publisher.cycler_state, self._lag_s(now))

    def figures(self, now: float) -> CyclerFigures:
        """As `health`, in counts since the bridge began, which whoever asks leaves as they are."""
        return self._pace.figures(self.name, self._publisher.cycler_state, self._lag_s(now))

    def _lag_s(self, now: float) -> float:
        return self._planner.lag(now) if self._planner else 0.0

    def channel_figures(self) -> Iterator[ChannelFigures]:
        """The last full readings of the channels, those of a tester that is away left out."""
        sign = self._tester.sign
        for number, channel in self._channels.items():
            if (figures := channel_figures(self.name, number, channel, sign)) is not None:
                yield figures

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

    # --- polling

    async def _poll(self, found: Survey) -> None:
        planner = self._plan(found)
        reader = self._reader(planner)
        doubts = Doubts(RESURVEY_FIRST_S, RESURVEY_LAST_S, time.monotonic(), doubtful=found.doubtful)
        while True:
            await self._tester.let_stops_pass()
            await self._tester.cycler.keep_alive()
            if self._intervals.has_flat_out:
                await self._publisher.let_through()
            self._judge(reader)
            if await self._finder.find_again(doubts):
                planner = self._plan(self._tester.online())
                reader = self._reader(planner)
            now = time.monotonic()
            due = planner.next_due(now, *(ALERT if now - self._commanded_at() < AT_EASE_AFTER_S else AT_EASE))
            if due is not None:
                await self._carry_out(due, reader, planner)
            elif not await self._specifications.read_one():
                await self._wait(min(planner.next_turn() - time.monotonic(), KEEP_ALIVE_S / 3))

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

    def _reader(self, planner: Planner) -> Reader:
        return Reader(
            self._tester,
            self._publisher,
            self._channels,
            planner,
            self._pace,
            self.watch,
            recognize=self._recognition.check,
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

    async def _carry_out(self, due: Due, reader: Reader, planner: Planner) -> None:
        traffic = self._tester.cycler.traffic
        answered, busy_s = traffic.answered, traffic.busy_s
        outcomes = await reader.carry_out(due)
        if traffic.answered > answered:
            planner.observe(traffic.busy_s - busy_s, traffic.answered - answered)
        self._presence.note(outcomes, time.time())
        self._transport.notice_fall_back()
        with suppress(TransportError, TesterRefused):  # the next read that is due finds out
            await self._recognition.check()  # one that refused the read is another one perhaps

    async def _wait(self, seconds: float) -> None:
        self._wake.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self._wake.wait()
