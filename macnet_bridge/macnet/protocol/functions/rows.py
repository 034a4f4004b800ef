"""What rows have in common: layouts that many of them use, and rows with the usual settings."""

from __future__ import annotations

from typing import Any, TypeVar

from macnet_bridge.macnet.protocol.function import Effect, Function, RequestLength, Retry, Target
from macnet_bridge.macnet.protocol.layout import Layout
from macnet_bridge.macnet.protocol.messages import ChannelRange, Empty, Message, Outcome

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)

NOTHING = (Layout(Empty, ""),)
RESULT = (Layout(Outcome, "Result u16"),)
# The manual prints no binary reply for these, so a bare header and one byte are taken as well.
RESULT_OR_HEADER = (Layout(Outcome, "Result u16"), Layout(Outcome, "Result u8"), Layout(Outcome, ""))


def asks(
    fclass: int,
    fnum: int,
    name: str,
    request: type[Q],
    binary_request: tuple[Layout[Any], ...],
    reply: type[R],
    binary_reply: tuple[Layout[Any], ...],
    target: Target = Target.CHANNEL,
    **more: Any,
) -> Function[Q, R]:
    """A row that changes nothing, unless `more` says otherwise."""
    settings: dict[str, Any] = {"effect": Effect.READS, "retry": Retry.AT_ONCE, "idempotent": True, **more}
    return Function(
        fclass,
        fnum,
        name,
        request,
        reply,
        target,
        binary_request=binary_request,
        binary_reply=binary_reply,
        **settings,
    )


def reads(
    fclass: int,
    fnum: int,
    name: str,
    reply: type[R],
    notation: str,
    target: Target = Target.CHANNEL,
    **more: Any,
) -> Function[Empty, R]:
    """A row that asks for one thing and changes nothing."""
    return asks(fclass, fnum, name, Empty, NOTHING, reply, (Layout(reply, notation),), target, **more)


def reads_many(
    fclass: int, fnum: int, name: str, reply: type[R], layout: Layout[R], **more: Any
) -> Function[ChannelRange, R]:
    """A row that reads up to 128 channels in one request."""
    return asks(
        fclass,
        fnum,
        name,
        ChannelRange,
        (Layout(ChannelRange, ""),),
        reply,
        (layout,),
        Target.CHANNELS,
        request_length=RequestLength.CHANNELS,
        **more,
    )


def commands(
    fclass: int,
    fnum: int,
    name: str,
    request: type[Q],
    layouts: tuple[Layout[Any], ...],
    retry: Retry,
    *,
    idempotent: bool = False,
    target: Target = Target.CHANNEL,
    **more: Any,
) -> Function[Q, Outcome]:
    """A row that changes something and whose reply is a result."""
    replies = RESULT if "results" in more else RESULT_OR_HEADER
    return Function(
        fclass,
        fnum,
        name,
        request,
        Outcome,
        target,
        Effect.CHANGES,
        retry,
        idempotent,
        layouts,
        more.pop("binary_reply", replies),
        **more,
    )


def orders(fclass: int, fnum: int, name: str, retry: Retry, **more: Any) -> Function[Empty, Outcome]:
    """A row that changes something, takes nothing, and whose reply is a result."""
    return commands(fclass, fnum, name, Empty, NOTHING, retry, **more)
