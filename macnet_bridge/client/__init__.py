"""An asyncio client for services that command over MQTT.

`BridgeClient` is the door; docs/client.md of the project shows it at work.

    async with BridgeClient("mqtt://127.0.0.1:1883") as lab:
        channel = lab["lab1"][5]
        await channel.start_test(procedure="CCCV_1C", c_rate_ah=2.5)
        async for reading in channel.readings():
            print(reading)

What is refused or fails raises a `CommandFailed`, silence a `NoAnswer`.
"""

from macnet_bridge.broker import SettingNames
from macnet_bridge.client.client import BridgeClient
from macnet_bridge.client.failures import (
    BadCommand,
    BridgeFailed,
    CommandFailed,
    DeviceRefused,
    LeaseOver,
    LimitExceeded,
    NoAnswer,
    NotAllowed,
    NotAllStopped,
    NothingPublished,
    PreconditionFailed,
    TesterUnreachable,
    UnknownOutcome,
)
from macnet_bridge.client.lease import Lease
from macnet_bridge.client.order import Gap
from macnet_bridge.client.parties import BridgeParty, ChannelClient, ChannelGroup, CyclerClient

__all__ = [
    "BadCommand",
    "BridgeClient",
    "BridgeFailed",
    "BridgeParty",
    "ChannelClient",
    "ChannelGroup",
    "CommandFailed",
    "CyclerClient",
    "DeviceRefused",
    "Gap",
    "Lease",
    "LeaseOver",
    "LimitExceeded",
    "NoAnswer",
    "NotAllStopped",
    "NotAllowed",
    "NothingPublished",
    "PreconditionFailed",
    "SettingNames",
    "TesterUnreachable",
    "UnknownOutcome",
]
