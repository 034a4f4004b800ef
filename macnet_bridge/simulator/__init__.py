"""A Maccor tester that is not there: same ports, same messages, simulated channels and cells.

    async with SimulatedCycler(channels=8) as cycler:
        print(cycler.json_port, cycler.tcp_port, cycler.udp_port)

`cell control` model a cell and what an output does to it, `procedures program progress safety
channel tester` the machine, `readings commands device` its answers to MacNet; all of that has
neither network nor clock. `received faults turnstile service connections cycler` put it on
sockets.
"""

from macnet_bridge.simulator.cycler import SimulatedCycler
from macnet_bridge.simulator.received import Received, Transport
from macnet_bridge.simulator.tester import Behaviour, Tester

__all__ = ["Behaviour", "Received", "SimulatedCycler", "Tester", "Transport"]
