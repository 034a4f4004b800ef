"""Blocking classes for those who come from pymacnet: its configuration keys, names and results.

    from macnet_bridge.macnet import MaccorInterface

`config` checks the dictionary, `setpoints` turns amperes into requests, `starting outputs
control` do the work as coroutines, `background session` run them in a thread, `replies base
cyclers channels` are what the caller sees.
"""

from macnet_bridge.macnet.interface.channels import ChannelInterface, MaccorInterface
from macnet_bridge.macnet.interface.cyclers import CyclerInterface

__all__ = ["ChannelInterface", "CyclerInterface", "MaccorInterface"]
