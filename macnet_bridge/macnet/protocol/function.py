"""What a row of the function table says, and what a function's result means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

from macnet_bridge.errors import TesterRefused
from macnet_bridge.macnet.protocol import codes
from macnet_bridge.macnet.protocol.channels import to_wire
from macnet_bridge.macnet.protocol.layout import Layout
from macnet_bridge.macnet.protocol.messages import Message, Outcome, Result

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)

_YES: frozenset[Result] = frozenset({codes.RESULT_OK, "OK", "0"})
_DIGITS = re.compile(r"[0-9]{1,5}")


class Target(Enum):
    """What a function is addressed to."""

    SYSTEM = "system"
    CHANNEL = "channel"
    CHANNELS = "channels"  # a range: the addressed channel and those that follow
    LISTED = "listed"  # those that the request lists; in binary one, and that in the header
    ALL_SELECTED = "all selected"  # what MacNet writes as channel 65535, and no channel number leads to


class Effect(Enum):
    """Whether a function changes anything at the tester."""

    READS = "reads"
    CHANGES = "changes"


class Retry(Enum):
    """What a client may do when the reply is lost."""

    AT_ONCE = "safe"
    AFTER_READING_STATE = "verify"
    NEVER = "never"
    RESTART = "restart"  # the whole transfer, from its first message on


class RequestLength(Enum):
    """What the header's Len counts in a binary request."""

    BYTES = "bytes"
    CHANNELS = "channels"  # and no data follows
    SELECTOR = "selector"  # of a format, and no data follows


# Rows are compared by identity: there is one per function.
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Function(Generic[Q, R]):
    """One MacNet function.

    Attributes:
        fclass, fnum: its number.
        request, reply: the Structs that it takes and gives.
        binary_request, binary_reply: layouts, any of which may occur; the first that holds
            all of a message is sent.
        results: result codes of its reply: code of the acknowledgement, and meaning.
        success: results that say yes.
        json, binary: whether it exists in these forms; by TCP and by UDP binary is the same.
        binary_only: JSON names of fields, of request or reply, that JSON does not have.
        aliases: other names that testers may give to fields of a JSON reply.
        printed_as_request: the manual prints its JSON reply as `method` and `params`.
        misprinted_fnum: number that the manual prints in its reply, by mistake as it seems.
        misprinted_lengths: bytes of data that follow a reply's Len which the manual prints wrongly.
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
    binary_request: tuple[Layout[Any], ...]
    binary_reply: tuple[Layout[Any], ...]
    request_length: RequestLength = RequestLength.BYTES
    results: Mapping[Any, tuple[str, str]] = field(default_factory=dict)
    success: frozenset[Result] = _YES
    json: bool = True
    binary: bool = True
    binary_only: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    printed_as_request: bool = False
    misprinted_fnum: int | None = None
    misprinted_lengths: Mapping[int, int] = field(default_factory=dict)

    @property
    def number(self) -> tuple[int, int]:
        """(class, number), as MacNet's manual names the function."""
        return (self.fclass, self.fnum)

    @property
    def addresses_channel(self) -> bool:
        """Whether a JSON message names one channel."""
        return self.target not in (Target.SYSTEM, Target.LISTED)

    def wire_channel(self, channel: int) -> int:
        """What stands in the place of the channel for our channel, which counts from 1.

        Raises:
            InvalidRequest: no channel has this number.
        """
        return codes.ALL_SELECTED if self.target is Target.ALL_SELECTED else to_wire(channel)

    def __repr__(self) -> str:
        return f"<{self}>"

    def __str__(self) -> str:
        return f"MacNet ({self.fclass}, {self.fnum}) {self.name}"


def check_result(function: Function[Any, Any], reply: Message) -> None:
    """Raise when a reply says no.

    Raises:
        TesterRefused: the result is there, and not one of those that say yes.
    """
    if not isinstance(reply, Outcome) or reply.result is None or reply.result in function.success:
        return
    number = _number(reply.result)
    known = function.results.get(number)
    code, meaning = known or ("MACNET_ERROR", f"the tester answered {reply.result!r}")
    raise TesterRefused(
        f"{function}: {meaning}", fclass=function.fclass, fnum=function.fnum, result=number, code=code
    )


def _number(result: Result | None) -> Result | None:
    """A result given as text of digits is a number as well; longer ones are just text."""
    return int(result) if isinstance(result, str) and _DIGITS.fullmatch(result) else result
