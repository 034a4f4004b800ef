"""Start a test by its procedure, and see what the tester said when it does not start.

Try it without a tester: `macnet-bridge simulate`, and in another terminal
`python examples/start_test.py channel=5`. Every key can be given like that.
"""

import sys
from typing import Any

from macnet_bridge.errors import MacNetBridgeError, OutcomeUnknown
from macnet_bridge.macnet import MaccorInterface

config: dict[str, Any] = {
    "server_ip": "127.0.0.1",
    "json_msg_port": 57570,
    "bin_msg_port": 57560,
    "channel": 1,
    "test_name": "",  # none: one is made that no other test has
    "test_procedure": "CCCV_1C",
    "c_rate_ah": 2.5,
    "v_max_safety_limit_v": 4.25,
    "v_min_safety_limit_v": 2.5,
    "i_max_safety_limit_a": 3.0,
    "i_min_safety_limit_a": 3.0,
    "power_safety_limit_chg_w": 15.0,
    "power_safety_limit_dsg_w": 15.0,
    "v_max_v": 4.2,
    "v_min_v": 3.0,
}
for key, _, value in (argument.partition("=") for argument in sys.argv[1:]):
    if key not in config:
        sys.exit(f"no {key}, only {', '.join(config)}")
    config[key] = value

try:
    with MaccorInterface(config) as channel:
        channel.start_test_with_procedure()
except OutcomeUnknown as error:
    sys.exit(f"perhaps it runs, look at the tester before you start it again: {error}")
except MacNetBridgeError as error:
    sys.exit(f"not started: {error}")
print("the test runs")
