"""`AsyncCycler`: one tester, for asyncio. Channels count from 1, as on its front panel."""

from __future__ import annotations

from typing import Self

from macnet_bridge.macnet.cycler.checks import CheckCalls
from macnet_bridge.macnet.cycler.commands import CommandCalls, same_limits
from macnet_bridge.macnet.cycler.files import FileCalls, FileEntry, Transferred
from macnet_bridge.macnet.cycler.lines import BulkTransport, Line, ReadTransport, TesterAddress
from macnet_bridge.macnet.cycler.selection import SelectionCalls
from macnet_bridge.macnet.cycler.smart_battery import SmartBatteryCalls

__all__ = [
    "AsyncCycler",
    "BulkTransport",
    "FileEntry",
    "Line",
    "ReadTransport",
    "TesterAddress",
    "Transferred",
    "same_limits",
]


class AsyncCycler(CheckCalls, SelectionCalls, CommandCalls, SmartBatteryCalls, FileCalls):
    """A tester's functions as coroutines.

    Used with `async with`, it asks for the number of channels first and closes its connections
    at the end. All methods raise what `Connection.call` raises.
    """

    async def __aenter__(self) -> Self:
        await self.read_system_info()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.close()
