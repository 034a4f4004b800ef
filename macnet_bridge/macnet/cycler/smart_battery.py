"""Functions of the smart battery interface: MacNet class 7, by the battery's test channel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from macnet_bridge.errors import BadReply
from macnet_bridge.macnet.connection import BeforeSend
from macnet_bridge.macnet.cycler.calls import Calls
from macnet_bridge.macnet.cycler.lines import Line
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import SMART_BATTERY_ADDRESS, RawFormat
from macnet_bridge.macnet.protocol.registers import Register, read_list


class SmartBatteryCalls(Calls):
    """What smart batteries tell and are told. Each function has the name of its verb."""

    async def sb_version_status(self, channel: int, *, line: Line = Line.READS) -> m.SmartBatteryInfo:
        """Versions and state of the interface, in s, V and degrees Celsius. MacNet (7, 1)"""
        return await self.call(f.SMB_INFO, channel, m.Empty(), line=line)

    async def sb_read_register(
        self, channel: int, register: int, device: int = SMART_BATTERY_ADDRESS, *, line: Line = Line.READS
    ) -> int | None:
        """A word as it was last polled, None when the scan list does not have it. MacNet (7, 4)"""
        request = m.ReadRegister(device_address=device, register=register)
        reply = await self.call(f.SMB_READ_REGISTER, channel, request, line=line)
        return reply.value if reply.found else None

    async def sb_scan_list(self, channel: int, *, line: Line = Line.READS) -> list[m.ScanRegister]:
        """The registers that are polled, and where each is in the raw data. MacNet (7, 5)"""
        return (await self.call(f.SMB_SCAN_LIST, channel, m.ScanListRequest(), line=line)).registers

    async def sb_raw_data(self, channel: int, *, line: Line = Line.READS) -> bytes:
        """What the last poll read. MacNet (7, 6)"""
        return bytes((await self.call(f.SMB_RAW_DATA, channel, m.RawRequest(), line=line)).raw or ())

    async def sb_raw_registers(self, channel: int, *, line: Line = Line.COMMANDS) -> list[m.RegisterBytes]:
        """What the last poll read, by registers; testers may leave some out. JSON MacNet (7, 6)"""
        request = m.RawRequest(raw_format=RawFormat.REGISTERS)
        return (await self.call(f.SMB_RAW_DATA, channel, request, line=line)).registers or []

    async def sb_header_scan_list(self, channel: int, *, line: Line = Line.READS) -> list[m.ScanRegister]:
        """The registers of the header, some seconds after `sb_read_header`. MacNet (7, 7)"""
        return (await self.call(f.SMB_HEADER_SCAN_LIST, channel, m.ScanListRequest(), line=line)).registers

    async def sb_raw_header(self, channel: int, *, line: Line = Line.READS) -> bytes:
        """What the header holds. MacNet (7, 8)"""
        return bytes((await self.call(f.SMB_RAW_HEADER, channel, m.RawRequest(), line=line)).raw or ())

    async def sb_fetch_read(self, channel: int, *, line: Line = Line.READS) -> m.BusReadResult:
        """What `sb_request_read` found; ask again while it is in progress, up to 2 s. MacNet (7, 12)"""
        return await self.call(f.SMB_FETCH_READ, channel, m.Empty(), line=line)

    async def sb_get_position_setup(self, channel: int, *, line: Line = Line.READS) -> m.PositionSetup:
        """How the bus of this position is set up. MacNet (7, 14)"""
        return await self.call(f.SMB_POSITION, channel, m.Empty(), line=line)

    async def sb_read_scan_entry(self, channel: int, index: int, *, line: Line = Line.READS) -> m.ScanEntry:
        """An entry of the software's copy of the scan list. MacNet (7, 20)"""
        return await self.call(f.SMB_READ_ENTRY, channel, m.ScanIndex(index=index), line=line)

    async def sb_decoded_registers(
        self, channel: int, entries: Iterable[m.ScanEntry] = (), *, line: Line = Line.READS
    ) -> list[Register]:
        """What the last poll read, with names and units. MacNet (7, 14), (7, 5) and (7, 6)

        Args:
            entries: of `sb_read_scan_entry`, for error values, and for designators and formats of
                registers that the Smart Battery Data Specification does not tell.

        Raises:
            BadReply: the scan list changed meanwhile; ask again.
        """
        decode = partial(read_list, entries=entries)
        return await self._decoded(channel, f.SMB_SCAN_LIST, f.SMB_RAW_DATA, decode, line)

    async def sb_decoded_header(
        self, channel: int, known: Iterable[Register] = (), *, line: Line = Line.READS
    ) -> list[Register]:
        """What the header holds, with names and units. MacNet (7, 14), (7, 7) and (7, 8)

        Args:
            known: from `sb_decoded_registers`; the battery mode among them tells the unit of the
                design capacity, which a header alone does not.

        Raises:
            BadReply: the header was read anew meanwhile; ask again.
        """
        decode = partial(read_list, known=known)
        return await self._decoded(channel, f.SMB_HEADER_SCAN_LIST, f.SMB_RAW_HEADER, decode, line)

    async def _decoded(
        self,
        channel: int,
        list_function: f.Function[m.ScanListRequest, m.ScanList],
        raw_function: f.Function[m.RawRequest, m.RawData],
        decode: Callable[[list[m.ScanRegister], bytes, m.PositionSetup], list[Register]],
        line: Line,
    ) -> list[Register]:
        setup = await self.sb_get_position_setup(channel, line=line)
        listed = await self.call(list_function, channel, m.ScanListRequest(), line=line)
        raw = await self.call(raw_function, channel, m.RawRequest(), line=line)
        if await self.call(list_function, channel, m.ScanListRequest(), line=line) != listed:
            raise BadReply(f"{raw_function}: its list changed while it was read")
        return decode(listed.registers, bytes(raw.raw or ()), setup)

    # --- commands; none of them tells whether the battery itself took part

    async def sb_suspend_polling(self, channel: int, before_send: BeforeSend | None = None) -> None:
        """Stop reading the scan list again and again. MacNet (7, 2)"""
        await self.call(f.SMB_SUSPEND, channel, m.Empty(), line=Line.COMMANDS, before_send=before_send)

    async def sb_resume_polling(self, channel: int, before_send: BeforeSend | None = None) -> None:
        """Read the scan list again and again. MacNet (7, 3)"""
        await self.call(f.SMB_RESUME, channel, m.Empty(), line=Line.COMMANDS, before_send=before_send)

    async def sb_write_register(
        self, channel: int, register: int, data: Sequence[int], before_send: BeforeSend | None = None
    ) -> None:
        """Write up to 60 bytes to a register. MacNet (7, 9)"""
        request = m.WriteRegister(register=register, data=list(data))
        await self.call(f.SMB_WRITE_REGISTER, channel, request, line=Line.COMMANDS, before_send=before_send)

    async def sb_write_bytes(
        self, channel: int, request: m.BusWrite, before_send: BeforeSend | None = None
    ) -> None:
        """Write to the bus. MacNet (7, 10)"""
        await self.call(f.SMB_WRITE_BYTES, channel, request, line=Line.COMMANDS, before_send=before_send)

    async def sb_request_read(
        self, channel: int, request: m.BusRead, before_send: BeforeSend | None = None
    ) -> None:
        """Start a read of the bus, which `sb_fetch_read` asks for. MacNet (7, 11)"""
        await self.call(f.SMB_REQUEST_READ, channel, request, line=Line.COMMANDS, before_send=before_send)

    async def sb_read_header(self, channel: int, before_send: BeforeSend | None = None) -> None:
        """Start a read of the header, which takes seconds; the channel has to be available. MacNet (7, 13)"""
        await self.call(f.SMB_READ_HEADER, channel, m.Empty(), line=Line.COMMANDS, before_send=before_send)

    async def sb_set_position_setup(
        self, channel: int, request: m.SetPosition, before_send: BeforeSend | None = None
    ) -> None:
        """Set up the bus of this position; the channel has to be available. MacNet (7, 15)"""
        await self.call(f.SMB_SET_POSITION, channel, request, line=Line.COMMANDS, before_send=before_send)

    async def sb_write_scan_entry(
        self, channel: int, entry: m.NewScanEntry, before_send: BeforeSend | None = None
    ) -> None:
        """Change the software's copy of the scan list; `sb_save_scan_list` makes it count. MacNet (7, 21)"""
        await self.call(f.SMB_WRITE_ENTRY, channel, entry, line=Line.COMMANDS, before_send=before_send)

    async def sb_clear_scan_list(self, channel: int, before_send: BeforeSend | None = None) -> None:
        """Empty the software's copy of the scan list. MacNet (7, 22)"""
        await self.call(f.SMB_CLEAR_LIST, channel, m.Empty(), line=Line.COMMANDS, before_send=before_send)

    async def sb_save_scan_list(self, channel: int, before_send: BeforeSend | None = None) -> None:
        """Poll by the software's copy of the scan list from now on. MacNet (7, 23)"""
        await self.call(f.SMB_SAVE_LIST, channel, m.Empty(), line=Line.COMMANDS, before_send=before_send)

    async def sb_refresh_scan_list(self, channel: int, before_send: BeforeSend | None = None) -> None:
        """Make the software's copy anew from the list that is polled. MacNet (7, 24)"""
        await self.call(f.SMB_REFRESH_LIST, channel, m.Empty(), line=Line.COMMANDS, before_send=before_send)
