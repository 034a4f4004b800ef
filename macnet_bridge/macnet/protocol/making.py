"""Structs out of what lay on the wire: straight where it cannot break their types, checked elsewhere.

A byte is a number from 0 to 255, whatever comes: to have msgspec look whether it is one costs
more than all the rest of a reply. So the types of a Struct are compared with those of its layout
once, when the layout is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from macnet_bridge.errors import Malformed

M = TypeVar("M", bound=msgspec.Struct)

_RANGES = {
    code: (0, 2 ** (8 * size) - 1) if code.isupper() else (-(2 ** (8 * size - 1)), 2 ** (8 * size - 1) - 1)
    for size, codes in ((1, "Bb"), (2, "Hh"), (4, "Ii"), (8, "Qq"))
    for code in codes
}
"""The least and the greatest number that struct gives for a code."""

SINGLE, TEXT, TIME, STRUCT, MANY = "f", "text", "time", "struct", "[]"
"""What values are, beside the whole numbers that have the codes of struct; `MANY` goes before another."""


def cannot_break(values: str, wanted: inspect.Type) -> bool:
    """Whether all values of a kind that the wire gives are of the wanted type."""
    if isinstance(wanted, inspect.UnionType):
        return any(cannot_break(values, each) for each in wanted.types)
    if isinstance(wanted, inspect.ListType):
        bounded = wanted.min_length is not None or wanted.max_length is not None
        item = values.removeprefix(MANY)
        return item != values and not bounded and cannot_break(item, wanted.item_type)
    if isinstance(wanted, inspect.IntType) and values in _RANGES:
        low, high = _RANGES[values]
        return (wanted.ge is None or wanted.ge <= low) and (wanted.le is None or wanted.le >= high)
    return isinstance(wanted, _ANY_OF.get(values, ())) and not _is_bounded(wanted)


_ANY_OF = {
    SINGLE: inspect.FloatType,
    TEXT: inspect.StrType,
    TIME: inspect.DateTimeType,
    STRUCT: inspect.StructType,
}
_BOUNDS = ("gt", "ge", "lt", "le", "multiple_of", "pattern", "min_length", "max_length")


def _is_bounded(wanted: inspect.Type) -> bool:
    return any(getattr(wanted, bound, None) is not None for bound in _BOUNDS)


@cache
def field_types(message: type[msgspec.Struct]) -> dict[str, inspect.Type]:
    """The types of a Struct's fields by MacNet's names."""
    info = inspect.type_info(message)
    assert isinstance(info, inspect.StructType)
    return {field.encode_name: field.type for field in info.fields}


def straight(message: type[M], attributes: Sequence[str | None]) -> Callable[..., M]:
    """The Struct's constructor, with values in this order; those for None are dropped.

    Made from source, as dataclasses make theirs: to call with names that come from a dict takes
    five times as long.
    """
    names, given = _signature(attributes)
    make: Callable[..., M] = eval(f"lambda {names}: message({given})", {"message": message})
    return make


def straight_many(
    message: type[M], attributes: Sequence[str | None]
) -> Callable[[Iterable[tuple[Any, ...]]], list[M]]:
    """As `straight`, for many Structs at once."""
    names, given = _signature(attributes)
    source = f"lambda rows: [message({given}) for [{names}] in rows]"
    make: Callable[[Iterable[tuple[Any, ...]]], list[M]] = eval(source, {"message": message})
    return make


def checked(message: type[M], fields: dict[str, Any]) -> M:
    """The Struct of fields by MacNet's names, which may not be of its types.

    Raises:
        Malformed: one is not.
    """
    try:
        return msgspec.convert(fields, message)
    except msgspec.ValidationError as error:
        raise Malformed(str(error)) from None


def _signature(attributes: Sequence[str | None]) -> tuple[str, str]:
    names = [f"v{at}" for at in range(len(attributes))]
    given = [f"{name}={value}" for name, value in zip(attributes, names, strict=True) if name]
    return ", ".join(names), ", ".join(given)
