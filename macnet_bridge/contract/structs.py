"""Schemas of Structs: what msgspec makes of them, with their docstrings, in the words of JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import inspect

from macnet_bridge.contract.descriptions import describe
from macnet_bridge.contract.patterns import ecma

Schema = dict[str, Any]


def schemas(kinds: Iterable[Any], place: str) -> tuple[list[Schema], dict[str, Schema]]:
    """The schema of each type, mostly a reference, and the schemas of all Structs in them by name.

    Args:
        place: where those will stand, such as `#/$defs/`.
    """
    kinds = list(kinds)
    outer, named = msgspec.json.schema_components(kinds, ref_template=place + "{name}")
    classes = {name: kind for kind in set(_structs(kinds)) for name in (kind.__name__, _long_name(kind))}
    for name, schema in named.items():
        describe(schema, classes[name])
    short = {_long_name(kind): _short_name(kind) for kind in classes.values()}
    renamed = {short.get(name, name): _plain(schema, place, short) for name, schema in named.items()}
    return [_plain(schema, place, short) for schema in outer], dict(sorted(renamed.items()))


def _long_name(kind: type) -> str:
    """What msgspec calls one of two Structs of the same name."""
    return f"{kind.__module__}.{kind.__qualname__}"


def _short_name(kind: type) -> str:
    return kind.__module__.rpartition(".")[2].title() + kind.__name__


def _structs(kinds: Iterable[Any]) -> Iterator[type]:
    for info in inspect.multi_type_info(kinds):
        yield from _inside(info, set())


def _inside(info: Any, seen: set[type]) -> Iterator[type]:
    """The Structs in a type as msgspec describes it, each once."""
    if isinstance(info, tuple | list):
        for part in info:
            yield from _inside(part, seen)
    elif isinstance(info, inspect.Type | inspect.Field):
        if isinstance(info, inspect.StructType):
            if info.cls in seen:
                return
            seen.add(info.cls)
            yield info.cls
        for name in info.__struct_fields__:
            if name not in ("default", "default_factory", "cls"):
                yield from _inside(getattr(info, name), seen)


def _plain(value: Any, place: str, names: dict[str, str]) -> Any:
    """Without OpenAPI's discriminator, with ECMA's expressions and short names."""
    if isinstance(value, list):
        return [_plain(each, place, names) for each in value]
    if not isinstance(value, dict):
        return value
    plain = {
        key: _plain(each, place, names)
        for key, each in value.items()
        if key != "discriminator" or not isinstance(each, dict) or "mapping" not in each
    }
    if isinstance(plain.get("pattern"), str):
        plain["pattern"] = ecma(plain["pattern"])
    if isinstance(name := plain.get("$ref"), str):
        name = name.removeprefix(place)
        plain["$ref"] = place + names.get(name, name)
    return plain
