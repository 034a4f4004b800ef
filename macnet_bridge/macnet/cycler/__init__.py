"""`AsyncCycler`: one tester, for asyncio. Channels count from 1, as on its front panel."""

from __future__ import annotations

from typing import Self

from macnet_bridge.macnet.cycler.address import TesterAddress
from macnet_bridge.macnet.cycler.checks import CheckCalls
from macnet_bridge.macnet.cycler.commands import CommandCalls, same_limits
from macnet_bridge.macnet.cycler.files import FileCalls, FileEntry, Transferred
from macnet_bridge.macnet.cycler.lines import BulkTransport, Line, ReadTransport
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

        async with AsyncCycler(TesterAddress("10.0.0.17")) as cycler:
            reading = await cycler.read_status(5)

    Used with `async with`, it asks for the number of channels first and closes its connections
    at the end. Channels count from 1; values are in V, A, W, Ah, Wh and s. Requests and replies,
    `m` in what follows, are in `macnet_bridge.macnet.protocol.messages`, functions, `f`, in
    `macnet_bridge.macnet.protocol.functions`.

    Attributes:
        channels: how many the tester has, None until `read_system_info` asked for it, which
            `async with` does. From then on a channel that is not there is refused unsent.

    All methods may raise what stands below; the errors are in `macnet_bridge.errors`.

    What several methods take:
        line: the connection to take, a `Line`. Calls on one line wait for each other.
        before_send: called when nothing stands before the request any more, right before it
            leaves; what it raises keeps the request back.

    Raises:
        InvalidRequest: a value or channel that MacNet or the tester does not have; nothing was sent.
        TesterOffline: no connection; nothing was sent.
        TesterRefused: the tester said no.
        NoReply, BadReply: sent, and its outcome is not known. Both are `OutcomeUnknown`.
    """

    async def __aenter__(self) -> Self:
        await self.read_system_info()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.close()
