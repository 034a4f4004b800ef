"""One request and one reply for every function, and hypothesis strategies for all of them."""

from __future__ import annotations

import struct
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m

singles = st.floats(width=32, allow_nan=False, allow_infinity=False)
u8, u16, u32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32))
flags = u32.map("0x{:08X}".format)
# Milliseconds that JSON's times can say as well: whole seconds, as the manual prints them.
times = st.integers(0, 2**32 - 1).map(lambda s: datetime(1970, 1, 1) + timedelta(seconds=s))  # noqa: DTZ001


def text(width: int) -> st.SearchStrategy[str]:
    """ASCII that survives a field filled with spaces."""
    letters = st.characters(min_codepoint=1, max_codepoint=127)
    return st.text(letters, max_size=width).map(lambda s: s.rstrip(" \0"))


def single(value: float) -> float:
    """The nearest number that four bytes can hold."""
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded


counts = st.builds(m.ChannelRange, count=st.integers(1, 128))
empty = st.just(m.Empty())
start_fields: dict[str, st.SearchStrategy[Any]] = {
    "test_name": text(25),
    "procedure": text(25),
    "comment": text(80),
    "c_rate_ah": singles,
    "chamber": u8,
}
output_fields: dict[str, st.SearchStrategy[Any]] = {
    "current_ampere": singles,
    "voltage_volt": singles,
    "power_watt": singles,
    "resistance_ohm": singles,
    "current_range": st.integers(1, 4),
    "mode": st.sampled_from("CDR"),
}
limits = st.builds(
    m.SafetyLimits,
    **dict.fromkeys(m.SafetyLimits.__struct_fields__, singles),
)

_REQUESTS: dict[type[m.Message], st.SearchStrategy[Any]] = {
    m.Empty: empty,
    m.ChannelRange: counts,
    m.StartTest: st.builds(
        m.StartTest,
        **start_fields,
        start_cycle=u16,
        total_cycles=u16,
        mass_gram=singles,
        voltage_gain=u8,
        align_reports=u8,
        parallel_ohm=singles,
        divider_high_ohm=singles,
        divider_low_ohm=singles,
        can_position=st.integers(-(2**15), 2**15 - 1),
        can_profile=text(25),
        regime=text(25),
    ),
    m.CheckStart: st.builds(m.CheckStart, **start_fields),
    m.StartDirect: st.builds(
        m.StartDirect,
        test_name=text(25),
        **output_fields,
        record_second=singles,
        record_volt=singles,
        record_ampere=singles,
    ),
    m.DirectOutput: st.builds(m.DirectOutput, **output_fields),
    m.SetVariable: st.builds(m.SetVariable, variable=st.integers(1, 15), value=singles),
    m.SafetyLimits: limits,
}

statuses = st.builds(m.ChannelStatus, step_code=u8, record_cause=u8, state=u16)

_REPLIES: dict[type[m.Message], st.SearchStrategy[Any]] = {
    m.Echo: st.just(m.Echo()),
    m.Outcome: st.builds(m.Outcome, result=u16),
    m.VersionInfo: st.builds(
        m.VersionInfo,
        api_version=u16,
        exe_major=u8,
        exe_minor=u8,
        exe_build=u16,
        dll_major=u8,
        dll_minor=u8,
        dll_build=u16,
        exe_time=times,
        dll_time=times,
    ),
    m.SystemInfo: st.builds(
        m.SystemInfo,
        system_id=text(50),
        system_type=u8,
        controller_boards=u16,
        test_channels=u16,
        aux_boards=u16,
        aux_channels=u16,
        smb1_boards=u16,
        smb3_boards=u16,
        channel_number_offset=st.none() | u32,
    ),
    m.ChannelSpecification: st.builds(
        m.ChannelSpecification,
        **dict.fromkeys(m.ChannelSpecification.__struct_fields__, singles),
    ),
    m.ChannelStatuses: st.builds(m.ChannelStatuses, statuses=st.lists(statuses, min_size=1, max_size=128)),
    m.Voltages: st.builds(m.Voltages, voltage_volt=st.lists(singles, min_size=1, max_size=128)),
    m.Currents: st.builds(m.Currents, current_ampere=st.lists(singles, min_size=1, max_size=128)),
    m.TestTimes: st.builds(m.TestTimes, test_time_second=st.lists(singles, min_size=1, max_size=128)),
    m.AuxReadings: st.builds(m.AuxReadings, values=st.lists(singles, min_size=1, max_size=16)),
    m.AuxUnits: st.builds(m.AuxUnits, units=st.lists(text(4), min_size=1, max_size=16)),
    m.TestInfo: st.builds(
        m.TestInfo, test_name=text(25), comment=text(80), procedure=text(25), procedure_description=text(80)
    ),
    m.StatusAndReadings: st.builds(
        m.StatusAndReadings,
        step_code=u8,
        record_cause=u8,
        state=u16,
        record_index=u32,
        cycle_count=u32,
        step_id=u16,
        test_time_second=singles,
        step_time_second=singles,
        step_capacity_ah=singles,
        step_energy_wh=singles,
        current_ampere=singles,
        voltage_volt=singles,
        tester_time=times,
    ),
    m.FlagsAndVariables: st.builds(
        m.FlagsAndVariables, global_flags=flags, variables=st.lists(singles, min_size=15, max_size=15)
    ),
    m.SafetyLimits: limits,
}

ROWS = list(f.FUNCTIONS.values())
rows = st.sampled_from(ROWS)
requests = rows.flatmap(lambda row: st.tuples(st.just(row), _REQUESTS[row.request] if row.fclass else empty))
replies = rows.flatmap(lambda row: st.tuples(st.just(row), _REPLIES[row.reply]))
channels = st.integers(1, 1024)


def sample_request(function: f.Function[Any, Any]) -> m.Message:
    """Some request of this function."""
    start: dict[str, Any] = {"test_name": "Random", "procedure": "P"}
    output: dict[str, Any] = {
        "current_ampere": 0.5,
        "voltage_volt": 4.0,
        "power_watt": 65536.0,
        "resistance_ohm": 0.0,
    }
    samples: dict[type[m.Message], m.Message] = {
        m.Empty: m.Empty(),
        m.ChannelRange: m.ChannelRange(count=2),
        m.StartTest: m.StartTest(**start),
        m.CheckStart: m.CheckStart(**start),
        m.StartDirect: m.StartDirect(test_name="Random", mode="C", **output),
        m.DirectOutput: m.DirectOutput(mode="D", **output),
        m.SetVariable: m.SetVariable(variable=3, value=-1.25),
        m.SafetyLimits: m.SafetyLimits(**dict.fromkeys(m.SafetyLimits.__struct_fields__, 1.0)),
    }
    return samples[function.request]


def items(reply: Any) -> m.ChannelRange:
    """The request that a bulk reply of this length answers."""
    lists = [getattr(reply, name) for name in reply.__struct_fields__]
    return m.ChannelRange(count=next(len(value) for value in lists if isinstance(value, list)))


def request_for(function: f.Function[Any, Any], reply: m.Message) -> m.Message:
    """A request that this reply may answer."""
    return items(reply) if function.request is m.ChannelRange else m.Empty()
