"""Code tables of MacNet: what its numbers mean, and the words that we publish for them."""

from macnet_bridge.macnet.protocol.codes.base import ALL_SELECTED, MAX_CHANNELS_PER_REQUEST, RESULT_OK, Code
from macnet_bridge.macnet.protocol.codes.channels import (
    CHARGING,
    DISCHARGING,
    RUNNING,
    STOPPED,
    ChannelMode,
    ChannelState,
    RecordCause,
    StartDataType,
    StepCode,
    SystemType,
)
from macnet_bridge.macnet.protocol.codes.results import (
    CHECK_START_RESULTS,
    SET_OUTPUT_RESULTS,
    START_DIRECT_RESULTS,
    START_TEST_RESULTS,
)

__all__ = [
    "ALL_SELECTED",
    "CHARGING",
    "CHECK_START_RESULTS",
    "DISCHARGING",
    "MAX_CHANNELS_PER_REQUEST",
    "RESULT_OK",
    "RUNNING",
    "SET_OUTPUT_RESULTS",
    "START_DIRECT_RESULTS",
    "START_TEST_RESULTS",
    "STOPPED",
    "ChannelMode",
    "ChannelState",
    "Code",
    "RecordCause",
    "StartDataType",
    "StepCode",
    "SystemType",
]
