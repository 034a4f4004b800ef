"""Faults as text."""

from __future__ import annotations

import pytest

from macnet_bridge.simulator import Fault, Transport
from macnet_bridge.simulator.sockets.fault_text import EXAMPLE, parse, parse_lines


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("drop", Fault("drop")),
        (EXAMPLE, Fault("drop", on=(6, 2), channel=5, times=1)),
        ("  delay   4,7  second=0.25 ", Fault("delay", on=(4, 7), second=0.25)),
        ("split transport=tcp parts=5", Fault("split", transport=Transport.BINARY_TCP, parts=5)),
        ("drop 6,2 carried_out=no", Fault("drop", on=(6, 2), carried_out=False)),
        ("half-open share=0.1 after=10", Fault("half-open", share=0.1, after=10)),
        (r"garbage data={\x00\x20\r\n\xff=", Fault("garbage", data=b"{\x00 \r\n\xff=")),
        ("refuse times=3 second=0", Fault("refuse", times=3, second=0.0)),
    ],
)
def test_what_a_text_means(text: str, fault: Fault) -> None:
    assert parse(text) == fault


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("explode", "there is no fault 'explode'"),
        ("drop 6.2", "'6.2' is no function"),
        ("drop 6,2,1", "'6,2,1' is no function"),
        ("drop 6,2 often", "'often' is no option; there are channel, transport"),
        ("drop 6,2 time=1", "'time=1' is no option"),
        ("drop times=many", "times cannot be 'many'"),
        ("drop times=", "times cannot be ''"),
        ("drop transport=fax", "transport cannot be 'fax'"),
        ("drop carried_out=maybe", "carried_out cannot be 'maybe'"),
        ("garbage data=\\x0", "data cannot be"),
        ("garbage data=€", "data cannot be"),
        ("delay carried_out=no", "needs a reply"),
        ("drop share=nan", "share is 0 to 1"),
    ],
)
def test_a_wrong_text_shows_the_right_form_in_one_line(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="is no fault") as caught:
        parse(text)
    message = str(caught.value)
    assert why in message
    assert EXAMPLE in message
    assert "\n" not in message


def test_lines_with_remarks() -> None:
    text = "# a rehearsal\n\ndrop 6,2 times=1   # the first start\n  reset 4,7\n"
    assert parse_lines(text) == [Fault("drop", on=(6, 2), times=1), Fault("reset", on=(4, 7))]
    with pytest.raises(ValueError, match=r"line 2: 'explode' is no fault"):
        parse_lines("drop\nexplode\n")
