"""`macnet-bridge stop`"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import click
import msgspec

from macnet_bridge.app.load import load
from macnet_bridge.app.stopping import Stopped, read_targets, stop
from macnet_bridge.cli.config_option import config_option
from macnet_bridge.cli.logs import log_options, set_up_logging
from macnet_bridge.cli.loop import run_async
from macnet_bridge.errors import ConfigError

EXIT_NOT_CONFIRMED = 1


@click.command(
    name="stop",
    short_help="Suspend channels straight at their testers.",
    epilog="Examples: macnet-bridge stop -c bridge.toml all; "
    "macnet-bridge stop -c bridge.toml lab1/5 lab2/1-16,33",
)
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for scripts.")
@click.argument("targets", nargs=-1, required=True, metavar="CYCLER[/CHANNELS]... or all")
@log_options
def stop_command(path: str, as_json: bool, targets: tuple[str, ...], log_format: str, log_level: str) -> None:
    """Suspend channels straight at their testers, without broker or bridge.

    It may run beside a bridge. A channel whose state shows that nothing runs is left alone; any
    other is suspended, again and again until its state shows it. All testers at the same time:
    one that does not answer holds up no other. Read what it prints: only what is confirmed has
    stopped. A bridge that runs may start tests afterwards if it is told to.

    Exit code 0 when all channels are confirmed to be stopped, 1 when any is not or Ctrl-C
    came first, 2 for wrong usage.
    """
    set_up_logging(log_format, log_level)
    config = load(path)
    try:
        wanted = read_targets(targets, config)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    try:
        found = run_async(stop(wanted, config))
    except KeyboardInterrupt:
        click.echo("macnet-bridge: interrupted: NOT CONFIRMED; go and look", err=True)
        sys.exit(EXIT_NOT_CONFIRMED)
    confirmed = bool(found) and all(channel.confirmed for channel in found)
    if as_json:
        click.echo(msgspec.json.encode({"confirmed": confirmed, "channels": found}).decode())
    else:
        click.echo("\n".join(render(found)))
    if not confirmed:
        sys.exit(EXIT_NOT_CONFIRMED)


def render(found: Sequence[Stopped]) -> Iterator[str]:
    """A line for each channel that had to be suspended or is not confirmed, one for all others."""
    idle = [stopped for stopped in found if stopped.confirmed and not stopped.suspended]
    for stopped in found:
        if stopped.suspended or not stopped.confirmed:
            yield _line(stopped)
    for name in dict.fromkeys(stopped.cycler for stopped in idle):
        of_cycler = [stopped for stopped in idle if stopped.cycler == name]
        shown = ", ".join(f"{stopped.channel} {stopped.state}" for stopped in of_cycler[:4])
        more = f" and {len(of_cycler) - 4} more" if len(of_cycler) > 4 else ""
        yield f"{name:<16} nothing ran on {shown}{more}"
    missing = sum(not stopped.confirmed for stopped in found)
    yield f"NOT CONFIRMED: {missing}; go and look" if missing else f"all stopped: {len(found)}"


def _line(stopped: Stopped) -> str:
    name = stopped.cycler if stopped.channel is None else f"{stopped.cycler}/{stopped.channel}"
    if stopped.confirmed:
        return f"{name:<16} {stopped.state}"
    return f"{name:<16} {click.style('NOT CONFIRMED', fg='red')}  {stopped.error or 'no state was read'}"
