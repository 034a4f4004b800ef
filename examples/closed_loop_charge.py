"""Charge a cell with a current that follows its voltage, five times a second, by direct control.

Little current into an empty cell, then full current, and from `taper_volt` on less and less; it ends when
less than `cut_off_ampere` would flow. Whatever ends it, Ctrl-C too, the channel rests and is suspended.
If this program is killed, the bridge does that, 5 s after the last output.

Try it without a tester: `macnet-bridge demo`, and `python examples/closed_loop_charge.py channel=8`.
"""

import asyncio
import sys
from typing import Any

from macnet_bridge.client import BridgeClient, ChannelClient
from macnet_bridge.errors import MacNetBridgeError
from macnet_bridge.payloads.arguments import Safety

PERIOD_S = 0.2
texts = {"url": "mqtt://127.0.0.1:1883", "root": "macnet", "username": "", "password": "", "cycler": "lab1"}
numbers = {"channel": 1.0, "most_ampere": 2.5, "cut_off_ampere": 0.125}
numbers |= {"empty_volt": 3.0, "taper_volt": 3.9, "full_volt": 4.2}
for key, _, value in (argument.partition("=") for argument in sys.argv[1:]):
    if key not in texts | numbers:
        sys.exit(f"no {key}, only {', '.join([*texts, *numbers])}")
    texts[key] = value
numbers |= {key: float(texts[key]) for key in numbers.keys() & texts.keys()}
most, full, taper = numbers["most_ampere"], numbers["full_volt"], numbers["taper_volt"]


def wanted_ampere(volt: float) -> float:
    share = 0.1 if volt < numbers["empty_volt"] else (full - volt) / (full - taper)
    return most * max(0.0, min(1.0, share))


async def charge(channel: ChannelClient) -> None:
    safety = Safety(voltage_max_volt=full + 0.05, charge_max_ampere=most * 1.1)
    clock = asyncio.get_running_loop().time
    async with channel.direct(voltage_volt=full, safety=safety) as lease:
        due, outputs, missed = clock(), 0, 0
        while True:
            cell: Any = (await channel.read_status()).result
            ampere = wanted_ampere(cell["voltage_volt"])
            if ampere < numbers["cut_off_ampere"] and cell["state"] == "active":
                break
            await lease.set_output(current_ampere=ampere)
            outputs += 1
            print(f"{cell['voltage_volt']:.4f} V, {ampere:.4f} A", flush=True)
            late = max(0, int((clock() - due) / PERIOD_S))
            missed, due = missed + late, due + PERIOD_S * (1 + late)
            await asyncio.sleep(due - clock())
    print(f"charged with {outputs} outputs; for {missed} more there was no time")


async def look(channel: ChannelClient) -> str:
    try:
        cell: Any = (await channel.read_status(expires_s=2)).result
    except MacNetBridgeError as error:
        return f"look at the tester, what the channel does is not known: {error}"
    return f"the channel is {cell['state']}, {cell['current_ampere']:.3f} A"


async def main() -> None:
    access: dict[str, Any] = {key: texts[key] for key in ("username", "password", "root")}
    async with BridgeClient(texts["url"], **access) as lab:
        channel = lab[texts["cycler"]][int(numbers["channel"])]
        try:
            await charge(channel)
        finally:
            print(await look(channel), flush=True)


# Windows' own default loop cannot watch the sockets of the MQTT driver.
with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
    try:
        runner.run(main())
    except KeyboardInterrupt:
        sys.exit("ended early, by Ctrl-C")
    except MacNetBridgeError as error:
        sys.exit("\n".join([f"ended early: {error}", *getattr(error, "__notes__", [])]))
