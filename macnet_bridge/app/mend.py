"""Takes a mistake out of a configuration, so that those behind it can be found too."""

from __future__ import annotations

import re
from typing import Any, get_origin

from macnet_bridge.app.explain import field_info

_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_ANY_KEY = "[...]"
_NAME = "x"


def mend(values: dict[str, Any], path: str) -> bool:
    """Take the value at this path away, or put one in its place that passes where one is needed.

    Lists keep their length, so that later mistakes are still found under their own numbers.

    Args:
        path: as `explain.place_of` gives it; what has a number at its end is mended as a whole list.

    Returns:
        False when there is nothing to mend: the next look would find the same mistake.
    """
    # Which key of a table is meant, msgspec does not say; the table goes.
    path = path.partition(_ANY_KEY)[0]
    parts = [int(index) if index else name for name, index in _PART.findall(path)]
    while parts and isinstance(parts[-1], int):
        parts.pop()
    if not parts:
        return False
    *way, key = parts
    table = _follow(values, way)
    if not isinstance(table, dict):
        return False
    info = field_info(".".join(str(part) for part in parts if isinstance(part, str)))
    if info is None or not info.required:
        return table.pop(key, None) is not None
    stand_in: Any = [] if get_origin(info.type) is list else _NAME
    was, table[key] = table.get(key), stand_in
    return bool(was != stand_in)


def _follow(values: Any, way: list[Any]) -> Any:
    for part in way:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return None
    return values
