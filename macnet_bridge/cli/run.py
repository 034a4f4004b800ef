"""`macnet-bridge run`"""

from __future__ import annotations

from collections.abc import Mapping

import click

from macnet_bridge.app.bridge import Bridge
from macnet_bridge.app.config import Config
from macnet_bridge.app.data_dir import DataDir
from macnet_bridge.app.load import load, logins, password
from macnet_bridge.cli import garbage
from macnet_bridge.cli.config_option import config_option
from macnet_bridge.cli.logs import log_options, set_up_logging
from macnet_bridge.cli.loop import on_signals, run_async
from macnet_bridge.macnet.protocol.messages import Login


@click.command(epilog="Example: macnet-bridge run -c bridge.toml --log-format json")
@config_option
@log_options
def run(path: str, log_format: str, log_level: str) -> None:
    """Run the bridge until Ctrl-C or SIGTERM.

    Settings come from the file, then from environment variables such as MACNET_MQTT_URL or
    MACNET_BRIDGE_DATA_DIR, which replace mqtt.url and bridge.data_dir.
    """
    set_up_logging(log_format, log_level)
    config = load(path)
    run_async(serve(config, password(config), logins(config)))


async def serve(config: Config, broker_password: str, tester_logins: Mapping[str, Login]) -> None:
    """Run a bridge until a signal stops it."""
    with DataDir(config.bridge.data_dir) as data_dir:
        bridge = Bridge(config, password=broker_password, logins=tester_logins, data_dir=data_dir)
        on_signals(bridge.stop)
        garbage.look_seldom()
        await bridge.run()
