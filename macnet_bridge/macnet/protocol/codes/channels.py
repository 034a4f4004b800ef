"""Codes of channels: their states, steps, records and modes; and the types of testers."""

from __future__ import annotations

from enum import IntFlag

from macnet_bridge.macnet.protocol.codes.base import Code


class ChannelState(Code):
    """`Stat` of (4, 1) and (4, 7): the channel state that MacTest32 keeps."""

    AVAILABLE = 0
    SELECTED = 1
    ACTIVE = 2
    SUSPENDED = 3
    COMPLETED = 4
    PROBLEM = 5
    NOT_AVAILABLE = 6
    RESET = 7
    START = 8
    POWER_FAIL = 9
    NO_CONTROLLER = 10
    SHUTDOWN = 11
    STARTING = 12
    BLOCKED = 13
    WAITING = 14
    FRA = 15
    REMOTE_MAINTENANCE = 16
    NOT_USED = 17
    NOT_APPLICABLE = 18


RUNNING = frozenset(
    {
        ChannelState.ACTIVE,
        ChannelState.START,
        ChannelState.STARTING,
        ChannelState.WAITING,
        ChannelState.FRA,
    }
)
"""States in which a test runs or is about to."""

STOPPED = frozenset(
    {
        ChannelState.AVAILABLE,
        ChannelState.SELECTED,
        ChannelState.SUSPENDED,
        ChannelState.COMPLETED,
        ChannelState.PROBLEM,
    }
)
"""States in which no test runs for sure. The others, such as a controller that MacTest32 cannot
reach, and numbers that no table has, prove nothing either way."""

ARCHIVABLE = frozenset({ChannelState.COMPLETED, ChannelState.SUSPENDED, ChannelState.PROBLEM})
"""States in which a channel has a test that is over, or held."""


class StepCode(Code):
    """`RF1` of (4, 1) and (4, 7): the kind of step that the controller executes."""

    AVAILABLE = 0
    CHARGE = 1
    DISCHARGE = 2
    ADVANCED_CYCLE = 3
    REST = 4
    PAUSE = 5
    END = 7
    EXTERNAL_CHARGE = 8
    EXTERNAL_DISCHARGE = 9
    PULSE_CHARGE = 19
    PULSE_DISCHARGE = 20
    IO_OUT = 21
    CHAMBER = 22
    SCAN = 23
    SUBROUTINE = 26
    PROBLEM = 29
    SUSPENDED = 30
    COMPLETE = 31


CHARGING = frozenset({StepCode.CHARGE, StepCode.EXTERNAL_CHARGE, StepCode.PULSE_CHARGE})
DISCHARGING = frozenset({StepCode.DISCHARGE, StepCode.EXTERNAL_DISCHARGE, StepCode.PULSE_DISCHARGE})


class RecordCause(Code):
    """`RF2` of (4, 1) and (4, 7): why the last record was made, or what ended the step."""

    START_OF_STEP = 0
    STEP_TIME = 1
    CURRENT_INCREMENT = 4
    VOLTAGE_INCREMENT = 5
    AMP_HOUR = 8
    WATT_HOUR = 9
    PAUSE_STEP = 17
    AUXILIARY_INPUT = 18
    PULSE_LOW = 33
    PULSE_HIGH = 34
    DIGITAL_INPUT = 37
    NONE = 128
    END_STEP_TIME = 129
    END_TEST_TIME = 130
    END_CYCLE_NUMBER = 131
    END_CURRENT = 132
    END_VOLTAGE = 133
    END_POWER = 134
    END_RESISTANCE = 135
    END_AMP_HOUR = 136
    END_WATT_HOUR = 137
    END_HALF_CYCLE_AMP_HOUR = 138
    END_HALF_CYCLE_WATT_HOUR = 139
    END_PREVIOUS_AMP_HOUR = 140
    END_PREVIOUS_WATT_HOUR = 141
    END_FIRST_HALF_CYCLE_AMP_HOUR = 142
    END_FIRST_HALF_CYCLE_WATT_HOUR = 143
    END_LAST_HALF_CYCLE_AMP_HOUR = 144
    END_LAST_HALF_CYCLE_WATT_HOUR = 145
    END_EXTERNAL = 146
    END_LOOP_COUNT = 147
    END_VOLTAGE_PER_HOUR = 150
    END_AMP_HOUR_PREVIOUS = 151
    END_HALF_CYCLE_CAPACITY = 152
    END_HALF_CYCLE_TIME = 153
    END_DELTA_CURRENT = 154
    END_DELTA_VOLTAGE = 155
    END_AUX_VOLTAGE = 157
    END_THERMOCOUPLE = 158
    END_THERMISTOR = 159
    END_PRESSURE_OR_COMPLETE = 160
    END_MAX_DEVIATION = 161
    END_MEAN_DEVIATION = 162
    END_SMBUS_ALARM = 163
    END_FUNCTION = 164
    END_DIGITAL_INPUT = 165
    SAFETY_CAPACITY = 189
    SAFETY_VOLTAGE_PEAK = 190
    SAFETY_OVERCHARGE = 191
    SUSPENDED_BY_OPERATOR = 192
    NORMAL_END = 193
    PROBLEM_TIMEOUT = 194
    PROBLEM_TIMEOUT_195 = 195
    PROBLEM_OVERCHARGE = 196
    PROBLEM_VOLTAGE_PEAK = 197
    PROBLEM_SLAVE_ERROR = 198
    OPERATOR_FORCED_STEP = 199
    PROBLEM_SLAVE_CURRENT_CONTROL = 252
    PROBLEM_VOLTAGE_ABSOLUTE = 253
    PROBLEM_LOST_CURRENT_CONTROL = 254
    PROBLEM_BUFFER_FULL = 255


class SystemType(Code):
    """`SystemType` of (1, 2). Direct mode exists on type 0 only."""

    LAB = 0
    MODE_500_MS = 1
    NOT_APPLICABLE = 2
    MODE_50_MS = 3
    SERIES_8500_FIRST = 4
    SERIES_8500_SECOND = 5


class ChannelMode(Code):
    """`ChMode` of (6, 7) and (6, 8); its JSON form is the letter of that ASCII code."""

    CHARGE = ord("C")
    DISCHARGE = ord("D")
    REST = ord("R")


class StartDataType(Code):
    """`StartDataType` of binary (6, 2): which of its layouts follows."""

    SELECTED_CHANNELS = 1
    ONE_CHANNEL = 2


class VoltageGain(Code):
    """`VGain` of (6, 2); 0 unless the channel's wiring says otherwise."""

    TIMES_1 = 0
    TIMES_2 = 1
    TIMES_4 = 2
    TIMES_8 = 3
    DIVIDED_BY_1 = 4
    DIVIDED_BY_2 = 5
    DIVIDED_BY_4 = 6
    DIVIDED_BY_8 = 7


class AdvancedOption(IntFlag):
    """`Options` of (6, 13). The second and the third need the first."""

    APPEND = 1
    ARCHIVED_PROCEDURE = 2
    ADD_SHELF_TIME = 4
