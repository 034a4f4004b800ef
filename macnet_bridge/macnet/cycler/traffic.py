"""Who may ask one tester next: commands at once, reads when no command is under way.

A tester answers one request at a time, over all connections. A read that slips in between a
command and what confirms it would make both wait for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType

HOLD_S = 0.5
"""How long one read makes way at most, so that commands without end do not end all reads."""

LINGER_S = 0.004
"""After the reply to a command what belongs to it follows within this time, mostly a read-back."""

_ROUND_TRIPS_KEPT = 1024


class Traffic:
    """The requests to one tester that are under way.

    Attributes:
        answered: reads that were answered so far.
        busy_s: seconds that these took together.
    """

    def __init__(self) -> None:
        self.answered = 0
        self.busy_s = 0.0
        self._round_trips: deque[float] = deque(maxlen=_ROUND_TRIPS_KEPT)
        self._commands = 0
        self._over = asyncio.Event()
        self._over.set()
        self._lingering: asyncio.TimerHandle | None = None
        self._request_s = 0.0

    def command(self) -> CommandOnItsWay:
        """Around a request of a command, or of a stop."""
        return CommandOnItsWay(self)

    def begin_command(self) -> None:
        self._commands += 1
        self._over.clear()
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None

    def end_command(self) -> None:
        self._commands -= 1
        if not self._commands:
            # A timer, and not the time that a read finds when it looks: however long the system
            # kept us from running, what belongs to the command comes before the loop's timers.
            self._lingering = asyncio.get_running_loop().call_later(LINGER_S, self._over.set)

    async def give_way(self) -> None:
        """Wait while commands are under way, half a second or three requests long at most."""
        if self._over.is_set():
            return
        try:
            async with asyncio.timeout(max(HOLD_S, 3 * self._request_s)):
                while not self._over.is_set():
                    await self._over.wait()
        except TimeoutError:
            pass

    def answer(self, seconds: float, requests: int = 1) -> None:
        """A read, or several that were asked for together, were answered in this time."""
        self.answered += requests
        self.busy_s += seconds
        self._request_s = seconds / requests
        self._round_trips.append(seconds)

    def take_round_trips(self) -> list[float]:
        """Seconds that the last reads took, at most 1024, each told once."""
        taken = list(self._round_trips)
        self._round_trips.clear()
        return taken


class CommandOnItsWay:
    """Reads make way while this is entered."""

    __slots__ = ("_traffic",)

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic

    def __enter__(self) -> None:
        self._traffic.begin_command()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._traffic.end_command()
