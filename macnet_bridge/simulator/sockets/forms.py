"""How a simulated tester words and reads messages where the manual leaves more than one way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from macnet_bridge.macnet.protocol.codes import RESULT_OK
from macnet_bridge.macnet.protocol.function import Effect, Function
from macnet_bridge.macnet.protocol.messages import Message, Outcome

_COUNTED = frozenset({(4, 2), (4, 3), (4, 4), (4, 5), (4, 9)})
_ITEM_BYTES = 4


@dataclass(frozen=True, slots=True)
class Forms:
    """Wording of replies and reading of requests; the defaults are the sensible ones.

    Attributes:
        class7_envelope: `params` gives replies of class 7 the envelope of a request, as most of
            the manual's examples have it.
        misprints: replies of (1, 3), (1, 4), (4, 9), (4, 10) and (4, 11) have the numbers that
            the manual prints for them.
        len_semantics: whether Len of binary (4, 2) to (4, 5) and (4, 9) counts bytes or items.
        bare_replies: commands for which the manual prints no binary reply get a bare header.
        udp_reply: whether UDP replies go to the port that asked, or to MacNet's UDP port + 1.
        repeat_channel: (4, 8) by JSON has `Chan` twice, as printed.
        all_test_info: (4, 6) by JSON has all four texts, not two.
        smart_battery_count: whether `SMB1Pos` and `SMB3Pos` of (1, 2) by JSON count boards, as
            binary does, or the positions on them.
        binary_refusals: whether a binary request that is refused without a code gets a bare
            header or no reply at all.
        glued_requests: whether JSON requests that arrive together are all answered, or only
            the first of them.
        every_member: a JSON request that lacks a documented key, or has another one, is refused.
        selection_base: from what the list of (6, 1) by JSON counts its channels.
    """

    class7_envelope: Literal["result", "params"] = "result"
    misprints: bool = False
    len_semantics: Literal["bytes", "count"] = "bytes"
    bare_replies: bool = False
    udp_reply: Literal["source", "next_port"] = "source"
    repeat_channel: bool = False
    all_test_info: bool = False
    smart_battery_count: Literal["boards", "positions"] = "boards"
    binary_refusals: Literal["header", "silence"] = "header"
    glued_requests: Literal["answered", "dropped"] = "answered"
    every_member: bool = False
    selection_base: Literal[0, 1] = 0

    def numbered(self, function: Function[Any, Any]) -> Function[Any, Any]:
        """The function as its replies name it."""
        if self.misprints and function.misprinted_fnum is not None:
            return replace(function, fnum=function.misprinted_fnum)
        return function

    def length(self, function: Function[Any, Any], size: int) -> int:
        """Len of a binary reply with so many bytes of data."""
        counts = self.len_semantics == "count" and function.number in _COUNTED
        return size // _ITEM_BYTES if counts else size

    def is_bare(self, function: Function[Any, Any], reply: Message) -> bool:
        """Whether a binary reply is left out but for its header."""
        undocumented = function.effect is Effect.CHANGES and function.json and not function.results
        agrees = not isinstance(reply, Outcome) or reply.result == RESULT_OK
        return self.bare_replies and undocumented and agrees

    def text(self, function: Function[Any, Any], wire_channel: int, reply: bytes) -> bytes:
        """A JSON reply, with `Chan` twice where that is wanted."""
        if not self.repeat_channel or function.number != (4, 8):
            return reply
        chan = b'"Chan":%d,' % wire_channel
        return reply.replace(chan, chan + chan, 1)
