"""MacNet alone, without MQTT: `AsyncCycler` talks to one tester.

async with AsyncCycler(TesterAddress("10.0.0.17")) as cycler:
    reading = await cycler.read_status(5)
"""

from macnet_bridge.macnet.cycler import AsyncCycler, Line, TesterAddress, same_limits

__all__ = ["AsyncCycler", "Line", "TesterAddress", "same_limits"]
