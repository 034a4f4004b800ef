"""The arguments of each verb.

Validation lives in the types. Unknown keys are errors, because a misspelt limit that is
ignored is a limit that does not hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from macnet_bridge.errors import Rejected
from macnet_bridge.payloads.mistakes import bad_arguments

A = TypeVar("A", bound="Arguments")

_SINGLE_MAX = 3.4028234e38
"""MacNet carries all numbers with a fraction in single precision."""

Single = Annotated[float, Meta(ge=-_SINGLE_MAX, le=_SINGLE_MAX)]
NonNegative = Annotated[float, Meta(ge=0, le=_SINGLE_MAX)]
Positive = Annotated[float, Meta(gt=0, le=_SINGLE_MAX)]
Loop = Annotated[int, Meta(ge=-1, le=0x7FFF)]
Word = Annotated[int, Meta(ge=0, le=0xFFFF)]
CurrentRange = Annotated[int, Meta(ge=1, le=4)]
ValidFor = Annotated[float, Meta(ge=0.5, le=60)]

_PRINTABLE_OR_NONE = r"\A[\x20-\x7e]*\Z"
_PRINTABLE = r"\A[\x20-\x7e]+\Z"
_PRINCIPAL = r"\A[a-z0-9][a-z0-9_-]{0,62}\Z"
_FLAGS = r"\A0[xX][0-9a-fA-F]{1,8}\Z"

Ascii80 = Annotated[str, Meta(max_length=66, pattern=_PRINTABLE_OR_NONE)]
"""Comment of a test: MacNet's 80 characters less what the bridge adds at the end."""
ProcedureName = Annotated[str, Meta(min_length=1, max_length=25, pattern=_PRINTABLE)]
AnyName = Annotated[str, Meta(min_length=1, max_length=250, pattern=_PRINTABLE)]
"""Of a test or procedure that the tester may have, from us or not."""

WINDOWS_DEVICE = r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])"
"""Names that are devices and no files on Windows, with any extension too."""

_WINDOWS_FILE = (
    rf"\A(?!{WINDOWS_DEVICE} *(?:\.|\Z))"
    r'[^\x00-\x1f\x7f-\U0010ffff<>:"/\\|?*]*[^\x00-\x1f\x7f-\U0010ffff<>:"/\\|?* .]\Z'
)

TestName = Annotated[str, Meta(min_length=1, max_length=25, pattern=_WINDOWS_FILE)]
FileName = Annotated[str, Meta(min_length=1, max_length=250, pattern=_WINDOWS_FILE)]
"""A file's name with its extension. It has no folder in it, so it cannot lead to another one."""

SentFileType = Literal["procedure", "user_function", "can", "fra", "waveform"]
ListedFileType = Literal["active", "archive", SentFileType]
FetchedFileType = Literal[ListedFileType, "system_events"]

LogLevelName = Literal["debug", "info", "warning", "error"]
"""From the one that tells most."""

_PATTERNS_IN_WORDS = {
    _PRINTABLE_OR_NONE: "Expected printable ASCII",
    _PRINTABLE: "Expected printable ASCII",
    r"\A[\x00-\x7f]*\Z": "Expected ASCII",
    _WINDOWS_FILE: 'Expected a file name that Windows takes: ASCII, none of <>:"/\\|?*, '
    "no dot or space at the end, no device such as CON",
    _PRINCIPAL: "Expected a principal: a-z, 0-9, _ and - only",
    _FLAGS: "Expected a number, or one in hex such as 0x00000020",
}


class Arguments(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of the arguments of all verbs."""


class NoArguments(Arguments, frozen=True):
    """For verbs that take none."""


class Safety(Arguments, frozen=True, kw_only=True):
    """Safety limits of a channel; all magnitudes. What is left out comes from the envelope."""

    voltage_max_volt: float | UnsetType = UNSET
    voltage_min_volt: float | UnsetType = UNSET
    charge_max_ampere: NonNegative | UnsetType = UNSET
    discharge_max_ampere: NonNegative | UnsetType = UNSET
    charge_max_watt: NonNegative | UnsetType = UNSET
    discharge_max_watt: NonNegative | UnsetType = UNSET


class CommonStartArguments(Arguments, frozen=True, kw_only=True):
    """What all verbs that start a test with a procedure take."""

    c_rate_ah: Positive | UnsetType = UNSET
    test_name: TestName | UnsetType = UNSET
    comment: Ascii80 = ""
    cell_id: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    chamber: Annotated[int, Meta(ge=0, le=255)] = 0
    safety: Safety = Safety()


class StartTestArguments(CommonStartArguments, frozen=True, kw_only=True):
    """Arguments of `start_test` and `check_start`."""

    procedure: ProcedureName
    start_cycle: Word = 0
    total_cycles: Word = 0
    mass_gram: Positive = 1.0


class AdvancedStartArguments(CommonStartArguments, frozen=True, kw_only=True):
    """Arguments of `advanced_start`. What is left out, the tester decides.

    Seconds, ampere-hours and watt-hours are those that are done already. Of the remaining
    loops, -1 stands for one that is left out.
    """

    procedure: ProcedureName | UnsetType = UNSET
    append_to: FileName | UnsetType = UNSET
    use_archived_procedure: bool = False
    add_shelf_time: bool = False
    remove_records: Annotated[int, Meta(ge=0, le=20)] = 0
    test_time_second: NonNegative | UnsetType = UNSET
    step_time_second: NonNegative | UnsetType = UNSET
    step_id: Annotated[int, Meta(ge=1, le=0x7FFF)] | UnsetType = UNSET
    cycle_count: Annotated[int, Meta(ge=0, le=0x7FFFFFFF)] | UnsetType = UNSET
    remaining_loops: tuple[Loop, Loop, Loop, Loop] | UnsetType = UNSET
    capacity_ah: NonNegative | UnsetType = UNSET
    energy_wh: NonNegative | UnsetType = UNSET


class OutputArguments(Arguments, frozen=True, kw_only=True):
    """What an output of direct control may be limited by; what is left out is off, but for the voltage."""

    voltage_volt: Single | UnsetType = UNSET
    power_watt: Positive | UnsetType = UNSET
    resistance_ohm: Positive | UnsetType = UNSET


class StartDirectArguments(OutputArguments, frozen=True, kw_only=True):
    """Arguments of `start_direct`. A record is made after so many seconds, or such a change; 0 = none."""

    current_ampere: Single = 0.0
    range: CurrentRange = 4
    test_name: TestName | UnsetType = UNSET
    record_second: NonNegative = 1.0
    record_volt: NonNegative = 0.0
    record_ampere: NonNegative = 0.0
    valid_for_s: ValidFor = 5.0
    safety: Safety = Safety()


class SetOutputArguments(OutputArguments, frozen=True, kw_only=True):
    """Arguments of `set_output`. A positive current charges, a negative one discharges."""

    lease: Annotated[str, Meta(max_length=64)]
    n: Annotated[int, Meta(ge=0)]
    current_ampere: Single
    range: CurrentRange | UnsetType = UNSET
    valid_for_s: ValidFor | UnsetType = UNSET


class SetVariableArguments(Arguments, frozen=True, kw_only=True):
    """Arguments of `set_variable`."""

    variable: Annotated[int, Meta(ge=1, le=15)]
    value: Single


class SetSafetyLimitsArguments(Arguments, frozen=True, kw_only=True):
    """Arguments of `set_safety_limits`."""

    safety: Safety


class SetGlobalFlagsArguments(Arguments, frozen=True, kw_only=True):
    """Arguments of `set_global_flags`: all 32 at once."""

    flags: Annotated[int, Meta(ge=0, le=0xFFFFFFFF)] | Annotated[str, Meta(pattern=_FLAGS)]


class ResetArguments(Arguments, frozen=True, kw_only=True):
    """Arguments of `reset`. An active channel is reset only when `stop_running` says so."""

    stop_running: bool = False


class LockArguments(Arguments, frozen=True, kw_only=True):
    """Arguments of `lock`."""

    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class CancelArguments(Arguments, frozen=True, kw_only=True):
    """Arguments of `cancel`."""

    id: Annotated[str, Meta(min_length=1, max_length=128)]


class SetLogLevelArguments(Arguments, frozen=True, kw_only=True):
    """Arguments of `set_log_level`."""

    level: LogLevelName


class NameArguments(Arguments, frozen=True, kw_only=True):
    """Arguments of `procedure_exists` and `test_name_exists`."""

    name: AnyName


class QueryArguments(Arguments, frozen=True, kw_only=True):
    """Arguments of `query`. Without a principal, that of the topic."""

    id: Annotated[str, Meta(min_length=1, max_length=128)]
    principal: Annotated[str, Meta(pattern=_PRINCIPAL)] | UnsetType = UNSET


class ListFilesArguments(Arguments, frozen=True, kw_only=True):
    """Arguments of `list_files`."""

    type: ListedFileType


class GetFileArguments(Arguments, frozen=True, kw_only=True):
    """Arguments of `get_file`."""

    type: FetchedFileType
    name: FileName


class PutFileArguments(Arguments, frozen=True, kw_only=True):
    """Arguments of `put_file`. In JSON, bytes are base64 with its padding."""

    type: SentFileType
    name: FileName
    data_base64: bytes


class MacNetArguments(Arguments, frozen=True, kw_only=True):
    """Arguments of `macnet`. The parameters are those of the function, under MacNet's names."""

    fclass: Word
    fnum: Word
    params: dict[str, Any] = {}


_decoders: dict[type, msgspec.json.Decoder[Any]] = {}


def decode_arguments(kind: type[A], args: Raw) -> A:
    """Decode and check the arguments of a verb.

    Raises:
        Rejected: BAD_ARGS with the field, or BAD_JSON.
    """
    decoder = _decoders.setdefault(kind, msgspec.json.Decoder(kind))
    try:
        arguments: A = decoder.decode(args)
    except msgspec.ValidationError as error:
        raise bad_arguments(
            error, "args", patterns=_PATTERNS_IN_WORDS, choices=_choices(kind), keys=_keys(kind)
        ) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise Rejected("BAD_JSON", f"args is not JSON: {error}", "args") from None
    return arguments


@cache
def _choices(kind: type[Arguments]) -> Mapping[str, tuple[str, ...]]:
    """The words to choose from, of arguments that are one of some."""
    hints = get_type_hints(kind, include_extras=True)
    return {name: get_args(hint) for name, hint in hints.items() if get_origin(hint) is Literal}


@cache
def _keys(kind: type[Arguments]) -> Mapping[str, tuple[str, ...]]:
    """The keys of arguments and of the tables in them, by path."""
    tables = {
        info.encode_name: info.type.__struct_fields__
        for info in msgspec.structs.fields(kind)
        if isinstance(info.type, type) and issubclass(info.type, Struct)
    }
    return {"": kind.__struct_fields__, **tables}
