"""How reading says what it does not understand: all of it, one line of ASCII for each.

What reads a part raises `Refused`. `Notes` adds where that was and goes on with the next part, so
that one reading finds everything; `settle` then raises `NotUnderstood` if there was anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

MAX_LETTERS = 200
"""Of a finding, which is a reply of MacNet (6, 12)."""

MAX_FINDINGS = 1000
"""The last one then says how many more there are: a file of rubbish has one in every line."""

_MAX_QUOTED = 40

P = ParamSpec("P")
T = TypeVar("T")


class NotUnderstood(Exception):
    """A procedure, or a waveform, uses what the simulator lacks.

    Attributes:
        findings: what that is, each with its step or line; at least one.
    """

    def __init__(self, findings: Iterable[str]) -> None:
        self.findings = tuple(findings)
        super().__init__(self.findings[0], f"{len(self.findings)} in all")


class Refused(Exception):
    """One thing that is not understood; where it stands is not said yet."""


class Notes:
    """What was found so far, and where the next findings are."""

    def __init__(self, place: str = "", findings: list[str] | None = None) -> None:
        self.findings: list[str] = [] if findings is None else findings
        self._place = place

    def at(self, place: str, separator: str = ": ") -> Notes:
        """For a part of this place; both write to one list."""
        return Notes(f"{self._place}{separator}{place}" if self._place else place, self.findings)

    def add(self, text: str) -> None:
        self.findings.append(line(f"{self._place}: {text}" if self._place else text))

    def attempt(self, read: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T | None:
        """What `read` gives, None where it refuses, which is noted."""
        try:
            return read(*args, **kwargs)
        except Refused as refused:
            self.add(str(refused))
            return None

    def settle(self) -> None:
        """Raise `NotUnderstood` if there are findings."""
        if len(self.findings) > MAX_FINDINGS:
            more = len(self.findings) - MAX_FINDINGS + 1
            raise NotUnderstood([*self.findings[: MAX_FINDINGS - 1], f"and {more:,} more"])
        if self.findings:
            raise NotUnderstood(self.findings)


def line(text: str) -> str:
    """The text as one line of ASCII with at most 200 letters."""
    plain = " ".join(text.encode("ascii", "backslashreplace").decode("ascii").split())
    return plain if len(plain) <= MAX_LETTERS else plain[: MAX_LETTERS - 3] + "..."


def shown(text: str) -> str:
    """A text of the file, in quotes, with what is no printable ASCII escaped, and not too long."""
    text = text.strip()
    return ascii(text if len(text) <= _MAX_QUOTED else text[: _MAX_QUOTED - 3] + "...")
