"""What all requests and replies have in common."""

from __future__ import annotations

from msgspec import Struct, field

Result = int | str
"""`0` in binary and `"OK"` in JSON when the tester agreed; a number or a text otherwise."""


class Message(Struct, frozen=True, kw_only=True):
    """Base of all requests and replies."""


class Empty(Message, frozen=True):
    """Nothing beyond function and channel."""


class Outcome(Message, frozen=True, kw_only=True):
    """What most commands reply. `result` is None where the tester sent a bare header."""

    result: Result | None = field(name="Result", default=None)


class SaysByLen(Message, frozen=True, kw_only=True):
    """A request of which one number travels as the header's Len in binary, and no data follow."""

    @property
    def header_length(self) -> int:
        """What the header says as Len."""
        raise NotImplementedError
