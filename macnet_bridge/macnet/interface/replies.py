"""Replies as dictionaries with MacNet's own names, which is what pymacnet's users get."""

from __future__ import annotations

from typing import Any

import msgspec

from macnet_bridge.macnet.protocol.functions import Function
from macnet_bridge.macnet.protocol.messages import Message


def as_dict(function: Function[Any, Any], reply: Message, channel: int | None = None) -> dict[str, Any]:
    """A reply by MacNet's names: times as ISO 8601 text, the channel from 1."""
    head: dict[str, Any] = {"FClass": function.fclass, "FNum": function.fnum}
    if channel is not None:
        head["Chan"] = channel
    return head | fields(reply)


def fields(message: Message) -> dict[str, Any]:
    """The fields of a Struct by MacNet's names, without what the tester left out."""
    values: dict[str, Any] = msgspec.to_builtins(message)
    return {name: value for name, value in values.items() if value is not None}
