"""Smart batteries through `AsyncCycler`: registers with names and units, and how long replies may take."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from macnet_bridge.errors import BadReply, NoReply
from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.macnet.cycler import BulkTransport
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.simulator import Behaviour, SimulatedCycler
from macnet_bridge.simulator.answers import device

ENTRY = m.NewScanEntry(
    index=0, register=3, length=2, data_type=1, error_value=0xFFFE, designator="Mode", display_format=1
)


@pytest.fixture
async def simulated() -> AsyncIterator[SimulatedCycler]:
    behaviour = Behaviour(starting_second=0.0, smart_batteries=True)
    async with SimulatedCycler(4, behaviour=behaviour) as simulated:
        yield simulated


def address(simulated: SimulatedCycler) -> TesterAddress:
    return TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)


@pytest.fixture(params=["json", "tcp", "udp"])
async def cycler(simulated: SimulatedCycler, request: pytest.FixtureRequest) -> AsyncIterator[AsyncCycler]:
    transport: BulkTransport = request.param
    async with AsyncCycler(address(simulated), transport=transport) as cycler:
        yield cycler


async def test_registers_with_names_and_units(simulated: SimulatedCycler, cycler: AsyncCycler) -> None:
    found = {each.name: each.value for each in await cycler.sb_decoded_registers(2)}
    cell = simulated.channel(2).cell
    assert found == {
        "temperature_celsius": pytest.approx(cell.temperature_celsius, abs=0.1),
        "voltage_volt": round(cell.voltage_volt, 3),
        "current_ampere": 0.0,
        "remaining_capacity": None,
        "full_charge_capacity": None,
    }
    assert {record.channel for record in simulated.received if record.number[0] == 7} == {2}  # type: ignore[index]


async def test_capacities_once_the_mode_is_polled(simulated: SimulatedCycler, cycler: AsyncCycler) -> None:
    simulated.tester.batteries[1].written[3] = b"\x01\x60"
    await cycler.sb_write_scan_entry(2, ENTRY)
    await cycler.sb_save_scan_list(2)
    polled = await cycler.sb_decoded_registers(2)
    found = {each.name: each.value for each in polled}
    cell = simulated.channel(2).cell
    assert found["remaining_capacity_ah"] == pytest.approx(cell.capacity_ah * cell.charge, abs=1e-3)
    assert found["full_charge_capacity_ah"] == round(cell.capacity_ah, 3)
    simulated.tester.batteries[1].header_at = 0.0
    header = await cycler.sb_decoded_header(2)
    assert {each.name: each.value for each in header} == {
        "design_capacity": None,
        "design_voltage_volt": 3.7,
        "serial_number": 1,
        "manufacturer_name": "SIM",
        "device_name": "Cell",
        "device_chemistry": "LION",
    }
    header = await cycler.sb_decoded_header(2, polled)
    assert (header[0].name, header[0].value) == ("design_capacity_ah", 2.5)


async def test_a_bus_without_smart_batteries(simulated: SimulatedCycler, cycler: AsyncCycler) -> None:
    await cycler.sb_set_position_setup(
        2, m.SetPosition(bus_type=2, clock_divisor=1, bus_logic_volt=3.3, access_delay_ms=1)
    )
    found = await cycler.sb_decoded_registers(2)
    assert [each.name for each in found] == [None] * 5
    assert found[1].number == round(1000 * simulated.channel(2).cell.voltage_volt)


async def test_registers_of_a_manufacturer_by_their_entries(
    simulated: SimulatedCycler, cycler: AsyncCycler
) -> None:
    await cycler.sb_set_position_setup(
        2, m.SetPosition(bus_type=2, clock_divisor=1, bus_logic_volt=3.3, access_delay_ms=1)
    )
    entries = [await cycler.sb_read_scan_entry(2, index) for index in range(5)]
    found = {each.name: each.value for each in await cycler.sb_decoded_registers(2, entries)}
    millivolt = round(1000 * simulated.channel(2).cell.voltage_volt)
    assert found.items() >= {"Voltage": millivolt, "Current": 0}.items()
    assert len(found) == 5


async def test_a_list_that_changes_meanwhile(
    simulated: SimulatedCycler, cycler: AsyncCycler, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw_data = device.SERVED[7, 6]

    def and_save(tester: Any, channels: Any, body: Any, now: float, session: Any) -> Any:
        tester.batteries[1].polled_entries = tester.batteries[1].entries[:1]
        return raw_data(tester, channels, body, now, session)

    monkeypatch.setitem(device.SERVED, (7, 6), and_save)
    with pytest.raises(BadReply, match="changed"):
        await cycler.sb_decoded_registers(2)
    assert len(await cycler.sb_decoded_registers(2)) == 1


async def test_smart_batteries_have_five_seconds() -> None:
    behaviour = Behaviour(smart_batteries=True)
    async with SimulatedCycler(behaviour=behaviour, latency_ms=300) as simulated:
        cycler = AsyncCycler(address(simulated), timeout_s=0.1)
        assert (await cycler.sb_version_status(1)).bus_volt == 3.299
        with pytest.raises(NoReply, match=r"0\.1 s"):
            await cycler.read_status(1)
        cycler.close()
