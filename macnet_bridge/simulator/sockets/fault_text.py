"""Faults as text, for a command line or a file: `drop 6,2 channel=5 times=1`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from macnet_bridge.simulator.sockets.fault_kinds import Fault
from macnet_bridge.simulator.sockets.received import Transport

EXAMPLE = "drop 6,2 channel=5 times=1"
"""The right form, for messages about a wrong one."""

_YES = {"yes": True, "no": False}
_OPTIONS: dict[str, Callable[[str], Any]] = {
    "channel": int,
    "transport": Transport,
    "after": int,
    "share": float,
    "times": int,
    "carried_out": _YES.__getitem__,
    "second": float,
    "parts": int,
    "data": lambda text: text.encode("latin-1").decode("unicode_escape").encode("latin-1"),
}


def parse(text: str) -> Fault:
    """A fault from its kind, the class and number of a function if any, and `option=value`s.

    In `data`, `\\x00`, `\\r`, `\\n` and `\\x20` stand for bytes that cannot be typed.

    Raises:
        ValueError: it is wrong; the message is one line with the right form.
    """
    try:
        kind, *words = text.split()
        on = _function(words.pop(0)) if words and "=" not in words[0] else None
        return Fault(kind, on=on, **dict(_option(word) for word in words))
    except (ValueError, TypeError) as error:
        why = "it is empty" if not text.strip() else error
        raise ValueError(f"{text!r} is no fault: {why}. Write it like {EXAMPLE!r}") from None


def parse_lines(text: str) -> list[Fault]:
    """One fault a line; what follows a # is a remark, and empty lines mean nothing.

    Raises:
        ValueError: as `parse`, with the number of the line.
    """
    faults = []
    for number, line in enumerate(text.splitlines(), 1):
        if wanted := line.partition("#")[0].strip():
            try:
                faults.append(parse(wanted))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None
    return faults


def _function(word: str) -> tuple[int, int]:
    fclass, _, fnum = word.partition(",")
    if not (fclass.isdecimal() and fnum.isdecimal()):
        raise ValueError(f"{word!r} is no function like 6,2")
    return int(fclass), int(fnum)


def _option(word: str) -> tuple[str, Any]:
    name, _, value = word.partition("=")
    if name not in _OPTIONS:
        raise ValueError(f"{word!r} is no option; there are {', '.join(_OPTIONS)}")
    try:
        return name, _OPTIONS[name](value)
    except (ValueError, KeyError):
        raise ValueError(f"{name} cannot be {value!r}") from None
