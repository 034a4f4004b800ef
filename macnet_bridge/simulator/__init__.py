"""A Maccor tester that is not there: same ports, same messages, simulated channels and cells.

    async with SimulatedCycler(channels=8) as cycler:
        print(cycler.json_port, cycler.tcp_port, cycler.udp_port)

`cell/ control` model a cell and what an output does to it, `procedures program progress safety
channel files archive smart_battery tester` the machine, `readings commands selection advanced
system transfers smart_battery_answers device` its answers to MacNet; all of that has neither
network nor clock. `clock ticker` let time pass, `session received line fault_kinds faults
turnstile desk forms service connections cycler` put it on sockets, `fault_text log_lines` are
for command lines and files. `spoofer` is another machine: pymacnet's MaccorSpoofer.
"""

from macnet_bridge.simulator.cycler import SimulatedCycler
from macnet_bridge.simulator.fault_kinds import Fault
from macnet_bridge.simulator.files import FolderFiles, MemoryFiles
from macnet_bridge.simulator.forms import Forms
from macnet_bridge.simulator.received import Received, Transport
from macnet_bridge.simulator.tester import Behaviour, Tester

__all__ = [
    "Behaviour",
    "Fault",
    "FolderFiles",
    "Forms",
    "MemoryFiles",
    "Received",
    "SimulatedCycler",
    "Tester",
    "Transport",
]
