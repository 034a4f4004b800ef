"""`macnet-bridge simulate`"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any, TextIO, get_args

import click
import msgspec
from click.core import ParameterSource

from macnet_bridge.cli.cell_options import CELL_OPTIONS, behaviour, cell_options
from macnet_bridge.cli.logs import log_options, set_up_logging
from macnet_bridge.cli.loop import on_signals, run_async
from macnet_bridge.errors import ConfigError
from macnet_bridge.simulator import CannotListen, Fault, FolderFiles, SimulatedCycler
from macnet_bridge.simulator.cycler import Profile
from macnet_bridge.simulator.sockets.fault_text import EXAMPLE, parse, parse_lines
from macnet_bridge.simulator.sockets.log_lines import writer
from macnet_bridge.simulator.spoofer import CHANNELS as SPOOFED_CHANNELS
from macnet_bridge.system_errors import os_reason

PORT_STEP = 30
"""From a port of one cycler to that of the next. By default the three ports of a cycler are 10
apart, so that those of all of them follow one another in steps of 10."""

_PORTS = ("json_port", "tcp_port", "udp_port")
_PORT = click.IntRange(0, 65535)


def _parsed(context: click.Context, option: click.Parameter, texts: tuple[str, ...]) -> list[Fault]:
    try:
        return [parse(text) for text in texts]
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _read(context: click.Context, option: click.Parameter, path: Path | None) -> list[Fault]:
    try:
        return parse_lines(path.read_text("utf-8")) if path else []
    except ValueError as error:
        raise click.BadParameter(f"{path}: {error}") from None


@click.command(
    epilog="Example: macnet-bridge simulate --channels 16 --speed 60 --latency-ms 34",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--json-port", type=_PORT, default=57570, show_default=True, help="0 picks a free one.")
@click.option("--tcp-port", type=_PORT, default=57560, show_default=True, help="0 picks a free one.")
@click.option("--udp-port", type=_PORT, default=57550, show_default=True, help="0 picks a free one.")
@click.option(
    "--cyclers",
    "count",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help=f"How many. Ports of the next one are {PORT_STEP} higher, its seed is 1 higher.",
)
@click.option(
    "--channels",
    type=click.IntRange(1, 1024),
    default=128,
    show_default=f"128; {SPOOFED_CHANNELS} with --profile pymacnet",
)
@click.option(
    "--speed",
    type=click.FloatRange(1, 10000),
    default=1.0,
    show_default=True,
    help="Seconds that pass at the tester in one of ours.",
)
@click.option(
    "--latency-ms",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="Time for each request, one after another over all connections; a real tester takes 34.",
)
@click.option(
    "--jitter-ms",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="By how much a latency is longer or shorter at most; about 15 at a real tester.",
)
@click.option(
    "--fault",
    "faults",
    callback=_parsed,
    multiple=True,
    metavar="TEXT",
    help=f"What goes wrong, such as '{EXAMPLE}'. May be given several times.",
)
@click.option(
    "--faults",
    "more_faults",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=_read,
    metavar="FILE",
    help="A file with such a fault on each line; what follows a # is a remark.",
)
@click.option(
    "--log-received",
    metavar="FILE",
    help="Append a line of JSON for each message that comes in, with its answer; - is standard error.",
)
@click.option(
    "--procedures",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of procedures (*.000) and waveforms (*.MWF); files that are sent go there.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same cells and luck.")
@click.option(
    "--profile",
    type=click.Choice(get_args(Profile)),
    default="faithful",
    show_default=True,
    help="pymacnet: fixed values, as its MaccorSpoofer answers them.",
)
@cell_options
@click.option("--pretty", is_flag=True, help="Reply with pretty-printed JSON.")
@log_options
@click.pass_context
def simulate(
    context: click.Context,
    /,
    log_format: str,
    log_level: str,
    log_received: str | None,
    count: int,
    procedures: Path | None,
    faults: list[Fault],
    more_faults: list[Fault],
    **options: Any,
) -> None:
    """Run a simulated cycler, or several, until Ctrl-C or SIGTERM.

    Prints its ports as one line of JSON when it is ready.
    """
    set_up_logging(log_format, log_level)
    asked = context.get_parameter_source("channels") is not ParameterSource.DEFAULT
    if options["profile"] == "pymacnet" and not asked:
        options["channels"] = SPOOFED_CHANNELS
    options["files"] = FolderFiles(procedures) if procedures else None
    options["script"] = [*faults, *more_faults]
    options["behaviour"] = behaviour(**{name: options.pop(name) for name in CELL_OPTIONS})
    with ExitStack() as stack:
        stream = _log_stream(log_received, stack) if log_received else None
        run_async(_simulate([_cycler(number, stream, options) for number in range(count)]))


def _log_stream(path: str, stack: ExitStack) -> TextIO:
    if path == "-":
        return sys.stderr
    try:
        return stack.enter_context(open(path, "a", encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot write to {path}: {os_reason(error)}; choose with --log-received") from None


def _cycler(number: int, stream: TextIO | None, options: dict[str, Any]) -> SimulatedCycler:
    """Cycler 0, 1, …: with its own ports and seed."""
    ports = {name: options[name] and options[name] + number * PORT_STEP for name in _PORTS}
    if max(ports.values()) > _PORT.max:
        raise ConfigError(f"there is no port {max(ports.values())}; choose lower ones, or 0 for any")
    changed = {**ports, "seed": options["seed"] + number}
    told = {"on_answered": writer(stream, number + 1)} if stream else {}
    try:
        return SimulatedCycler(**{**options, **changed, **told})
    except ValueError as error:
        raise ConfigError(str(error)) from None


async def _simulate(cyclers: list[SimulatedCycler]) -> None:
    stop = asyncio.Event()
    on_signals(stop.set)
    async with AsyncExitStack() as running:
        for cycler in cyclers:
            await _start(cycler)
            running.push_async_callback(cycler.stop)
        ready = [_ports(cycler) for cycler in cyclers]
        click.echo(msgspec.json.encode(ready[0] if len(ready) == 1 else {"cyclers": ready}).decode())
        await stop.wait()


async def _start(cycler: SimulatedCycler) -> None:
    try:
        await cycler.start()
    except CannotListen as error:
        option = error.name.replace("_", "-")
        raise ConfigError(
            f"cannot listen on {cycler.host}:{error.port}: {os_reason(error)}; "
            f"free it, or choose another with --{option}, 0 for any"
        ) from None
    except OSError as error:
        raise ConfigError(f"cannot listen on {cycler.host}: {os_reason(error)}; correct --host") from None


def _ports(cycler: SimulatedCycler) -> dict[str, Any]:
    return {name: getattr(cycler, name) for name in ("host", *_PORTS, "channels")}
