"""What is wrong with a configuration, in one line that a person can act on."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec import Struct

from macnet_bridge.app.config import PATTERNS_IN_WORDS, Config
from macnet_bridge.app.places import lines_of

_UNKNOWN = re.compile(r"unknown field `(?P<key>[^`]*)`")
_MISSING = re.compile(r"missing required field `(?P<key>[^`]*)`")
_IN_WORDS = {
    f"Expected `str` matching regex {pattern!r}": f"Expected {words}"
    for pattern, words in PATTERNS_IN_WORDS.items()
}
_NO_CHOICE = "Invalid enum value "
_AT = re.compile(r" - at `\$?\.?(?P<path>[^`]*)`")


def explain(error: msgspec.ValidationError, text: str, source: str, overlaid: Mapping[str, str]) -> str:
    """The complaint, after the place where the wrong value comes from.

    Args:
        text: the file.
        source: its name.
        overlaid: paths whose values came from environment variables, and the variables.
    """
    at = _AT.search(str(error))
    path = at["path"] if at else ""
    what = _in_words(_AT.sub("", str(error)), path)
    unknown = _UNKNOWN.search(what)
    key = f"{path}.{unknown['key']}".strip(".") if unknown else path
    if unknown:
        message = f"unknown key {key!r}{_nearest(unknown['key'], path)}"
    else:
        message = f"{key}: {what}" if key else what
    if key in overlaid:
        return f"environment variable {overlaid[key]}: {message}"
    lines = lines_of(key, text)
    # Where several keys fit, all of an unknown name are wrong; of others nobody can say which.
    known_line = lines and (unknown or len(lines) == 1)
    return f"{source}, line {lines[0]}: {message}" if known_line else f"{source}: {message}"


def _in_words(what: str, path: str) -> str:
    if what == "Expected `array`, got `object`":
        return f"write [[{path}]], in double brackets"
    if what.startswith(_NO_CHOICE):
        return f"{what.removeprefix(_NO_CHOICE)} is none of {', '.join(map(repr, _choices(path)))}"
    return _IN_WORDS.get(what, what)


def _choices(path: str) -> list[Any]:
    """The values that a key may have, where they can be counted; of a list, those of its items."""
    kinds = _kinds(field_type(re.sub(r"\[[^]]*\]", "", path)))
    return [value for kind in kinds if get_origin(kind) is Literal for value in get_args(kind)]


def place_of(error: msgspec.ValidationError) -> str:
    """The path of the key that is wrong, unknown or missing; empty for the file as a whole."""
    at = _AT.search(str(error))
    named = _UNKNOWN.search(str(error)) or _MISSING.search(str(error))
    path = at["path"] if at else ""
    return f"{path}.{named['key']}".strip(".") if named else path


def field_type(path: str) -> Any:
    """The type of a key of the configuration, None when there is no such key."""
    info = field_info(path)
    return info and info.type


def field_info(path: str) -> Any:
    """What msgspec knows of a key of the configuration, None when there is no such key."""
    table, _, key = path.rpartition(".")
    return next((info for info in _fields(_table_at(table)) if info.encode_name == key), None)


def _nearest(key: str, path: str) -> str:
    """A guess at the key that was meant, among those of the same table."""
    known = [info.encode_name for info in _fields(_table_at(path))]
    found = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"; did you mean {found[0]!r}?" if found else f"; there are {', '.join(known)}"


def _table_at(path: str) -> Any:
    table: Any = Config
    for part in re.sub(r"\[[^]]*\]", "", path).split("."):
        if part:
            kind = next((info.type for info in _fields(table) if info.encode_name == part), None)
            table = next((kind for kind in _kinds(kind) if _is_table(kind)), None)
    return table


def _fields(table: Any) -> tuple[Any, ...]:
    return msgspec.structs.fields(table) if _is_table(table) else ()


def _kinds(kind: Any) -> Iterator[Any]:
    """A type and those inside it: of `list[X] | None` also `list[X]`, `X` and `None`."""
    yield kind
    for part in get_args(kind):
        yield from _kinds(part)


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)
