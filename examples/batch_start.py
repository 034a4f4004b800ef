"""Start a test on each channel that a CSV file names, after a dry run of all of them.

The file has the columns `channel`, and arguments of `start_test`: `procedure`, `c_rate_ah`, and as you
like `test_name`, `cell_id`, `comment`. Nothing is started when the dry run refuses one, unless
`go_on=yes`. Run again with the same `batch`, nothing starts twice. Try it with `macnet-bridge demo`:
`python examples/batch_start.py file=examples/cells.csv batch=monday`. Every key can be given so.
"""

import asyncio
import csv
import sys
from typing import Any

from macnet_bridge.client import BridgeClient
from macnet_bridge.errors import MacNetBridgeError

config = {"url": "mqtt://127.0.0.1:1883", "root": "macnet", "username": "", "password": "", "cycler": "lab1"}
config |= {"file": "cells.csv", "batch": "batch-1", "go_on": "no"}
for key, _, value in (argument.partition("=") for argument in sys.argv[1:]):
    if key not in config:
        sys.exit(f"no {key}, only {', '.join(config)}")
    config[key] = value


def read_rows() -> dict[int, dict[str, Any]]:
    """The arguments of each channel; empty cells are left out."""
    rows: dict[int, dict[str, Any]] = {}
    with open(config["file"], newline="", encoding="utf-8-sig") as file:
        for row in (reader := csv.DictReader(file)):
            arguments: dict[str, Any] = {key: text for key, text in row.items() if text}
            try:
                channel = int(arguments.pop("channel", ""))
                arguments |= {"c_rate_ah": float(arguments["c_rate_ah"])} if "c_rate_ah" in arguments else {}
            except ValueError as error:
                sys.exit(f"line {reader.line_num}: {error}; commas part the columns, a decimal has a point")
            if None in row or channel in rows:
                sys.exit(f"line {reader.line_num}: channel {channel} is there twice, or cells have no column")
            rows[channel] = arguments
    return rows


async def start(lab: BridgeClient, channel: int, arguments: dict[str, Any], dry_run: bool) -> str:
    """What is wrong, or nothing. A dry run uses up its id, so it has one of its own."""
    target = lab[config["cycler"]][channel]
    name = None if dry_run else f"{config['batch']}-{channel}"
    try:
        await target.command("start_test", arguments, dry_run=dry_run, id=name, expires_s=60)
    except MacNetBridgeError as error:
        return str(error)
    return ""


async def start_all(lab: BridgeClient, rows: dict[int, dict[str, Any]], dry_run: bool) -> dict[int, str]:
    """The channels that were refused, and why."""
    found = await asyncio.gather(*(start(lab, channel, rows[channel], dry_run) for channel in rows))
    refused = {channel: text for channel, text in zip(rows, found, strict=True) if text}
    for channel, text in refused.items():
        print(f"{config['cycler']}/{channel}: {text}")
    print(f"{'dry run' if dry_run else 'started'}: {len(rows) - len(refused)} of {len(rows)}", flush=True)
    return refused


async def main() -> int:
    rows = read_rows()
    keys: dict[str, Any] = {key: config[key] for key in ("username", "password", "root")}
    async with BridgeClient(config["url"], **keys) as lab:
        refused = await start_all(lab, rows, dry_run=True)
        if refused and config["go_on"] != "yes":
            return 1
        good = {channel: row for channel, row in rows.items() if channel not in refused}
        return 1 if await start_all(lab, good, dry_run=False) or refused else 0


# Windows' own default loop cannot watch the sockets of the MQTT driver.
with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
    try:
        sys.exit(runner.run(main()))
    except (OSError, UnicodeDecodeError, MacNetBridgeError) as error:
        sys.exit(f"nothing was started: {error}")
