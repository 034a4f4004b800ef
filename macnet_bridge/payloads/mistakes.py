"""What is wrong with a payload, as a refusal that names the field and says what it should be."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

import msgspec

from macnet_bridge.errors import Rejected

_PATH = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"unknown field `(?P<name>[^`]*)`")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]*)`")
_NAME_LENGTH = 64
"""No key is as long; a name may be as long as a payload, and comparing takes its time."""
_NO_CHOICE = "Invalid enum value"


def bad_arguments(
    error: msgspec.ValidationError,
    base: str = "",
    *,
    patterns: Mapping[str, str] = {},
    choices: Mapping[str, Iterable[str]] = {},
    keys: Mapping[str, Iterable[str]] = {},
) -> Rejected:
    """Name the field that msgspec complains about, as `args.safety.voltage_max_volt`.

    Args:
        base: what the decoded value is a part of.
        patterns: what is to be said when a text does not match one of these.
        choices: the words that a field may have, by its path.
        keys: those that there are, by the path of their table, for people who mistyped one.
    """
    match = _PATH.match(str(error))
    what, path = (match["what"], match["path"] or "$") if match else (str(error), "$")
    inside = path.removeprefix("$").lstrip(".")
    unknown = _UNKNOWN.search(what)
    named = unknown or _MISSING.search(what)
    field = ".".join(part for part in (base, inside, named["name"] if named else "") if part)
    what = _in_words(what, patterns)
    if what.startswith(_NO_CHOICE) and inside in choices:
        what += f"; there are {', '.join(choices[inside])}"
    if unknown:
        what += _nearest(unknown["name"], keys.get(inside, ()))
    return Rejected("BAD_ARGS", f"{field}: {what}" if field else what, field or None)


def _nearest(name: str, keys: Iterable[str]) -> str:
    near = difflib.get_close_matches(name[:_NAME_LENGTH], keys, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _in_words(what: str, patterns: Mapping[str, str]) -> str:
    for pattern, words in patterns.items():
        if what == f"Expected `str` matching regex {pattern!r}":
            return words
    return what
