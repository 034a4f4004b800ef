"""What a simulated tester says and does about smart batteries: MacNet class 7.

Each function takes the tester, the battery's channel as of now, the request and `now`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import (
    RESULT_OK,
    SMART_BATTERY_ADDRESS,
    BusReadStatus,
    ChannelState,
    RawFormat,
    SmartBatteryStatus,
    SmartBatteryType,
)
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.simulator.answers.singles import single
from macnet_bridge.simulator.machine.channel import Channel
from macnet_bridge.simulator.machine.smart_battery import (
    BUS_READ_SECOND,
    HEADER_SECOND,
    BusRead,
    SmartBattery,
    registers_of,
)
from macnet_bridge.simulator.machine.tester import Tester

_OK = m.Outcome(result=RESULT_OK)
_BUS_MILLIVOLT = 3299
_MOST_RAW_BYTES = 2048


def _battery(tester: Tester, channel: Channel, now: float, *, idle: bool = False) -> SmartBattery:
    """The channel's battery as of now.

    Raises:
        BadRequest: it has none, or has to be `idle`, with the channel available, and is not.
    """
    if not tester.behaviour.smart_batteries or (idle and channel.state is not ChannelState.AVAILABLE):
        raise BadRequest(BadRequest.MACNET_ERROR)
    battery = tester.batteries[channel.number - 1]
    battery.advance(channel.cell, now)
    return battery


def info(tester: Tester, channel: Channel, body: m.Empty, now: float) -> m.SmartBatteryInfo:
    """MacNet (7, 1)."""
    battery = _battery(tester, channel, now)
    status = SmartBatteryStatus.READING if battery.polls else SmartBatteryStatus.CLIENT_IDLE
    return m.SmartBatteryInfo(
        board=battery.position // 12,
        position=battery.position % 12,
        kind=SmartBatteryType.SMB3,
        server_major=2,
        server_minor=1,
        client_major=2,
        client_minor=7,
        dll_major=0,
        dll_minor=0,
        dll_compilation=0,
        dll_version="",
        dll_name="",
        last_read_second=_age(battery.polled_at, now),
        last_header_second=_age(battery.header_at, now),
        status=status,
        bus_volt=_BUS_MILLIVOLT / 1000,
        temperature_celsius=round(channel.cell.temperature_celsius, 1),
    )


def _age(at: float, now: float) -> float:
    """Seconds since then, at least a millisecond; 0 for what has not happened yet."""
    return 0.0 if at > now or math.isinf(at) else max(round(now - at, 3), 0.001)


def suspend_polling(tester: Tester, channel: Channel, body: m.Empty, now: float) -> m.Outcome:
    """MacNet (7, 2)."""
    _battery(tester, channel, now).polls = False
    return _OK


def resume_polling(tester: Tester, channel: Channel, body: m.Empty, now: float) -> m.Outcome:
    """MacNet (7, 3)."""
    _battery(tester, channel, now).polls = True
    return _OK


def read_register(tester: Tester, channel: Channel, body: m.ReadRegister, now: float) -> m.RegisterValue:
    """MacNet (7, 4): zeros for a register that the scan list does not have."""
    battery = _battery(tester, channel, now)
    here = body.device_address in (None, SMART_BATTERY_ADDRESS)
    value = battery.value_of(body.register) if here else None
    if value is None:
        zero = None if body.device_address is None else 0
        return m.RegisterValue(device_address=zero, register=0, value=0)
    return m.RegisterValue(device_address=body.device_address, register=body.register, value=value)


def scan_list(tester: Tester, channel: Channel, body: m.ScanListRequest, now: float) -> m.ScanList:
    """MacNet (7, 5)."""
    entries = _battery(tester, channel, now).polled_entries
    return _listed([(entry.register, entry.length) for entry in entries], body)


def header_scan_list(tester: Tester, channel: Channel, body: m.ScanListRequest, now: float) -> m.ScanList:
    """MacNet (7, 7): empty before the header was read."""
    header = _battery(tester, channel, now).header(now)
    return _listed([(address, len(data)) for address, data in header.items()], body)


def _listed(parts: Sequence[tuple[int, int]], body: m.ScanListRequest) -> m.ScanList:
    return m.ScanList(count=len(parts), registers=registers_of(parts, with_device=bool(body.selector)))


def raw_data(tester: Tester, channel: Channel, body: m.RawRequest, now: float) -> m.RawData:
    """MacNet (7, 6)."""
    battery = _battery(tester, channel, now)
    addresses = [entry.register for entry in battery.polled_entries]
    return _raw(list(zip(addresses, battery.raw, strict=False)), body)


def raw_header(tester: Tester, channel: Channel, body: m.RawRequest, now: float) -> m.RawData:
    """MacNet (7, 8): empty before the header was read."""
    return _raw(list(_battery(tester, channel, now).header(now).items()), body)


def _raw(parts: Sequence[tuple[int, bytes]], body: m.RawRequest) -> m.RawData:
    if body.raw_format == RawFormat.REGISTERS:
        registers = [
            m.RegisterBytes(address=address, length=len(data), data=list(data)) for address, data in parts
        ]
        return m.RawData(raw_format=body.raw_format, count=len(registers), registers=registers)
    raw = list(b"".join(data for _, data in parts))[:_MOST_RAW_BYTES]
    return m.RawData(raw_format=body.raw_format, count=len(raw), raw=raw)


def write_register(tester: Tester, channel: Channel, body: m.WriteRegister, now: float) -> m.Outcome:
    """MacNet (7, 9)."""
    _battery(tester, channel, now).written[body.register] = bytes(body.data)
    return _OK


def write_bytes(tester: Tester, channel: Channel, body: m.BusWrite, now: float) -> m.Outcome:
    """MacNet (7, 10): all bytes to one address, or one to each."""
    battery = _battery(tester, channel, now)
    if body.count != len(body.data) or body.first > body.last:
        raise BadRequest(BadRequest.ILLEGAL_VALUE)
    if body.bus_address == SMART_BATTERY_ADDRESS:
        if body.first == body.last:
            battery.written[body.first] = bytes(body.data)
        else:
            addresses = range(body.first, body.last + 1)
            battery.written.update(
                (address, bytes([byte])) for address, byte in zip(addresses, body.data, strict=False)
            )
    return _OK


def request_read(tester: Tester, channel: Channel, body: m.BusRead, now: float) -> m.Outcome:
    """MacNet (7, 11): the bytes of one address, or a word of each."""
    battery = _battery(tester, channel, now)
    if body.first > body.last:
        raise BadRequest(BadRequest.ILLEGAL_VALUE)
    found = [battery.register(address, channel.cell) for address in range(body.first, body.last + 1)]
    data = b"".join(part for part in found if part is not None) if any(found) else None
    if body.bus_address != SMART_BATTERY_ADDRESS:
        data = None
    battery.bus_read = BusRead(body.count, now + BUS_READ_SECOND, data and data[: body.count])
    return _OK


def fetch_read(tester: Tester, channel: Channel, body: m.Empty, now: float) -> m.BusReadResult:
    """MacNet (7, 12). Without a read before it, or from nobody, it is an error."""
    read = _battery(tester, channel, now).bus_read
    if read is None or read.data is None:
        return m.BusReadResult(status=BusReadStatus.ERROR, count=read.count if read else 0)
    if now < read.ready_at:
        return m.BusReadResult(status=BusReadStatus.IN_PROGRESS, count=read.count)
    return m.BusReadResult(status=BusReadStatus.COMPLETED, count=len(read.data), data=list(read.data))


def read_header(tester: Tester, channel: Channel, body: m.Empty, now: float) -> m.Outcome:
    """MacNet (7, 13): done some seconds later."""
    _battery(tester, channel, now, idle=True).header_at = now + HEADER_SECOND
    return _OK


def position(tester: Tester, channel: Channel, body: m.Empty, now: float) -> m.PositionSetup:
    """MacNet (7, 14)."""
    battery = _battery(tester, channel, now)
    return m.PositionSetup(
        **msgspec.structs.asdict(battery.setup),
        used_percent=min(sum(map(len, battery.raw)) * 100 // _MOST_RAW_BYTES, 100),
        header_used_percent=sum(map(len, battery.header(now).values())) * 100 // _MOST_RAW_BYTES,
    )


def set_position(tester: Tester, channel: Channel, body: m.SetPosition, now: float) -> m.Outcome:
    """MacNet (7, 15)."""
    battery = _battery(tester, channel, now, idle=True)
    battery.setup = msgspec.structs.replace(body, bus_logic_volt=single(body.bus_logic_volt))
    return _OK


def read_entry(tester: Tester, channel: Channel, body: m.ScanIndex, now: float) -> m.ScanEntry:
    """MacNet (7, 20): of the software's copy. Past its end it is `Illegal value`."""
    entries = _battery(tester, channel, now).entries
    if body.index >= len(entries):
        raise BadRequest(BadRequest.ILLEGAL_VALUE)
    entry = entries[body.index]
    return msgspec.structs.replace(
        entry, index=body.index, data_type=entry.data_type + tester.behaviour.data_type_base
    )


def write_entry(tester: Tester, channel: Channel, body: m.NewScanEntry, now: float) -> m.ScanEntryWritten:
    """MacNet (7, 21): an entry that is there, or the one after the last."""
    shifted = body.data_type - tester.behaviour.data_type_base
    entry = msgspec.structs.replace(body, data_type=max(shifted, 0))
    if not _battery(tester, channel, now, idle=True).replace_entry(entry):
        raise BadRequest(BadRequest.ILLEGAL_VALUE)
    return m.ScanEntryWritten(index=body.index, result=RESULT_OK)


def clear_list(tester: Tester, channel: Channel, body: m.Empty, now: float) -> m.Outcome:
    """MacNet (7, 22): the software's copy."""
    _battery(tester, channel, now, idle=True).entries.clear()
    return _OK


def save_list(tester: Tester, channel: Channel, body: m.Empty, now: float) -> m.Outcome:
    """MacNet (7, 23): the software's copy is the firmware's list from now on."""
    battery = _battery(tester, channel, now, idle=True)
    battery.polled_entries, battery.polled_at, battery.raw = list(battery.entries), -math.inf, []
    return _OK


def refresh_list(tester: Tester, channel: Channel, body: m.Empty, now: float) -> m.Outcome:
    """MacNet (7, 24): the software's copy is made anew from the firmware's list."""
    battery = _battery(tester, channel, now)
    battery.entries = list(battery.polled_entries)
    return _OK
