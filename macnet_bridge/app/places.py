"""Where in a TOML file a key stands. TOML parsers do not tell, and people want the line."""

from __future__ import annotations

import re
from collections import Counter

_HEADER = re.compile(r"\s*\[(?P<array>\[)?(?P<name>[^\[\]]+)\]")
_KEY = re.compile(r"""\s*(?P<key>[\w."'-]+)\s*=(?P<value>.*)""")
_INLINE_KEY = re.compile(r"""[{,]\s*(?P<key>[\w."'-]+)\s*=""")
_INDEX = re.compile(r"\[[^\]]*\]$")


def lines_of(path: str, text: str) -> list[int]:
    """Lines, from 1, on which the key of this path stands.

    Args:
        path: such as `cycler[0].limits.voltage_max_volt`; `[...]` stands for any key of a
            table. Of an item of a list it is the list that is found.
    """
    pattern = re.escape(path).replace(re.escape("[...]"), r"\.[^.]+")
    found = [line for place, line in _places(text).items() if re.fullmatch(pattern, place)]
    if not found and _INDEX.search(path):
        return lines_of(_INDEX.sub("", path), text)
    return found


def _places(text: str) -> dict[str, int]:
    """Where all keys and tables are first named, the parents of tables included."""
    places: dict[str, int] = {}
    arrays: Counter[str] = Counter()
    table: list[str] = []
    for line, content in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(content):
            table = _resolve(_parts(header["name"]), bool(header["array"]), arrays)
            for path in _prefixes(table):
                places.setdefault(path, line)
        elif key := _KEY.match(content):
            path = ".".join([*table, *_parts(key["key"])])
            places.setdefault(path, line)
            for inner in _INLINE_KEY.finditer(key["value"]):
                places.setdefault(".".join([path, *_parts(inner["key"])]), line)
    return places


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]


def _resolve(parts: list[str], array: bool, arrays: Counter[str]) -> list[str]:
    """The parts of a header, each array among them with the index of its current table."""
    resolved: list[str] = []
    for number, part in enumerate(parts, 1):
        name = ".".join([*resolved, part])
        if array and number == len(parts):
            arrays[name] += 1
        resolved.append(f"{part}[{arrays[name] - 1}]" if arrays[name] else part)
    return resolved


def _prefixes(table: list[str]) -> list[str]:
    paths = [".".join(table[:end]) for end in range(1, len(table) + 1)]
    return [*paths, *(_INDEX.sub("", path) for path in paths if _INDEX.search(path))]
