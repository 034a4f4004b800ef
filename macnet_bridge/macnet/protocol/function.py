"""What a row of the function table says, and what a function's result means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

from macnet_bridge.errors import TesterRefused
from macnet_bridge.macnet.protocol import codes
from macnet_bridge.macnet.protocol.layout import Layout
from macnet_bridge.macnet.protocol.messages import Message, Outcome, Result

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)

_DIGITS = re.compile(r"[0-9]{1,5}")


class Target(Enum):
    """What a function is addressed to."""

    SYSTEM = "system"
    CHANNEL = "channel"
    CHANNELS = "channels"  # a range: the addressed channel and those that follow


class Effect(Enum):
    """Whether a function changes anything at the tester."""

    READS = "reads"
    CHANGES = "changes"


class Retry(Enum):
    """What a client may do when the reply is lost."""

    AT_ONCE = "safe"
    AFTER_READING_STATE = "verify"
    NEVER = "never"


class RequestLength(Enum):
    """What the header's Len counts in a binary request."""

    BYTES = "bytes"
    CHANNELS = "channels"  # and no data follows


# Rows are compared by identity: there is one per function.
@dataclass(frozen=True, slots=True, eq=False)
class Function(Generic[Q, R]):
    """One MacNet function.

    Attributes:
        fclass, fnum: its number.
        request, reply: the Structs that it takes and gives.
        binary_request, binary_reply: layouts, any of which may occur; the first that holds
            all of a message is sent.
        results: result codes of its reply: code of the acknowledgement, and meaning.
        binary_only: JSON names of reply fields that JSON does not have.
        idempotent: whether sending it twice leaves the tester as sending it once does.
    """

    fclass: int
    fnum: int
    name: str
    request: type[Q]
    reply: type[R]
    target: Target
    effect: Effect
    retry: Retry
    idempotent: bool
    binary_request: tuple[Layout[Q], ...]
    binary_reply: tuple[Layout[R], ...]
    request_length: RequestLength = RequestLength.BYTES
    results: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    binary_only: frozenset[str] = frozenset()

    @property
    def number(self) -> tuple[int, int]:
        """(class, number), as MacNet's manual names the function."""
        return (self.fclass, self.fnum)

    @property
    def addresses_channel(self) -> bool:
        return self.target is not Target.SYSTEM

    def __str__(self) -> str:
        return f"MacNet ({self.fclass}, {self.fnum}) {self.name}"


def check_result(function: Function[Any, Any], reply: Message) -> None:
    """Raise when a reply says no.

    Raises:
        TesterRefused: the result is neither absent, 0 nor "OK".
    """
    if not isinstance(reply, Outcome) or reply.result in (None, codes.RESULT_OK, "OK", "0"):
        return
    number = _number(reply.result)
    known = function.results.get(number) if isinstance(number, int) else None
    code, meaning = known or ("MACNET_ERROR", f"the tester answered {reply.result!r}")
    raise TesterRefused(
        f"{function}: {meaning}", fclass=function.fclass, fnum=function.fnum, result=number, code=code
    )


def _number(result: Result | None) -> Result | None:
    """A result given as text of digits is a number as well; longer ones are just text."""
    return int(result) if isinstance(result, str) and _DIGITS.fullmatch(result) else result
