"""Requests and replies of MacNet as frozen Structs.

A Struct holds what a message says beyond its function and channel. Its attribute names carry
units; the names that JSON uses stand beside them. Where two transports differ, the Struct has
the union and the field that one of them lacks is optional. Channels are not in here: they are
arguments of the codecs, 1-based, and only the codecs know the wire's number.
"""

from macnet_bridge.macnet.protocol.messages.base import Empty, Message, Outcome, Result
from macnet_bridge.macnet.protocol.messages.channels import (
    AuxReadings,
    AuxUnits,
    ChannelRange,
    ChannelSpecification,
    ChannelStatus,
    ChannelStatuses,
    Currents,
    FlagsAndVariables,
    StatusAndReadings,
    TestInfo,
    TestTimes,
    Voltages,
)
from macnet_bridge.macnet.protocol.messages.commands import (
    REST,
    CheckStart,
    DirectOutput,
    SafetyLimits,
    SetVariable,
    StartDirect,
    StartTest,
)
from macnet_bridge.macnet.protocol.messages.system import Echo, SystemInfo, VersionInfo

__all__ = [
    "REST",
    "AuxReadings",
    "AuxUnits",
    "ChannelRange",
    "ChannelSpecification",
    "ChannelStatus",
    "ChannelStatuses",
    "CheckStart",
    "Currents",
    "DirectOutput",
    "Echo",
    "Empty",
    "FlagsAndVariables",
    "Message",
    "Outcome",
    "Result",
    "SafetyLimits",
    "SetVariable",
    "StartDirect",
    "StartTest",
    "StatusAndReadings",
    "SystemInfo",
    "TestInfo",
    "TestTimes",
    "VersionInfo",
    "Voltages",
]
