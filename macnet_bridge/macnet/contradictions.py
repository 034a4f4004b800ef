"""Replies that are well-formed and cannot be true all the same.

They have no code and no number of their own: what is compared is one reply with itself, or with its
request. A count may be one of bytes or one of items, so both are taken where MacNet leaves it open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import BusReadStatus

_BYTES_OF_A_VALUE = 4

Compare = Callable[[Any, Any], str | None]


def _register(asked: m.ReadRegister, reply: m.RegisterValue) -> str | None:
    if reply.found and reply.register != asked.register:
        return f"asked for register {asked.register}, answered for {reply.register}"
    return None


def _bus_read(asked: m.Message, reply: m.BusReadResult) -> str | None:
    if reply.status == BusReadStatus.COMPLETED and reply.count != len(reply.data):
        return f"NumOfBytes is {reply.count}, and there are {len(reply.data)} bytes"
    return None


def _raw(asked: m.Message, reply: m.RawData) -> str | None:
    return _counted(reply.count, len(reply.raw)) if reply.raw is not None else None


def _aux(asked: m.Message, reply: m.AuxReadings) -> str | None:
    return _counted(reply.count, len(reply.values), _BYTES_OF_A_VALUE)


def _counted(count: int | None, found: int, size: int = 1) -> str | None:
    if count is None or count in (found, found * size):
        return None
    return f"Len is {count}, and there are {found}"


_COMPARED: Mapping[type[m.Message], Compare] = {
    m.AuxReadings: _aux,
    m.BusReadResult: _bus_read,
    m.RawData: _raw,
    m.RegisterValue: _register,
}


def contradiction(asked: m.Message, reply: m.Message) -> str | None:
    """What in a reply cannot be true, None for all others."""
    compare = _COMPARED.get(type(reply))
    return compare(asked, reply) if compare else None
