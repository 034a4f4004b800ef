"""Tell when a cell is too warm, and when a test ends in a problem.

The temperature is an auxiliary input that the bridge's configuration names, `channel.N.aux`.
Try it without a tester: `macnet-bridge demo`, and in another terminal
`python examples/alert_service.py limit=20 input=aux_1`. Every key can be given like that.
A real service would send a message where this one prints.
"""

import asyncio
import sys
from typing import Any

from macnet_bridge.client import BridgeClient, CyclerClient
from macnet_bridge.errors import MacNetBridgeError
from macnet_bridge.payloads.events import Problem

config = {
    "url": "mqtt://127.0.0.1:1883",
    "root": "macnet",
    "username": "",
    "password": "",
    "cycler": "lab1",
    "input": "surface_temperature_celsius",
    "limit": "45",
    "hysteresis": "1",  # so much below the limit it is well again
}
for key, _, value in (argument.partition("=") for argument in sys.argv[1:]):
    if key not in config:
        sys.exit(f"no {key}, only {', '.join(config)}")
    config[key] = value


def alert(text: str) -> None:
    print(text, flush=True)


async def watch_temperatures(cycler: CyclerClient) -> None:
    limit, hysteresis = float(config["limit"]), float(config["hysteresis"])
    too_warm: set[int] = set()
    async for channel, aux in cycler.aux():
        celsius = aux.values.get(config["input"])
        if celsius is None:
            continue
        if celsius > limit and channel not in too_warm:
            too_warm.add(channel)
            alert(f"too warm: {cycler.name}/{channel} {aux.test_name}, {celsius:.1f} above {limit:g}")
        elif celsius < limit - hysteresis and channel in too_warm:
            too_warm.remove(channel)
            alert(f"well again: {cycler.name}/{channel} {aux.test_name}, {celsius:.1f}")


async def watch_problems(cycler: CyclerClient) -> None:
    async for channel, event in cycler.events():
        if isinstance(event, Problem):
            late = " (told late)" if event.is_historical else ""
            alert(f"problem: {cycler.name}/{channel} {event.test_name}, {event.end_reason}{late}")


async def main() -> None:
    keys: dict[str, Any] = {key: config[key] for key in ("username", "password", "root")}
    async with BridgeClient(config["url"], **keys) as lab, asyncio.TaskGroup() as tasks:
        cycler = lab[config["cycler"]]
        tasks.create_task(watch_temperatures(cycler))
        tasks.create_task(watch_problems(cycler))
        print(f"watching {cycler.name}", flush=True)


# Windows' own default loop cannot watch the sockets of the MQTT driver.
with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
    try:
        runner.run(main())
    except KeyboardInterrupt:
        print("stopped")
    except MacNetBridgeError as error:
        sys.exit(f"not watching: {error}")
