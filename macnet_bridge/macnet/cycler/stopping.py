"""Suspending many channels of one tester, as fast as it answers. MacNet (6, 3), seen by (4, 1)

One bulk read tells which channels have to be stopped, and one tells for all of them that they
were. All goes by the line of stops, whose calls go out in the order in which they were made.
"""

from __future__ import annotations

import asyncio

from macnet_bridge.errors import (
    InvalidRequest,
    MacNetBridgeError,
    NotConfirmed,
    TesterOffline,
    TesterRefused,
    TransportError,
)
from macnet_bridge.macnet.connection import BeforeSend
from macnet_bridge.macnet.cycler.commands import CommandCalls
from macnet_bridge.macnet.cycler.lines import Line
from macnet_bridge.macnet.cycler.waiting import wait_until
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import MAX_CHANNELS_PER_REQUEST, RUNNING, STOPPED

STOP_ATTEMPTS = 4
_READ_BACK_S = 0.5


class SharedStates:
    """States of channels, by bulk reads that all who ask at the same time share."""

    def __init__(self, cycler: CommandCalls) -> None:
        self._cycler = cycler
        self._asking: dict[int, list[asyncio.Future[int]]] = {}
        self._reader: asyncio.Task[None] | None = None

    async def fresh(self, channel: int) -> int:
        """State of a channel, from a read that was sent after this call. MacNet (4, 1)

        Raises:
            MacNetBridgeError: it could not be read.
        """
        last = self._cycler.channels
        if last is not None and not 1 <= channel <= last:
            raise InvalidRequest(f"channel {channel} is not one of 1 to {last}", "channel")
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._asking.setdefault(channel, []).append(answer)
        if self._reader is None:
            self._reader = asyncio.create_task(self._read_all(), name="states for stops")
        return await answer

    async def _read_all(self) -> None:
        try:
            while self._asking:
                await self._read(*self._block(min(self._asking)))
        finally:
            self._reader = None
            _fail(self._asking, NotConfirmed("the states could not be read"))
            self._asking = {}

    def _block(self, channel: int) -> tuple[int, int]:
        """First channel and number of a request that has this channel, and those who may still ask."""
        first = channel - (channel - 1) % MAX_CHANNELS_PER_REQUEST
        last = self._cycler.channels or max(c for c in self._asking if c < first + MAX_CHANNELS_PER_REQUEST)
        return first, max(1, min(MAX_CHANNELS_PER_REQUEST, last - first + 1))

    async def _read(self, first: int, count: int) -> None:
        """One request: it serves all who ask for its channels before it leaves."""
        asked: dict[int, list[asyncio.Future[int]]] = {}

        def leaves() -> None:
            # Who asks from now on has to wait for the next one.
            for channel in [c for c in self._asking if first <= c < first + count]:
                asked[channel] = self._asking.pop(channel)

        request = m.ChannelRange(count=count)
        try:
            reply = await self._cycler.call(
                f.CHANNEL_STATUSES, first, request, line=Line.STOPS, before_send=leaves
            )
            states = {first + n: status.state for n, status in enumerate(reply.statuses)}
            _answer(asked, states)
        except MacNetBridgeError as error:
            leaves()
            _fail(asked, error)
        finally:
            _fail(asked, NotConfirmed("the tester's reply does not have this channel"))


def _answer(asked: dict[int, list[asyncio.Future[int]]], states: dict[int, int]) -> None:
    """Those whose channel runs come first: in this order they will send."""
    for channel in sorted(asked.keys() & states.keys(), key=lambda c: (states[c] not in RUNNING, c)):
        for future in asked[channel]:
            if not future.done():
                future.set_result(states[channel])


def _fail(asked: dict[int, list[asyncio.Future[int]]], error: MacNetBridgeError) -> None:
    for future in (future for futures in asked.values() for future in futures):
        if not future.done():
            future.set_exception(error)


class Stopper:
    """Stops channels of one tester. Many at once is what it is for."""

    def __init__(self, cycler: CommandCalls) -> None:
        self._cycler = cycler
        self._states = SharedStates(cycler)

    async def stop(
        self, channel: int, before_send: BeforeSend | None = None, *, states_are_live: bool = True
    ) -> int | None:
        """Suspend a channel unless it is stopped, again and again until its state shows it.

        Args:
            states_are_live: whether what the tester tells of its states proves anything.

        Returns:
            The state that showed it; None where the tester's yes is all there is.

        Raises:
            TesterOffline: not even sent.
            TesterRefused, OutcomeUnknown: what is known after the last attempt.
        """
        if states_are_live and (state := await self._stopped_state(channel)) is not None:
            return state
        trouble: MacNetBridgeError | None = None
        for _ in range(STOP_ATTEMPTS):
            trouble = await self._suspend(channel, before_send)
            if not states_are_live and trouble is None:
                return None
            if states_are_live and (state := await self._wait_until_stopped(channel)) is not None:
                return state
        raise trouble or NotConfirmed("the tester said yes, and its states do not show that it stopped")

    async def _suspend(self, channel: int, before_send: BeforeSend | None) -> MacNetBridgeError | None:
        """What kept the tester from saying yes, None when it did. Raises TesterOffline."""
        try:
            await self._cycler.suspend(channel, before_send)
        except TesterOffline:
            raise  # the other attempts would only be in the way of channels that can be reached
        except (TesterRefused, TransportError) as error:
            return error
        return None

    async def _wait_until_stopped(self, channel: int) -> int | None:
        """The state that shows it, None when none did in time."""
        seen: list[int] = []

        async def stopped() -> bool:
            seen.append(await self._states.fresh(channel))
            return seen[-1] in STOPPED

        return seen[-1] if await wait_until(stopped, _READ_BACK_S) else None

    async def _stopped_state(self, channel: int) -> int | None:
        """The state of a channel where it proves a stop, None where it does not, or cannot be read.

        Raises:
            TesterOffline: there is no connection, so that asking for anything else is in vain.
        """
        try:
            state = await self._states.fresh(channel)
        except TesterOffline:
            raise
        except MacNetBridgeError:
            return None  # to suspend one that is stopped does no harm, to leave one running does
        return state if state in STOPPED else None
