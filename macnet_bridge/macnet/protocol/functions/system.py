"""Rows of the system: MacNet classes 0, 1, 5 and 8."""

from __future__ import annotations

from typing import Any

from macnet_bridge.macnet.protocol import codes, messages
from macnet_bridge.macnet.protocol.function import Effect, Function, Retry, Target
from macnet_bridge.macnet.protocol.functions.rows import asks, commands, orders, reads
from macnet_bridge.macnet.protocol.layout import Layout
from macnet_bridge.macnet.protocol.messages import Outcome

_SYSTEM_BASE = (
    "SystemID char[50] | SystemType u8 | ControllerBoards u16 | TestChannels u16 | AuxBoards u16 | "
    "AuxChannels u16 | SMB1Boards u16 | SMB3Boards u16"
)
_SYSTEM_LAYOUTS = (
    Layout(messages.SystemInfo, f"{_SYSTEM_BASE} | ChannelNumberOffset u32"),
    Layout(messages.SystemInfo, _SYSTEM_BASE),  # 63 bytes: the manual gives both sizes
)
_LIST_HEAD = "FileType u8 | Command u8 | NumberOfFiles u16"
_LIST_LAYOUTS = (
    Layout(messages.FileListing, f"{_LIST_HEAD} | Index u16 | FileDate ims | Size i64 | FileName text16"),
    Layout(messages.FileListing, _LIST_HEAD),
)
_DATA = Layout(messages.FileData, "FileType u8 | =3 u8 | BlockNo u16 | Data bytes[]")
_ACKNOWLEDGEMENT = Layout(messages.FileAcknowledgement, "FileType u8 | =4 u8 | BlockNo u16")
_FILE_ERROR = Layout(messages.FileError, "FileType u8 | =5 u8 | ErrorCode u16 | ErrorMessage cstr")
_READ = Layout(messages.ReadRequest, "FileType u8 | =1 u8 | FileName text16")
_WRITE = Layout(messages.WriteRequest, "FileType u8 | =2 u8 | FileName text16")

ECHO = reads(0, 0, "echo", messages.Echo, "", Target.SYSTEM)
VERSION_INFO = reads(
    1,
    1,
    "version_info",
    messages.VersionInfo,
    "APIVersion u16 | MacTest32EXEversionBuild u16 | MacTest32EXEversionMinor u8 | "
    "MacTest32EXEversionMajor u8 | MacTest32DLLversionBuild u16 | MacTest32DLLversionMinor u8 | "
    "MacTest32DLLversionMajor u8 | MacTest32ExeDT ms | MacTest32DLLDT ms",
    Target.SYSTEM,
)
SYSTEM_INFO = asks(
    1,
    2,
    "system_info",
    messages.Empty,
    (Layout(messages.Empty, ""),),
    messages.SystemInfo,
    _SYSTEM_LAYOUTS,
    Target.SYSTEM,
    binary_only=frozenset({"SMB1Boards", "SMB3Boards", "ChannelNumberOffset"}),
)
# Names go out in fields of 25 bytes; testers of our own take shorter ones, which the manual prints.
PROCEDURE_EXISTS = asks(
    1,
    3,
    "procedure_exists",
    messages.ProcedureName,
    (
        Layout(messages.ProcedureName, "ProcName char[25]"),
        Layout(messages.ProcedureName, "ProcName text[25]"),
    ),
    messages.ProcedureExists,
    (Layout(messages.ProcedureExists, "ProcedurExists truth"),),
    Target.SYSTEM,
    aliases={"ProcedureExists": "ProcedurExists"},
    misprinted_fnum=2,
)
TEST_NAME_EXISTS = asks(
    1,
    4,
    "test_name_exists",
    messages.TestName,
    (Layout(messages.TestName, "TestName char[25]"), Layout(messages.TestName, "TestName text[25]")),
    messages.TestNameExists,
    (Layout(messages.TestNameExists, "TestNameExists truth"),),
    Target.SYSTEM,
    misprinted_fnum=2,
)
LIST_FILES = asks(
    1,
    5,
    "list_files",
    messages.ListFiles,
    (Layout(messages.ListFiles, "FileType u8 | Command u8"),),
    messages.FileListing,
    _LIST_LAYOUTS,
    Target.SYSTEM,
    # The tester keeps a cursor: asking for the next name twice gives two names.
    retry=Retry.AFTER_READING_STATE,
    idempotent=False,
    aliases={"FileSize": "Size"},
    misprinted_lengths={3: 4},
)
SEND_FILE = asks(
    1,
    6,
    "send_file",
    messages.FileMessage,
    (_WRITE, _DATA, _FILE_ERROR),
    messages.FileMessage,
    (_ACKNOWLEDGEMENT, _FILE_ERROR),
    Target.SYSTEM,
    effect=Effect.CHANGES,
    retry=Retry.RESTART,
    idempotent=False,
    json=False,
)
GET_FILE = asks(
    1,
    7,
    "get_file",
    messages.FileMessage,
    (_READ, _ACKNOWLEDGEMENT, _FILE_ERROR),
    messages.FileMessage,
    (_DATA, _FILE_ERROR),
    Target.SYSTEM,
    retry=Retry.RESTART,
    idempotent=False,
    json=False,
)
SET_GLOBAL_FLAGS = asks(
    5,
    1,
    "set_global_flags",
    messages.GlobalFlags,
    (Layout(messages.GlobalFlags, "GlobFlags hex"),),
    messages.NewGlobalFlags,
    (Layout(messages.NewGlobalFlags, "New GlobFlags hex"),),
    Target.SYSTEM,
    effect=Effect.CHANGES,
    aliases={"GlobFlags": "New GlobFlags"},
)
_RESULT_BYTE = (Layout(Outcome, "Result u8"),)
LOGIN = commands(
    8,
    1,
    "login",
    messages.Login,
    (Layout(messages.Login, "UserID text8 | Password text8"),),
    Retry.AT_ONCE,
    idempotent=True,
    target=Target.SYSTEM,
    results=codes.LOGIN_RESULTS,
    success=frozenset({1, "1", "PASSED"}),
    binary_reply=_RESULT_BYTE,
)
LOGOUT = orders(
    8,
    2,
    "logout",
    Retry.AT_ONCE,
    target=Target.SYSTEM,
    results=codes.LOGOUT_RESULTS,
    success=frozenset({1, "1", "LOGGED OUT"}),
    binary_reply=_RESULT_BYTE,
)

ROWS: tuple[Function[Any, Any], ...] = (
    ECHO,
    VERSION_INFO,
    SYSTEM_INFO,
    PROCEDURE_EXISTS,
    TEST_NAME_EXISTS,
    LIST_FILES,
    SEND_FILE,
    GET_FILE,
    SET_GLOBAL_FLAGS,
    LOGIN,
    LOGOUT,
)
