"""Values as the audit shows them: no secrets, no contents of files, nothing large.

What is too long is replaced by its size and SHA-256, so that whoever has the original can prove it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any

import msgspec
from msgspec import UNSET

TEXT_MAX = 256
WHOLE_MAX = 4096
NOT_SHOWN = "(not shown)"

_SECRET = re.compile(r"pass(word|wd|phrase|code)?|secret|token|credentials?", re.IGNORECASE)
_ENVELOPE = ("id", "args", "expires_at", "expect", "dry_run", "progress", "channels", "atomic", "stagger_s")


def shown_payload(payload: bytes) -> dict[str, Any]:
    """The known top-level keys of a command; of anything else its size and digest."""
    if not payload:
        return {}
    try:
        return _shown_content(msgspec.json.decode(payload, type=dict[str, Any]))
    except (msgspec.DecodeError, UnicodeError, RecursionError, OverflowError):
        return {"unreadable": digest(payload)}


def _shown_content(content: dict[str, Any]) -> dict[str, Any]:
    known = {key: content[key] for key in _ENVELOPE if key in content}
    unknown = len(content) - len(known)
    return shown(known) | ({"unknown_keys": unknown} if unknown else {})


def shown_message(message: msgspec.Struct | None) -> dict[str, Any] | None:
    """The fields of a MacNet message that it has."""
    if message is None:
        return None
    fields: dict[str, Any] = msgspec.to_builtins(message, builtin_types=(bytes,))
    return shown({name: value for name, value in fields.items() if value is not None})


def shown_struct(struct: msgspec.Struct) -> dict[str, Any]:
    """The fields of an acknowledgement that are set."""
    given = {name: getattr(struct, name) for name in struct.__struct_fields__}
    return shown(msgspec.to_builtins({name: v for name, v in given.items() if v is not UNSET}))


def shown(fields: dict[str, Any]) -> dict[str, Any]:
    """A mapping as it may be kept. As a whole, too, it has a largest size."""
    kept: dict[str, Any] = _shown_value(fields)
    encoded = msgspec.json.encode(kept)
    if len(encoded) <= WHOLE_MAX:
        return kept
    return {name: _small(value) for name, value in list(kept.items())[:32]}


def digest(data: bytes) -> dict[str, Any]:
    """Size and SHA-256 in place of the thing itself."""
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _shown_value(value: Any, name: str = "") -> Any:
    if _SECRET.fullmatch(name) or _SECRET.fullmatch(name.rpartition("_")[2]):
        return NOT_SHOWN
    if isinstance(value, dict):
        return {clipped(key): _shown_value(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown_value(item) for item in value]
    if isinstance(value, bytes):
        return digest(value)
    if isinstance(value, str):
        return _shown_text(value, name)
    return value


def _shown_text(text: str, name: str) -> Any:
    if name == "data_base64":
        return digest(_decoded(text))
    return text if len(text) <= TEXT_MAX else digest(_bytes_of(text))


def clipped(text: str) -> str:
    """No longer than a short text may be."""
    return text if len(text) <= TEXT_MAX else f"{text[: TEXT_MAX - 1]}…"


def _small(value: Any) -> Any:
    encoded = msgspec.json.encode(value)
    return value if len(encoded) <= WHOLE_MAX // 32 else digest(encoded)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return _bytes_of(text)


def _bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
