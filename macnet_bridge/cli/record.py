"""`macnet-bridge record`"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import filelock
import msgspec
from rich.console import Console
from rich.live import Live
from rich.text import Text

from macnet_bridge.broker import BrokerSettings, Subscriber
from macnet_bridge.cli.broker_options import BrokerOptions, broker_options, reach
from macnet_bridge.cli.live import AboveTable
from macnet_bridge.cli.logs import log_options, set_up_logging
from macnet_bridge.cli.loop import on_signals, run_async
from macnet_bridge.cli.watch import Filter, read_filter
from macnet_bridge.errors import BrokerError, ConfigError
from macnet_bridge.recorder.interest import Interest
from macnet_bridge.recorder.service import Recorder
from macnet_bridge.store import Recording
from macnet_bridge.system_errors import os_reason

DAY_S = 86_400
LONGEST_DAYS = 365
LARGEST_MESSAGE_BYTES = 1 << 20
SHOW_S = 0.5
LOG_S = 10.0
FORMATS = {"sqlite": "macnet.sqlite", "parquet": "macnet-parquet"}
"""And what a recording is called where nothing is said."""

_log = logging.getLogger(__name__)


@click.command(
    short_help="Record what a lab publishes, into SQLite or Parquet.",
    epilog="Examples: macnet-bridge record --to lab.sqlite; macnet-bridge record lab1/1-16 --to cells.sqlite "
    "--url mqtt://10.0.0.5; macnet-bridge record --format parquet --to lab-parquet",
)
@click.argument("text", required=False, metavar="[CYCLER[/CHANNELS]]")
@click.option(
    "--to",
    "to",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The recording: a file, or a folder for Parquet; made where there is none, else continued.  "
    "[default: macnet.sqlite or macnet-parquet]",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(list(FORMATS)),
    default="sqlite",
    show_default=True,
    help="Parquet needs the extra: pip install 'macnet-bridge[parquet]'.",
)
@click.option(
    "--client-id",
    metavar="NAME",
    help="Name of the session at the broker.  [default: one of its own for each recording]",
)
@click.option(
    "--keep-days",
    type=click.FloatRange(0.01, LONGEST_DAYS),
    default=7.0,
    show_default=True,
    help="How long the broker keeps the session while no recorder is there (MQTT 5).",
)
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="End by itself after this time.")
@broker_options
@log_options
def record(
    text: str | None,
    to: Path | None,
    file_format: str,
    client_id: str | None,
    keep_days: float,
    seconds: float | None,
    log_format: str,
    log_level: str,
    **given: str | None,
) -> None:
    """Record what a lab publishes into SQLite or Parquet.

    Readings, sweeps, auxiliary inputs, variables, events and states, each once, exactly as it was published,
    over restarts of recorder, broker and bridge. While the recorder is away the broker keeps what comes, as
    far as its queue goes. Ends with Ctrl-C; what was confirmed to the broker is on disk then, as it is
    whenever the recorder is killed.

    Exit code 0 when it was ended, by --seconds too; 1 when the settings or the file are wrong, another
    recorder has the session or, with --seconds, the broker was never reached; 2 for wrong usage.
    """
    console = Console(stderr=True, highlight=False)
    shown_on = console if console.is_terminal and log_format == "text" else None
    set_up_logging(log_format, log_level, None if shown_on is None else AboveTable(shown_on))
    logging.getLogger("macnet_bridge.broker").setLevel(logging.ERROR)  # what it says is said here
    try:
        wanted = read_filter(text)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    settings, root = reach(BrokerOptions(**given), "record")
    settings = replace(
        settings,
        client_id=client_id or "",
        keeps_session=True,
        session_expiry_s=int(keep_days * DAY_S),
        max_incoming_bytes=LARGEST_MESSAGE_BYTES,
    )
    path = to or Path(FORMATS[file_format])
    check_place(path, file_format)
    recording = recording_at(path, file_format)
    # Before there is a lock: its file stays, as nobody can take it away and know that none has it.
    recording.judge()
    with locked(path):
        recording.open()
        try:
            run_async(Session(settings, root, wanted, recording, path, shown_on).run(seconds))
        finally:
            recording.close()


def check_place(path: Path, file_format: str) -> None:
    """
    Raises:
        ConfigError: there cannot be such a recording, with pyarrow or without.
    """
    if file_format == "sqlite" and os.path.isdir(path):
        raise ConfigError(f"--to: {path} is a folder; name a file, or say --format parquet")
    if not path.absolute().name:
        raise ConfigError(f"--to: {path} cannot be a recording; name a folder in it")
    if file_format == "parquet" and os.path.exists(path) and not os.path.isdir(path):
        raise ConfigError(f"--to: {path} cannot be used: it is a file; name a folder")


def recording_at(path: Path, file_format: str) -> Recording:
    """The recording, not open yet. Raises ConfigError where pyarrow is missing."""
    if file_format == "sqlite":
        return Recording(path)
    from macnet_bridge.recorder.parts import Parts  # takes a while, and needs the extra

    return Parts(path)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One recorder for one recording.

    Raises:
        ConfigError: another one writes it, or nobody can write there.
    """
    whole = path.absolute()
    lock = filelock.FileLock(whole.with_name(f"{whole.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise ConfigError(
            f"--to: another recorder writes {path}; stop it, or give each a file of its own"
        ) from None
    except OSError as error:
        raise ConfigError(f"--to: {path} cannot be written: {os_reason(error)}") from None
    try:
        yield
    finally:
        lock.release()


class Session:
    """One run of the command."""

    def __init__(
        self,
        settings: BrokerSettings,
        root: str,
        wanted: Filter,
        recording: Recording,
        path: Path,
        console: Console | None,
    ) -> None:
        self._settings = settings
        self._interest = Interest(root, wanted.cycler, wanted.channels)
        self._recording = recording
        self._path = path
        self._console = console
        self._stop = asyncio.Event()
        self._was_reached = False
        self._lost_for = ""
        self._subscribed_as: tuple[str, list[str]] = ("", [])

    async def run(self, seconds: float | None) -> None:
        """Until a signal, or for so long.

        Raises:
            BrokerError: another recorder has our session, or the time was over and the broker never there.
        """
        on_signals(self._stop.set)
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, self._stop.set)
        recorder = Recorder(await self._subscriber(), self._recording, self._interest)
        telling = asyncio.create_task(self._tell(recorder), name="tell")
        try:
            await recorder.run(self._stop)
        finally:
            telling.cancel()
            await asyncio.wait({telling})
        if seconds is not None and not self._was_reached:
            raise BrokerError(self._advice(self._lost_for or "it does not answer"))
        _log.info("stopped: %s", recorder.figures.line(time.monotonic()))

    async def _subscriber(self) -> Subscriber:
        """With the session that the recording has had from its beginning."""
        await self._recording.settle()
        known = await self._recording.settings()
        client_id = (
            self._settings.client_id or known.get("client_id") or f"macnet-record-{secrets.token_hex(4)}"
        )
        filters = self._interest.filters()
        former = msgspec.json.decode(known.get("filters", "[]"), type=list[str])
        self._was_known = known.get("client_id") == client_id
        # Until there is a connection the session has the former ones, and none of the new ones perhaps.
        await self._remember(client_id, [*filters, *(each for each in former if each not in filters)])
        self._subscribed_as = (client_id, filters)
        return Subscriber(
            replace(self._settings, client_id=client_id),
            filters,
            former=former,
            on_lost=self._on_lost,
            on_session=self._on_session,
        )

    def _remember(self, client_id: str, filters: list[str]) -> asyncio.Future[None]:
        """What the session at the broker is called, and what it may be subscribed to."""
        return self._recording.remember(
            {"client_id": client_id, "filters": msgspec.json.encode(filters).decode()}
        )

    def _on_lost(self, reason: str) -> None:
        self._lost_for = reason
        _log.warning("%s; trying again", self._advice(self._lost_for))

    def _on_session(self, is_kept: bool) -> None:
        # Where that cannot be kept, the next start ends subscriptions once more: no harm.
        self._remember(*self._subscribed_as).add_done_callback(_unheeded)
        if self._lost_for or not self._was_reached:
            _log.info("connected to %s", self._settings.url)
        if self._was_known and not is_kept:
            _log.warning(
                "the broker has forgotten the session: what was published since is not recorded, "
                "unless a bridge sends it again"
            )
        self._was_known, self._was_reached, self._lost_for = True, True, ""

    def _advice(self, reason: str) -> str:
        return f"no connection to the broker at {self._settings.url}: {reason}"

    async def _tell(self, recorder: Recorder) -> None:
        if self._console is None:
            while True:
                await asyncio.sleep(LOG_S)
                _log.info("%s: %s", self._path, recorder.figures.line(time.monotonic()))
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            while True:
                line = f"{self._path.name}: {recorder.figures.line(time.monotonic())}"
                live.update(Text(line, no_wrap=True, overflow="ellipsis"), refresh=True)
                await asyncio.sleep(SHOW_S)


def _unheeded(future: asyncio.Future[None]) -> None:
    """Take what it raised, so that asyncio does not tell of it."""
    if not future.cancelled():
        future.exception()
