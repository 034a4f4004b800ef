"""Asking whether a test could start: MacNet (6, 11) and (6, 12)."""

from __future__ import annotations

from macnet_bridge.errors import TesterRefused
from macnet_bridge.macnet.cycler.lines import Line
from macnet_bridge.macnet.cycler.system import SystemCalls
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m


class CheckCalls(SystemCalls):
    """Checks of starts, one at a time: whose messages a tester keeps is not documented."""

    async def check_start(self, channel: int, request: m.CheckStart) -> None:
        """Ask whether a test could start; starts nothing. MacNet (6, 11)"""
        async with self._checking:
            await self.call(f.CHECK_START, channel, request, line=Line.COMMANDS)

    async def explain_start(self, channel: int, request: m.CheckStart) -> list[str]:
        """What stands in the way of a start, in the tester's words. MacNet (6, 11), then (6, 12)

        Returns:
            Nothing when the test could start.
        """
        async with self._checking:
            await self.read_check_messages()  # of whoever checked before
            try:
                await self.call(f.CHECK_START, channel, request, line=Line.COMMANDS)
            except TesterRefused as error:
                return await self.read_check_messages() or [str(error)]
            await self.read_check_messages()  # remarks, which the next check would find
            return []
