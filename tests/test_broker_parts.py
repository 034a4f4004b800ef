"""The parts of the broker driver that need neither a broker nor a clock."""

from __future__ import annotations

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from macnet_bridge.broker import BrokerSettings, Incoming, Outgoing, Subscription
from macnet_bridge.broker.canary import Canaries, matches
from macnet_bridge.broker.inbox import Inbox
from macnet_bridge.broker.messages import Cause, Endpoint, packet_bytes, parse_url
from macnet_bridge.broker.retry import Attempts, Backoff, ProtocolChoice, TakeoverWatch
from macnet_bridge.errors import ConfigError

LEVELS = st.sampled_from(["a", "b", "", "+", "#"])


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("mqtt://broker", Endpoint("broker", 1883, False)),
        ("mqtt://10.0.0.1:1884/", Endpoint("10.0.0.1", 1884, False)),
        ("mqtts://broker", Endpoint("broker", 8883, True)),
        ("mqtt://[::1]:1883", Endpoint("::1", 1883, False)),
    ],
)
def test_urls(url: str, endpoint: Endpoint) -> None:
    assert parse_url(url) == endpoint


@pytest.mark.parametrize(
    "url",
    ["", "broker", "broker:1883", "http://broker", "mqtt://", "mqtt://h:x", "mqtt://h:0", "mqtt://u:p@h", "mqtt://h/p",
     "mqtt://h:99999", "mqtt://[::1"],
)  # fmt: skip
def test_wrong_urls_say_what_a_right_one_is(url: str) -> None:
    with pytest.raises(ConfigError, match="mqtt://host:1883"):
        parse_url(url)


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(BrokerSettings("mqtt://h", "c", password="secret"))


@given(
    topic=st.text(st.characters(codec="utf-8"), min_size=1, max_size=200),
    size=st.sampled_from([0, 1, 100, 127, 128, 16_300, 16_384, 2_097_152]),
    qos=st.sampled_from([0, 1]),
    correlation=st.none() | st.binary(max_size=300),
)
def test_packet_size_is_exact(topic: str, size: int, qos: int, correlation: bytes | None) -> None:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if correlation is not None:
        properties.CorrelationData = correlation
    body = 2 + len(topic.encode()) + 2 * qos + len(properties.pack()) + size  # type: ignore[no-untyped-call]
    length_field = next(count for count in (1, 2, 3, 4) if body < 128**count)
    assert (
        packet_bytes(Outgoing(topic, bytes(size), qos, correlation_data=correlation))
        == 1 + length_field + body
    )


@given(
    st.lists(LEVELS, min_size=1, max_size=4),
    st.lists(st.sampled_from(["a", "b", ""]), min_size=1, max_size=4),
)
def test_matching_agrees_with_paho(wanted: list[str], levels: list[str]) -> None:
    if "#" in wanted[:-1]:
        return
    assert matches("/".join(wanted), "/".join(levels)) == topic_matches_sub(
        "/".join(wanted), "/".join(levels)
    )


# -- canaries

FIRST, SECOND = Subscription("c/cmd/#", "c/cmd/canary"), Subscription("c/+/cmd/#", "c/1/cmd/canary")


def test_canaries_prove_every_subscription() -> None:
    canaries = Canaries([FIRST, SECOND])
    sent = canaries.due(now=10.0)
    assert [message.topic for message in sent] == ["c/cmd/canary", "c/1/cmd/canary"]
    assert canaries.due(now=11.9) == []
    assert canaries.swallows(sent[0].topic, sent[0].payload)
    assert not canaries.all_came_back
    assert canaries.overdue(now=12.1, limit_s=2.0) == SECOND
    assert canaries.swallows(sent[1].topic, sent[1].payload)
    assert canaries.all_came_back
    assert canaries.overdue(now=99.0, limit_s=2.0) is None


def test_a_missing_canary_is_sent_again_and_a_returned_one_gets_a_new_token() -> None:
    canaries = Canaries([FIRST, SECOND])
    first, second = canaries.due(now=0.0)
    canaries.swallows(first.topic, first.payload)
    again = canaries.due(now=2.0)
    assert again[0].payload != first.payload
    assert again[1] == second


def test_what_comes_back_late_proves_the_link_of_when_it_was_sent() -> None:
    canaries = Canaries([FIRST])
    assert canaries.proven_at == -math.inf
    (sent,) = canaries.due(now=10.0)
    # The process was frozen for a minute: what waited unread says nothing of the link as it is now.
    canaries.heard("c/5/cmd/ping", now=70.0)
    assert canaries.due(now=70.0) == [sent]
    canaries.excuse(now=70.0)
    assert canaries.swallows(sent.topic, sent.payload)
    assert canaries.proven_at == 10.0


def test_foreign_messages_on_a_canary_topic_prove_nothing() -> None:
    canaries = Canaries([FIRST])
    canaries.due(now=0.0)
    assert canaries.swallows("c/cmd/canary", b"somebody else's")
    assert not canaries.all_came_back
    assert not canaries.swallows("c/cmd/ping", b"")


def test_other_messages_under_the_filter_win_time() -> None:
    canaries = Canaries([FIRST, SECOND])
    canaries.due(now=0.0)
    canaries.heard("c/5/cmd/ping", now=1.5)
    assert canaries.overdue(now=2.5, limit_s=2.0) == FIRST
    canaries.excuse(now=2.5)
    assert canaries.overdue(now=4.4, limit_s=2.0) is None


def test_no_subscriptions_need_no_proof() -> None:
    assert Canaries([]).all_came_back


# -- trying again


def test_back_off_doubles_to_ten_seconds() -> None:
    backoff = Backoff(pick=lambda _low, high: high)
    assert [backoff.next_s() for _ in range(10)] == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0, 2.0]
    backoff.reset()
    assert backoff.next_s() == 0.05


def test_a_broker_that_is_down_changes_no_version() -> None:
    choice = ProtocolChoice("auto")
    for _ in range(9):
        choice.failed(Cause.UNREACHABLE)
    assert current(choice) == "5"
    assert choice.accepted()


def current(choice: ProtocolChoice) -> str:
    return choice.current


def test_a_proxy_in_front_of_a_starting_broker_does_not_settle_3_1_1() -> None:
    choice = ProtocolChoice("auto")
    choice.failed(Cause.UNANSWERED)
    assert current(choice) == "4"
    assert not choice.accepted()
    assert current(choice) == "5"
    assert choice.accepted()
    choice.failed(Cause.UNANSWERED)
    assert current(choice) == "5"


@pytest.mark.parametrize("cause", [Cause.OTHER_VERSION, Cause.UNANSWERED])
def test_it_is_no_trouble_before_both_versions_were_turned_away(cause: Cause) -> None:
    choice = ProtocolChoice("auto")
    told = []
    for _ in range(4):
        choice.failed(cause)
        told.append(not choice.is_undecided)
    assert told == [False, True, False, True]
    choice.failed(Cause.UNREACHABLE)
    assert not choice.is_undecided


@pytest.mark.parametrize("wanted", ["5", "4"])
def test_with_one_version_silence_is_trouble_at_once(wanted: str) -> None:
    choice = ProtocolChoice("5" if wanted == "5" else "4")
    choice.failed(Cause.UNANSWERED)
    assert not choice.is_undecided


def test_a_broker_that_came_back_is_asked_anew() -> None:
    choice = ProtocolChoice("auto")
    for cause in (Cause.OTHER_VERSION, None, Cause.OTHER_VERSION):
        if cause:
            choice.failed(cause)
        else:
            assert not choice.accepted()
    assert choice.accepted()
    assert current(choice) == "4"
    choice.failed(Cause.UNREACHABLE)
    assert current(choice) == "5"


@pytest.mark.parametrize("wanted", ["5", "4"])
def test_a_version_that_was_asked_for_stays(wanted: str) -> None:
    choice = ProtocolChoice("5" if wanted == "5" else "4")
    choice.failed(Cause.OTHER_VERSION)
    choice.failed(Cause.UNREACHABLE)
    assert current(choice) == wanted
    assert choice.accepted()


def strike(watch: TakeoverWatch, ready_for_s: float = 0.5) -> bool:
    watch.lost(Cause.BY_BROKER, ready_for_s)
    certain = watch.is_certain
    watch.accepted()
    return certain


def test_the_third_young_loss_in_a_row_is_certain() -> None:
    watch = TakeoverWatch()
    assert [strike(watch) for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(
    ("cause", "ready_for_s"),
    [
        (Cause.UNREACHABLE, None),
        (Cause.UNANSWERED, None),
        (Cause.BY_BROKER, 5.1),
        (Cause.SILENT, 0.5),
        (Cause.SHUTTING_DOWN, 0.5),
        (Cause.TAKEN_OVER, 60.0),
    ],
)
def test_anything_else_in_between_wipes_the_slate(cause: Cause, ready_for_s: float | None) -> None:
    watch = TakeoverWatch()
    strike(watch)
    strike(watch)
    watch.lost(cause, ready_for_s)
    assert not watch.is_certain
    assert not strike(watch)


def test_a_killed_broker_does_not_accept_the_next_attempt() -> None:
    watch = TakeoverWatch()
    for _ in range(5):
        watch.lost(Cause.BY_BROKER, 0.5)
        watch.lost(Cause.UNREACHABLE, None)
        watch.accepted()
        assert not watch.is_certain


def test_a_named_takeover_is_certain_while_young() -> None:
    watch = TakeoverWatch()
    watch.lost(Cause.TAKEN_OVER, 0.5)
    assert watch.is_certain


# -- inbox


def incoming(payload: bytes) -> Incoming:
    return Incoming("t", payload, 1, False, False, False, None, None, None, 0.0, 0.0, 1, 1)


async def test_the_inbox_says_when_to_stop_and_when_to_go_on() -> None:
    inbox = Inbox(max_messages=4, max_bytes=100)
    for number in range(4):
        assert not inbox.is_full
        inbox.put(incoming(b"%d" % number))
    assert inbox.is_full
    for number in range(3):
        assert not inbox.is_half_empty
        assert (await inbox.get()).payload == b"%d" % number
    assert inbox.is_half_empty
    inbox.put(incoming(bytes(100)))
    assert inbox.is_full


async def test_a_cancelled_reader_loses_nothing() -> None:
    inbox = Inbox()
    reader = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    inbox.put(incoming(b"x"))
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    assert (await inbox.get()).payload == b"x"


def test_after_the_third_young_loss_there_is_no_next_attempt() -> None:
    attempts = Attempts(ProtocolChoice("5"))
    pauses = []
    for _ in range(3):
        assert attempts.accepted()
        pauses.append(attempts.lost(Cause.BY_BROKER, 0.5))
    # Soon each time, so that a broker that was killed cannot be back by then.
    assert [pause is not None and pause <= 0.05 for pause in pauses] == [True, True, False]
    assert pauses[2] is None


def test_what_cannot_be_read_is_left_behind_with_the_session() -> None:
    attempts = Attempts(ProtocolChoice("5"))
    assert not attempts.needs_clean_start
    attempts.lost(Cause.GARBLED, 9.0)
    attempts.lost(Cause.UNREACHABLE, None)
    assert attempts.needs_clean_start
    attempts.accepted()
    assert not attempts.needs_clean_start
