"""A Maccor tester that is not there: same ports, same messages, simulated channels and cells.

    async with SimulatedCycler(channels=8) as cycler:
        print(cycler.json_port, cycler.tcp_port, cycler.udp_port)

`machine` is the tester: its channels, their tests and cells, its names, files and archive.
`answers` has what it replies to each function of MacNet. Both are pure: time is an argument.
`sockets` takes messages to it and back, with latency, faults and a log. `clock` and `ticker` let
its time pass, `cycler` puts all of it together, `threaded` and `pytest_plugin` are for those who
block. `spoofer` is another machine: pymacnet's MaccorSpoofer.
"""

from macnet_bridge.simulator.cycler import SimulatedCycler
from macnet_bridge.simulator.machine.files import FolderFiles, MemoryFiles
from macnet_bridge.simulator.machine.tester import Behaviour, Tester
from macnet_bridge.simulator.sockets.fault_kinds import Fault
from macnet_bridge.simulator.sockets.forms import Forms
from macnet_bridge.simulator.sockets.opening import CannotListen
from macnet_bridge.simulator.sockets.received import Received, Transport

__all__ = [
    "Behaviour",
    "CannotListen",
    "Fault",
    "FolderFiles",
    "Forms",
    "MemoryFiles",
    "Received",
    "SimulatedCycler",
    "Tester",
    "Transport",
]
