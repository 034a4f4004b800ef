"""Cutting a stream into JSON objects, however the network cut it."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.errors import Malformed
from macnet_bridge.macnet.protocol.framing import JsonFramer

texts = st.text(st.sampled_from('{}[]"\\\r\n,:aé€😀')) | st.text(max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, values, max_size=4)
white = st.text(" \t\r\n", max_size=4)


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[dict[str, Any]], bytes]:
    """Objects, and their text with any white space before, between and inside."""
    content = draw(st.lists(objects, min_size=1, max_size=5))
    text = "".join(
        draw(white)
        + json.dumps(part, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 0, 4])))
        for part in content
    )
    return content, (text + draw(white)).encode("utf-8", "surrogatepass")


def taken(framer: JsonFramer) -> list[Any]:
    found = []
    while (text := framer.take()) is not None:
        found.append(json.loads(text.decode("utf-8", "surrogatepass")))
    return found


@given(streams(), st.lists(st.integers(min_value=0), max_size=8))
def test_any_split_gives_the_same_objects(
    stream: tuple[list[dict[str, Any]], bytes], cuts: list[int]
) -> None:
    content, data = stream
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    framer, found = JsonFramer(), []
    for start, end in pairwise(places):
        framer.feed(data[start:end])
        found += taken(framer)
    assert found == content
    assert not framer.pending


@given(objects)
def test_every_prefix_is_incomplete_and_the_rest_completes_it(content: dict[str, Any]) -> None:
    data = json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")
    for cut in range(len(data)):
        framer = JsonFramer()
        framer.feed(data[:cut])
        assert framer.take() is None
        assert framer.pending == (cut > 0)
        framer.feed(data[cut:])
        assert framer.take() == data


def test_byte_by_byte() -> None:
    data = b' {"a":"}\\"{"}\r\n{"b":{}}\r\n'
    framer, found = JsonFramer(), []
    for byte in data:
        framer.feed(bytes([byte]))
        found += taken(framer)
    assert found == [{"a": '}"{'}, {"b": {}}]


@pytest.mark.parametrize("garbage", [b"x", b"[", b'"', b"}", b"\0", b"0", b"\xff", b"HTTP/1.1 200 OK"])
@pytest.mark.parametrize("before", [b"", b"\r\n", b'{"a":1}\r\n'])
def test_garbage_is_malformed(before: bytes, garbage: bytes) -> None:
    framer = JsonFramer()
    framer.feed(before + garbage)
    with pytest.raises(Malformed, match="expected a JSON object"):
        taken(framer)


@given(st.binary(max_size=200))
def test_any_bytes_give_objects_nothing_or_malformed(data: bytes) -> None:
    framer = JsonFramer(max_bytes=100)
    framer.feed(data)
    try:
        while framer.take() is not None:
            pass
    except Malformed:
        pass


def test_an_object_of_the_longest_size_is_taken() -> None:
    framer = JsonFramer(max_bytes=20)
    framer.feed(b'{"a":"' + b"x" * 12 + b'"}')
    assert framer.take() is not None


@pytest.mark.parametrize("end", [b"", b'"}'])
def test_over_long_is_malformed_whole_or_not(end: bytes) -> None:
    framer = JsonFramer(max_bytes=20)
    framer.feed(b'{"a":"' + b"x" * 20 + end)
    with pytest.raises(Malformed, match="longer than 20"):
        framer.take()


def test_a_megabyte_of_zeros_is_malformed() -> None:
    framer = JsonFramer()
    framer.feed(bytes(1_000_000))
    with pytest.raises(Malformed):
        framer.take()


@pytest.mark.timeout(30)
def test_many_messages_in_one_buffer_take_linear_time() -> None:
    framer = JsonFramer()
    framer.feed(b'{"a":1}\r\n' * 400_000)
    assert sum(1 for _ in iter(framer.take, None)) == 400_000
