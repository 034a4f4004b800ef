"""Single-precision numbers: MacNet computes in them, whatever the transport prints."""

from __future__ import annotations

import struct
from typing import TypeVar

from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.macnet.protocol.messages import Message

M = TypeVar("M", bound=Message)
_SINGLE = struct.Struct("<f")


def single(value: float) -> float:
    """The nearest number that fits into four bytes.

    Raises:
        BadRequest: `Illegal value`, when it does not fit at all.
    """
    try:
        rounded: float = _SINGLE.unpack(_SINGLE.pack(value))[0]
    except OverflowError:
        raise BadRequest(BadRequest.ILLEGAL_VALUE) from None
    return rounded


def as_singles(message: M) -> M:
    """The same Struct with its float fields rounded."""
    values = ((name, getattr(message, name)) for name in message.__struct_fields__)
    return type(message)(
        **{name: single(value) if isinstance(value, float) else value for name, value in values}
    )
