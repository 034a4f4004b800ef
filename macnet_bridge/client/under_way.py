"""Commands under way: which acknowledgement is whose, and what a stop keeps from being sent."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import uuid4

from macnet_bridge.client.command import Command
from macnet_bridge.payloads.acknowledgements import Acknowledgement, Problem

Takes = Callable[[str, Acknowledgement], bool]
"""Says of each final acknowledgement whether it was the last one; the name is that of `settle`."""


@dataclass(eq=False)
class Waiting:
    """A command under way.

    Attributes:
        token: the Correlation Data of its answers.
        deliveries: how often it was handed to the broker.
        is_overtaken: a stop of its channels was given since: it is not sent again.
        is_accepted: a bridge has said that it has it.
    """

    command: Command
    takes: Takes
    token: bytes = field(default_factory=lambda: uuid4().bytes)
    deliveries: int = 0
    is_overtaken: bool = False
    is_accepted: bool = False
    answer: asyncio.Future[Acknowledgement] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def settle(self, name: str, acknowledgement: Acknowledgement) -> None:
        """An acknowledgement of it came: on the topic of the cycler or bridge `name`, or, "", as a reply."""
        is_whole = acknowledgement.final and acknowledgement.part is not True
        self.is_accepted |= acknowledgement.status == "accepted" and acknowledgement.part is not True
        if is_whole and not self.answer.done() and self.takes(name, acknowledgement):
            self.answer.set_result(acknowledgement)


class UnderWay:
    """All commands of one client that wait for their answer.

    Args:
        principal: the user whose commands these are.
    """

    def __init__(self, principal: str) -> None:
        self._principal = principal
        self._waiting: dict[bytes, Waiting] = {}

    @contextlib.contextmanager
    def entered(self, command: Command, takes: Takes) -> Iterator[Waiting]:
        """Have a command among them; a stop overtakes those that are there."""
        for earlier in self._waiting.values():
            if earlier.command.is_overtaken_by(command):
                self._overtake(earlier)
        waiting = Waiting(command, takes)
        self._waiting[waiting.token] = waiting
        try:
            yield waiting
        finally:
            del self._waiting[waiting.token]

    def _overtake(self, waiting: Waiting) -> None:
        waiting.is_overtaken = True
        if not waiting.deliveries and not waiting.answer.done():
            waiting.answer.set_result(_never_sent(waiting.command, self._principal))

    def with_token(self, token: bytes | None) -> Waiting | None:
        """The one that has this Correlation Data."""
        return self._waiting.get(token or b"")

    def settle(self, name: str, acknowledgement: Acknowledgement) -> None:
        """An acknowledgement came on the topic of `name`, as those of everybody do."""
        for waiting in list(self._waiting.values()):
            if waiting.command.id == acknowledgement.id and acknowledgement.principal == self._principal:
                waiting.settle(name, acknowledgement)

    def end(self, failure: Callable[[Waiting], Exception]) -> None:
        """Let all of them end with their failure."""
        for waiting in self._waiting.values():
            if not waiting.answer.done():
                waiting.answer.set_exception(failure(waiting))
                waiting.answer.exception()  # who waited may be gone, and that is nothing to complain of


def _never_sent(command: Command, principal: str) -> Acknowledgement:
    """What became of a command that this program has not sent, in the bridge's words for it."""
    return Acknowledgement(
        id=command.id,
        command=command.verb,
        principal=principal,
        status="superseded",
        final=True,
        error=Problem(
            code="STOPPED",
            category="precondition",
            message="a stop of its channels was given before it could be sent",
            retryable=True,
        ),
        received_at=time.time(),
    )
