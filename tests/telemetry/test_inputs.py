"""Auxiliary inputs and variables in our words."""

from __future__ import annotations

import msgspec

from macnet_bridge.macnet.protocol.messages import AuxReadings, FlagsAndVariables
from macnet_bridge.telemetry.inputs import aux_payload, variables_payload


def test_inputs_with_units_and_names() -> None:
    payload = aux_payload(
        AuxReadings(values=[24.5, 3.75]),
        ["C", "V"],
        {1: "surface_temperature_celsius"},
        unix_time_second=10.5,
        run=7,
        test_name="cell-17",
    )
    assert msgspec.to_builtins(payload) == {
        "unix_time_second": 10.5,
        "run": 7,
        "test_name": "cell-17",
        "inputs": [
            {"input": 1, "name": "surface_temperature_celsius", "value": 24.5, "unit": "C"},
            {"input": 2, "name": "aux_2", "value": 3.75, "unit": "V"},
        ],
        "values": {"surface_temperature_celsius": 24.5, "aux_2": 3.75},
    }


def test_units_that_do_not_fit_are_nobodys() -> None:
    payload = aux_payload(
        AuxReadings(values=[1.0, 2.0]), ["C"], {}, unix_time_second=0.0, run=1, test_name=None
    )
    assert [found.unit for found in payload.inputs] == [None, None]


def test_variables_and_flags() -> None:
    reply = FlagsAndVariables(global_flags=0x8000_0021, variables=[float(n) for n in range(1, 16)])
    payload = variables_payload(reply, unix_time_second=1.0, run=2, test_name=None)
    assert payload.global_flags == "0x80000021"
    assert payload.flags_set == [0, 5, 31]
    assert payload.variables == {f"VAR{n}": float(n) for n in range(1, 16)}
