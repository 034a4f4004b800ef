"""Discharge, rest, charge and rest a cell without a procedure.

This moves current through a cell for as long as this program says so, and a program can hang.
Set the tester's own watchdog (`MacNetDirectModeWD` in its System.ini), and limits that the cell
survives without anybody looking.

Try it without a tester: `macnet-bridge simulate`, and in another terminal
`python examples/direct_control.py channel=5 seconds=2`. Every key can be given like that.
"""

import sys
import time
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
    "power_safety_limit_chg_w": 15.0,
    "power_safety_limit_dsg_w": 15.0,
    "v_max_v": 4.2,
    "v_min_v": 3.0,
    "data_record_time_s": 1.0,
    "seconds": 5.0,
}
for key, _, value in (argument.partition("=") for argument in sys.argv[1:]):
    if key not in config:
        sys.exit(f"no {key}, only {', '.join(config)}")
    config[key] = value
seconds = float(config["seconds"])

try:
    with MaccorInterface(config) as channel:
        channel.start_test_with_direct_control()
        try:
            for ampere in (-0.2, 0.0, 0.2):
                channel.set_direct_mode_output(current_a=ampere)
                time.sleep(seconds)
                print(f"{ampere:+.1f} A: {channel.read_channel_status()['Voltage']:.4f} V")
        finally:
            # Also after Ctrl-C: nothing else would end the current.
            channel.set_direct_mode_output(current_a=0)
            channel.reset_channel()
except MacNetBridgeError as error:
    sys.exit(f"ended early, look at the tester whether the channel rests: {error}")
