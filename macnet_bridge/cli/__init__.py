"""The command line: `macnet-bridge`."""

from __future__ import annotations

import sys
from typing import Any

import click

from macnet_bridge import __version__
from macnet_bridge.cli.check import check
from macnet_bridge.cli.contract import asyncapi, schema
from macnet_bridge.cli.demo import demo
from macnet_bridge.cli.export import export
from macnet_bridge.cli.record import record
from macnet_bridge.cli.run import run
from macnet_bridge.cli.send import send
from macnet_bridge.cli.simulate import simulate
from macnet_bridge.cli.stop import stop_command
from macnet_bridge.cli.watch import watch
from macnet_bridge.errors import MacNetBridgeError

EXIT_FAILED = 1
"""Something outside went wrong or was refused; the line on stderr says what to do."""


EXIT_INTERRUPTED = 130
"""What shells make of Ctrl-C; commands that run until it end with 0."""


class _Commands(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; Ctrl-C that it does not take as its end is a line, not click's `Aborted!` and 1."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("macnet-bridge: interrupted", err=True)
            sys.exit(EXIT_INTERRUPTED)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: macnet-bridge demo",
)
@click.version_option(__version__, prog_name="macnet-bridge")
def cli() -> None:
    """Connects Maccor battery cyclers (MacNet) with MQTT.

    Exit codes: 0 well, 1 failed (one line on stderr says why), 2 wrong usage.
    """


cli.add_command(asyncapi)
cli.add_command(check)
cli.add_command(demo)
cli.add_command(export)
cli.add_command(record)
cli.add_command(run)
cli.add_command(schema)
cli.add_command(send)
cli.add_command(simulate)
cli.add_command(stop_command)
cli.add_command(watch)


def main() -> None:
    """Run the command line; errors are one line, never a traceback."""
    try:
        cli()
    except* MacNetBridgeError as errors:
        _fail(str(_first(errors)))


def _first(error: BaseException) -> BaseException:
    """The first plain error of a group: the others are only its consequences."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _fail(message: str) -> None:
    click.echo(f"macnet-bridge: {message}", err=True)
    sys.exit(EXIT_FAILED)
