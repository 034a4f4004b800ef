"""Messages of the tester as a whole: MacNet classes 0, 1, 5 and 8."""

from __future__ import annotations

from msgspec import field

from macnet_bridge.macnet.protocol.fieldtypes import (
    FlagsText,
    ShortText,
    Text,
    Time,
    Truth,
    UInt8,
    UInt16,
    UInt32,
    flags_number,
    is_true,
)
from macnet_bridge.macnet.protocol.messages.base import Message


class Echo(Message, frozen=True):
    """MacNet (0, 0), both ways: the reply is the request."""


class VersionInfo(Message, frozen=True, kw_only=True):
    """Reply of MacNet (1, 1). The EXE and the DLL should be of one version."""

    api_version: UInt16 = field(name="APIVersion")
    exe_major: UInt8 = field(name="MacTest32EXEversionMajor")
    exe_minor: UInt8 = field(name="MacTest32EXEversionMinor")
    exe_build: UInt16 = field(name="MacTest32EXEversionBuild")
    dll_major: UInt8 = field(name="MacTest32DLLversionMajor")
    # pymacnet's spoofer misspells this key, so a reply without it has to pass.
    dll_minor: UInt8 | None = field(name="MacTest32DLLversionMinor", default=None)
    dll_build: UInt16 = field(name="MacTest32DLLversionBuild")
    exe_time: Time = field(name="MacTest32ExeDT")
    dll_time: Time = field(name="MacTest32DLLDT")


class SystemInfo(Message, frozen=True, kw_only=True):
    """Reply of MacNet (1, 2). Binary gives smart-battery boards, JSON positions (12 a board)."""

    system_id: str = field(name="SystemID")
    system_type: UInt8 = field(name="SystemType")
    controller_boards: UInt16 = field(name="ControllerBoards")
    test_channels: UInt16 = field(name="TestChannels")
    aux_boards: UInt16 = field(name="AuxBoards")
    aux_channels: UInt16 = field(name="AuxChannels")
    smb1_positions: UInt16 | None = field(name="SMB1Pos", default=None)
    smb3_positions: UInt16 | None = field(name="SMB3Pos", default=None)
    smb1_boards: UInt16 | None = field(name="SMB1Boards", default=None)
    smb3_boards: UInt16 | None = field(name="SMB3Boards", default=None)
    channel_number_offset: UInt32 | None = field(name="ChannelNumberOffset", default=None)


class ProcedureName(Message, frozen=True, kw_only=True):
    """Request of MacNet (1, 3): a procedure's name, without `.000`."""

    procedure: Text = field(name="ProcName")


class ProcedureExists(Message, frozen=True, kw_only=True):
    """Reply of MacNet (1, 3)."""

    answer: Truth = field(name="ProcedurExists")

    @property
    def exists(self) -> bool:
        """Whether the tester has the procedure."""
        return is_true(self.answer)


class TestName(Message, frozen=True, kw_only=True):
    """Request of MacNet (1, 4)."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    test_name: Text = field(name="TestName")


class TestNameExists(Message, frozen=True, kw_only=True):
    """Reply of MacNet (1, 4), which looks into the archive only."""

    __test__ = False

    answer: Truth = field(name="TestNameExists")

    @property
    def exists(self) -> bool:
        """Whether the archive has a test of this name."""
        return is_true(self.answer)


class GlobalFlags(Message, frozen=True, kw_only=True):
    """Request of MacNet (5, 1): all 32 flags of the system, as `0x00000020` or as a number."""

    global_flags: FlagsText | UInt32 = field(name="GlobFlags")

    @classmethod
    def of(cls, flags: int) -> GlobalFlags:
        """The request for flags given as one number, in the form that JSON wants."""
        return cls(global_flags=f"0x{flags:08X}")

    @property
    def flags(self) -> int:
        """The 32 flags as one number."""
        return flags_number(self.global_flags)


class NewGlobalFlags(Message, frozen=True, kw_only=True):
    """Reply of MacNet (5, 1): the flags as they are now."""

    global_flags: FlagsText | UInt32 = field(name="New GlobFlags")

    @property
    def flags(self) -> int:
        """The 32 flags as one number."""
        return flags_number(self.global_flags)


class Login(Message, frozen=True, kw_only=True):
    """Request of MacNet (8, 1). The password travels as it is: no transport is encrypted."""

    user: ShortText = field(name="UserID")
    password: ShortText = field(name="Password")

    def __repr__(self) -> str:
        """Without the password, which must not get into a log."""
        return f"Login(user={self.user!r})"
