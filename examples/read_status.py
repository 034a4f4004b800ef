"""What one channel does right now.

Try it without a tester: `macnet-bridge simulate`, and in another terminal
`python examples/read_status.py channel=5`. Every key can be given like that.
"""

import sys
from typing import Any

from macnet_bridge.errors import MacNetBridgeError
from macnet_bridge.macnet import MaccorInterface
from macnet_bridge.macnet.protocol.codes import ChannelState

config: dict[str, Any] = {
    "server_ip": "127.0.0.1",
    "json_msg_port": 57570,
    "bin_msg_port": 57560,
    "channel": 1,
    "c_rate_ah": 2.5,
    "v_max_safety_limit_v": 4.25,
    "v_min_safety_limit_v": 2.5,
    "i_max_safety_limit_a": 3.0,
    "i_min_safety_limit_a": 3.0,
    "v_max_v": 4.2,
    "v_min_v": 3.0,
}
for key, _, value in (argument.partition("=") for argument in sys.argv[1:]):
    if key not in config:
        sys.exit(f"no {key}, only {', '.join(config)}")
    config[key] = value

try:
    with MaccorInterface(config) as channel:
        status = channel.read_channel_status()
        print(f"channel {status['Chan']} is {ChannelState.word(status['Stat'])}")
        print(f"{status['Voltage']:.3f} V, {status['Current']:.3f} A")
        print(f"auxiliary inputs: {channel.read_aux()}")
except MacNetBridgeError as error:
    sys.exit(f"not read: {error}")
