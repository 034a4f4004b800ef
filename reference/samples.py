"""Requests and replies for the examples: one exchange, or a few, per row. Values are made up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import RESULT_OK

Exchange = tuple[m.Message, m.Message]

CHANNEL = 5
REQUEST_ID = 41

_TIME = datetime(2026, 11, 22, 7, 0)  # noqa: DTZ001  MacNet gives times without a zone
_EMPTY = m.Empty()
_TWO = m.ChannelRange(count=2)
_BEGIN: dict[str, Any] = {
    "test_name": "cell-17-a",
    "procedure": "CCCV_1C",
    "comment": "first cycles",
    "c_rate_ah": 3.25,
}
_OUTPUT: dict[str, Any] = {
    "current_ampere": 1.5,
    "voltage_volt": 4.25,
    "power_watt": 65536.0,
    "resistance_ohm": 0.0,
}
_LIMITS = m.SafetyLimits(
    voltage_max_volt=4.25,
    voltage_min_volt=2.5,
    charge_max_ampere=4.0,
    discharge_max_ampere=6.0,
    charge_max_watt=20.0,
    discharge_max_watt=30.0,
)
_SPECIFICATION = m.ChannelSpecification(
    tick_speed=0.0078125,
    voltage_max_volt=5.0,
    voltage_min_volt=0.0,
    safety_voltage_max_volt=5.25,
    safety_voltage_min_volt=-0.25,
    range4_charge_ampere=10.0,
    range3_charge_ampere=1.0,
    range2_charge_ampere=0.125,
    range1_charge_ampere=0.0078125,
    range4_discharge_ampere=10.0,
    range3_discharge_ampere=1.0,
    range2_discharge_ampere=0.125,
    range1_discharge_ampere=0.0078125,
    safety_charge_ampere=10.5,
    safety_discharge_ampere=10.5,
    battery_safety_charge_watt=55.0,
    battery_safety_discharge_watt=55.0,
    channel_safety_charge_watt=60.0,
    channel_safety_discharge_watt=60.0,
    supply_charge_volt=8.0,
    supply_discharge_volt=8.0,
)
_NAMES = m.TestInfo(
    test_name="cell-17-a",
    comment="first cycles",
    procedure="CCCV_1C",
    procedure_description="constant current, then constant voltage",
)
_REGISTERS = [
    m.ScanRegister(device_address=22, address=10, pointer=0, length=2),
    m.ScanRegister(device_address=22, address=13, pointer=2, length=1),
]
_ENTRY: dict[str, Any] = {
    "index": 7,
    "register": 13,
    "length": 1,
    "data_type": 0,
    "error_value": 255,
    "designator": "StateOfCharge",
    "display_format": 2,
}
_POSITION: dict[str, Any] = {"clock_divisor": 100, "bus_logic_volt": 2.5, "access_delay_ms": 5}

_REQUESTS: dict[type[m.Message], m.Message] = {
    m.Empty: _EMPTY,
    m.ProcedureName: m.ProcedureName(procedure="CCCV_1C"),
    m.TestName: m.TestName(test_name="cell-17-a"),
    m.GlobalFlags: m.GlobalFlags.of(6),
    m.Login: m.Login(user="lab", password="not-my-password"),
    m.ChannelRange: _TWO,
    m.ToggleSelection: m.ToggleSelection.of(CHANNEL),
    m.SelectionBitmap: m.SelectionBitmap.of([1, 5, 12], 16),
    m.StartTest: m.StartTest(**_BEGIN),
    m.CheckStart: m.CheckStart(**_BEGIN),
    m.AdvancedStart: m.AdvancedStart(
        **_BEGIN, options=1, archived_test_name="cell-17", test_step=4, cycle=12
    ),
    m.StartDirect: m.StartDirect(test_name="cell-17-a", mode="C", **_OUTPUT),
    m.DirectOutput: m.DirectOutput(mode="D", **_OUTPUT),
    m.SetVariable: m.SetVariable(variable=2, value=2.5),
    m.SafetyLimits: _LIMITS,
    m.ReadRegister: m.ReadRegister(device_address=22, register=13),
    m.ScanListRequest: m.ScanListRequest(),
    m.RawRequest: m.RawRequest(),
    m.WriteRegister: m.WriteRegister(register=63, data=[5, 7]),
    m.BusWrite: m.BusWrite(first=63, last=63, count=2, data=[5, 7]),
    m.BusRead: m.BusRead(first=10, last=13, count=8),
    m.SetPosition: m.SetPosition(**_POSITION),
    m.ScanIndex: m.ScanIndex(index=7),
    m.NewScanEntry: m.NewScanEntry(**_ENTRY),
}
_REPLIES: dict[type[m.Message], m.Message] = {
    m.Echo: m.Echo(),
    m.Outcome: m.Outcome(result=RESULT_OK),
    m.VersionInfo: m.VersionInfo(
        api_version=3,
        exe_major=4,
        exe_minor=1,
        exe_build=7,
        dll_major=4,
        dll_minor=1,
        dll_build=7,
        exe_time=_TIME,
        dll_time=_TIME,
    ),
    m.SystemInfo: m.SystemInfo(
        system_id="Lab 1",
        system_type=0,
        controller_boards=2,
        test_channels=16,
        aux_boards=1,
        aux_channels=32,
        smb1_positions=0,
        smb3_positions=12,
        smb1_boards=0,
        smb3_boards=1,
        channel_number_offset=0,
    ),
    m.ProcedureExists: m.ProcedureExists(answer="TRUE"),
    m.TestNameExists: m.TestNameExists(answer="FALSE"),
    m.NewGlobalFlags: m.NewGlobalFlags(global_flags="0x00000006"),
    m.ChannelSpecification: _SPECIFICATION,
    m.ChannelSpecifications: m.ChannelSpecifications(specifications=[_SPECIFICATION] * 2),
    m.CalibrationDates: m.CalibrationDates(**dict.fromkeys(m.CalibrationDates.__struct_fields__, _TIME)),
    m.ChannelStatuses: m.ChannelStatuses(
        count=2,
        statuses=[
            m.ChannelStatus(step_code=2, record_cause=1, state=2),
            m.ChannelStatus(step_code=0, record_cause=128, state=0),
        ],
    ),
    m.Voltages: m.Voltages(count=2, voltage_volt=[3.75, 4.125]),
    m.Currents: m.Currents(count=2, current_ampere=[1.5, 0.0]),
    m.AuxReadings: m.AuxReadings(count=2, values=[24.5, 3.75]),
    m.AuxUnits: m.AuxUnits(count=2, units=["C", "V"]),
    m.TestInfo: _NAMES,
    m.StatusAndReadings: m.StatusAndReadings(
        step_code=2,
        record_cause=1,
        state=2,
        record_index=640,
        cycle_count=12,
        step_id=4,
        test_time_second=86400.5,
        step_time_second=600.25,
        step_capacity_ah=0.25,
        step_energy_wh=0.9375,
        current_ampere=1.5,
        voltage_volt=3.75,
        tester_time=_TIME,
    ),
    m.FlagsAndVariables: m.FlagsAndVariables(global_flags="0x00000006", variables=[0.0, 2.5, *[0.0] * 13]),
    m.TestTimes: m.TestTimes(count=2, test_time_second=[86400.5, 0.0]),
    m.EndStatus: m.EndStatus(number_of_ends=3, end_number=2),
    m.SafetyLimits: _LIMITS,
    m.CheckMessage: m.CheckMessage(text="step 4: no end condition"),
    m.SmartBatteryInfo: m.SmartBatteryInfo(
        board=0,
        position=4,
        kind=3,
        server_major=1,
        server_minor=4,
        client_major=1,
        client_minor=9,
        dll_major=2,
        dll_minor=0,
        dll_compilation=11,
        dll_version="2.0",
        dll_name="SMB",
        last_read_second=0.5,
        last_header_second=0.0,
        status=1,
        bus_volt=2.5,
        temperature_celsius=24.5,
    ),
    m.RegisterValue: m.RegisterValue(device_address=22, register=13, value=87),
    m.ScanList: m.ScanList(count=2, registers=_REGISTERS),
    m.RawData: m.RawData(raw_format=1, count=3, raw=[12, 1, 87]),
    m.BusReadResult: m.BusReadResult(status=2, count=4, data=[12, 1, 87, 0]),
    m.PositionSetup: m.PositionSetup(
        bus_type=1, device_address=22, used_percent=4, header_used_percent=9, **_POSITION
    ),
    m.ScanEntry: m.ScanEntry(**_ENTRY),
    m.ScanEntryWritten: m.ScanEntryWritten(index=7, result=RESULT_OK),
}
_FILE: dict[str, Any] = {"file_type": 3}
_SPECIAL: dict[f.Function[Any, Any], list[Exchange]] = {
    f.LIST_FILES: [
        (m.ListFiles(file_type=3), m.FileListing(file_type=3, command=0, number_of_files=2)),
        (
            m.ListFiles(file_type=3, command=1),
            m.FileListing(
                file_type=3,
                command=1,
                number_of_files=2,
                index=1,
                file_date=_TIME,
                size_byte=1234,
                file_name="CCCV_1C.000",
            ),
        ),
    ],
    f.SEND_FILE: [
        (m.WriteRequest(**_FILE, file_name="rest.000"), m.FileAcknowledgement(**_FILE, block=0)),
        (m.FileData(**_FILE, block=1, data=b"the file"), m.FileAcknowledgement(**_FILE, block=1)),
    ],
    f.GET_FILE: [
        (m.ReadRequest(**_FILE, file_name="rest.000"), m.FileData(**_FILE, block=1, data=b"the file")),
    ],
    f.LOGIN: [(_REQUESTS[m.Login], m.Outcome(result=1))],
    f.LOGOUT: [(_EMPTY, m.Outcome(result=1))],
}


def exchanges(row: f.Function[Any, Any]) -> list[Exchange]:
    """Requests to this row, each with a reply to it."""
    return _SPECIAL.get(row) or [(_REQUESTS[row.request], _REPLIES[row.reply])]
