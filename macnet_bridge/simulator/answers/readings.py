"""What a simulated tester tells when asked: MacNet classes 0, 3 and 4, and (1, 1) and (1, 2).

Each function takes the tester, the channels addressed as of now, the request and `now`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from macnet_bridge.macnet.protocol import messages
from macnet_bridge.macnet.protocol.messages import Message
from macnet_bridge.simulator.answers.singles import as_singles, single
from macnet_bridge.simulator.machine.channel import Channel
from macnet_bridge.simulator.machine.specification import AUX_UNITS
from macnet_bridge.simulator.machine.tester import Tester

_CHANNELS_PER_BOARD = 8
_POSITIONS_PER_BOARD = 12
_BUILT = datetime(2024, 4, 26, 12, 0)  # noqa: DTZ001  MacNet gives times without a zone

_VERSION = messages.VersionInfo(
    api_version=1,
    exe_major=2,
    exe_minor=5,
    exe_build=32,
    dll_major=2,
    dll_minor=5,
    dll_build=32,
    exe_time=_BUILT,
    dll_time=_BUILT,
)

_NEVER = datetime(1970, 1, 1)  # noqa: DTZ001
_CALIBRATED = {
    name: _NEVER if name.startswith("range1") else _BUILT
    for name in messages.CalibrationDates.__struct_fields__
}
_CALIBRATION = messages.CalibrationDates(**_CALIBRATED)


def echo(tester: Tester, channels: Sequence[Channel], body: Message, now: float) -> Message:
    """MacNet (0, 0). The servers send the request's own bytes back."""
    return body


def version_info(tester: Tester, channels: Sequence[Channel], body: Message, now: float) -> Message:
    """MacNet (1, 1)."""
    return _VERSION


def system_info(tester: Tester, channels: Sequence[Channel], body: Message, now: float) -> Message:
    """MacNet (1, 2)."""
    count = len(tester.channels)
    positions = count if tester.behaviour.smart_batteries else 0
    smb_boards = math.ceil(positions / _POSITIONS_PER_BOARD)
    boards = math.ceil(count / _CHANNELS_PER_BOARD)
    return messages.SystemInfo(
        system_id="Simulated cycler",
        system_type=tester.behaviour.system_type,
        controller_boards=boards,
        test_channels=count,
        aux_boards=boards,
        aux_channels=count * len(AUX_UNITS),
        smb1_positions=0,
        smb3_positions=positions,
        smb1_boards=0,
        smb3_boards=smb_boards,
        channel_number_offset=tester.behaviour.channel_number_offset,
    )


def specification(tester: Tester, channels: Sequence[Channel], body: Message, now: float) -> Message:
    """MacNet (3, 1)."""
    return as_singles(tester.specification)


def specifications(tester: Tester, channels: Sequence[Channel], body: Message, now: float) -> Message:
    """MacNet (3, 1) for several channels."""
    return messages.ChannelSpecifications(specifications=[as_singles(tester.specification)] * len(channels))


def calibration_dates(tester: Tester, channels: Sequence[Channel], body: Message, now: float) -> Message:
    """MacNet (3, 2): all on one day, but for the smallest range, which never was."""
    return _CALIBRATION


def statuses(tester: Tester, channels: Sequence[Channel], body: Message, now: float) -> Message:
    """MacNet (4, 1)."""
    found = [
        messages.ChannelStatus(
            step_code=channel.step_code, record_cause=channel.progress.record_cause, state=channel.state
        )
        for channel in channels
    ]
    return messages.ChannelStatuses(count=len(found), statuses=found)


def voltages(tester: Tester, channels: Sequence[Channel], body: Message, now: float) -> Message:
    """MacNet (4, 2)."""
    volts = [single(channel.shown_volt(now)) for channel in channels]
    return messages.Voltages(count=len(volts), voltage_volt=volts)


def currents(tester: Tester, channels: Sequence[Channel], body: Message, now: float) -> Message:
    """MacNet (4, 3)."""
    amperes = [_shown_ampere(tester, channel, now) for channel in channels]
    return messages.Currents(count=len(amperes), current_ampere=amperes)


def test_times(tester: Tester, channels: Sequence[Channel], body: Message, now: float) -> Message:
    """MacNet (4, 9)."""
    seconds = [single(channel.progress.test_second) for channel in channels]
    return messages.TestTimes(count=len(seconds), test_time_second=seconds)


def aux_readings(tester: Tester, channels: Sequence[Channel], body: Message, now: float) -> Message:
    """MacNet (4, 4): the can's temperature, and the cell's voltage by a second pair of wires."""
    (channel,) = channels
    values = [single(channel.cell.temperature_celsius), single(channel.shown_volt(now))]
    return messages.AuxReadings(count=len(values), values=values)


def aux_units(tester: Tester, channels: Sequence[Channel], body: Message, now: float) -> Message:
    """MacNet (4, 5)."""
    return messages.AuxUnits(count=len(AUX_UNITS), units=list(AUX_UNITS))


def test_info(tester: Tester, channels: Sequence[Channel], body: Message, now: float) -> Message:
    """MacNet (4, 6) and (4, 11)."""
    label = channels[0].label
    return messages.TestInfo(
        test_name=label.test_name,
        comment=label.comment,
        procedure=label.procedure,
        procedure_description=label.description,
    )


def end_status(tester: Tester, channels: Sequence[Channel], body: Message, now: float) -> Message:
    """MacNet (4, 10): which of a procedure's End rows a complete test came to."""
    (channel,) = channels
    program = channel.program
    if program is None:
        return messages.EndStatus(number_of_ends=0, end_number=0)
    return messages.EndStatus(number_of_ends=program.number_of_ends, end_number=program.end_number)


def status_and_readings(tester: Tester, channels: Sequence[Channel], body: Message, now: float) -> Message:
    """MacNet (4, 7)."""
    (channel,) = channels
    progress = channel.progress
    return messages.StatusAndReadings(
        step_code=channel.step_code,
        record_cause=progress.record_cause,
        state=channel.state,
        record_index=progress.record_index,
        cycle_count=progress.cycle_count,
        step_id=progress.step_id,
        test_time_second=single(progress.test_second),
        step_time_second=single(progress.step_second),
        step_capacity_ah=single(progress.step_capacity_ah),
        step_energy_wh=single(progress.step_energy_wh),
        current_ampere=_shown_ampere(tester, channel, now),
        voltage_volt=single(channel.shown_volt(now)),
        tester_time=tester.clock(now),
    )


def flags_and_variables(tester: Tester, channels: Sequence[Channel], body: Message, now: float) -> Message:
    """MacNet (4, 8)."""
    variables = [single(value) for value in channels[0].variables]
    return messages.FlagsAndVariables(global_flags=f"0x{tester.global_flags:08X}", variables=variables)


def _shown_ampere(tester: Tester, channel: Channel, now: float) -> float:
    ampere = single(channel.shown_ampere(now))
    return ampere if tester.behaviour.signed_current else abs(ampere)
