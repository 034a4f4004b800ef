"""Carries out what the planner says: one read of a tester, taken in and published."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

from macnet_bridge.errors import MacNetBridgeError, TesterRefused, TransportError
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol.codes import RUNNING
from macnet_bridge.macnet.protocol.messages import EndStatus, StatusAndReadings, TestInfo
from macnet_bridge.telemetry.budget import SWEEP_S
from macnet_bridge.telemetry.channel import Channel
from macnet_bridge.telemetry.dues import AuxDue, Due, Kind, ReadingsDue, SweepDue
from macnet_bridge.telemetry.pace import Pace
from macnet_bridge.telemetry.planner import Planner
from macnet_bridge.telemetry.publisher import Publisher
from macnet_bridge.telemetry.sweep import Swept, sweep
from macnet_bridge.telemetry.turns import NEVER
from macnet_bridge.telemetry.watch import Watch
from macnet_bridge.tester import Tester

Subject = tuple[Kind, int]
"""What a read is about: its kind, and the channel or 0."""

Outcomes = list[tuple[Subject, MacNetBridgeError | None]]
"""What became of each read; None: it went well."""

_SWEEP_REQUESTS = 4

R = TypeVar("R")


class Reader:
    """Reads of one tester while it is online.

    Attributes:
        learned_at: since when there is something new for `R/C/info`, in monotonic seconds; infinity
            while there is not.
    """

    def __init__(
        self,
        tester: Tester,
        publisher: Publisher,
        channels: Mapping[int, Channel],
        planner: Planner,
        pace: Pace,
        watch: Watch,
        *,
        recognize: Callable[[], Awaitable[None]],
    ) -> None:
        """
        Args:
            recognize: called between a reply and its publication; raises AnotherTester, or what
                kept it from finding out.
        """
        self._tester = tester
        self._publisher = publisher
        self._channels = channels
        self._planner = planner
        self._pace = pace
        self._watch = watch
        self._recognize = recognize
        self.learned_at = NEVER
        # States and step codes of the last sweep, if the full readings of all channels say the same.
        self._agreed: tuple[list[int], list[int]] | None = None

    async def carry_out(self, due: Due) -> Outcomes:
        """Read what is due, take it in and publish it."""
        if isinstance(due, ReadingsDue):
            outcomes = await self.readings(due.channels)
            return [
                ((Kind.ACTIVE, number), outcome)
                for number, outcome in zip(due.channels, outcomes, strict=True)
            ]
        if isinstance(due, SweepDue):
            return [((Kind.SWEEP, 0), await _outcome(self.sweep()))]
        if isinstance(due, AuxDue):
            return [((Kind.AUX, due.channel), await _outcome(self.aux(due.channel)))]
        return [((Kind.VARIABLES, due.channel), await _outcome(self.variables(due.channel)))]

    async def sweep(self) -> None:
        """MacNet (4, 1) (4, 2) (4, 3) (4, 9)"""
        is_quick = self._planner.budget.depth(_SWEEP_REQUESTS, SWEEP_S) == _SWEEP_REQUESTS
        swept = await sweep(self._tester, together=is_quick)
        await self._recognize()
        self._pace.sweeps += 1
        self._publisher.sweep(swept)
        self._notice_changes(swept)

    def _notice_changes(self, swept: Swept) -> None:
        """Hurry the full reading of channels that differ from what was seen last."""
        found = (swept.states, swept.step_codes)
        if found == self._agreed:
            return
        self._agreed, now = found, time.monotonic()
        for number, state, step_code in zip(swept.channels, *found, strict=True):
            known = self._channels[number].status
            self._planner.set_active(number, state in RUNNING, now)
            if known is None:
                self._agreed = None
            elif (known.state, known.step_code) != (state, step_code):
                self._agreed = None
                self._planner.hurry(number, now)

    async def readings(self, numbers: Sequence[int]) -> list[MacNetBridgeError | None]:
        """MacNet (4, 7), in one go where the tester takes that."""
        asked_unix = time.time()
        replies = await self._tester.cycler.read_statuses_and_readings(numbers)
        now_unix = time.time()
        if (error := await _outcome(self._recognize())) is not None:
            return [error] * len(numbers)
        outcomes: list[MacNetBridgeError | None] = []
        for number, reply in zip(numbers, replies, strict=True):
            if isinstance(reply, MacNetBridgeError):
                outcomes.append(reply)
            elif self._needs_more(number, reply):
                outcomes.append(await _outcome(self._take_with_more(number, reply, asked_unix, now_unix)))
            else:
                self._take(number, reply, asked_unix, now_unix)
                outcomes.append(None)
        return outcomes

    def _needs_more(self, number: int, status: StatusAndReadings) -> bool:
        return self._channels[number].needs_test_info(status) or self._watch.wants_end(number, status)

    async def _take_with_more(
        self, number: int, status: StatusAndReadings, asked_unix: float, now_unix: float
    ) -> None:
        """Take a reading in with what belongs to it. MacNet (4, 6) (4, 10)"""
        test: TestInfo | None = None
        end: EndStatus | None = None
        try:
            needs_names = self._channels[number].needs_test_info(status)
            if needs_names and self._tester.online().has(f.TEST_INFO):
                test = await self._tester.cycler.read_test_info(number)
            end = await self._watch.end_of(number, status)
        finally:
            # A name that cannot be read is no reason to withhold what was measured.
            self._take(number, status, asked_unix, now_unix, test, end)

    def _take(
        self,
        number: int,
        status: StatusAndReadings,
        asked_unix: float,
        now_unix: float,
        test: TestInfo | None = None,
        end: EndStatus | None = None,
    ) -> None:
        channel = self._channels[number]
        self._pace.readings += 1
        changed = channel.see(status, now_unix, test)
        if changed:
            self._agreed = None
        self._planner.set_active(number, channel.running, time.monotonic())
        self._tester.seen(number, status.state)
        self._publisher.reading(number, channel, status, now_unix)
        if changed:
            self._publisher.state(number, channel)
        self._watch.see(number, channel, asked_unix, now_unix, end)

    async def aux(self, number: int) -> None:
        """MacNet (4, 4), and (4, 5) before the first one of a channel."""
        reply = await self._ask(Kind.AUX, self._tester.cycler.read_aux(number))
        now_unix = time.time()
        await self._recognize()
        units = await self._units(number)
        self._publisher.aux(number, self._channels[number], reply, units, now_unix)

    async def _units(self, number: int) -> list[str]:
        """Units of a channel's inputs, asked once; empty where the tester does not tell."""
        tester = self._tester
        if number not in tester.aux_units:
            units: list[str] = []
            if tester.online().has(f.AUX_UNITS):
                with suppress(TesterRefused):
                    units = (await tester.cycler.read_aux_units(number)).units
            tester.aux_units[number] = units
            self.learned_at = min(self.learned_at, time.monotonic())
        return tester.aux_units[number]

    async def variables(self, number: int) -> None:
        """MacNet (4, 8)"""
        reply = await self._ask(Kind.VARIABLES, self._tester.cycler.read_variables(number))
        now_unix = time.time()
        await self._recognize()
        self._publisher.variables(number, self._channels[number], reply, now_unix)

    async def _ask(self, kind: Kind, question: Awaitable[R]) -> R:
        """Ask, and never again for this kind where the tester has no such function."""
        try:
            return await question
        except TesterRefused as error:
            # A result code is an answer: the function is there.
            if not isinstance(error.result, int):
                self._planner.give_up(kind)
            raise


async def _outcome(read: Awaitable[None]) -> MacNetBridgeError | None:
    try:
        await read
    except (TransportError, TesterRefused) as error:
        return error
    return None
