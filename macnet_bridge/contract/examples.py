"""An example of each payload: messages as a bridge sent them, and arguments that a verb takes."""

from __future__ import annotations

from typing import Any

import msgspec

_SESSION = {"bridge": "lab", "session": "98e1d03ccc16db31"}
_RAW = {"stat": 2, "rf1": 1, "rf2": 128}
_SAFETY = {"voltage_max_volt": 4.2, "voltage_min_volt": 2.7, "charge_max_ampere": 2.0}
_READING = {
    "unix_time_second": 1795328722.123,
    "state": "active",
    "mode": "charge",
    "test_name": "cell-17 a",
    "test_time_second": 15.0,
    "step_time_second": 10.0,
    "cycle_count": 0,
    "step_id": 2,
    "record_index": 18,
    "voltage_volt": 3.8512,
    "current_ampere": 0.5,
    "power_watt": 1.9256,
    "step_cumulative_capacity_ah": 0.00139,
    "step_cumulative_energy_wh": 0.00535,
    "tester_time": "2026-11-22T07:00:00",
    "raw": _RAW,
    "run": 17,
    "seq": 88123,
    "quality": "good",
    "is_historical": False,
}
_STATE = {
    **_SESSION,
    "state": "active",
    "mode": "charge",
    "end_reason": None,
    "test_name": "cell-17 a",
    "cell_id": None,
    "procedure": "CCCV_1C",
    "step_id": 2,
    "cycle_count": 0,
    "control": "procedure",
    "lock": None,
    "state_seq": 412,
    "changed_at": 1795328720.5,
    "quality": "good",
    "raw": _RAW,
}
_ACKNOWLEDGEMENT = {
    "id": "01JD-1",
    "command": "start_test",
    "cycler": "lab1",
    "channel": 5,
    "principal": "anonymous",
    "status": "done",
    "final": True,
    "result": {"test_name": "cell-17 a"},
    "verified": "read_back",
    "duplicate": False,
    "received_at": 1795328722.1,
    "finished_at": 1795328722.184,
    "latency_ms": 84.0,
}

PAYLOADS: dict[str, dict[str, Any]] = {
    "Acknowledgement": _ACKNOWLEDGEMENT,
    "Alarm": {
        **_SESSION,
        "alarm": "limit",
        "severity": "critical",
        "since": 1795651632.26,
        "what": "current_ampere 2.5 is above charge_max_ampere 2",
        "reason": "charge_max_ampere",
        "value": 2.5,
        "limit": 2.0,
    },
    "Aux": {
        "unix_time_second": 1795343195.214,
        "run": 1,
        "test_name": "cell-17 a",
        "inputs": [{"input": 1, "name": "surface_temperature_celsius", "value": 25.3125, "unit": "C"}],
        "values": {"surface_temperature_celsius": 25.3125},
    },
    "BridgeStatus": {
        "state": "online",
        "session": "98e1d03ccc16db31",
        "since": 1795343190.328,
        "instance": "c41f2a7be0d95836",
    },
    "ChannelState": _STATE,
    "CyclerStatus": {
        **_SESSION,
        "state": "online",
        "reason": None,
        "last_ok": 1795343191.05,
        "clock_offset_second": -0.341791,
        "missing_functions": {},
        "oddities": [],
    },
    "DirectLapsed": {
        "kind": "direct_lapsed",
        "id": "8c5b1f0e6f1d2a43",
        "unix_time_second": 1795343201.512,
        "run": 1,
        "is_historical": False,
        "principal": "alice",
        "test_name": "pulse 7",
        "reason": "silence",
        "suspended": True,
    },
    "Reading": _READING,
    "Sweep": {
        "unix_time_second": 1795343195.058,
        "spread_second": 0.0073,
        "run": 1,
        "seq": 5,
        "channel": [1, 2],
        "state": ["active", "active"],
        "voltage_volt": [3.9058, 3.5655],
        "current_ampere": [2.5, -2.5],
        "test_time_second": [233.2, 233.1],
    },
}
"""Examples of what the bridge publishes, by the names of the Structs."""

ARGUMENTS: dict[str, dict[str, Any]] = {
    "StartTestArguments": {"procedure": "CCCV_1C", "test_name": "cell-17 a", "c_rate_ah": 3.2},
    "AdvancedStartArguments": {"procedure": "CCCV_1C", "test_name": "cell-17 b", "step_id": 4},
    "SetVariableArguments": {"variable": 3, "value": 4.15},
    "SetSafetyLimitsArguments": {"safety": _SAFETY},
    "StartDirectArguments": {"voltage_volt": 4.1, "current_ampere": 0.5, "valid_for_s": 5},
    "SetOutputArguments": {"lease": "4f1c0a9e", "n": 7, "current_ampere": -0.5},
    "SetGlobalFlagsArguments": {"flags": "0x00000020"},
    "LockArguments": {"reason": "the cell is being changed"},
    "CancelArguments": {"id": "01JD-1"},
    "SetLogLevelArguments": {"level": "debug"},
    "QueryArguments": {"id": "01JD-1"},
    "NameArguments": {"name": "CCCV_1C"},
    "ListFilesArguments": {"type": "procedure"},
    "GetFileArguments": {"type": "procedure", "name": "CCCV_1C.000"},
    "PutFileArguments": {"type": "procedure", "name": "CCCV_1C.000", "data_base64": "PHhtbC8+"},
    "MacNetArguments": {"fclass": 4, "fnum": 7},
}
"""Examples of arguments, by the names of the Structs; what is not here needs none, or is made up."""


def command_example(arguments: type[Any]) -> dict[str, Any]:
    """A command with arguments of a kind."""
    args = ARGUMENTS.get(arguments.__name__)
    if args is None:
        required = [info for info in msgspec.structs.fields(arguments) if info.required]
        args = {info.encode_name: _any_of(info.type) for info in required}
    return {"id": "01JD-1", "args": args} if args else {"id": "01JD-1"}


def _any_of(kind: Any) -> Any:
    """A small value of a type that arguments of smart batteries have."""
    info = msgspec.inspect.type_info(kind)
    if isinstance(info, msgspec.inspect.IntType):
        return max(info.ge or 0, 1) if info.le is None or info.le > 0 else 0
    if isinstance(info, msgspec.inspect.FloatType):
        return 1.0
    if isinstance(info, msgspec.inspect.BoolType):
        return True
    return [] if isinstance(info, msgspec.inspect.ListType | msgspec.inspect.VarTupleType) else "text"
