"""What all groups of calls to one tester have in common: how a call is made, and its numbers checked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Self, TypeVar

from macnet_bridge.errors import BadReply, InvalidRequest, MacNetBridgeError, TransportError
from macnet_bridge.macnet.connection import BeforeSend
from macnet_bridge.macnet.contradictions import contradiction
from macnet_bridge.macnet.cycler.address import TesterAddress
from macnet_bridge.macnet.cycler.lines import BulkTransport, Line, Lines, ReadTransport
from macnet_bridge.macnet.cycler.several import Several
from macnet_bridge.macnet.cycler.traffic import Traffic
from macnet_bridge.macnet.dialects import Call
from macnet_bridge.macnet.exchanges import Watcher
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import MAX_CHANNELS_PER_REQUEST

Q = TypeVar("Q", bound=m.Message)
R = TypeVar("R", bound=m.Message)

_LEAST_TIMEOUT_S = {7: 5.0}
"""By class. Smart batteries take their time, and what they were told may still happen."""


class Calls:
    """What all groups of calls have in common. `AsyncCycler` tells the attributes and errors."""

    def __init__(
        self,
        address: TesterAddress,
        *,
        timeout_s: float = 5.0,
        transport: BulkTransport = "auto",
        constant_id: bool = False,
        login: m.Login | None = None,
        udp_local_port: int = 0,
    ) -> None:
        """
        Args:
            address: of the tester.
            timeout_s: how long a reply may take; replies of class 7 always have 5 s at least.
            transport: of the reads line; commands and stops always go by JSON/TCP.
            constant_id: accept replies whose id is 1987 whatever was asked.
            login: user and password for testers that want a log-in, on every connection.
            udp_local_port: where UDP replies come in; 0 finds out whether the tester answers to
                the port that asked or to its own port + 1.
        """
        if not isinstance(address, TesterAddress):
            raise TypeError(
                f'address is a TesterAddress, such as TesterAddress("10.0.0.17"), not {address!r}'
            )
        self.address = address
        self.timeout_s = timeout_s
        self.channels: int | None = None
        self.traffic = Traffic()
        self._login = login
        self._constant_id = constant_id
        self._udp_local_port = udp_local_port
        self._lines = Lines(
            address,
            timeout_s,
            transport,
            constant_id=constant_id,
            login=login,
            udp_local_port=udp_local_port,
        )
        self._several = Several(self._lines, self.traffic, self.call)
        self._listing = asyncio.Lock()
        self._checking = asyncio.Lock()

    def close(self) -> None:
        """Close all connections. Calls that wait for a reply end with NoReply."""
        self.use("json")
        self._lines.close()

    @property
    def transport(self) -> ReadTransport:
        """By which reads go now, "json", "tcp" or "udp"."""
        return self._lines.transport

    @property
    def is_auto(self) -> bool:
        """Whether `use` may change the transport; it is "json" until `use` was called."""
        return self._lines.is_auto

    @property
    def fallen_back(self) -> str | None:
        """Why reads went back to JSON, None when they did not."""
        return self._lines.fallen_back

    def watch(self, watcher: Watcher | None) -> None:
        """Tell this of every request that leaves from now on, siblings' included."""
        self._lines.watch(watcher)

    def use(self, transport: ReadTransport) -> None:
        """Let readings, MacNet class 4, go by this transport from now on, where it is left open.

        When it fails they go back to JSON by themselves, the one that failed included.
        """
        self._several.forget()
        self._lines.use(transport)

    def sibling(self, transport: ReadTransport, timeout_s: float) -> Self:
        """Another client of the same tester, with connections of its own."""
        sibling = type(self)(
            self.address,
            timeout_s=timeout_s,
            transport=transport,
            constant_id=self._constant_id,
            login=self._login,
            udp_local_port=self._udp_local_port,
        )
        sibling.channels = self.channels
        sibling.watch(self._lines.watcher)
        return sibling

    async def keep_alive(self) -> None:
        """Echo on every connection that is open and was silent for 30 s. MacNet (0, 0)

        One that does not answer is closed, so that the next call finds out at once and not by
        waiting in vain. Raises nothing.
        """
        await self._lines.keep_alive()

    async def call(
        self,
        function: f.Function[Q, R],
        channel: int,
        request: Q,
        *,
        line: Line = Line.READS,
        before_send: BeforeSend | None = None,
    ) -> R:
        """Call any function of the table. The methods with names are this.

        Args:
            channel: from 1; ignored by functions that are not addressed to one channel.
            line: the connection to take. What JSON does not have goes by the binary port.
            before_send: called right before the request leaves; what it raises keeps it back.
        """
        if line is Line.READS:
            await self.traffic.give_way()
            began = time.monotonic()
            reply = await self._call(function, channel, request, line, before_send)
            self.traffic.answer(time.monotonic() - began)
            return reply
        with self.traffic.command():
            return await self._call(function, channel, request, line, before_send)

    async def _call(
        self,
        function: f.Function[Q, R],
        channel: int,
        request: Q,
        line: Line,
        before_send: BeforeSend | None,
    ) -> R:
        addressed = function.target in (f.Target.CHANNEL, f.Target.CHANNELS)
        if addressed:
            self._check_channel(channel)
        elif function.target is not f.Target.LISTED:
            channel = 1
        timeout_s = self._timeout(function)
        connection = self._lines.connection(function, request, line)
        try:
            reply = await connection.call(function, channel, request, timeout_s, before_send)
        except TransportError as error:
            if not self._lines.falls_back(connection, error) or function.effect is f.Effect.CHANGES:
                raise
            # Reading twice does no harm, and to read nothing would take the tester offline.
            connection = self._lines.connection(function, request, line)
            reply = await connection.call(function, channel, request, timeout_s, before_send)
        if isinstance(reply, m.SystemInfo):
            self._lines.heard(reply, connection)
        if why := contradiction(request, reply):
            raise BadReply(f"{function}: {why}")
        return reply

    async def call_each(self, calls: Sequence[Call]) -> list[m.Message | MacNetBridgeError]:
        """Call functions that read on the line for reads, in one go where the tester takes that.

        One after the other by UDP, which keeps no order; with `constant_id`, where an error does
        not tell whose it is; and at testers that left the first ones that came together without
        an answer. Nothing but InvalidRequest is raised: what goes wrong is the outcome of its
        call, and after a TransportError of those behind it as well.

        Args:
            calls: that may all go by the same connection; no two of the same function and channel.
        """
        for call in calls:
            self._check_channel(call.channel)
        if len({call[:2] for call in calls}) < len(calls):
            raise InvalidRequest("the same is asked of a channel twice", "channels")
        timeout_s = max((self._timeout(call.function) for call in calls), default=self.timeout_s)
        return await self._several.call_each(calls, timeout_s)

    def _timeout(self, function: f.Function[Any, Any]) -> float:
        return max(self.timeout_s, _LEAST_TIMEOUT_S.get(function.fclass, 0.0))

    def times_connected(self, line: Line) -> int:
        """How often a line's connection was opened: another tester may have come since the last time."""
        return self._lines.times_connected(line)

    def _check_channel(self, channel: int, count: int = 1) -> None:
        # Without the tester's own count the protocol's bounds still hold: no number wraps round.
        last = self.channels or 0xFFFF
        if not 1 <= channel <= last - count + 1:
            raise InvalidRequest(f"channel {channel} is not one of 1 to {last}", "channel")

    def _check_range(self, first: int, count: int) -> None:
        if not 1 <= count <= MAX_CHANNELS_PER_REQUEST:
            raise InvalidRequest(f"{count} channels in one request, at most {MAX_CHANNELS_PER_REQUEST}")
        self._check_channel(first, count)

    async def _bulk(self, function: f.Function[m.ChannelRange, R], first: int, count: int) -> R:
        self._check_range(first, count)
        return await self.call(function, first, m.ChannelRange(count=count))
