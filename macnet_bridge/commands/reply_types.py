"""Structs of results that are a MacNet reply in other words, made from the reply's message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import FieldInfo

Names = Callable[[FieldInfo], str]
"""By what name a field is shown."""


def own_name(info: FieldInfo) -> str:
    """The name of our attribute."""
    return info.name


def lower_name(info: FieldInfo) -> str:
    """MacNet's name in lower case."""
    return info.encode_name.lower()


def made(
    name: str, *messages: type[Struct], names: Names, more: Mapping[str, Any] | None = None
) -> type[Struct]:
    """A Struct with the fields of a message, where what the tester left out is left out, too.

    Args:
        messages: with several, any one of them is shown.
        more: further keys, with the type of each; they need not be there.
    """
    told = {info.encode_name: info for message in messages for info in msgspec.structs.fields(message)}
    fields = [_field(info, names, len(messages) > 1) for info in told.values()]
    fields += [(key, kind | UnsetType, UNSET) for key, kind in (more or {}).items()]
    kind = msgspec.defstruct(name, fields, module=__name__, frozen=True, kw_only=True)
    kind.__doc__ = messages[0].__doc__
    return kind


def _field(info: FieldInfo, names: Names, may_lack: bool) -> tuple[Any, ...]:
    kind = _shown(info.type, names)
    if may_lack or type(None) in get_args(info.type):
        return names(info), kind | UnsetType, UNSET
    return names(info), kind


def _shown(kind: Any, names: Names) -> Any:
    """The type as JSON shows it. A reply's number may be none, which JSON shows as null."""
    if kind is float:
        return float | None
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return Annotated[(_shown(parts[0], names), *parts[1:])] if parts[0] is not float else float | None
    if origin in (Union, UnionType):
        return Union[tuple(_shown(each, names) for each in parts if each is not type(None))]  # noqa: UP007
    if origin is list:
        return list[_shown(parts[0], names)]  # type: ignore[misc]
    return _item(kind, names) if isinstance(kind, type) and issubclass(kind, Struct) else kind


@cache
def _item(message: type[Struct], names: Names) -> type[Struct]:
    return made(f"{message.__name__}Shown", message, names=names)
