"""`macnet-bridge simulate`"""

from __future__ import annotations

import asyncio
from typing import get_args

import click
import msgspec
from click.core import ParameterSource

from macnet_bridge.cli.logs import log_options, set_up_logging
from macnet_bridge.cli.loop import on_signals, run_async
from macnet_bridge.errors import ConfigError
from macnet_bridge.simulator import SimulatedCycler
from macnet_bridge.simulator.cycler import Profile
from macnet_bridge.simulator.spoofer import CHANNELS as SPOOFED_CHANNELS
from macnet_bridge.system_errors import os_reason

_PORT = click.IntRange(0, 65535)


@click.command(
    epilog="Example: macnet-bridge simulate --channels 16 --speed 60 --latency-ms 34",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--json-port", type=_PORT, default=57570, show_default=True, help="0 picks a free one.")
@click.option("--tcp-port", type=_PORT, default=57560, show_default=True, help="0 picks a free one.")
@click.option("--udp-port", type=_PORT, default=57550, show_default=True, help="0 picks a free one.")
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
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same cells.")
@click.option(
    "--profile",
    type=click.Choice(get_args(Profile)),
    default="faithful",
    show_default=True,
    help="pymacnet: fixed values, as its MaccorSpoofer answers them.",
)
@click.option("--pretty", is_flag=True, help="Reply with pretty-printed JSON.")
@log_options
@click.pass_context
def simulate(context: click.Context, /, log_format: str, log_level: str, **options: object) -> None:
    """Run a simulated cycler until Ctrl-C or SIGTERM.

    Prints its ports as one line of JSON when it is ready.
    """
    set_up_logging(log_format, log_level)
    asked = context.get_parameter_source("channels") is not ParameterSource.DEFAULT
    if options["profile"] == "pymacnet" and not asked:
        options["channels"] = SPOOFED_CHANNELS
    run_async(_simulate(SimulatedCycler(**options)))  # type: ignore[arg-type]


async def _simulate(cycler: SimulatedCycler) -> None:
    stop = asyncio.Event()
    on_signals(stop.set)
    try:
        await cycler.start()
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {cycler.host}: {os_reason(error)}; "
            "choose with --json-port, --tcp-port, --udp-port"
        ) from None
    ports = {
        name: getattr(cycler, name) for name in ("host", "json_port", "tcp_port", "udp_port", "channels")
    }
    click.echo(msgspec.json.encode(ports).decode())
    await stop.wait()
    await cycler.stop()
