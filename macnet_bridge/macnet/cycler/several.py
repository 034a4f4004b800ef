"""Asking several things at once, where the connection and the tester take that."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from macnet_bridge.errors import BadReply, MacNetBridgeError, TesterOffline, TesterRefused, TransportError
from macnet_bridge.macnet.connection import Connection
from macnet_bridge.macnet.contradictions import contradiction
from macnet_bridge.macnet.cycler.lines import Line, Lines
from macnet_bridge.macnet.cycler.traffic import Traffic
from macnet_bridge.macnet.dialects import Call
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m

CallOne = Callable[[f.Function[Any, Any], int, m.Message], Awaitable[m.Message]]


class Several:
    """Calls that read, in one go where that may be, and else one after the other.

    Testers need not take several requests that come together, and none says whether it does. So
    each connection is tried, and by one that left the first ones without an answer it is asked
    one by one from then on.
    """

    def __init__(self, lines: Lines, traffic: Traffic, call_one: CallOne) -> None:
        self._lines = lines
        self._traffic = traffic
        self._call_one = call_one
        # Whether several requests in one go were answered; connections not in here are yet to show.
        self._proven: dict[Connection, bool] = {}

    def forget(self) -> None:
        """Try again on every connection."""
        self._proven.clear()

    async def call_each(self, calls: Sequence[Call], timeout_s: float) -> list[m.Message | MacNetBridgeError]:
        """One outcome for each call, on the line for reads."""
        connections = {self._lines.connection(call.function, call.request, Line.READS) for call in calls}
        if len(calls) < 2 or len(connections) > 1 or not self._may_go_together(*connections):
            return await self._one_by_one(calls)
        connection = connections.pop()
        outcomes = await self._together(connection, calls, timeout_s)
        lost = [at for at, found in enumerate(outcomes) if isinstance(found, TransportError)]
        if not lost:
            self._proven[connection] = True
        elif self._may_ask_again(connection, outcomes[lost[0]]):
            # Reading twice does no harm, and to read nothing would take the tester offline.
            again = await self._one_by_one([calls[at] for at in lost])
            for at, found in zip(lost, again, strict=True):
                outcomes[at] = found
        return outcomes

    async def _together(
        self, connection: Connection, calls: Sequence[Call], timeout_s: float
    ) -> list[m.Message | MacNetBridgeError]:
        await self._traffic.give_way()
        began = time.monotonic()
        try:
            outcomes = await connection.call_each(calls, timeout_s)
        except TransportError as error:
            return [error] * len(calls)
        self._traffic.answer(time.monotonic() - began, len(calls))
        return [
            BadReply(f"{call.function}: {why}")
            if isinstance(found, m.Message) and (why := contradiction(call.request, found))
            else found
            for call, found in zip(calls, outcomes, strict=True)
        ]

    async def _one_by_one(self, calls: Sequence[Call]) -> list[m.Message | MacNetBridgeError]:
        outcomes: list[m.Message | MacNetBridgeError] = []
        for call in calls:
            try:
                outcomes.append(await self._call_one(*call))
            except TesterRefused as error:
                outcomes.append(error)
            except TransportError as error:
                # The next one would wait as long, in vain as likely.
                return [*outcomes, *[error] * (len(calls) - len(outcomes))]
        return outcomes

    def _may_go_together(self, connection: Connection) -> bool:
        return self._lines.tells_apart(connection) and self._proven.get(connection, True)

    def _may_ask_again(self, failed: Connection, error: object) -> bool:
        """Whether what went wrong was a garbled reply, or may be due to the transport or to the asking
        for several at once."""
        falls_back = isinstance(error, TransportError) and self._lines.falls_back(failed, error)
        # It answers, and what came behind a garbled reply was not even looked at. Replies in binary
        # have no end of their own: a doubt about one is a doubt about the one before it.
        is_garbled = isinstance(error, BadReply) and self._lines.is_json(failed)
        is_new = failed not in self._proven and not isinstance(error, TesterOffline)
        if is_new:
            self._proven[failed] = False
        return falls_back or is_new or is_garbled
