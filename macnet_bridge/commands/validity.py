"""How long a command may still be sent: up to its deadline, unless it is stopped or cancelled before."""

from __future__ import annotations

import asyncio

from macnet_bridge.commands.ticket import Clock
from macnet_bridge.errors import CommandStopped, Expired


class Validity:
    """Of one command.

    Attributes:
        deadline: the monotonic second at which it ends by itself.
        is_waited_in: whether the command waits for its turn, and not for the tester.
    """

    def __init__(self, deadline: float, clock: Clock) -> None:
        self.deadline = deadline
        self.is_waited_in = False
        self._clock = clock
        self._ended: CommandStopped | None = None
        self._wake = asyncio.Event()

    @property
    def is_ended(self) -> bool:
        """Whether somebody has stopped or cancelled the command."""
        return self._ended is not None

    def end(self, reason: CommandStopped) -> None:
        """Nothing of the command is to be sent any more. The first reason counts."""
        self._ended = self._ended or reason
        self._wake.set()

    def check(self) -> None:
        """
        Raises:
            Superseded, Rejected: the reason it was ended for.
            Expired
        """
        if self._ended is not None:
            raise self._ended
        if self._clock().monotonic >= self.deadline:
            raise Expired("its deadline passed before it could be sent")

    def wake(self) -> None:
        """End the `wait`: what is waited for has come."""
        self._wake.set()

    async def wait(self, until: float | None = None) -> None:
        """Up to this monotonic second, or to the deadline; less when it is ended, or woken."""
        self._wake.clear()
        self.is_waited_in = True
        end = self.deadline if until is None else min(until, self.deadline)
        try:
            async with asyncio.timeout(max(0.0, end - self._clock().monotonic)):
                await self._wake.wait()
        except TimeoutError:
            pass
        finally:
            self.is_waited_in = False
