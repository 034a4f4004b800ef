"""What is told of stops: an alarm while one is not confirmed, and how long the confirmed ones took."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from msgspec import UNSET

from macnet_bridge.commands.audit import Audit
from macnet_bridge.commands.command import Command
from macnet_bridge.commands.stop_latency import StopLatency
from macnet_bridge.commands.ticket import Clock
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.tester import Tester

STOP_DOUBTFUL_S = 4.0
"""A stop that has not ended by then raises an alarm, and is repeated all the same. Less would alarm
for channels that only wait for their turn when all of a large tester are stopped."""


class StopReports:
    """Of one bridge. It may be told of any command; those that are no stops are left out.

    Attributes:
        latency: how long the confirmed stops took.
    """

    def __init__(self, testers: Mapping[str, Tester], clock: Clock, audit: Audit) -> None:
        self.latency = StopLatency()
        self._testers = testers
        self._clock = clock
        self._audit = audit

    def began(self, command: Command) -> None:
        """A stop was taken."""
        if command.overtakes:
            asyncio.get_running_loop().call_later(STOP_DOUBTFUL_S, self._doubt, command)

    def _doubt(self, command: Command) -> None:
        """It should have ended by now."""
        if not command.finished.is_set():
            self._tell(command, f"it has been under way for {STOP_DOUBTFUL_S:g} s")

    def ended(self, command: Command, answer: Acknowledgement) -> None:
        """Have an alarm raised where a channel may still run that was to stop, or cleared."""
        if not command.overtakes:
            return
        problem = answer.error or None
        why = problem and problem.message
        is_doubtful = answer.status in ("failed", "unknown") or (
            problem is not None and problem.code == "TESTER_OFFLINE"
        )
        if answer.status == "done" or is_doubtful:
            self._tell(command, why)

    def _tell(self, command: Command, why: str | None) -> None:
        """Pass on what keeps a stop from being confirmed, None when it is."""
        verb, channel = command.verb.name, command.ticket.channel
        tester = self._testers.get(command.ticket.cycler or "")
        if tester is not None and channel is not None:
            tester.stop_ended(channel, verb, verb != "rest", why, self._clock().unix)

    def answered(self, command: Command, answer: Acknowledgement) -> None:
        """Somebody's stop has its final acknowledgement: count how long it took."""
        # One that joined another's request has none of its own.
        if (
            not command.verb.stops
            or answer.status != "done"
            or command.job.sent_at is None
            or answer.latency_ms is UNSET
        ):
            return
        sent_ms = round((command.job.sent_at - command.ticket.received.monotonic) * 1000, 3)
        self.latency.add(sent_ms=sent_ms, confirmed_ms=answer.latency_ms)
        self._audit.stopped(command.ticket, sent_ms=sent_ms, confirmed_ms=answer.latency_ms)
