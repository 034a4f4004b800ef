"""Direct control of a channel for as long as a block of code runs."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from msgspec import UNSET, UnsetType

from macnet_bridge.client.failures import LeaseOver
from macnet_bridge.client.request import Options
from macnet_bridge.client.verbs import ChannelVerbs
from macnet_bridge.errors import MacNetBridgeError
from macnet_bridge.payloads.acknowledgements import Acknowledgement

T = TypeVar("T")


class Lease:
    """`async with` starts direct control, and ends it on every way out: rest, then suspend.

    Exceptions and cancellation are ways out, too: the block is left only once the bridge has said
    that the channel is stopped, or that it could not be. A program that is killed says nothing any
    more; then the bridge ends the lease `valid_for_s` after the last setpoint.

    Attributes:
        id: the lease that the bridge gave.
        test_name: of the test on the channel.
        n: number of the last setpoint.
    """

    def __init__(self, channel: ChannelVerbs, args: dict[str, Any], options: Options) -> None:
        self._channel = channel
        self._args = args
        self._options = options
        self.id = ""
        self.test_name = ""
        self.n = 0

    async def __aenter__(self) -> Self:
        """Start.

        Raises:
            CommandFailed, NoAnswer: there is no lease. Nothing is stopped then: what runs on the
                channel may be somebody else's.
            LeaseOver: the bridge restarted in between, and its lease went with it.
        """
        start = self._channel.command("start_direct", self._args, **self._options)
        task = asyncio.ensure_future(start)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await _to_the_end(self._stop_if_started(task))
            raise
        result = task.result().result
        assert result is not UNSET, "start_direct has a result"
        if "lease" not in result:
            await _to_the_end(self._channel.stop_direct())
            raise LeaseOver(f"the bridge restarted while it took control; {result['test_name']!r} is stopped")
        self.id, self.test_name = result["lease"], result["test_name"]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await _to_the_end(self._channel.stop_direct())
        except MacNetBridgeError as failure:
            if error is None:
                raise
            error.add_note(f"and the channel could not be stopped: {failure}")

    async def set_output(
        self,
        *,
        current_ampere: float,
        voltage_volt: float | UnsetType = UNSET,
        power_watt: float | UnsetType = UNSET,
        resistance_ohm: float | UnsetType = UNSET,
        range: int | UnsetType = UNSET,
        valid_for_s: float | UnsetType = UNSET,
        expires_s: float = 5.0,
    ) -> Acknowledgement:
        """Set the output, MacNet (6, 8), and give the lease its time again. Negative currents discharge.

        Raises:
            PreconditionFailed: `NO_LEASE`, when the lease is over; `superseded` by a newer setpoint.
            LimitExceeded: outside what `start_direct` had as its safety limits.
        """
        self.n += 1
        return await self._channel.set_output(
            lease=self.id,
            n=self.n,
            current_ampere=current_ampere,
            voltage_volt=voltage_volt,
            power_watt=power_watt,
            resistance_ohm=resistance_ohm,
            range=range,
            valid_for_s=valid_for_s,
            expires_s=expires_s,
        )

    async def rest(self) -> Acknowledgement:
        """Let no current flow; the lease lives on. MacNet (6, 8)"""
        return await self._channel.rest()

    async def _stop_if_started(self, start: asyncio.Task[Acknowledgement]) -> None:
        """Cancelled while the start was under way: see what came of it, and undo it."""
        try:
            await start
        except MacNetBridgeError:
            return
        await self._channel.stop_direct()


async def _to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Carry on to the end, whoever cancels meanwhile; the cancellation comes after it."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    if (failure := task.exception()) is not None:
        cancelled.add_note(f"and before it: {failure}")
    raise cancelled
