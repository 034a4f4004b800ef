"""The top level of a command's payload: its id, its deadline, and when two payloads are the same."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from macnet_bridge.errors import Rejected
from macnet_bridge.payloads.mistakes import bad_arguments, not_yet

MAX_PAYLOAD_BYTES = 64 * 1024
"""Of most verbs; those that carry files have `MAX_FILE_PAYLOAD_BYTES`."""

MAX_FILE_PAYLOAD_BYTES = 512 * 1024
"""Nothing larger is read at all, not even its id."""

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
        raise bad_arguments(error, keys={"": Envelope.__struct_fields__}, not_yet_available=NOT_YET) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise Rejected("BAD_JSON", f"the payload is not JSON: {error}") from None
    if envelope.dry_run:
        raise not_yet("dry_run")
    return envelope


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
