"""The asyncio side of the blocking classes: one tester, or one channel of it by its configuration."""

from __future__ import annotations

import asyncio

from macnet_bridge.errors import InvalidRequest, NotConfirmed, OutcomeUnknown, TesterRefused
from macnet_bridge.macnet.cycler import AsyncCycler, Line
from macnet_bridge.macnet.cycler.outputs import Outputs
from macnet_bridge.macnet.cycler.pacing import OutputPacing
from macnet_bridge.macnet.cycler.waiting import wait_until
from macnet_bridge.macnet.interface import setpoints, starting
from macnet_bridge.macnet.interface.config import ChannelConfig
from macnet_bridge.macnet.protocol.messages import REST, ChannelSpecification, DirectOutput


class CyclerControl:
    """A tester. All JSON goes by one connection, as with pymacnet."""

    def __init__(self, cycler: AsyncCycler) -> None:
        self.cycler = cycler

    def close(self) -> None:
        """Close the connections; the next call opens them again."""
        self.cycler.close()

    async def look(self) -> None:
        """Connect, and learn how many channels the tester has. MacNet (1, 2)"""
        await self.cycler.read_system_info(line=Line.COMMANDS)

    async def know_channels(self) -> None:
        """`look`, when that was not done yet."""
        if self.cycler.channels is None:
            await self.look()


class ChannelControl(CyclerControl):
    """What can be done with one channel."""

    def __init__(self, cycler: AsyncCycler, config: ChannelConfig, pacing: OutputPacing) -> None:
        super().__init__(cycler)
        self._config = config
        self._channel = config.channel
        self._outputs = Outputs(cycler, config.channel, pacing)
        self._starting = asyncio.Lock()
        # Asked anew after every reconnect: the tester may be another one then.
        self._specification: tuple[int, ChannelSpecification | None] | None = None

    async def look(self) -> None:
        """Connect, and see that the tester has this channel. MacNet (1, 2)"""
        await super().look()
        count = self.cycler.channels or 0
        if self._channel > count:
            raise InvalidRequest(f"channel {self._channel} is not one of 1 to {count}", "channel")

    async def start_test(self) -> None:
        """See `starting.start_test`."""
        await self.know_channels()
        async with self._starting:
            await starting.start_test(self.cycler, self._config)

    async def start_direct(self) -> None:
        """See `starting.start_direct`."""
        await self.know_channels()
        async with self._starting:
            await starting.start_direct(self.cycler, self._config, await self._read_specification())

    async def set_output(self, output: DirectOutput) -> None:
        """See `Outputs`."""
        await self.know_channels()
        if output is REST:
            await self._outputs.rest()
            return
        specification = await self._read_specification()
        await self._outputs.set(setpoints.in_range(output, specification) if specification else output)

    async def reset(self) -> None:
        """Free the channel, whatever runs on it. MacNet (6, 5), (4, 7)

        Raises:
            OutcomeUnknown: the channel does not show that it is free.
        """
        await self.know_channels()
        doubt: OutcomeUnknown | None = None
        try:
            await self.cycler.reset(self._channel)
        except OutcomeUnknown as error:
            doubt = error
        free = await wait_until(
            lambda: starting.is_available(self.cycler, self._channel), self.cycler.timeout_s
        )
        if not free:
            raise doubt or NotConfirmed(f"the tester said yes, and channel {self._channel} is not available")

    async def set_variable(self, variable: int, value: float) -> None:
        """Set VAR1 to VAR15. MacNet (6, 9); after a lost reply, whether it did is read by (4, 8)."""
        await self.know_channels()
        try:
            await self.cycler.set_variable(self._channel, variable, value)
        except OutcomeUnknown:
            if not await wait_until(lambda: self._has(variable, value), self.cycler.timeout_s):
                raise

    async def _has(self, variable: int, value: float) -> bool:
        reply = await self.cycler.read_variables(self._channel, line=Line.COMMANDS)
        return reply.has(variable, value)

    async def _read_specification(self) -> ChannelSpecification | None:
        """The channel's ranges, None where the tester does not tell them. MacNet (3, 1)"""
        opened = self.cycler.times_connected(Line.COMMANDS)
        if self._specification is None or self._specification[0] != opened:
            try:
                found = await self.cycler.read_specification(self._channel, line=Line.COMMANDS)
            except TesterRefused:
                found = None
            self._specification = (self.cycler.times_connected(Line.COMMANDS), found)
        return self._specification[1]
