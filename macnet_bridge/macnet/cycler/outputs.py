"""The output of one channel in direct mode: one request at a time, and never too close together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from macnet_bridge.errors import (
    NotConfirmed,
    OutcomeUnknown,
    Superseded,
    TesterOffline,
    TesterRefused,
)
from macnet_bridge.macnet.connection import BeforeSend
from macnet_bridge.macnet.cycler import AsyncCycler, Line
from macnet_bridge.macnet.cycler.pacing import OutputPacing
from macnet_bridge.macnet.cycler.waiting import wait_until
from macnet_bridge.macnet.protocol.codes import StepCode
from macnet_bridge.macnet.protocol.messages import DirectOutput

TAKEN_WITHIN_S = 5.0
"""How long a tester may go on to say that an output comes too soon."""

_NOT_YET = frozenset({"SENT_TOO_SOON", "DIRECT_MODE_NOT_READY"})
_REST_TRIES = 2

_Send = Callable[[BeforeSend], Awaitable[None]]


@dataclass(slots=True)
class Fed:
    """What fed a tester's watchdog of a channel in direct mode, and when, in Unix seconds.

    Attributes:
        taken_at: when the last output left that the tester took.
        left_at: when the last one left that it may have taken.
    """

    taken_at: float = 0.0
    left_at: float = 0.0


class Outputs:
    """Sets the output of one channel. The newest of several calls wins.

    MacNet (6, 8) may be repeated: it says what the output is to be, not how it is to change.

    Attributes:
        fed: when outputs left.
    """

    def __init__(self, cycler: AsyncCycler, channel: int, pacing: OutputPacing) -> None:
        self._cycler = cycler
        self._channel = channel
        self._pacing = pacing
        self._newest = 0
        self._left = False
        self._turn = asyncio.Lock()
        self.fed = Fed()

    @property
    def is_idle(self) -> bool:
        """Whether no output is on its way, or waits to be."""
        return not self._turn.locked()

    def started(self) -> Fed:
        """Direct mode starts now, with an output of its own. MacNet (6, 7)"""
        now = time.time()
        self.fed = Fed(now, now)
        return self.fed

    async def set(self, output: DirectOutput, gate: BeforeSend | None = None) -> None:
        """Let current flow.

        Args:
            gate: called before each request leaves; what it raises keeps it back.

        Raises:
            Superseded: a newer output came before this one was sent.
            TesterRefused: the tester does not take it, or not within `TAKEN_WITHIN_S`.
            OutcomeUnknown: sent, and no reply came. Set another output, or rest.
        """
        number = self._number()
        async with self._turn:
            await self._until_taken(
                number, lambda leave: self._cycler.set_output(self._channel, output, leave), gate
            )

    async def rest_unseen(self, gate: BeforeSend | None = None) -> None:
        """Let no current flow, by the tester's word alone. Binary MacNet (6, 8)

        Raises:
            Superseded, TesterRefused, OutcomeUnknown: as for `set`.
        """
        number = self._number()
        async with self._turn:
            await self._until_taken(number, self._send_rest, gate)

    async def rest(self, gate: BeforeSend | None = None, line: Line = Line.COMMANDS) -> None:
        """Let no current flow, and see that none is meant to. Binary MacNet (6, 8), (4, 7)

        Args:
            gate: as for `set`.
            line: by which it is read that the channel rests.

        Raises:
            Superseded, TesterRefused: as for `set`.
            OutcomeUnknown: twice, it could not be seen that the channel rests.
        """
        number = self._number()
        doubt: OutcomeUnknown | None = None
        async with self._turn:
            for _ in range(_REST_TRIES):
                try:
                    await self._until_taken(number, self._send_rest, gate)
                except TesterOffline as error:
                    raise doubt or error from None
                except OutcomeUnknown as error:
                    doubt = error
                if await wait_until(lambda: self._rests(line), self._cycler.timeout_s):
                    return
        raise doubt or NotConfirmed("the tester said yes to rest, and its state does not show it")

    def _number(self) -> int:
        self._newest += 1
        return self._newest

    async def _send_rest(self, leave: BeforeSend) -> None:
        await self._cycler.rest(self._channel, leave)

    async def _until_taken(self, number: int, send: _Send, gate: BeforeSend | None) -> None:
        """Send until the tester does not say any more that it comes too soon."""
        end, fed_before = _now() + TAKEN_WITHIN_S, self.fed.left_at
        while True:
            # In a loop, because where the clock is coarse a timer rings early.
            while wait_s := self._pacing.wait_s(self._channel, _now()):  # noqa: ASYNC110
                await asyncio.sleep(wait_s)
            try:
                await send(lambda: self._leaves(number, gate))
                self.fed.taken_at = self.fed.left_at
                return
            except TesterRefused as error:
                self.fed.left_at = fed_before  # what is refused feeds nothing
                if error.code not in _NOT_YET or _now() >= end:
                    raise
            finally:
                # What was kept back costs the next one no time: else a controller that is faster
                # than the interval would have each setpoint replaced, and none sent.
                if self._left:
                    self._left = False
                    self._pacing.answered(self._channel, _now())

    def _leaves(self, number: int, gate: BeforeSend | None) -> None:
        if number != self._newest:
            raise Superseded("STOPPED", "a newer output of this channel came before this one was sent")
        if gate is not None:
            gate()
        self._left = True
        self.fed.left_at = time.time()
        self._pacing.left(self._channel, _now())

    async def _rests(self, line: Line) -> bool:
        reading = await self._cycler.read_status(self._channel, line=line)
        return reading.step_code == StepCode.REST


def _now() -> float:
    return asyncio.get_running_loop().time()
