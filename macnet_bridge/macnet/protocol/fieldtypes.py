"""The types that fields of MacNet messages have, and the check that values keep to them."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from macnet_bridge.errors import InvalidRequest

SINGLE_MAX = 3.4028234663852886e38
"""The largest single-precision number, and all numbers with a fraction are single in MacNet."""

UInt8 = Annotated[int, Meta(ge=0, le=0xFF)]
UInt16 = Annotated[int, Meta(ge=0, le=0xFFFF)]
UInt32 = Annotated[int, Meta(ge=0, le=0xFFFFFFFF)]
Int16 = Annotated[int, Meta(ge=-0x8000, le=0x7FFF)]
Int32 = Annotated[int, Meta(ge=-0x80000000, le=0x7FFFFFFF)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
ChannelCount = Annotated[int, Meta(ge=1, le=128)]
Single = Annotated[float, Meta(ge=-SINGLE_MAX, le=SINGLE_MAX)]
"""A finite number that we send. Replies use plain float: a reading may be no number."""

Text = Annotated[str, Meta(max_length=250, pattern=r"\A[\x00-\x7f]*\Z")]
"""A text that we send: ASCII, 250 characters in JSON; binary fields are narrower still."""

ShortText = Annotated[str, Meta(max_length=255, pattern=r"\A[\x00-\x7f]*\Z")]
"""ASCII that one byte can give the length of."""

Mode = Annotated[str, Meta(pattern=r"\A[CDR]\Z")]
FlagsText = Annotated[str, Meta(pattern=r"\A(0[xX])?[0-9a-fA-F]{1,8}\Z")]
Truth = Annotated[str, Meta(pattern=r"(?i)\A(TRUE|FALSE)\Z")] | bool | Annotated[int, Meta(ge=0, le=1)]
"""A truth value: `"TRUE"` in JSON by the manual, a byte in binary, and whatever else may mean it."""

# The manual has no zone, and one tester with a zone beside others without could not be compared.
Time = Annotated[datetime, Meta(tz=False)]


def is_true(value: str | bool | int) -> bool:
    """What a `Truth` means."""
    return value.upper() == "TRUE" if isinstance(value, str) else bool(value)


def flags_number(flags: str | int) -> int:
    """Flags as one number, however they were written."""
    return int(flags, 16) if isinstance(flags, str) else flags


def single(value: float) -> float:
    """A number as MacNet carries it, in single precision; infinity where that cannot hold it."""
    try:
        rounded: float = _SINGLE.unpack(_SINGLE.pack(value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return rounded


_SINGLE = struct.Struct("<f")
_PATH = re.compile(r"`\$\.(\w+)")


class _Decoders(dict[type, msgspec.json.Decoder[Any]]):
    """One JSON decoder per type, made when first needed."""

    def __missing__(self, kind: type) -> msgspec.json.Decoder[Any]:
        decoder = self[kind] = msgspec.json.Decoder(kind)
        return decoder


decoders = _Decoders()
_encoder = msgspec.json.Encoder()


def checked_json(message: msgspec.Struct) -> bytes:
    """The fields of a Struct as a JSON object, after checking every value against its type.

    Structs take any value when they are made, so the check decodes what was encoded.

    Raises:
        InvalidRequest: a value is of the wrong type or out of range, with the name of its field.
    """
    try:
        content = _encoder.encode(message)
    except (TypeError, UnicodeEncodeError) as error:
        raise InvalidRequest(f"{type(message).__name__}: {error}") from None
    if content != b"{}":
        try:
            decoders[type(message)].decode(content)
        except msgspec.ValidationError as error:
            raise InvalidRequest(f"{type(message).__name__}: {error}", _field(message, error)) from None
    return content


def _field(message: msgspec.Struct, error: msgspec.ValidationError) -> str | None:
    path = _PATH.search(str(error))
    return wire_names(type(message)).get(path[1]) if path else None


@cache
def wire_names(message: type[msgspec.Struct]) -> Mapping[str, str]:
    """Map from MacNet's name of a field to the attribute that holds it."""
    return {info.encode_name: info.name for info in msgspec.structs.fields(message)}
