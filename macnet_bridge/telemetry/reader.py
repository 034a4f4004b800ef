"""Carries out what the planner says: one read of a tester, taken in and published."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TypeVar

from macnet_bridge.errors import TesterRefused
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol.codes import RUNNING
from macnet_bridge.macnet.protocol.messages import TestInfo
from macnet_bridge.telemetry.channel import Channel
from macnet_bridge.telemetry.dues import AuxDue, Due, Kind, ReadingsDue, SweepDue
from macnet_bridge.telemetry.pace import Pace
from macnet_bridge.telemetry.planner import Planner
from macnet_bridge.telemetry.publisher import Publisher
from macnet_bridge.telemetry.sweep import Swept, sweep
from macnet_bridge.telemetry.turns import NEVER
from macnet_bridge.tester import Tester

Subject = tuple[Kind, int]
"""What a read is about: its kind, and the channel or 0."""

Read = Callable[[], Awaitable[None]]

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
    ) -> None:
        self._tester = tester
        self._publisher = publisher
        self._channels = channels
        self._planner = planner
        self._pace = pace
        self.learned_at = NEVER

    def reads(self, due: Due) -> list[tuple[Subject, Read]]:
        """The reads of a due, to be done one after the other.

        They raise what `AsyncCycler` raises.
        """
        if isinstance(due, SweepDue):
            return [((Kind.SWEEP, 0), self.sweep)]
        if isinstance(due, ReadingsDue):
            return [((Kind.ACTIVE, number), _bound(self.channel, number)) for number in due.channels]
        if isinstance(due, AuxDue):
            return [((Kind.AUX, due.channel), _bound(self.aux, due.channel))]
        return [((Kind.VARIABLES, due.channel), _bound(self.variables, due.channel))]

    async def sweep(self) -> None:
        """MacNet (4, 1) (4, 2) (4, 3) (4, 9)"""
        swept = await sweep(self._tester)
        self._pace.sweeps += 1
        self._publisher.sweep(swept)
        self._notice_changes(swept)

    def _notice_changes(self, swept: Swept) -> None:
        """Hurry the full reading of channels that differ from what was seen last."""
        now = time.monotonic()
        for number, status in zip(swept.channels, swept.statuses, strict=True):
            known = self._channels[number].status
            self._planner.set_active(number, status.state in RUNNING, now)
            if known is not None and (known.state, known.step_code) != (status.state, status.step_code):
                self._planner.hurry(number, now)

    async def channel(self, number: int) -> None:
        """MacNet (4, 7), and (4, 6) when the test may be another."""
        channel = self._channels[number]
        status = await self._tester.cycler.read_status(number)
        self._pace.readings += 1
        now_unix = time.time()
        test: TestInfo | None = None
        try:
            if channel.needs_test_info(status) and self._tester.online().has(f.TEST_INFO):
                test = await self._tester.cycler.read_test_info(number)
        finally:
            # A name that cannot be read is no reason to withhold what was measured.
            changed = channel.see(status, now_unix, test)
            self._planner.set_active(number, channel.running, time.monotonic())
            self._tester.seen(number, status.state)
            self._publisher.reading(number, channel, status, now_unix)
            if changed:
                self._publisher.state(number, channel)

    async def aux(self, number: int) -> None:
        """MacNet (4, 4), and (4, 5) before the first one of a channel."""
        reply = await self._ask(Kind.AUX, self._tester.cycler.read_aux(number))
        now_unix = time.time()
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
        self._publisher.variables(number, self._channels[number], reply, time.time())

    async def _ask(self, kind: Kind, question: Awaitable[R]) -> R:
        """Ask, and never again for this kind where the tester has no such function."""
        try:
            return await question
        except TesterRefused as error:
            # A result code is an answer: the function is there.
            if not isinstance(error.result, int):
                self._planner.give_up(kind)
            raise


def _bound(read: Callable[[int], Awaitable[None]], number: int) -> Read:
    return lambda: read(number)
