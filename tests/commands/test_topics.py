"""Topics: made and read in one place, and every malformed one told apart."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.errors import Rejected
from macnet_bridge.topics import (
    ANONYMOUS,
    RESERVED_NAMES,
    VERB_LENGTH_MAX,
    Address,
    Scope,
    Topics,
    is_below,
    is_name,
)

TOPICS = Topics("macnet", "lab")
DEEP = Topics("site/a/macnet", "lab")

names = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,62}", fullmatch=True).filter(lambda n: n not in RESERVED_NAMES)
verbs = st.text(min_size=1, max_size=VERB_LENGTH_MAX).filter(lambda text: "/" not in text)


@given(st.sampled_from([TOPICS, DEEP]), names, st.integers(1, 99_999), verbs, names | st.none())
def test_every_address_can_be_read_back(
    topics: Topics, cycler: str, channel: int, verb: str, principal: str | None
) -> None:
    end = f"{verb}/{principal}" if principal else verb
    who = principal or ANONYMOUS
    assert topics.parse_command(f"{topics.root}/{cycler}/{channel}/cmd/{end}") == Address(
        Scope.CHANNEL, verb, who, cycler, channel
    )
    assert topics.parse_command(f"{topics.root}/{cycler}/cmd/{end}") == Address(
        Scope.CYCLER, verb, who, cycler
    )
    assert topics.parse_command(f"{topics.root}/bridge/lab/cmd/{end}") == Address(Scope.BRIDGE, verb, who)
    assert topics.parse_command(f"{topics.root}/all/cmd/{end}") == Address(Scope.ALL, verb, who)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "/",
        "macnet",
        "macnet/",
        "macnet/lab1",
        "macnet/lab1/cmd",
        "macnet/lab1/cmd/",
        "macnet/lab1/cmd//alice",
        "macnet/lab1/cmd/" + "x" * 65,
        "macnet/lab1/cmd/suspend/",
        "macnet/lab1/cmd/suspend/alice/more",
        "macnet/lab1/cmd/suspend/Alice",
        "macnet/lab1/cmd/suspend/al ice",
        "macnet/lab1/cmd/suspend/alice\n",
        "macnet/lab1/0/cmd/suspend",
        "macnet/lab1/01/cmd/suspend",
        "macnet/lab1/-1/cmd/suspend",
        "macnet/lab1/+1/cmd/suspend",
        "macnet/lab1/1.0/cmd/suspend",
        "macnet/lab1/\N{ARABIC-INDIC DIGIT ONE}/cmd/suspend",
        "macnet/lab1/100000/cmd/suspend",
        "macnet/lab1//cmd/suspend",
        "macnet//cmd/suspend",
        "macnet/LAB1/cmd/suspend",
        "macnet/lab1/1/CMD/suspend",
        "macnet/lab1/1/2/cmd/suspend",
        "macnet/bridge/other/cmd/ping",
        "macnet/bridge/cmd/ping",
        "macnet/bridge/1/cmd/ping",
        "macnet/reply/1/cmd/ping",
        "macnet/all/1/cmd/suspend",
        "macnet/all/cmd",
        "lab1/1/cmd/suspend",
        "other/lab1/1/cmd/suspend",
        "/macnet/lab1/1/cmd/suspend",
        "macnet/macnet/lab1/1/cmd/suspend",
        "macnetlab1/1/cmd/suspend",
        "macnet/lab1/1/telemetry/state",
    ],
)
def test_malformed_topics(topic: str) -> None:
    with pytest.raises(Rejected) as rejected:
        TOPICS.parse_command(topic)
    assert rejected.value.code == "BAD_TOPIC"
    cycler, channel = TOPICS.address_hint(topic)
    assert cycler is None or (is_name(cycler) and cycler not in RESERVED_NAMES)
    assert channel is None or channel >= 1


@given(st.text())
def test_any_text_is_an_address_or_a_bad_topic(text: str) -> None:
    for topic in (text, f"macnet/{text}", f"macnet/lab1/{text}", f"macnet/lab1/1/cmd/{text}"):
        TOPICS.address_hint(topic)
        with suppress(Rejected):
            address = TOPICS.parse_command(topic)
            assert is_name(address.principal)
            assert "/" not in address.verb


def test_a_bad_topic_is_answered_where_its_sender_may_look() -> None:
    assert TOPICS.address_hint("macnet/lab1/5/cmd/a/b/c") == ("lab1", 5)
    assert TOPICS.address_hint("macnet/lab1/x/cmd/a") == ("lab1", None)
    assert TOPICS.address_hint("macnet/bridge/lab/cmd/a/b/c") == (None, None)
    assert TOPICS.address_hint("lab1/5/cmd/suspend") == (None, None)


def test_where_acknowledgements_go() -> None:
    assert TOPICS.acknowledgement_topic(None, None) == "macnet/bridge/lab/ack"
    assert TOPICS.acknowledgement_topic("lab1", None) == "macnet/lab1/telemetry/ack"
    assert TOPICS.acknowledgement_topic("lab1", 5) == "macnet/lab1/5/telemetry/ack"


def test_filters_and_their_probes() -> None:
    assert TOPICS.command_filters(["lab1"]) == [
        ("macnet/bridge/lab/cmd/#", "macnet/bridge/lab/cmd/canary"),
        ("macnet/all/cmd/#", "macnet/all/cmd/canary"),
        ("macnet/lab1/cmd/#", "macnet/lab1/cmd/canary"),
        ("macnet/lab1/+/cmd/#", "macnet/lab1/1/cmd/canary"),
    ]


@pytest.mark.parametrize(
    ("topic", "inside"),
    [
        ("macnet/reply/a", True),
        ("macnet/reply/a/b", True),
        ("macnet/reply/", True),
        ("flows/x", True),
        ("macnet/reply", False),
        ("macnet/replyx", False),
        ("macnet/replyx/a", False),
        ("macnet/reply/+", False),
        ("macnet/reply/#", False),
        ("macnet/reply/a\0", False),
        ("macnet", False),
        ("", False),
        ("/macnet/reply/a", False),
        ("MACNET/reply/a", False),
        ("$SYS/broker", False),
        ("macnet/reply/a\x01", False),
        ("macnet/reply/\uffff", False),
        ("macnet/reply/\ud800", False),
        ("macnet/reply/ä ö", True),
        ("macnet/reply" + 30 * "/a", True),
        ("macnet/reply" + 31 * "/a", False),
        ("macnet/reply/" + 1011 * "x", True),
        ("macnet/reply/" + 1012 * "x", False),
    ],
)
def test_reply_topics_by_whole_levels(topic: str, inside: bool) -> None:
    assert is_below(topic, ["macnet/reply", "flows/"]) is inside
