"""Where all messages to a simulated cycler go by: noted, kept waiting, answered, or struck by a fault."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import cast

import msgspec

from macnet_bridge.simulator.sockets.fault_kinds import KINDS, Fault
from macnet_bridge.simulator.sockets.faults import Faults
from macnet_bridge.simulator.sockets.line import Line, Stream
from macnet_bridge.simulator.sockets.received import Answer, Received, ReceivedLog, Transport
from macnet_bridge.simulator.sockets.turnstile import Turnstile

log = logging.getLogger(__name__)

Work = Callable[[], tuple[bytes | None, Answer]]
"""Carries a request out. Returns the reply, None where the client does not get one."""


class Desk:
    """What all connections of a simulated cycler share, whatever answers them.

    Attributes:
        faults: what goes wrong.
        clock: the tester's monotonic seconds.
    """

    def __init__(
        self,
        received: ReceivedLog,
        faults: Faults,
        turnstile: Turnstile,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.faults = faults
        self.clock = clock
        self._received = received
        self._turnstile = turnstile

    def take(self, record: Received, work: Work, line: Line) -> None:
        """Note a message, and when its turn has come do its work and answer it."""
        self._received.add(record)
        self._turnstile.submit(lambda: self._serve(record, work, line))

    def admit(self, transport: Transport, line: Stream) -> None:
        """Let a new connection in, unless a fault is against it."""
        fault = self.faults.on_connection(transport, asyncio.get_running_loop().time())
        if fault:
            record = Received(time=self.clock(), transport=transport)
            self._received.add(record)
            self._strike(fault, b"", record, Answer(), line)

    def _serve(self, record: Received, work: Work, line: Line) -> None:
        if fault := self.faults.on_arrival(record):
            self._strike(fault, b"", record, Answer(), line)
            return
        reply, answer = work()
        if reply is None:
            self._received.answered(record, answer)
        elif fault := self.faults.on_reply(record):
            self._strike(fault, reply, record, answer, line)
        else:
            self._received.answered(record, answer)
            line.send(reply)

    def _strike(self, fault: Fault, reply: bytes, record: Received, answer: Answer, line: Line) -> None:
        self._received.answered(record, msgspec.structs.replace(answer, fault=fault.kind))
        log.info("fault %s by %s, %s", fault.kind, record.transport.value, record.number or "no function")
        # Those that need more than a line to send on fit streams only.
        KINDS[fault.kind].act(fault, reply, cast(Stream, line))
