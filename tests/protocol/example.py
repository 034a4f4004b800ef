"""What a printed example is."""

from __future__ import annotations

from typing import NamedTuple


class Example(NamedTuple):
    """A request and its reply, as printed.

    `printed_request` is what the manual has where that is no request at all.
    """

    fclass: int
    fnum: int
    request: str
    reply: str
    printed_request: str = ""
