"""All channels of a tester by bulk reads: three requests for up to 128 channels.

Try it without a tester: `macnet-bridge simulate`, and in another terminal
`python examples/read_all_channels.py json_msg_port=57570`. `server_ip` can be given like that, too.
"""

import asyncio
import sys

from macnet_bridge.errors import MacNetBridgeError
from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.macnet.protocol.codes import MAX_CHANNELS_PER_REQUEST, ChannelState

config = {"server_ip": "127.0.0.1", "json_msg_port": "57570"}
for key, _, value in (argument.partition("=") for argument in sys.argv[1:]):
    if key not in config:
        sys.exit(f"no {key}, only {', '.join(config)}")
    config[key] = value
address = TesterAddress(config["server_ip"], int(config["json_msg_port"]))


async def main() -> None:
    async with AsyncCycler(address) as cycler:
        last = cycler.channels or 0
        for first in range(1, last + 1, MAX_CHANNELS_PER_REQUEST):
            count = min(MAX_CHANNELS_PER_REQUEST, last - first + 1)
            statuses = await cycler.read_statuses(first, count)
            volts = await cycler.read_voltages(first, count)
            amperes = await cycler.read_currents(first, count)
            for number, status in enumerate(statuses):
                state = ChannelState.word(status.state)
                print(f"{first + number:4} {state:12} {volts[number]:7.4f} V {amperes[number]:7.4f} A")


try:
    asyncio.run(main())
except MacNetBridgeError as error:
    sys.exit(f"not read: {error}")
