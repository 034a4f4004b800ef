"""`macnet-bridge watch`"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass

import click
import msgspec
from rich.console import Console

from macnet_bridge.broker import BrokerSettings, Listener
from macnet_bridge.cli.broker_options import BrokerOptions, broker_options, reach
from macnet_bridge.cli.changes import Changes, Now
from macnet_bridge.cli.lab_view import LabView
from macnet_bridge.cli.live import Watch, draw_table, print_lines
from macnet_bridge.cli.logs import log_options, set_up_logging
from macnet_bridge.cli.loop import leave_output, on_signals, run_async
from macnet_bridge.commands.permission import parse_channels
from macnet_bridge.errors import BrokerError, ConfigError
from macnet_bridge.topics import RESERVED_NAMES, cycler_filters, is_name, published_filters


@dataclass(frozen=True, slots=True)
class Filter:
    """Which channels to show; None stands for all."""

    cycler: str | None = None
    channels: frozenset[int] | None = None

    def topics(self, root: str) -> list[str]:
        """What to subscribe to."""
        return published_filters(root) if self.cycler is None else cycler_filters(root, self.cycler)


def read_filter(text: str | None) -> Filter:
    """`lab1`, `lab1/5` or `lab1/1-16,33`.

    Raises:
        ConfigError: it is none of these.
    """
    if text is None:
        return Filter()
    name, slash, channels = text.partition("/")
    if not is_name(name) or name in RESERVED_NAMES:
        raise ConfigError(f"{name!r} is no name of a cycler; write lab1, lab1/5 or lab1/1-16,33")
    return Filter(name, parse_channels(channels) if slash else None)


@click.command(
    short_help="Show a lab's channels in a live table, from the broker.",
    epilog="Examples: macnet-bridge watch; macnet-bridge watch lab1/1-16 --url mqtt://10.0.0.5; "
    "macnet-bridge watch lab1 --json",
)
@click.argument("text", required=False, metavar="[CYCLER[/CHANNELS]]")
@broker_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per change, for scripts.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="End by itself after this time.")
@log_options
def watch(
    text: str | None,
    as_json: bool,
    seconds: float | None,
    log_format: str,
    log_level: str,
    **given: str | None,
) -> None:
    """Show the channels of a lab as any subscriber of the broker sees them.

    A live table in a terminal, a line every few seconds elsewhere. Nothing is sent. A broker that is away
    is tried again until it is back. Ends with Ctrl-C.

    Exit code 0 when it was ended, by --seconds too; 1 when the settings are wrong or, with --seconds,
    the broker was never reached; 2 for wrong usage.
    """
    set_up_logging(log_format, log_level)
    logging.getLogger("macnet_bridge.broker").setLevel(logging.ERROR)  # what it says is shown here
    try:
        wanted = read_filter(text)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    settings, root = reach(BrokerOptions(**given), "watch")
    console = Console(highlight=False)
    console_or_none = console if console.is_terminal and not as_json else None
    run_async(Session(settings, root, wanted, console_or_none, as_json).run(seconds))


class Session:
    """One run of the command."""

    def __init__(
        self, settings: BrokerSettings, root: str, wanted: Filter, console: Console | None, as_json: bool
    ) -> None:
        self._url = settings.url
        self._console = console
        self._as_json = as_json
        self._listener = Listener(settings, wanted.topics(root), on_lost=self._on_lost)
        self._view = LabView(root, only=wanted.channels)
        self._changes = Changes(self._view)
        self._lost_for = ""
        self._was_reached = False
        self._stop = asyncio.Event()

    async def run(self, seconds: float | None) -> None:
        """Until a signal, or for so long.

        Raises:
            BrokerError: the time was over, and the broker never there.
        """
        on_signals(self._stop.set)
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, self._stop.set)
        async with asyncio.TaskGroup() as tasks:
            started = [
                tasks.create_task(self._listener.run(), name="listener"),
                tasks.create_task(Watch(self._listener, self._view, self._taken).run(), name="watch"),
                tasks.create_task(self._show(), name="show"),
            ]
            await self._stop.wait()
            self._was_reached |= self._listener.protocol is not None
            for task in started:
                task.cancel()
        if seconds is not None and not self._was_reached:
            raise BrokerError(self._advice(self._lost_for or "it does not answer"))

    async def _show(self) -> None:
        if self._console is not None:
            await draw_table(self._view, self._title, self._console)
        elif not self._as_json:
            await print_lines(self._view, self._echo)

    def _taken(self, topic: str) -> None:
        self._was_reached, self._lost_for = True, ""
        if self._as_json:
            self._print(self._changes.after(topic))

    def _on_lost(self, reason: str) -> None:
        self._lost_for = reason
        self._view.lost()
        if self._as_json:
            self._print(self._changes.everything())
        if self._console is None:
            click.echo(f"macnet-bridge: {self._advice(reason)}; trying again", err=True)

    def _advice(self, reason: str) -> str:
        return f"no connection to the broker at {self._url}: {reason}"

    def _title(self) -> str:
        if self._listener.protocol is not None:
            return f"macnet-bridge watch on {self._url}; Ctrl-C ends it"
        if self._lost_for:
            return f"no connection to {self._url}, trying again: {self._lost_for}"
        return f"macnet-bridge watch: connecting to {self._url}"

    def _print(self, found: Iterable[Now]) -> None:
        for now in found:
            self._echo(msgspec.json.encode(now).decode())

    def _echo(self, line: str) -> None:
        """Print a line at once; whoever has read enough, as `head` does, ends us."""
        try:
            click.echo(line)
        except BrokenPipeError:
            self._stop.set()
            leave_output()
