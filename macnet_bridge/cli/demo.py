"""`macnet-bridge demo`"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import click
from rich.console import Console

from macnet_bridge.broker import Listener
from macnet_bridge.cli.demo_lab import ROOT, DemoLab, Plan, demo_lab
from macnet_bridge.cli.demo_tour import inventory, tour
from macnet_bridge.cli.lab_view import LabView
from macnet_bridge.cli.live import AboveTable, Watch, draw_table, print_lines
from macnet_bridge.cli.logs import log_options, set_up_logging
from macnet_bridge.cli.loop import leave_output, on_signals, run_async
from macnet_bridge.topics import published_filters

log = logging.getLogger(__name__)


@click.command(
    short_help="Try everything on this computer, in a live table.",
    epilog="Example: macnet-bridge demo --channels 16 --speed 120",
)
@click.option("--cyclers", type=click.IntRange(1, 16), default=1, show_default=True)
@click.option("--channels", type=click.IntRange(1, 1024), default=8, show_default=True, help="Per cycler.")
@click.option(
    "--speed",
    type=click.FloatRange(1, 10000),
    default=60.0,
    show_default=True,
    help="Seconds that pass at the testers in one of ours.",
)
@click.option(
    "--broker-port",
    "port",
    type=click.IntRange(0, 65535),
    help="Port of the MQTT broker; 0 picks one.  [default: 1883, or the next that is free]",
)
@click.option(
    "--broker",
    "engine",
    type=click.Choice(["auto", "mosquitto", "amqtt"]),
    default="auto",
    show_default=True,
    help="Which broker to run; auto takes mosquitto where it is installed.",
)
@click.option("--headless", is_flag=True, help="Plain lines, as when the output is no terminal.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="End by itself after this time.")
@log_options
def demo(log_format: str, log_level: str, headless: bool, seconds: float | None, **plan: Any) -> None:
    """Try everything on this computer: broker, simulated cycler, bridge, and a live table.

    Nothing has to be installed or configured, and nothing is left behind. Ends with Ctrl-C.
    """
    console = Console(highlight=False)
    draws = console.is_terminal and not headless
    above = AboveTable(console) if draws and Console(stderr=True).is_terminal else None
    set_up_logging(log_format, log_level, above)
    try:
        run_async(_run(Plan(**plan), console if draws else None, seconds))
    except* BrokenPipeError:
        leave_output()


async def _run(plan: Plan, console: Console | None, seconds: float | None) -> None:
    stop = asyncio.Event()
    on_signals(stop.set)
    if seconds is not None:
        asyncio.get_running_loop().call_later(seconds, stop.set)
    async with demo_lab(plan) as lab, asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(lab.bridge.run(), name="bridge")
        showing = tasks.create_task(_show(lab, console), name="show")
        await stop.wait()
        # First the table, so that what is said while the bridge stops comes below it.
        showing.cancel()
        await asyncio.wait({showing})
        lab.bridge.stop()
        await serving


async def _show(lab: DemoLab, console: Console | None) -> None:
    """Subscribe as any client would, start some tests, and show what comes."""
    _echo(*inventory(lab))
    # The bridge logs it when the broker is gone; once is enough.
    listener = Listener(lab.subscriber_settings, published_filters(ROOT), on_lost=log.debug)
    watch = Watch(listener, LabView(ROOT))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(listener.run(), name="listener")
        tasks.create_task(watch.run(), name="watch")
        await watch.until(lambda view: all(view.is_online(name) for name in lab.cyclers))
        for command in lab.opening_commands():
            listener.publish(command)
        _echo("", *tour(lab.plan.channels, lab.broker), "")
        if console is None:
            await print_lines(watch.view, _echo)
        else:
            await draw_table(watch.view, lambda: _title(lab, listener), console)


def _title(lab: DemoLab, listener: Listener) -> str:
    where = f"{lab.broker.host}:{lab.broker.port}"
    if listener.protocol is None:
        return f"macnet-bridge demo: no connection to the broker on {where}; Ctrl-C ends it"
    version = "MQTT 5" if listener.protocol == "5" else "MQTT 3.1.1"
    return f"macnet-bridge demo on {where} by {version}; Ctrl-C ends it"


def _echo(*lines: str) -> None:
    for line in lines:
        click.echo(line)
