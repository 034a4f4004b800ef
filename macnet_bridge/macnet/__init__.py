"""MacNet alone, without MQTT: `AsyncCycler` talks to one tester.

    async with AsyncCycler(TesterAddress("10.0.0.17")) as cycler:
        reading = await cycler.read_status(5)

`MaccorInterface` is one channel for callers that block, with the methods of pymacnet, and
`CyclerInterface` a tester; `ChannelInterface` is another name of `MaccorInterface`.
"""

from macnet_bridge.macnet.cycler import AsyncCycler, Line, TesterAddress, same_limits
from macnet_bridge.macnet.interface import ChannelInterface, CyclerInterface, MaccorInterface

__all__ = [
    "AsyncCycler",
    "ChannelInterface",
    "CyclerInterface",
    "Line",
    "MaccorInterface",
    "TesterAddress",
    "same_limits",
]
