"""Asking whether a test could start: MacNet (6, 11) and (6, 12)."""

from __future__ import annotations

from contextlib import suppress

from macnet_bridge.errors import MacNetBridgeError, TesterRefused
from macnet_bridge.macnet.connection import BeforeSend
from macnet_bridge.macnet.cycler.lines import Line
from macnet_bridge.macnet.cycler.system import SystemCalls
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m

_DOES_NOT_COMPILE = 7
_MOST_TEXTS = 10
"""Of what is wrong with a procedure; each takes a request."""


class CheckCalls(SystemCalls):
    """Checks of starts, one at a time: whose messages a tester keeps is not documented."""

    async def check_start(
        self, channel: int, request: m.CheckStart, before_send: BeforeSend | None = None
    ) -> None:
        """Ask whether a test could start; starts nothing. MacNet (6, 11)

        Raises:
            TesterRefused: it could not. Of a procedure that does not compile, the message has what the
                tester finds wrong with it, MacNet (6, 12).
        """
        async with self._checking:
            try:
                await self.call(f.CHECK_START, channel, request, line=Line.COMMANDS, before_send=before_send)
            except TesterRefused as refusal:
                if refusal.result == _DOES_NOT_COMPILE:
                    raise refusal.with_details(await self._first_texts()) from None
                raise

    async def _first_texts(self) -> list[str]:
        """Some of what the last check found; what cannot be read is left out. MacNet (6, 12)"""
        found: list[str] = []
        with suppress(MacNetBridgeError):  # by the binary port, which may not be there
            while len(found) < _MOST_TEXTS and (text := await self._next_message()):
                found.append(text)
        return found

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
