"""Arguments and results of the smart battery verbs, made from the Structs of MacNet's messages."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo

from macnet_bridge.commands.reply_types import lower_name, made
from macnet_bridge.errors import Rejected
from macnet_bridge.macnet.protocol import codes
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.function import Function
from macnet_bridge.payloads.arguments import Arguments

Q = TypeVar("Q", bound=m.Message)

_WORDS: dict[type[m.Message], dict[str, type[codes.Code]]] = {
    m.SmartBatteryInfo: {"SBType": codes.SmartBatteryType},
    m.BusReadResult: {"Status": codes.BusReadStatus},
    m.PositionSetup: {"BusType": codes.PositionBusType},
    # Not data_type: what its numbers stand for is in doubt.
    m.ScanEntry: {"FormatType": codes.RegisterFormat},
}
"""Fields of replies that are codes, by MacNet's names."""


@cache
def arguments_of(row: Function[Any, Any]) -> type[Arguments]:
    """The Struct of a verb's arguments: types, bounds and defaults are those of the row's request."""
    fields = [(lower_name(info), info.type, *_default(info)) for info in _fields(row)]
    made = msgspec.defstruct(
        f"{row.name}_arguments",
        fields,
        bases=(Arguments,),
        module=__name__,
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )
    return cast(type[Arguments], made)


def request_of(row: Function[Q, Any], args: Arguments) -> Q:
    """The request that a verb's arguments stand for."""
    return row.request(**{info.name: getattr(args, lower_name(info)) for info in _fields(row)})


def shown(reply: m.Message) -> dict[str, Any]:
    """A reply with MacNet's names in lower case, the words of its codes, and nothing that is not there."""
    content: dict[str, Any] = msgspec.to_builtins(reply)
    codes_of = _WORDS.get(type(reply), {})
    words = {name.lower(): code.word(content[name]) for name, code in codes_of.items()}
    fields: dict[str, Any] = _lowered(content)
    return fields | ({"words": words} if words else {})


def result_of(
    row: Function[Any, Any], read_back: type[m.Message] | None, more: dict[str, Any]
) -> type[Struct]:
    """The Struct of a verb's result: that of the row's reply, or of what is read back in its place.

    Args:
        more: further keys, with their types.
    """
    messages = [row.reply] if read_back is None else [row.reply, read_back]
    if any(message in _WORDS for message in messages):
        more = {"words": dict[str, str]} | more
    return made(f"{row.name}_result", *messages, names=lower_name, more=more)


def check_transfer(request: m.Message) -> None:
    """Refuse a bus transfer whose numbers contradict each other; others pass.

    Raises:
        Rejected: BAD_ARGS, with the field.
    """
    if not isinstance(request, m.BusRead | m.BusWrite):
        return
    if request.first > request.last:
        raise _bad("enddataaddr", f"{request.last} is before startdataaddr {request.first}")
    if isinstance(request, m.BusWrite):
        addresses, count = request.last - request.first + 1, len(request.data)
        if request.count != count:
            raise _bad("numofbytes", f"{request.count}, and data has {count} bytes")
        if addresses not in (1, count):
            raise _bad("data", f"{count} bytes for {addresses} addresses; each takes one")


def _bad(field: str, what: str) -> Rejected:
    return Rejected("BAD_ARGS", f"args.{field}: {what}", f"args.{field}")


def _fields(row: Function[Any, Any]) -> list[FieldInfo]:
    """The fields that a command can set: it goes by JSON, which lacks some."""
    return [info for info in msgspec.structs.fields(row.request) if info.encode_name not in row.binary_only]


def _default(info: FieldInfo) -> tuple[Any, ...]:
    return () if info.required else (info.default,)


def _lowered(content: Any) -> Any:
    if isinstance(content, dict):
        return {name.lower(): _lowered(value) for name, value in content.items() if value is not None}
    return [_lowered(each) for each in content] if isinstance(content, list) else content
