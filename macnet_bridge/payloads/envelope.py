"""The top level of a command's payload: its id, its deadline, and when two payloads are the same."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from macnet_bridge.errors import Rejected
from macnet_bridge.payloads.mistakes import bad_arguments

MAX_PAYLOAD_BYTES = 64 * 1024
"""Of most verbs; those that carry files have `MAX_FILE_PAYLOAD_BYTES`."""

MAX_FILE_PAYLOAD_BYTES = 512 * 1024
"""Nothing larger is read at all, not even its id."""

STAGGER_MAX_S = 60.0
"""Between two channels. The channels of a cycler that start one a minute take some hours."""

CommandId = Annotated[str, Meta(min_length=1, max_length=128)]
Channel = Annotated[int, Meta(ge=1, le=0xFFFF)]


class Expect(Struct, frozen=True, forbid_unknown_fields=True):
    """What a channel must be like for a command to be sent; a test name of null: no test."""

    state: str | UnsetType = UNSET
    test_name: str | UnsetType | None = UNSET
    state_seq: Annotated[int, Meta(ge=0)] | UnsetType = UNSET


class Envelope(Struct, frozen=True, forbid_unknown_fields=True):
    """The top level of a command's payload. `args` is decoded by the verb.

    Attributes:
        id: which command it is: the same again is the same command, and is carried out once.
        args: arguments of the verb.
        expires_at: when it must have been sent to the tester: RFC 3339 with a zone, or Unix milliseconds.
        progress: whether `accepted` is to be acknowledged, too.
        dry_run: only say what would be done.
        expect: what the channel must be like.
        channels: of a cycler: `[1,2,5]`, `"1-16"` or `"all"`.
        atomic: check all channels before any is commanded; it undoes nothing.
        stagger_s: seconds between two channels.
    """

    id: CommandId | UnsetType = UNSET
    args: Raw = Raw(b"{}")
    expires_at: datetime | float | UnsetType = UNSET
    progress: bool = False
    dry_run: bool = False
    expect: Expect | UnsetType = UNSET
    channels: list[Channel] | str | UnsetType = UNSET
    atomic: bool = False
    stagger_s: Annotated[float, Meta(ge=0, le=STAGGER_MAX_S)] = 0.0


_KEYS = {"": Envelope.__struct_fields__, "expect": Expect.__struct_fields__}
_envelope_decoder = msgspec.json.Decoder(Envelope)
_keys_decoder = msgspec.json.Decoder(dict[str, Raw])
_id_decoder = msgspec.json.Decoder(CommandId)


def decode_envelope(payload: bytes, max_bytes: int = MAX_PAYLOAD_BYTES) -> Envelope:
    """Decode the top level of a command.

    Raises:
        Rejected: TOO_LARGE, BAD_JSON or BAD_ARGS with the field.
    """
    _check_text(payload, max_bytes)
    try:
        envelope = _envelope_decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise bad_arguments(error, keys=_KEYS) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise Rejected("BAD_JSON", f"the payload is not JSON: {error}") from None
    return envelope


def names_channels(payload: bytes) -> bool:
    """Whether a payload, right or wrong, says for which channels of a cycler it is."""
    if len(payload) > MAX_FILE_PAYLOAD_BYTES:
        return False
    try:
        return "channels" in _keys_decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def readable_id(payload: bytes) -> str | None:
    """The id of a payload that is otherwise wrong, None when it cannot be read."""
    if len(payload) > MAX_FILE_PAYLOAD_BYTES:
        return None
    try:
        return _id_decoder.decode(_keys_decoder.decode(payload).get("id", b""))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def fingerprint(payload: bytes) -> bytes:
    """The same bytes for commands of the same content, whatever its order and spacing.

    `expires_at` and `progress` do not count: a requester that asks again may change them.
    """
    if len(payload) > MAX_FILE_PAYLOAD_BYTES:
        return payload  # refused whatever it says; a broker of 3.1.1 may deliver 256 MB
    try:
        content = msgspec.json.decode(payload or b"{}", type=dict[str, Any])
        counted = {key: value for key, value in content.items() if key not in ("expires_at", "progress")}
        return msgspec.json.encode(counted, order="sorted")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return payload


def _check_text(payload: bytes, max_bytes: int) -> None:
    if len(payload) > max_bytes:
        raise Rejected("TOO_LARGE", f"{len(payload)} bytes; at most {max_bytes}")
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        raise Rejected("BAD_JSON", f"byte {error.start} is not UTF-8") from None
