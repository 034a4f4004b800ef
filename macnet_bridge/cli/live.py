"""Showing a lab as it changes: as a table that is redrawn, or as lines for a log."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable

from rich.console import Console
from rich.live import Live
from rich.text import Text

from macnet_bridge.broker import Listener
from macnet_bridge.cli.lab_view import LabView
from macnet_bridge.cli.live_table import acknowledgement_text, render

REDRAW_S = 0.25
LINE_EVERY_S = 5.0


class Watch:
    """A view that a listener keeps up to date while `run` runs.

    Args:
        taken: called with the topic of each message once the view has it.
    """

    def __init__(
        self, listener: Listener, view: LabView, taken: Callable[[str], object] = lambda topic: None
    ) -> None:
        self.listener = listener
        self.view = view
        self._taken = taken
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Take in what comes, until cancelled."""
        while True:
            message = await self.listener.receive()
            self.view.take(message.topic, message.payload, message.received_monotonic)
            self._changed.set()
            self._taken(message.topic)

    async def until(self, holds: Callable[[LabView], bool]) -> None:
        """Wait until the view is as wanted."""
        while not holds(self.view):
            self._changed.clear()
            await self._changed.wait()


async def draw_table(view: LabView, title: Callable[[], str], console: Console) -> None:
    """Redraw the table in place until cancelled; what is printed meanwhile goes above it."""
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            width, height = console.size
            picture = render(view, title(), width=width, height=height, now=time.monotonic())
            live.update(picture, refresh=True)
            await asyncio.sleep(REDRAW_S)


async def print_lines(view: LabView, echo: Callable[[str], None]) -> None:
    """A line with counts every few seconds until cancelled."""
    while True:
        await asyncio.sleep(LINE_EVERY_S)
        moment = time.strftime("%H:%M:%SZ", time.gmtime())
        echo(f"{moment} {summary(view, time.monotonic())}")


def summary(view: LabView, now: float) -> str:
    """The state of the lab in one line, for logs."""
    running = sum(row.is_running for row in view.rows.values())
    online = sum(view.is_online(name) for name in view.cyclers)
    line = (
        f"{online} of {len(view.cyclers)} cyclers online, {running} of {len(view.rows)} channels run; "
        f"{view.readings.total} readings ({view.readings.per_second(now):.1f}/s), "
        f"{view.sweeps.total} sweeps, {view.answers.total} acknowledgements"
    )
    newest = f"; last: {acknowledgement_text(view.acknowledgements[-1])}" if view.acknowledgements else ""
    return line + newest


class AboveTable(io.TextIOBase):
    """A stream for log lines that come out above a live table instead of tearing it."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, text: str) -> int:
        self._console.print(Text(text.rstrip("\n")), soft_wrap=True)
        return len(text)
