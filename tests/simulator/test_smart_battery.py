"""A simulated smart battery over time."""

from __future__ import annotations

from typing import Any

import pytest

from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from tests.simulator.machine import Machine

VOLTAGE = m.ReadRegister(device_address=22, register=9)


@pytest.fixture
def machine() -> Machine:
    return Machine(smart_batteries=True)


def register(machine: Machine, address: int) -> Any:
    return machine.ask(f.SMB_READ_REGISTER, m.ReadRegister(device_address=22, register=address))


def entry(index: int, address: int) -> m.NewScanEntry:
    return m.NewScanEntry(
        index=index,
        register=address,
        length=2,
        data_type=1,
        error_value=0xFFFE,
        designator="x",
        display_format=0,
    )


def test_registers_are_as_old_as_the_last_poll(machine: Machine) -> None:
    machine.start_direct(mode="D", ampere=2.0, volt=2.5)
    machine.pass_by(10.0)
    assert register(machine, 10).value == 0x10000 - 2000
    machine.result(f.SMB_SUSPEND)
    machine.result(f.RESET)
    machine.pass_by(10.0)
    assert register(machine, 10).value == 0x10000 - 2000
    info: Any = machine.ask(f.SMB_INFO, m.Empty())
    assert (info.seconds_since_read, info.status) == (10.0, 1)
    machine.result(f.SMB_RESUME)
    assert register(machine, 10).value == 0


def test_the_header_takes_seconds(machine: Machine) -> None:
    machine.result(f.SMB_READ_HEADER)
    counts = []
    for second in (1.0, 1.0):
        machine.pass_by(second)
        listed: Any = machine.ask(f.SMB_HEADER_SCAN_LIST, m.ScanListRequest())
        raw: Any = machine.ask(f.SMB_RAW_HEADER, m.RawRequest())
        counts.append((len(listed.registers), raw.count))
    assert counts == [(0, 0), (6, 17)]


def test_a_list_is_polled_once_it_is_saved(machine: Machine) -> None:
    for row, body in ((f.SMB_CLEAR_LIST, m.Empty()), (f.SMB_WRITE_ENTRY, entry(0, 0x18))):
        machine.result(row, body)
    assert register(machine, 0x18).found is False
    assert register(machine, 9).found is True
    machine.result(f.SMB_SAVE_LIST)
    assert register(machine, 0x18).value == 2500
    assert register(machine, 9).found is False
    machine.result(f.SMB_WRITE_ENTRY, entry(1, 0x99))
    machine.result(f.SMB_SAVE_LIST)
    assert register(machine, 0x99).value == 0xFFFE, "the error value of an entry that cannot be read"


def test_an_edit_is_gone_after_a_refresh(machine: Machine) -> None:
    machine.result(f.SMB_CLEAR_LIST)
    with pytest.raises(BadRequest):
        machine.ask(f.SMB_READ_ENTRY, m.ScanIndex(index=0))
    machine.result(f.SMB_REFRESH_LIST)
    found: Any = machine.ask(f.SMB_READ_ENTRY, m.ScanIndex(index=1))
    assert (found.register, found.designator) == (9, "Voltage")
    with pytest.raises(BadRequest):
        machine.ask(f.SMB_WRITE_ENTRY, entry(6, 1))


def test_what_is_written_can_be_read(machine: Machine) -> None:
    machine.result(f.SMB_WRITE_BYTES, m.BusWrite(first=64, last=65, count=2, data=[1, 2]))
    machine.result(f.SMB_WRITE_REGISTER, m.WriteRegister(register=66, data=[3]))
    machine.result(f.SMB_REQUEST_READ, m.BusRead(first=64, last=66, count=3))
    first: Any = machine.ask(f.SMB_FETCH_READ, m.Empty())
    machine.pass_by(0.2)
    second: Any = machine.ask(f.SMB_FETCH_READ, m.Empty())
    assert (first.status, second.status, second.data) == (1, 2, [1, 2, 3])


@pytest.mark.parametrize(
    "read",
    [None, m.BusRead(first=200, last=200, count=2), m.BusRead(bus_address=9, first=9, last=9, count=2)],
)
def test_a_read_of_nobody_is_an_error(machine: Machine, read: m.BusRead | None) -> None:
    if read:
        machine.result(f.SMB_REQUEST_READ, read)
    machine.pass_by(1.0)
    result: Any = machine.ask(f.SMB_FETCH_READ, m.Empty())
    assert (result.status, result.data) == (3, [])


def test_the_setup_is_kept(machine: Machine) -> None:
    setup = m.SetPosition(
        bus_type=4, device_address=23, clock_divisor=9, bus_logic_volt=3.3, access_delay_ms=5
    )
    machine.result(f.SMB_SET_POSITION, setup)
    found: Any = machine.ask(f.SMB_POSITION, m.Empty())
    assert (found.bus_type, found.device_address, found.clock_divisor) == (4, 23, 9)
    assert found.bus_logic_volt == pytest.approx(3.3)


def test_some_things_want_a_channel_that_is_available(machine: Machine) -> None:
    machine.start("Rest")
    for row in (f.SMB_READ_HEADER, f.SMB_CLEAR_LIST, f.SMB_SAVE_LIST):
        with pytest.raises(BadRequest):
            machine.result(row)
    assert machine.result(f.SMB_REFRESH_LIST) == 0


def test_q27_data_types_may_be_counted_from_1() -> None:
    machine = Machine(smart_batteries=True, data_type_base=1)
    found: Any = machine.ask(f.SMB_READ_ENTRY, m.ScanIndex(index=1))
    assert found.data_type == 2


def test_testers_without_boards_have_no_class_7() -> None:
    machine = Machine()
    with pytest.raises(BadRequest):
        machine.ask(f.SMB_READ_REGISTER, VOLTAGE)
    info: Any = machine.ask(f.SYSTEM_INFO, m.Empty())
    assert info.smb3_positions == 0
