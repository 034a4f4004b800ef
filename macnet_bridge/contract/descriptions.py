"""What the docstrings of Structs say, for their schemas."""

from __future__ import annotations

import inspect
import re
from typing import Any

_ENTRY = re.compile(r"^    (\w+(?:, \w+)*): (.*)$")
_HEAD = "\n\nAttributes:\n"


def describe(schema: dict[str, Any], kind: type) -> None:
    """Put the docstring of a Struct into its schema: the text, and a description per attribute."""
    text, _ = read(kind.__dict__.get("__doc__") or "")
    schema.pop("description", None)
    if text:
        schema["description"] = text
    for name, said in attributes(kind).items():
        if name in schema.get("properties", {}):
            schema["properties"][name]["description"] = said


def attributes(kind: type) -> dict[str, str]:
    """What a Struct and those that it is made from say of their attributes."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        found |= read(base.__dict__.get("__doc__") or "")[1]
    return found


def read(docstring: str) -> tuple[str, dict[str, str]]:
    """The text of a docstring in one line per paragraph, and its `Attributes:` by name."""
    text, _, listed = inspect.cleandoc(docstring).partition(_HEAD)
    found: dict[str, str] = {}
    names: list[str] = []
    for line in listed.splitlines():
        if entry := _ENTRY.match(line):
            names = entry[1].split(", ")
            found |= dict.fromkeys(names, entry[2])
        else:
            found |= {name: f"{found[name]} {line.strip()}".strip() for name in names}
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n")), found
