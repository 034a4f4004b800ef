"""A short visit to a broker: what it tells, and that it disturbs nobody."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from macnet_bridge.broker import BrokerSettings, Subscription, Visit, visit
from macnet_bridge.errors import BrokerError
from tests.bridge.mqtt_peer import MqttPeer
from tests.brokers import RunningBroker, Setup, free_port
from tests.scripted_broker import ScriptedBroker

LINGER_S = 0.5


def settings(broker: RunningBroker, **options: Any) -> BrokerSettings:
    return BrokerSettings(
        f"mqtt://{broker.host}:{broker.port}", f"visitor-{uuid4().hex}", session_expiry_s=0, **options
    )


@pytest.fixture
def root() -> str:
    return f"t{uuid4().hex[:10]}"


async def test_it_sees_what_is_retained_below_its_filters(broker: RunningBroker, root: str) -> None:
    async with MqttPeer(broker.host, broker.port, f"{root}/#", v5=broker.supports_v5) as peer:
        peer.publish(f"{root}/a/status", {"state": "online"}, retain=True)
        peer.publish(f"{root}/b/status", b"\xff", retain=True)
        peer.publish(f"{root}/a/other", b"x", retain=True)
        await peer.wait(lambda seen: seen.topic.endswith("other"))
        before = len(peer.seen)
        found = await visit(settings(broker), [f"{root}/+/status"], linger_s=LINGER_S)
        assert len(peer.seen) == before, "it publishes nothing"
        for topic in ("a/status", "b/status", "a/other"):
            peer.publish(f"{root}/{topic}", b"", retain=True)
        await peer.wait(lambda seen: seen.topic.endswith("other") and not seen.payload)
    ours = {topic: payload for topic, payload in found.retained.items() if topic.startswith(root)}
    assert json.loads(ours.pop(f"{root}/a/status")) == {"state": "online"}
    assert ours.pop(f"{root}/b/status") == b"\xff"
    # amqtt sends retained messages to connections that never subscribed to them.
    assert not ours or not broker.supports_v5
    assert found.protocol == ("5" if broker.supports_v5 else "4")
    assert found.refused is None


async def test_the_version_that_is_asked_for(broker: RunningBroker, root: str) -> None:
    found = await visit(settings(broker, protocol="4"), [f"{root}/x"], linger_s=0.0)
    assert found.protocol == "4"


@pytest.mark.parametrize("protocol", ["auto", "5"])
async def test_nobody_there(protocol: Any) -> None:
    nowhere = BrokerSettings(f"mqtt://127.0.0.1:{free_port()}", "visitor", protocol=protocol)
    with pytest.raises(BrokerError) as problem:
        await visit(nowhere, ["x"], linger_s=0.0)
    where = nowhere.url.removeprefix("mqtt://")
    assert str(problem.value) == f"nothing listens at {where}; start the broker, or correct mqtt.url"


async def test_a_host_that_is_none() -> None:
    nowhere = BrokerSettings("mqtt://no-such-host.invalid", "visitor")
    with pytest.raises(
        BrokerError, match=r"^the host name no-such-host\.invalid cannot be resolved: .*; corr"
    ):
        await visit(nowhere, ["x"], linger_s=0.0)


@pytest.mark.needs_real_broker
async def test_tls_to_a_port_without(broker: RunningBroker) -> None:
    where = BrokerSettings(f"mqtts://{broker.host}:{broker.port}", "visitor")
    with pytest.raises(
        BrokerError, match=rf"^no TLS with {broker.host}:{broker.port}: .*; mqtt:// is for a port"
    ):
        await visit(where, ["x"], linger_s=0.0)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"\x15\x03\x03\x00\x02\x02\x28", "a packet from the broker cannot be read"),  # an alert of TLS
        (b"", "the broker closed the connection before it answered"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "took the connection but did not answer"),
    ],
)
async def test_what_answers_is_no_broker(answer: bytes, words: str) -> None:
    async with ScriptedBroker() as broker:
        broker.answers[5] = answer
        where = BrokerSettings(f"mqtt://127.0.0.1:{broker.port}", "visitor", "5", connect_timeout_s=0.5)
        with pytest.raises(BrokerError, match=words) as problem:
            await visit(where, ["a/b"], linger_s=0.0)
    assert str(problem.value).endswith(
        "; perhaps it is no MQTT broker: see host, port and, for TLS, mqtts:// of mqtt.url"
    )


@pytest.mark.needs_real_broker
async def test_users_and_access_lists(start_broker: Callable[..., RunningBroker]) -> None:
    acl = "user robin\ntopic read open/#\n"
    broker = start_broker(Setup({"robin": "secret"}, acl))
    with pytest.raises(
        BrokerError, match=r"^the broker turns clients without a user name away \(.*\): set mq"
    ):
        await visit(settings(broker), ["open/x"], linger_s=0.0)
    with pytest.raises(
        BrokerError, match=r"^the broker turns user robin away \(.*\): check mqtt\.username and "
    ):
        await visit(settings(broker, username="robin", password="no"), ["open/x"], linger_s=0.0)
    found = await visit(
        settings(broker, username="robin", password="secret"), ["open/x", "closed/#"], linger_s=0.0
    )
    assert found.protocol == "5"


async def visit_scripted(broker: ScriptedBroker, protocol: Any = "auto") -> Visit:
    where = BrokerSettings(f"mqtt://{broker.host}:{broker.port}", "visitor", protocol=protocol)
    return await visit(where, ["a/b"], linger_s=0.0)


@pytest.mark.parametrize("answer", [b"", b"\x20\x03\x00\x84\x00"])
async def test_an_older_broker_is_asked_twice(answer: bytes) -> None:
    async with ScriptedBroker() as broker:
        broker.answers[5] = answer
        assert (await visit_scripted(broker)).protocol == "4"
        assert broker.versions == [5, 4, 5, 4]


async def test_a_broker_that_knows_no_mqtt_5_when_that_is_asked_for() -> None:
    async with ScriptedBroker() as broker:
        broker.answers[5] = b"\x20\x03\x00\x84\x00"
        with pytest.raises(BrokerError, match="does not speak this version"):
            await visit_scripted(broker, "5")
        assert broker.versions == [5]


async def test_a_broker_that_closes_whatever_comes() -> None:
    async with ScriptedBroker() as broker:
        broker.answers = {5: b"", 4: b""}
        with pytest.raises(BrokerError, match="closed the connection before it answered"):
            await visit_scripted(broker)
        assert broker.versions == [5, 4, 5, 4]


async def test_a_subscription_that_is_refused_is_no_reason_to_stay_out() -> None:
    async with ScriptedBroker() as broker:
        broker.grant = 0x87
        found = await visit_scripted(broker)
    assert "refuses the subscription to a/b" in str(found.refused)
    assert found.retained == {}


async def prove_scripted(broker: ScriptedBroker) -> Visit:
    where = BrokerSettings(f"mqtt://{broker.host}:{broker.port}", "visitor")
    commands = Subscription("a/cmd/#", "a/cmd/canary")
    return await visit(where, ["a/b"], linger_s=0.0, subscriptions=[commands])


async def test_a_subscription_that_delivers() -> None:
    async with ScriptedBroker() as broker:
        found = await prove_scripted(broker)
        assert (found.refused, found.deaf) == (None, None)
        assert [b"a/cmd/canary" in packet for packet in broker.published] == [True]


async def test_a_subscription_that_is_granted_and_delivers_nothing() -> None:
    async with ScriptedBroker() as broker:
        broker.echoes = False
        found = await prove_scripted(broker)
    assert "accepts the subscription to a/cmd/# but delivers nothing" in str(found.deaf)
    assert found.refused is None


async def test_commands_that_may_not_be_subscribed_to() -> None:
    async with ScriptedBroker() as broker:
        broker.grant = 0x87
        found = await prove_scripted(broker)
    assert "refuses the subscription to a/cmd/#" in str(found.deaf)
