"""What is fuzzed: one input, and everything that has to hold for it.

- Any cut of a stream gives the same messages, and the same value or error.
- A part of a message is nothing yet: never an error, never a value.
- A message gives a value or a typed error: Malformed, TesterRefused or FunctionMissing on the side
  that asks, BadRequest or Malformed on the side that answers. A value is one that its own types take,
  and that comes back when it is encoded.
- No value is taken for another function, channel or id than was asked, but for the numbers that
  the manual misprints.
- Nothing takes longer than a moment.
"""

from __future__ import annotations

import time

from bench.fuzz import oracle, replies, requests
from bench.fuzz.case import Case
from bench.fuzz.findings import must
from macnet_bridge.errors import Malformed
from macnet_bridge.macnet.protocol.framing import JsonFramer

MOST_CPU_S = 2.0
"""For one input of at most 4 KiB, which takes a millisecond."""

_SHORT_BYTES = 200
_WHITE = b" \t\r\n"


def check(data: bytes) -> None:
    """Try one input.

    Raises:
        Finding: something does not hold. Any other exception is a finding as well.
    """
    started = time.process_time()
    case = Case.of(data)
    if case.side.is_json:
        _check_json(case)
    elif case.side.asks:
        replies.check(case)
    else:
        requests.check(case)
    must(time.process_time() - started < MOST_CPU_S, "takes too long", data)


def _check_json(case: Case) -> None:
    texts = _check_framing(case)
    if not case.side.asks:
        requests.check(case)
    elif case.row.json:
        replies.check(case)
    for text in texts:
        if case.side.asks:
            replies.check_text(case, text)
        else:
            requests.check_text(text)


def _check_framing(case: Case) -> list[bytes]:
    """The objects of a stream, after checking that they are what it has, however it is cut."""
    texts, in_step = _framed([case.stream], JsonFramer())
    must(_framed(case.parts(), JsonFramer()) == (texts, in_step), "depends on how the stream is cut", texts)
    rest = case.stream
    for text in texts:
        rest = rest.lstrip(_WHITE)
        must(rest.startswith(text), "not what the stream has", text)
        rest = rest[len(text) :]
    _check_rest(rest.lstrip(_WHITE), in_step)
    short = [_framed(parts, JsonFramer(_SHORT_BYTES)) for parts in ([case.stream], case.parts())]
    must(short[0] == short[1], "too long by one cut and not by another", *short)
    return texts


def _check_rest(rest: bytes, in_step: bool) -> None:
    """What is left may be a part of an object, and nothing else."""
    must(in_step == (rest[:1] in (b"", b"{")), "in step or not", rest)
    must(not (in_step and oracle.begins_with_object(rest)), "a whole object is left", rest)


def _framed(parts: list[bytes], framer: JsonFramer) -> tuple[list[bytes], bool]:
    """The objects that come out, and whether the stream is in step to its end."""
    texts = []
    for part in parts:
        framer.feed(part)
        try:
            while (text := framer.take()) is not None:
                texts.append(text)
        except Malformed:
            return texts, False
    return texts, True
