"""Test names that the bridge makes from ids."""

from __future__ import annotations

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Raw

from macnet_bridge.commands.start_test import key_hash, name_from_id
from macnet_bridge.payloads.arguments import StartTestArguments, decode_arguments

ids = st.text(min_size=1, max_size=128) | st.sampled_from(
    ["CON", "nul", "com1", "LPT9", "aux", "Random", "RANDOM", "random", "-", "--", "...", "a" * 25, "a" * 26]
)


@given(ids, st.text())
@example("\N{KELVIN SIGN}", "x")
@example("a\n", "x")
def test_always_a_name_that_a_requester_could_have_given(command_id: str, principal: str) -> None:
    name = name_from_id(command_id, key_hash((principal, command_id)))
    content = msgspec.json.encode({"procedure": "x", "test_name": name})
    assert decode_arguments(StartTestArguments, Raw(content)).test_name == name
    assert len(name) <= 25
    assert name.casefold() != "random", "the tester would make up another"


@given(ids)
def test_an_id_that_is_a_name_stays_readable(command_id: str) -> None:
    name = name_from_id(command_id, "0123456789ab")
    assert name == command_id or name.endswith("0123456789ab")


@given(st.sets(ids, min_size=2, max_size=2))
def test_two_ids_have_two_names(pair: set[str]) -> None:
    one, other = (name_from_id(command_id, key_hash(("x", command_id))) for command_id in pair)
    assert one != other


def test_examples() -> None:
    mark = "0123456789ab"
    assert name_from_id("01JD7K2", mark) == "01JD7K2"
    assert name_from_id("cell 17/a", mark) == f"cell-17-a-{mark}"
    assert name_from_id("a-very-long-id-of-some-flow", mark) == f"a-very-long--{mark}"
    assert name_from_id("\N{GREEK SMALL LETTER MU}", mark) == mark
    assert name_from_id("Random", mark) == f"Random-{mark}"
    assert name_from_id("con", mark) == f"con-{mark}"


def test_the_mark_is_of_the_whole_key() -> None:
    assert key_hash(("a", "1")) != key_hash(("b", "1"))
    assert len(key_hash(("a", "1"))) == 12
