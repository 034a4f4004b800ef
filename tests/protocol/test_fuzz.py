"""The target of `python -m bench.fuzz`: it holds for its seeds and for random bytes, and it can fail."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.fuzz.case import Case, Side
from bench.fuzz.findings import Finding
from bench.fuzz.repair import Mutator
from bench.fuzz.seeds import seeds, words
from bench.fuzz.target import check
from macnet_bridge.macnet.protocol import binary, jsonrpc
from macnet_bridge.macnet.protocol.binary import asking as binary_asking
from macnet_bridge.macnet.protocol.framing import JsonFramer
from macnet_bridge.macnet.protocol.functions import FUNCTIONS
from macnet_bridge.macnet.protocol.jsonrpc import answering, asking
from macnet_bridge.macnet.protocol.messages import Outcome
from macnet_bridge.simulator.sockets import connections
from tests.protocol.samples import ROWS

SEEDS = seeds()
MUTATOR = Mutator(SEEDS)
MOST = 600


def change(seed: int) -> Callable[[bytes, int], bytes]:
    """Some bytes put in and taken out, in place of the fuzzer's own mutations."""
    chosen = random.Random(seed)

    def changed(data: bytes, most: int) -> bytes:
        at = chosen.randint(0, len(data))
        return (data[:at] + chosen.randbytes(chosen.randint(0, 3)) + data[at + chosen.randint(0, 3) :])[:most]

    return changed


def test_seeds_cover_every_row_from_each_side() -> None:
    cases = [Case.of(seed) for seed in SEEDS]
    for side in Side:
        wanted = {row for row in ROWS if row.json or not side.is_json}
        assert {case.row for case in cases if case.side is side} == wanted


def test_a_case_is_its_bytes() -> None:
    assert [Case.of(seed).data() for seed in SEEDS] == SEEDS


@pytest.mark.parametrize("side", Side, ids=lambda side: side.name)
def test_it_holds_for_the_seeds(side: Side) -> None:
    for seed in SEEDS:
        if Case.of(seed).side is side:
            check(seed)


@given(st.binary(max_size=200))
def test_it_holds_for_random_bytes(data: bytes) -> None:
    check(data)


@given(st.sampled_from(SEEDS), st.integers(0, 2**32 - 1))
def test_it_holds_for_mutations_of_the_seeds(seed: bytes, number: int) -> None:
    data = seed
    for step in range(3):
        data = MUTATOR.mutate(data, MOST, number + step, change(number))
        check(data)


def test_most_mutations_get_past_the_first_check() -> None:
    """Of a binary reply: its header is that of the row."""
    seed = next(each for each in SEEDS if Case.of(each).side is Side.BINARY_REPLIES)
    cases = [Case.of(MUTATOR.mutate(seed, MOST, number, change(number))) for number in range(200)]
    numbers = [(case.row.fclass, case.stream[:1]) for case in cases if case.stream]
    assert sum(bytes([fclass]) == first for fclass, first in numbers) > 150


def test_words_are_escaped_into_a_dictionary() -> None:
    assert {b'"TestName"', b'"FClass"', b'"Invalid FNum"', b"NaN"} <= set(words())


# --- what the target would report, if the code were wrong

DEFECTS: dict[str, tuple[Any, str, Any]] = {
    "another function passes": (asking, "_check_head", lambda *_: None),
    "another id passes": (asking, "_check_other_id", lambda *_: None),
    "items are not counted": (asking, "_check_items", lambda *_: None),
    "another binary function passes": (binary_asking, "_is_misprinted", lambda *_: True),
    "a reply is taken before it is whole": (binary, "reply_data_bytes", lambda *_: 0),
    "a wrong size is an IndexError": (binary_asking, "_unfit", lambda function, data: data[10**6]),
    "a request is taken before it is whole": (connections, "request_data_bytes", lambda *_: 0),
    "requests go to the next channel": (answering, "_channel", lambda *_: 2),
    "requests without a number are echoes": (answering, "_function", lambda *_: FUNCTIONS[0, 0]),
    "a quick way is too quick in JSON": (jsonrpc, "usual_reader", lambda *_: lambda *_: Outcome(result=0)),
    "a quick way is too quick in binary": (binary, "usual_reader", lambda *_: lambda *_: Outcome(result=0)),
    "spaces are lost": (JsonFramer, "feed", lambda self, data: self._buffer.extend(data.strip())),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_it_reports_a_defect(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, attribute, wrong = DEFECTS[name]
    monkeypatch.setattr(owner, attribute, wrong)
    with pytest.raises((Finding, IndexError)):
        fuzz(SEEDS * 20)


def fuzz(begin: list[bytes]) -> None:
    for number, seed in enumerate(begin):
        check(MUTATOR.mutate(seed, MOST, number, change(number)))
