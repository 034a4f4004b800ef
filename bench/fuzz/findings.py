"""What is reported, and the checks that every accepted value has to stand."""

from __future__ import annotations

from typing import Any

import msgspec

from macnet_bridge.macnet.protocol.messages import Message


class Finding(Exception):
    """Something that must hold and does not."""


def must(holds: bool, what: str, *shown: Any) -> None:
    """Report unless it holds.

    Raises:
        Finding: it does not.
    """
    if not holds:
        raise Finding(": ".join([what, *map(repr, shown)]))


def same(left: Any, right: Any) -> bool:
    """Whether two values are the same; a number that is none equals itself here."""
    return repr(left) == repr(right)


def check_valid(message: Message, kind: type[Message]) -> None:
    """Report a message whose values its own types do not take."""
    must(isinstance(message, kind), f"not a {kind.__name__}", message)
    try:
        again = msgspec.convert(msgspec.to_builtins(message), type(message))
    except msgspec.ValidationError as error:
        raise Finding(f"accepted although {error}: {message!r}") from None
    must(same(again, message), "is another value when it is checked again", message, again)


def is_ascii(message: Message) -> bool:
    """Whether all its texts can be written as MacNet carries them."""
    return msgspec.json.encode(message).isascii()


def is_finite(message: Message) -> bool:
    """Whether JSON can say all its numbers."""
    shown = repr(message)
    return "nan" not in shown and "inf" not in shown
