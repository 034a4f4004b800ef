"""Regular expressions of Python as JSON Schema wants them: those of ECMA-262."""

from __future__ import annotations

import re

_NOT_ASCII = r"[^\x00-\x1f\x7f-\U0010ffff"
_CLASS = re.compile(re.escape(_NOT_ASCII) + r"[^\]]*\]")
_ANY_CASE = re.compile(r"\(\?i:([^()]*)\)")
_PRINTABLE = [chr(code) for code in range(0x20, 0x7F)]


def ecma(pattern: str) -> str:
    """The same expression for ECMA-262, in what Python reads in the same way."""
    pattern = _CLASS.sub(lambda found: _positive(found[0]), pattern)
    pattern = _ANY_CASE.sub(lambda found: f"(?:{_any_case(found[1])})", pattern)
    return pattern.replace(r"\A", "^").replace(r"\Z", "$")


def _positive(negated: str) -> str:
    """A class that names what it takes: beyond the BMP, what is left out depends on flags."""
    taken = "".join(char if re.fullmatch(negated, char) else "\0" for char in _PRINTABLE)
    runs = [run for run in taken.split("\0") if run]
    return "[" + "".join(f"\\x{ord(run[0]):02x}-\\x{ord(run[-1]):02x}" for run in runs) + "]"


def _any_case(text: str) -> str:
    """`con` as `[cC][oO][nN]`; classes of digits stay."""
    return re.sub(r"[a-z]", lambda found: f"[{found[0]}{found[0].upper()}]", text)
