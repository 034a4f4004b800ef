"""Rows of the smart battery interface: MacNet class 7, addressed by the battery's test channel."""

from __future__ import annotations

from typing import Any

from macnet_bridge.macnet.protocol import messages
from macnet_bridge.macnet.protocol.function import Effect, Function, RequestLength, Retry
from macnet_bridge.macnet.protocol.functions.rows import NOTHING, asks, commands, orders, reads
from macnet_bridge.macnet.protocol.layout import Layout

# The manual prints the replies of most of these functions as requests.
_PRINTED: dict[str, Any] = {"printed_as_request": True}

_REGISTER = Layout(messages.ScanRegister, "Addr u8 | Ptr u8 | Len u8")
_DEVICE_REGISTER = Layout(messages.ScanRegister, "DevAddr u8 | Addr u8 | Ptr u8 | Len u8")
_SCAN_LISTS = (
    Layout(messages.ScanList, "ScanList items8", items=_DEVICE_REGISTER),
    Layout(messages.ScanList, "ScanList items8", items=_REGISTER),
)
_TRANSFER = "BusAddr u8 | StartDataAddr u8 | EndDataAddr u8 | NumOfBytes u8 | BusType u8"
_POSITION = "BusType u8 | DeviceAddr u8 | ClockFreqDivisor u16 | BusLogicV f32 | AccessDelay u16"
_ENTRY = (
    "Index u8 | reg_addrs u8 | Len u8 | ErrorVal u16 | data_type u8 | Designator char[25] | FormatType u16"
)


def _scan_list(fnum: int, name: str) -> Function[messages.ScanListRequest, messages.ScanList]:
    return asks(
        7,
        fnum,
        name,
        messages.ScanListRequest,
        (Layout(messages.ScanListRequest, ""),),
        messages.ScanList,
        _SCAN_LISTS,
        request_length=RequestLength.SELECTOR,
        binary_only=frozenset({"Len"}),
    )


def _raw(fnum: int, name: str) -> Function[messages.RawRequest, messages.RawData]:
    return asks(
        7,
        fnum,
        name,
        messages.RawRequest,
        (Layout(messages.RawRequest, ""),),
        messages.RawData,
        (Layout(messages.RawData, "RawData u8[]"),),
    )


def _order(fnum: int, name: str, **more: Any) -> Function[messages.Empty, messages.Outcome]:
    return orders(7, fnum, name, Retry.AT_ONCE, idempotent=True, **more)


SMB_INFO = reads(
    7,
    1,
    "smb_version_status",
    messages.SmartBatteryInfo,
    "SBbrd u8 | SBPos u8 | SBType u8 | ServerVersionMajor u8 | ServerVersionMinor u8 | "
    "ClientVersionMajor u8 | ClientVersionMinor u8 | DLLVersionMajor u8 | DLLVersionMinor u8 | "
    "DLLCompileNum u16 | DLLversionString char[50] | DLLName char[50] | SecsLastRead u32/1000 | "
    "SecsLastHeader u32/1000 | Status u8 | BusVolt u16/1000 | Temperature i16/10",
    binary_only=frozenset({"DLLversionString", "DLLName"}),
)
SMB_SUSPEND = _order(2, "smb_suspend_polling")
SMB_RESUME = _order(3, "smb_resume_polling")
SMB_READ_REGISTER = asks(
    7,
    4,
    "smb_read_register",
    messages.ReadRegister,
    (
        Layout(messages.ReadRegister, "SMBDevAddr u8 | SMBRegAddr u8"),
        Layout(messages.ReadRegister, "SMBRegAddr u8"),
    ),
    messages.RegisterValue,
    (
        Layout(messages.RegisterValue, "SMBDevAddr u8 | SMBRegAddr u8 | SMBRegValue u16"),
        Layout(messages.RegisterValue, "SMBRegAddr u8 | SMBRegValue u16"),
    ),
)
SMB_SCAN_LIST = _scan_list(5, "smb_scan_list")
SMB_RAW_DATA = _raw(6, "smb_raw_data")
SMB_HEADER_SCAN_LIST = _scan_list(7, "smb_header_scan_list")
SMB_RAW_HEADER = _raw(8, "smb_raw_header")
SMB_WRITE_REGISTER = commands(
    7,
    9,
    "smb_write_register",
    messages.WriteRegister,
    (Layout(messages.WriteRegister, "RegAddr u8 | Data list8"),),
    Retry.AFTER_READING_STATE,
    **_PRINTED,
)
SMB_WRITE_BYTES = commands(
    7,
    10,
    "smb_write_bytes",
    messages.BusWrite,
    (Layout(messages.BusWrite, f"{_TRANSFER} | CheckSum u8 | Data u8[]"),),
    Retry.AFTER_READING_STATE,
    **_PRINTED,
)
SMB_REQUEST_READ = commands(
    7,
    11,
    "smb_request_read",
    messages.BusRead,
    (Layout(messages.BusRead, _TRANSFER),),
    Retry.AT_ONCE,
    idempotent=True,
    **_PRINTED,
)
SMB_FETCH_READ = asks(
    7,
    12,
    "smb_fetch_read",
    messages.Empty,
    NOTHING,
    messages.BusReadResult,
    (
        Layout(messages.BusReadResult, "Status u8 | NumOfBytes u16 | Data u8[]"),
        Layout(messages.BusReadResult, "Status u8"),
    ),
    **_PRINTED,
)
SMB_READ_HEADER = _order(13, "smb_read_header", **_PRINTED)
SMB_POSITION = reads(
    7,
    14,
    "smb_get_position_setup",
    messages.PositionSetup,
    f"{_POSITION} | PctOfMax u8 | PctOfMaxHdr u8",
    **_PRINTED,
)
SMB_SET_POSITION = commands(
    7,
    15,
    "smb_set_position_setup",
    messages.SetPosition,
    (Layout(messages.SetPosition, f"{_POSITION} | - u8 | - u8"),),
    Retry.AT_ONCE,
    idempotent=True,
    **_PRINTED,
)
SMB_READ_ENTRY = asks(
    7,
    20,
    "smb_read_scan_entry",
    messages.ScanIndex,
    (Layout(messages.ScanIndex, "Index u8"),),
    messages.ScanEntry,
    (Layout(messages.ScanEntry, f"{_ENTRY} | dev_addrs u8"), Layout(messages.ScanEntry, _ENTRY)),
    **_PRINTED,
)
SMB_WRITE_ENTRY = asks(
    7,
    21,
    "smb_write_scan_entry",
    messages.NewScanEntry,
    # The manual counts one byte less than it describes.
    (Layout(messages.NewScanEntry, f"{_ENTRY} | dev_addrs u8"), Layout(messages.NewScanEntry, _ENTRY)),
    messages.ScanEntryWritten,
    (
        Layout(messages.ScanEntryWritten, "Index u8 | Result u16"),
        Layout(messages.ScanEntryWritten, "Result u16"),
        Layout(messages.ScanEntryWritten, "Result u8"),
        Layout(messages.ScanEntryWritten, ""),
    ),
    effect=Effect.CHANGES,
    **_PRINTED,
)
SMB_CLEAR_LIST = _order(22, "smb_clear_scan_list", **_PRINTED)
SMB_SAVE_LIST = _order(23, "smb_save_scan_list")
SMB_REFRESH_LIST = _order(24, "smb_refresh_scan_list")

ROWS: tuple[Function[Any, Any], ...] = (
    SMB_INFO,
    SMB_SUSPEND,
    SMB_RESUME,
    SMB_READ_REGISTER,
    SMB_SCAN_LIST,
    SMB_RAW_DATA,
    SMB_HEADER_SCAN_LIST,
    SMB_RAW_HEADER,
    SMB_WRITE_REGISTER,
    SMB_WRITE_BYTES,
    SMB_REQUEST_READ,
    SMB_FETCH_READ,
    SMB_READ_HEADER,
    SMB_POSITION,
    SMB_SET_POSITION,
    SMB_READ_ENTRY,
    SMB_WRITE_ENTRY,
    SMB_CLEAR_LIST,
    SMB_SAVE_LIST,
    SMB_REFRESH_LIST,
)
