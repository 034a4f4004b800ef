"""Functions of the tester as a whole: MacNet classes 0, 1, 5 and 8, without files."""

from __future__ import annotations

import time

from macnet_bridge.errors import BadReply, FunctionMissing, TesterRefused
from macnet_bridge.macnet.connection import BeforeSend
from macnet_bridge.macnet.cycler.calls import Calls
from macnet_bridge.macnet.cycler.lines import Line
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m

_MOST_MESSAGES = 1000


class SystemCalls(Calls):
    """What concerns no channel."""

    async def ping(self, *, line: Line = Line.READS) -> float:
        """Round trip in seconds. MacNet (0, 0)"""
        started = time.perf_counter()
        await self.call(f.ECHO, 1, m.Empty(), line=line)
        return time.perf_counter() - started

    async def read_version_info(self, *, line: Line = Line.READS) -> m.VersionInfo:
        """Versions of MacTest32. MacNet (1, 1)"""
        return await self.call(f.VERSION_INFO, 1, m.Empty(), line=line)

    async def read_system_info(self, *, line: Line = Line.READS) -> m.SystemInfo:
        """What the tester consists of; from then on channel numbers are checked. MacNet (1, 2)"""
        try:
            info = await self.call(f.SYSTEM_INFO, 1, m.Empty(), line=line)
        except TesterRefused as error:
            raise self._with_hint(error) from None
        self.channels = info.test_channels
        return info

    def _with_hint(self, error: TesterRefused) -> TesterRefused:
        """What a tester says before the log-in is not documented; that it fails is likely."""
        if self._login is not None or isinstance(error, FunctionMissing):
            return error
        hint = f"{error}; it may want a log-in"
        return TesterRefused(hint, fclass=error.fclass, fnum=error.fnum, result=error.result, code=error.code)

    async def procedure_exists(self, name: str, *, line: Line = Line.READS) -> bool:
        """Whether the tester has a procedure; its name is without `.000`. MacNet (1, 3)"""
        return (await self.call(f.PROCEDURE_EXISTS, 1, m.ProcedureName(procedure=name), line=line)).exists

    async def test_name_exists(self, name: str, *, line: Line = Line.READS) -> bool:
        """Whether the archive has a test of this name; running tests are not there yet. MacNet (1, 4)"""
        return (await self.call(f.TEST_NAME_EXISTS, 1, m.TestName(test_name=name), line=line)).exists

    async def set_global_flags(self, flags: int, before_send: BeforeSend | None = None) -> int:
        """Set all 32 flags of the system at once, and return them as they are now. MacNet (5, 1)"""
        request = m.GlobalFlags.of(flags)
        reply = await self.call(f.SET_GLOBAL_FLAGS, 1, request, line=Line.COMMANDS, before_send=before_send)
        return reply.flags

    async def read_check_messages(self) -> list[str]:
        """What the last check of a start found, until there is no more. Binary MacNet (6, 12)

        Raises:
            BadReply: the tester does not come to an end.
        """
        found: list[str] = []
        while len(found) < _MOST_MESSAGES:
            text = await self._next_message()
            if not text:
                return found
            found.append(text)
        raise BadReply(f"{f.CHECK_MESSAGES}: more than {_MOST_MESSAGES} messages")

    async def _next_message(self) -> str:
        """One message of the last check, empty after the last one. MacNet (6, 12)"""
        return (await self.call(f.CHECK_MESSAGES, 1, m.Empty())).text

    async def log_in(self, user: str, password: str, *, line: Line = Line.COMMANDS) -> None:
        """Log in on the connection of one line. MacNet (8, 1)

        A cycler that is made with `login` does this by itself, on every connection that it opens.

        Raises:
            TesterRefused: user and password do not fit.
        """
        await self.call(f.LOGIN, 1, m.Login(user=user, password=password), line=line)

    async def log_out(self, *, line: Line = Line.COMMANDS) -> None:
        """Log out on the connection of one line. MacNet (8, 2)"""
        await self.call(f.LOGOUT, 1, m.Empty(), line=line)
