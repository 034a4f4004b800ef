"""Allow rules, and channels as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.commands.permission import AllowRule, Permission, parse_channels
from macnet_bridge.errors import ConfigError, Rejected
from macnet_bridge.topics import Address, Scope
from tests.commands.refusals import attempt


def ask(
    permission: Permission,
    verb: str = "start_test",
    principal: str = "alice",
    cycler: str | None = "lab1",
    channel: int | None = 5,
    *,
    reads: bool = False,
    stops: bool = False,
) -> bool:
    scope = Scope.BRIDGE if cycler is None else Scope.CYCLER if channel is None else Scope.CHANNEL
    address = Address(scope, verb, principal, cycler, channel)
    return not isinstance(attempt(lambda: permission.check(address, reads=reads, stops=stops)), Rejected)


def rules(*given: AllowRule, stop_needs_rule: bool = False) -> Permission:
    return Permission(given, stop_needs_rule)


def test_without_rules_only_reads_and_stops() -> None:
    assert not ask(rules())
    assert ask(rules(), reads=True)
    assert ask(rules(), stops=True)
    assert not ask(rules(stop_needs_rule=True), stops=True)
    assert ask(rules(AllowRule("alice", ("suspend",)), stop_needs_rule=True), "suspend", stops=True)


def test_the_code() -> None:
    with pytest.raises(Rejected) as rejected:
        rules().check(Address(Scope.CHANNEL, "reset", "alice", "lab1", 5), reads=False, stops=False)
    assert rejected.value.code == "NOT_ALLOWED"
    assert "alice" in str(rejected.value)


def test_any_rule_that_matches_allows() -> None:
    two = rules(AllowRule("bob", ("*",)), AllowRule("alice", ("start_test",)))
    assert ask(two)
    assert not ask(two, "reset")
    assert ask(two, "reset", "bob")


def test_everyone_includes_the_nameless() -> None:
    everyone = rules(AllowRule("*", ("start_test",)))
    assert ask(everyone, principal="anonymous")
    assert not ask(rules(AllowRule("alice", ("*",))), principal="anonymous")
    assert not ask(rules(AllowRule("al*", ("*",))), principal="alice"), "names are no patterns"


@pytest.mark.parametrize(
    ("pattern", "verb", "matches"),
    [
        ("*", "anything", True),
        ("read_*", "read_status", True),
        ("read_*", "start_test", False),
        ("start_test", "start_test", True),
        ("start_test", "start_tests", False),
        ("START_TEST", "start_test", False),
        ("set_?ariable", "set_variable", True),
    ],
)
def test_patterns(pattern: str, verb: str, matches: bool) -> None:
    assert ask(rules(AllowRule("*", (pattern,))), verb) is matches


def test_cyclers_and_channels() -> None:
    some = rules(AllowRule("*", ("*",), ("lab1",), frozenset({1, 2})))
    assert ask(some, channel=2)
    assert not ask(some, channel=5)
    assert not ask(some, cycler="lab2", channel=2)
    assert not ask(some, channel=None), "what reaches all channels needs a rule for all"
    assert ask(rules(AllowRule("*", ("*",), ("lab1",))), channel=None)


def test_commands_to_the_bridge() -> None:
    assert ask(rules(AllowRule("*", ("*",))), cycler=None, channel=None)
    assert not ask(rules(AllowRule("*", ("*",), ("lab1",))), cycler=None, channel=None), (
        "a rule for one cycler says nothing about the bridge"
    )


@pytest.mark.parametrize(
    ("text", "channels"),
    [
        ("all", None),
        ("1", {1}),
        ("1-3", {1, 2, 3}),
        ("1-2,33", {1, 2, 33}),
        (" 1 - 2 , 4 ", {1, 2, 4}),
        ("5-5", {5}),
        ("1,1-2", {1, 2}),
        ([1, 2], {1, 2}),
        ("65535", {65535}),
    ],
)
def test_channels(text: str | list[int], channels: set[int] | None) -> None:
    assert parse_channels(text) == (None if channels is None else frozenset(channels))


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "0",
        "0-3",
        "3-1",
        "-1",
        "1-",
        "a",
        "1.5",
        "1,,2",
        "1-2-3",
        "ALL",
        "1_0",
        "+1",
        "65536",
        "1-4000000000",
        "\u0661",  # a digit, and not one of ours
    ],
)
def test_what_are_no_channels(text: str) -> None:
    with pytest.raises(ConfigError, match="channel"):
        parse_channels(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,33-17", "channels '1,33-17': 33-17 runs backwards, write 17-33"),
        ("3-0", "channels '3-0': 3-0 is not within 1 to 65535"),
        ("5,65536", "channels '5,65536': 65536 is not within 1 to 65535"),
        ("a", 'channels \'a\': write "all" or something like "1-16,33"'),
    ],
)
def test_what_is_said_of_them(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as problem:
        parse_channels(text)
    assert str(problem.value) == words


@given(st.sets(st.integers(1, 200), min_size=1))
def test_any_set_of_channels(channels: set[int]) -> None:
    assert parse_channels(",".join(map(str, channels))) == frozenset(channels)


@given(st.text("0123456789,- al", max_size=12))
def test_any_text_is_channels_or_a_complaint(text: str) -> None:
    try:
        found = parse_channels(text)
    except ConfigError:
        return
    assert found is None or all(1 <= channel <= 65535 for channel in found)
