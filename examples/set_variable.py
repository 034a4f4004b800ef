"""Set a variable of a channel, which its procedure may use.

Try it without a tester: `macnet-bridge simulate`, and in another terminal
`python examples/set_variable.py channel=5 value=0.5`. Every key can be given like that.
"""

import sys
from typing import Any

from macnet_bridge.errors import MacNetBridgeError
from macnet_bridge.macnet import MaccorInterface

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
    "variable": 1,
    "value": 0.01,
}
for key, _, value in (argument.partition("=") for argument in sys.argv[1:]):
    if key not in config:
        sys.exit(f"no {key}, only {', '.join(config)}")
    config[key] = value
variable, wanted = int(config["variable"]), float(config["value"])

try:
    with MaccorInterface(config) as channel:
        channel.set_channel_variable(variable, wanted)
        print(f"VAR{variable} of channel {channel.get_channel_number()} is {wanted:g}")
except MacNetBridgeError as error:
    sys.exit(f"not set, or not sure: {error}")
