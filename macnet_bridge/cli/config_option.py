"""The option that names the configuration file, the same in all commands that need one."""

from __future__ import annotations

import click

config_option = click.option(
    "-c",
    "--config",
    "path",
    required=True,
    envvar="MACNET_CONFIG",
    show_envvar=True,
    metavar="PATH",
    help="Configuration file (TOML).",
)
