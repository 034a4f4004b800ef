"""The `result` of an acknowledgement that says `done`: one Struct per kind of verb.

Those of verbs that give a MacNet reply as it is are made from its message.
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.payloads.arguments import LogLevelName
from macnet_bridge.payloads.telemetry import Lock


class Nothing(Struct, frozen=True, kw_only=True):
    """The acknowledgement has nothing to add."""


class StateShown(Struct, frozen=True, kw_only=True):
    """Result of what brings a channel into another state.

    Attributes:
        state: as read afterwards; left out where the tester cannot be read.
    """

    state: str | UnsetType = UNSET


class TestNamed(Struct, frozen=True, kw_only=True):
    """Result of starts, and of the check of one: the name by which the tester knows the test."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    test_name: str


class DirectStarted(Struct, frozen=True, kw_only=True):
    """Result of `start_direct`.

    Attributes:
        lease: what `set_output` has to show; left out where the test was found after a crash of the
            bridge.
    """

    lease: str | UnsetType = UNSET
    test_name: str


class OutputTaken(Struct, frozen=True, kw_only=True):
    """Result of `set_output`: the setpoint's own number."""

    n: int


class VariableSet(Struct, frozen=True, kw_only=True):
    """Result of `set_variable`, rounded to single precision as the tester keeps it."""

    variable: int
    value: float


class SafetyTaken(Struct, frozen=True, kw_only=True):
    """Safety limits as the tester took them: volts, amperes and watts, all magnitudes."""

    voltage_max_volt: float
    voltage_min_volt: float
    charge_max_ampere: float
    discharge_max_ampere: float
    charge_max_watt: float
    discharge_max_watt: float


class SafetySet(Struct, frozen=True, kw_only=True):
    """Result of `set_safety_limits`."""

    safety: SafetyTaken


class FlagsSet(Struct, frozen=True, kw_only=True):
    """Result of `set_global_flags`: all 32 in hexadecimal, such as `0x00000020`."""

    global_flags: str


class Locked(Struct, frozen=True, kw_only=True):
    """Result of `lock`."""

    lock: Lock


class Unlocked(Struct, frozen=True, kw_only=True):
    """Result of `unlock`."""

    was_locked: bool


class AuxInput(Struct, frozen=True, kw_only=True):
    """One auxiliary input.

    Attributes:
        input: counts from 1.
        value: null where the tester sends no number.
    """

    input: int
    value: float | None
    unit: str


class AuxInputs(Struct, frozen=True, kw_only=True):
    """Result of `read_aux`."""

    aux: list[AuxInput]


class Exists(Struct, frozen=True, kw_only=True):
    """Result of `procedure_exists` and `test_name_exists`."""

    exists: bool


class RoundTrip(Struct, frozen=True, kw_only=True):
    """Result of a cycler's `ping`.

    Attributes:
        by: the MacNet function that was asked.
    """

    round_trip_ms: float
    by: str


class BridgeVersion(Struct, frozen=True, kw_only=True):
    """Result of a bridge's `ping`."""

    version: str


class Withdrawn(Struct, frozen=True, kw_only=True):
    """Result of `cancel`.

    Attributes:
        cancelled: of how many commands nothing will be sent any more.
        too_late: how many had been sent.
    """

    cancelled: int
    too_late: int


class LogLevelSet(Struct, frozen=True, kw_only=True):
    """Result of `set_log_level`.

    Attributes:
        previous: what it was until now.
    """

    level: LogLevelName
    previous: LogLevelName


class Settled(Struct, frozen=True, kw_only=True):
    """What the tester shows by now of a command that ended `unknown`."""

    status: Literal["done"]
    verified: Literal["read_back"]
    result: dict[str, str | int]


class CommandKnown(Struct, frozen=True, kw_only=True):
    """Result of `query`.

    Attributes:
        principal: whose id it is.
        acknowledgement: the final one, once there is one.
        settled: only of one that ended `unknown`, and only where the tester shows what became of it.
    """

    id: str
    principal: str
    state: Literal["not_found", "received", "sent", "final"]
    acknowledgement: Acknowledgement | UnsetType = UNSET
    settled: Settled | UnsetType = UNSET


class FileEntry(Struct, frozen=True, kw_only=True):
    """A file of the tester.

    Attributes:
        size: bytes.
        date: by the tester's clock, without a zone.
    """

    name: str
    size: int
    date: str


class FileList(Struct, frozen=True, kw_only=True):
    """Result of `list_files`."""

    files: list[FileEntry]


class FileOutline(Struct, frozen=True, kw_only=True):
    """Result of `put_file`: the file as the tester gave it back.

    Attributes:
        size: bytes.
        sha256: of the content, in hexadecimal.
        blocks: in how many pieces it came.
        resent: how many messages had to be sent again; null where that is not known.
    """

    size: int
    sha256: str
    blocks: int | UnsetType = UNSET
    resent: int | UnsetType | None = UNSET


class FileFetched(FileOutline, frozen=True, kw_only=True):
    """Result of `get_file`.

    Attributes:
        data_base64: the content.
    """

    data_base64: str


class DryRun(Struct, frozen=True, kw_only=True):
    """Result of any verb with `dry_run`; of starts with what they would send.

    Attributes:
        would: the verbs that would be carried out, in order.
        checked_by_tester: whether the tester was asked if it would start, MacNet (6, 11).
    """

    would: list[str]
    test_name: str | UnsetType = UNSET
    safety: SafetyTaken | UnsetType = UNSET
    checked_by_tester: bool | UnsetType = UNSET
