"""What a command may contain: the envelope, and the arguments of each verb.

Validation lives in the types. Unknown keys are errors, because a misspelt limit that is
ignored is a limit that does not hold.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from macnet_bridge.errors import Rejected

MAX_PAYLOAD_BYTES = 64 * 1024

A = TypeVar("A", bound="Arguments")

NonNegative = Annotated[float, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0)]
_PRINTABLE_OR_NONE = r"\A[\x20-\x7e]*\Z"
_PRINTABLE = r"\A[\x20-\x7e]+\Z"

Ascii80 = Annotated[str, Meta(max_length=66, pattern=_PRINTABLE_OR_NONE)]
"""Comment of a test: MacNet's 80 characters less what the bridge adds at the end."""
ProcedureName = Annotated[str, Meta(min_length=1, max_length=25, pattern=_PRINTABLE)]

WINDOWS_DEVICE = r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])"
"""Names that are devices and no files on Windows, with any extension too."""

_WINDOWS_FILE = (
    rf"\A(?!{WINDOWS_DEVICE} *(?:\.|\Z))"
    r'[^\x00-\x1f\x7f-\U0010ffff<>:"/\\|?*]*[^\x00-\x1f\x7f-\U0010ffff<>:"/\\|?* .]\Z'
)

TestName = Annotated[str, Meta(min_length=1, max_length=25, pattern=_WINDOWS_FILE)]
CommandId = Annotated[str, Meta(min_length=1, max_length=128)]


class Envelope(Struct, frozen=True, forbid_unknown_fields=True):
    """The top level of a command's payload. `args` is decoded by the verb."""

    id: CommandId | UnsetType = UNSET
    args: Raw = Raw(b"{}")
    expires_at: datetime | float | UnsetType = UNSET
    progress: bool = False
    dry_run: bool = False


NOT_YET = frozenset({"expect", "channels", "atomic", "stagger_s"})
"""Keys of the contract that this version refuses rather than ignores."""


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


class StartTestArguments(Arguments, frozen=True, kw_only=True):
    """Arguments of `start_test` and `check_start`."""

    procedure: ProcedureName
    c_rate_ah: Positive | UnsetType = UNSET
    test_name: TestName | UnsetType = UNSET
    comment: Ascii80 = ""
    cell_id: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    chamber: Annotated[int, Meta(ge=0, le=255)] = 0
    start_cycle: Annotated[int, Meta(ge=0, le=0xFFFF)] = 0
    total_cycles: Annotated[int, Meta(ge=0, le=0xFFFF)] = 0
    mass_gram: Positive = 1.0
    safety: Safety = Safety()


class SetVariableArguments(Arguments, frozen=True, kw_only=True):
    """Arguments of `set_variable`; MacNet carries the value in single precision."""

    variable: Annotated[int, Meta(ge=1, le=15)]
    value: Annotated[float, Meta(ge=-3.4028234e38, le=3.4028234e38)]


class SetSafetyLimitsArguments(Arguments, frozen=True, kw_only=True):
    """Arguments of `set_safety_limits`."""

    safety: Safety


class ResetArguments(Arguments, frozen=True, kw_only=True):
    """Arguments of `reset`. An active channel is reset only when `stop_running` says so."""

    stop_running: bool = False


_PATTERNS_IN_WORDS = {
    _PRINTABLE_OR_NONE: "Expected printable ASCII",
    _PRINTABLE: "Expected printable ASCII",
    _WINDOWS_FILE: 'Expected a file name that Windows takes: ASCII, none of <>:"/\\|?*, '
    "no dot or space at the end, no device such as CON",
}
_IN_WORDS = {
    f"Expected `str` matching regex {pattern!r}": words for pattern, words in _PATTERNS_IN_WORDS.items()
}

_envelope_decoder = msgspec.json.Decoder(Envelope)
_keys_decoder = msgspec.json.Decoder(dict[str, Raw])
_id_decoder = msgspec.json.Decoder(CommandId)
_args_decoders: dict[type, msgspec.json.Decoder[Any]] = {}


def decode_envelope(payload: bytes) -> Envelope:
    """Decode the top level of a command.

    Raises:
        Rejected: TOO_LARGE, BAD_JSON or BAD_ARGS with the field.
    """
    _check_text(payload)
    try:
        envelope = _envelope_decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise _bad_arguments(error) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise Rejected("BAD_JSON", f"the payload is not JSON: {error}") from None
    if envelope.dry_run:
        raise _not_yet("dry_run")
    return envelope


def readable_id(payload: bytes) -> str | None:
    """The id of a payload that is otherwise wrong, None when it cannot be read."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        return None
    try:
        return _id_decoder.decode(_keys_decoder.decode(payload).get("id", b""))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def decode_arguments(kind: type[A], args: Raw) -> A:
    """Decode and check the arguments of a verb.

    Raises:
        Rejected: BAD_ARGS with the field, or BAD_JSON.
    """
    decoder = _args_decoders.setdefault(kind, msgspec.json.Decoder(kind))
    try:
        arguments: A = decoder.decode(args)
    except msgspec.ValidationError as error:
        raise _bad_arguments(error, "args") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise Rejected("BAD_JSON", f"args is not JSON: {error}", "args") from None
    return arguments


def fingerprint(payload: bytes) -> bytes:
    """The same bytes for commands of the same content, whatever its order and spacing.

    `expires_at` and `progress` do not count: a requester that asks again may change them.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        return payload  # refused whatever it says; a broker of 3.1.1 may deliver 256 MB
    try:
        content = msgspec.json.decode(payload or b"{}", type=dict[str, Any])
        counted = {key: value for key, value in content.items() if key not in ("expires_at", "progress")}
        return msgspec.json.encode(counted, order="sorted")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return payload


def _check_text(payload: bytes) -> None:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise Rejected("TOO_LARGE", f"{len(payload)} bytes; at most {MAX_PAYLOAD_BYTES}")
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        raise Rejected("BAD_JSON", f"byte {error.start} is not UTF-8") from None


def _not_yet(field: str) -> Rejected:
    return Rejected("BAD_ARGS", f"{field} is not available in this version; leave it out", field)


_PATH = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"unknown field `(?P<name>[^`]*)`")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]*)`")


def _bad_arguments(error: msgspec.ValidationError, base: str = "") -> Rejected:
    """Name the field that msgspec complains about, as `args.safety.voltage_max_volt`."""
    match = _PATH.match(str(error))
    what, path = (match["what"], match["path"] or "$") if match else (str(error), "$")
    named = _UNKNOWN.search(what) or _MISSING.search(what)
    parts = [base, path.removeprefix("$").lstrip("."), named["name"] if named else ""]
    field = ".".join(part for part in parts if part)
    if not base and named and named["name"] in NOT_YET:
        return _not_yet(field)
    what = _IN_WORDS.get(what, what)
    return Rejected("BAD_ARGS", f"{field}: {what}" if field else what, field or None)
