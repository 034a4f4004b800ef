"""What counts the readings of the comparison: found by searches in payloads as they really are."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.subscriber import Counter, Numbered, channels_in, number_at
from bench.wire import Message


def numbered(*numbers: int, topic: bytes = b"t") -> list[Message]:
    return [Message(topic, b'{"run":1,"seq":%d,"quality":"good"}' % number) for number in numbers]


def counted(*messages: Message) -> Counter:
    counter = Counter()
    counter.take(messages)
    return counter


def test_gaps_are_counted_by_topic() -> None:
    counters = counted(*numbered(5, 6, 9), *numbered(1, 2, topic=b"u")).counters
    assert (counters.messages, counters.missing, counters.disordered) == (5, 2, 0)


def test_a_number_that_does_not_rise_is_out_of_order() -> None:
    counters = counted(*numbered(5, 5, 4, 5)).counters
    assert (counters.missing, counters.disordered) == (0, 2)


def test_messages_without_a_number_miss_nothing() -> None:
    counters = counted(Message(b"t", b'{"Chan":3}'), Message(b"t", b'{"Chan":3}')).counters
    assert (counters.messages, counters.readings, counters.numbered, counters.missing) == (2, 2, 0, 0)


@given(st.integers(0, 1 << 62), st.lists(st.integers(1, 1024)))
def test_searches_find_what_decoding_finds(seq: int, channels: list[int]) -> None:
    sweep = msgspec.json.encode({"run": 1, "seq": seq, "channel": channels, "voltage_volt": [1.0, 2.0]})
    decoded = msgspec.json.decode(sweep, type=Numbered)
    assert [channels_in(sweep)] == [len(channels)] == [len(decoded.channel)]  # type: ignore[arg-type]
    assert number_at(sweep, sweep.find(b'"seq":') + 6) == seq == decoded.seq


@pytest.mark.parametrize("payload", [b'{"seq": 17, "a":1}', b'{"a":1,"seq":17}', b'{"seq":17}'])
def test_a_number_wherever_it_stands(payload: bytes) -> None:
    assert number_at(payload, payload.find(b'"seq":') + 6) == 17


def test_a_reading_is_one_channel() -> None:
    assert channels_in(b'{"seq":1,"voltage_volt":3.7}') == 1
