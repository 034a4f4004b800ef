"""THE table: one row per MacNet function. Client, simulator, bridge and tests all read it.

A new function is a new row. A row says which Structs go both ways, how they lie in binary,
whether the function changes anything, and what may be done when its reply is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from macnet_bridge.macnet.protocol import codes
from macnet_bridge.macnet.protocol.function import (
    Effect,
    Function,
    RequestLength,
    Retry,
    Target,
    check_result,
)
from macnet_bridge.macnet.protocol.functions import channels, commands, smart_battery, system
from macnet_bridge.macnet.protocol.functions.channels import (
    AUX_READINGS,
    AUX_UNITS,
    CALIBRATION_DATES,
    CHANNEL_SPECIFICATION,
    CHANNEL_SPECIFICATIONS,
    CHANNEL_STATUSES,
    CURRENTS,
    END_STATUS,
    FLAGS_AND_VARIABLES,
    STATUS_AND_READINGS,
    TEST_INFO,
    TEST_INFO_EXTENDED,
    TEST_TIMES,
    VOLTAGES,
)
from macnet_bridge.macnet.protocol.functions.commands import (
    ADVANCED_START,
    ARCHIVE,
    CHECK_MESSAGES,
    CHECK_START,
    RESET,
    RESUME,
    SELECT,
    SELECT_CHANNELS,
    SET_OUTPUT,
    SET_SAFETY_LIMITS,
    SET_VARIABLE,
    START_DIRECT,
    START_SELECTED,
    START_TEST,
    SUSPEND,
)
from macnet_bridge.macnet.protocol.functions.smart_battery import (
    SMB_CLEAR_LIST,
    SMB_FETCH_READ,
    SMB_HEADER_SCAN_LIST,
    SMB_INFO,
    SMB_POSITION,
    SMB_RAW_DATA,
    SMB_RAW_HEADER,
    SMB_READ_ENTRY,
    SMB_READ_HEADER,
    SMB_READ_REGISTER,
    SMB_REFRESH_LIST,
    SMB_REQUEST_READ,
    SMB_RESUME,
    SMB_SAVE_LIST,
    SMB_SCAN_LIST,
    SMB_SET_POSITION,
    SMB_SUSPEND,
    SMB_WRITE_BYTES,
    SMB_WRITE_ENTRY,
    SMB_WRITE_REGISTER,
)
from macnet_bridge.macnet.protocol.functions.system import (
    ECHO,
    GET_FILE,
    LIST_FILES,
    LOGIN,
    LOGOUT,
    PROCEDURE_EXISTS,
    SEND_FILE,
    SET_GLOBAL_FLAGS,
    SYSTEM_INFO,
    TEST_NAME_EXISTS,
    VERSION_INFO,
)

__all__ = [
    "ADVANCED_START",
    "ARCHIVE",
    "AUX_READINGS",
    "AUX_UNITS",
    "CALIBRATION_DATES",
    "CHANNEL_SPECIFICATION",
    "CHANNEL_SPECIFICATIONS",
    "CHANNEL_STATUSES",
    "CHECK_MESSAGES",
    "CHECK_START",
    "CURRENTS",
    "ECHO",
    "END_STATUS",
    "FLAGS_AND_VARIABLES",
    "FORMS",
    "FUNCTIONS",
    "GET_FILE",
    "LIST_FILES",
    "LOGIN",
    "LOGOUT",
    "PROCEDURE_EXISTS",
    "RESET",
    "RESUME",
    "SELECT",
    "SELECT_CHANNELS",
    "SEND_FILE",
    "SET_GLOBAL_FLAGS",
    "SET_OUTPUT",
    "SET_SAFETY_LIMITS",
    "SET_VARIABLE",
    "SMB_CLEAR_LIST",
    "SMB_FETCH_READ",
    "SMB_HEADER_SCAN_LIST",
    "SMB_INFO",
    "SMB_POSITION",
    "SMB_RAW_DATA",
    "SMB_RAW_HEADER",
    "SMB_READ_ENTRY",
    "SMB_READ_HEADER",
    "SMB_READ_REGISTER",
    "SMB_REFRESH_LIST",
    "SMB_REQUEST_READ",
    "SMB_RESUME",
    "SMB_SAVE_LIST",
    "SMB_SCAN_LIST",
    "SMB_SET_POSITION",
    "SMB_SUSPEND",
    "SMB_WRITE_BYTES",
    "SMB_WRITE_ENTRY",
    "SMB_WRITE_REGISTER",
    "START_DIRECT",
    "START_SELECTED",
    "START_TEST",
    "STATUS_AND_READINGS",
    "SUSPEND",
    "SYSTEM_INFO",
    "TEST_INFO",
    "TEST_INFO_EXTENDED",
    "TEST_NAME_EXISTS",
    "TEST_TIMES",
    "VERSION_INFO",
    "VOLTAGES",
    "Effect",
    "Form",
    "Function",
    "RequestLength",
    "Retry",
    "Target",
    "check_result",
    "find",
    "find_form",
]


FUNCTIONS: dict[tuple[int, int], Function[Any, Any]] = {
    row.number: row
    for row in sorted(
        (*system.ROWS, *channels.ROWS, *commands.ROWS, *smart_battery.ROWS), key=lambda row: row.number
    )
}
"""All functions by number. `(0, n)` is echo for every n; see `find`."""


class Form(NamedTuple):
    """A second form of a function, and the requests that have it: by wire channel and binary data."""

    function: Function[Any, Any]
    has: Callable[[int, bytes], bool]


_SELECTED_CHANNELS = bytes([codes.StartDataType.SELECTED_CHANNELS])

FORMS: dict[tuple[int, int], Form] = {
    (3, 1): Form(CHANNEL_SPECIFICATIONS, lambda channel, data: True),
    (6, 1): Form(SELECT_CHANNELS, lambda channel, data: channel == codes.ALL_SELECTED),
    (6, 2): Form(
        START_SELECTED,
        # Type 1 does not look at the channel.
        lambda channel, data: channel == codes.ALL_SELECTED or data.startswith(_SELECTED_CHANNELS),
    ),
}
"""The functions that have two forms under one number."""


def find(fclass: int, fnum: int) -> Function[Any, Any] | None:
    """The row of a function number, None when the table has none."""
    return ECHO if fclass == 0 else FUNCTIONS.get((fclass, fnum))


def find_form(fclass: int, fnum: int, wire_channel: int, data: bytes) -> Function[Any, Any] | None:
    """The row that a binary request follows, for the side that answers; None when there is none."""
    form = FORMS.get((fclass, fnum))
    if form is not None and form.has(wire_channel, data):
        return form.function
    return find(fclass, fnum)
