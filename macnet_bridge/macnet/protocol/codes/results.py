"""Result codes by function: the code of the acknowledgement, and what it means."""

from __future__ import annotations

_OTHER_PROBLEM = {0xFFFF: ("OTHER_PROBLEM", "the tester reports another problem")}
_DIRECT_SYSTEM_TYPE = ("WRONG_SYSTEM_TYPE", "only testers of system type 0 have direct mode")

START_TEST_RESULTS: dict[int, tuple[str, str]] = {
    10: ("REGIME_NEEDS_ONE_CHANNEL", "a regime starts on one selected channel only"),
    12: ("ADVANCED_START_AND_REGIME", "an advanced start and a regime exclude each other"),
    14: ("NO_PROCEDURE", "no test procedure was given"),
    15: ("JUMP_START_NEEDS_ACTIVE", "a jump start needs an active channel"),
    16: ("ADVANCED_START_NEEDS_SELECTED", "an advanced start needs a selected channel"),
    17: ("RESTART_NEEDS_SUSPENDED", "a restart needs a suspended channel"),
    18: ("NAME_TOO_LONG", "the data file name is longer than 256 characters"),
    19: ("NAME_NOT_UNIQUE", "a test of this name exists; choose another"),
    20: ("NAME_NOT_UNIQUE", "a test of this name exists; choose another"),
    21: ("CHAMBER_IN_USE", "the environmental chamber is in use"),
    22: ("INVALID_ENTRY", "the tester calls an entry invalid"),
    23: ("CHANNEL_IN_USE", "the channel is in use"),
    24: ("NO_CHANNEL_SELECTED", "no channel is selected to start"),
    25: ("CHAMBER_IN_USE", "the environmental chamber is in use"),
}
"""Result of (6, 2): code, and what it means."""

START_DIRECT_RESULTS: dict[int, tuple[str, str]] = {
    1: _DIRECT_SYSTEM_TYPE,
    2: ("CHANNEL_NOT_AVAILABLE", "the channel is not available"),
    3: ("NO_PSEUDO_PROCEDURE", "the tester could not make its pseudo procedure"),
}
"""Result of (6, 7)."""

SET_OUTPUT_RESULTS: dict[int, tuple[str, str]] = {
    1: _DIRECT_SYSTEM_TYPE,
    2: ("CHANNEL_NOT_ACTIVE", "the channel is not active"),
    3: ("SENT_TOO_SOON", "outputs of one channel must be at least 100 ms apart"),
    4: ("NOT_IN_DIRECT_MODE", "direct mode is not active on this channel"),
    5: ("DIRECT_MODE_NOT_READY", "direct mode is not ready yet"),
}
"""Result of (6, 8)."""

CHECK_START_RESULTS: dict[int, tuple[str, str]] = {
    1: ("CHANNEL_NOT_AVAILABLE", "the channel is neither available nor selected"),
    2: ("PROCEDURE_MISSING", "the tester has no procedure of this name"),
    3: ("SUBROUTINE_MISSING", "a subroutine of the procedure is missing"),
    4: ("NAME_NOT_UNIQUE", "the archive has a test of this name; choose another"),
    5: ("NAME_INVALID", "the tester calls the test name invalid"),
    6: ("CHAMBER_INVALID", "the environmental chamber number is invalid"),
    7: ("PROCEDURE_DOES_NOT_COMPILE", "the procedure does not compile"),
    **_OTHER_PROBLEM,
}
"""Result of (6, 11)."""

ADVANCED_START_RESULTS: dict[int, tuple[str, str]] = {
    1: ("CHANNEL_INVALID", "the tester has no channel of this number"),
    2: ("CHANNEL_NOT_AVAILABLE", "the channel is neither available nor selected"),
    3: ("OPTIONS_INVALID", "these options do not go together"),
    4: ("ARCHIVED_TEST_MISSING", "the archive has no test of this name"),
    5: ("ARCHIVED_PROCEDURE_MISSING", "the procedure of the archived test is missing"),
    6: ("STEP_NOT_ALLOWED", "a test cannot start at this step"),
    7: ("STEP_BLANK", "the step to start at has no type"),
    8: ("STEP_CANNOT_START", "a step of this type cannot be the first"),
    9: ("TOO_FEW_RECORDS", "the archived test does not have that many records to remove"),
    **_OTHER_PROBLEM,
}
"""Result of (6, 13)."""

LOGIN_RESULTS: dict[int | str, tuple[str, str]] = {
    **dict.fromkeys((0, "FAILED"), ("LOGIN_FAILED", "the tester does not take this user and password")),
}
"""Result of (8, 1), where 1 means passed. The word for a failure is assumed."""

LOGOUT_RESULTS: dict[int | str, tuple[str, str]] = {
    **dict.fromkeys((0, "FAILED"), ("LOGOUT_FAILED", "the tester could not log this user out")),
}
"""Result of (8, 2), where 1 means done."""
