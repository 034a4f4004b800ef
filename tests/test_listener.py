"""The plain subscriber, against real brokers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from macnet_bridge.broker import BrokerSettings, Incoming, Listener, Outgoing
from tests.bridge.mqtt_peer import MqttPeer
from tests.brokers import RunningBroker
from tests.patience import PATIENCE_S
from tests.scripted_broker import ScriptedBroker


@asynccontextmanager
async def listening(
    broker: RunningBroker | ScriptedBroker, *filters: str, **options: Any
) -> AsyncIterator[Listener]:
    settings = BrokerSettings(
        f"mqtt://{broker.host}:{broker.port}",
        f"listener-{uuid4().hex}",
        # amqtt sends retained messages to connections that never subscribed, trials of a version included.
        protocol="auto" if broker.supports_v5 else "4",
        session_expiry_s=0,
    )
    listener = Listener(settings, filters, **options)
    task = asyncio.create_task(listener.run())
    try:
        yield listener
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def receive(listener: Listener) -> Incoming:
    async with asyncio.timeout(PATIENCE_S):
        return await listener.receive()


async def receive_on(listener: Listener, topic: str) -> Incoming:
    """The next message of a topic; amqtt sends some retained ones twice."""
    while (message := await receive(listener)).topic != topic:
        pass
    return message


@pytest.fixture
def root() -> str:
    return f"t{uuid4().hex[:10]}"


async def test_it_sees_what_is_retained_and_what_comes(broker: RunningBroker, root: str) -> None:
    async with MqttPeer(broker.host, broker.port, f"{root}/#", v5=broker.supports_v5) as peer:
        peer.publish(f"{root}/kept", b"1", retain=True)
        await peer.wait(lambda seen: seen.payload == b"1")
        async with listening(broker, f"{root}/#") as listener:
            kept = await receive(listener)
            assert (kept.topic, kept.payload, kept.retain) == (f"{root}/kept", b"1", True)
            assert listener.protocol == ("5" if broker.supports_v5 else "4")
            peer.publish(f"{root}/live", b"\xff")
            assert (await receive_on(listener, f"{root}/live")).payload == b"\xff"
        assert listener.protocol is None
        peer.publish(f"{root}/kept", b"", retain=True)


async def test_it_publishes_while_it_is_connected(broker: RunningBroker, root: str) -> None:
    async with listening(broker, f"{root}/#") as listener:
        assert not listener.publish(Outgoing(f"{root}/early", b"lost", 1))
        async with MqttPeer(broker.host, broker.port, f"{root}/#", v5=broker.supports_v5) as peer:
            peer.publish(f"{root}/here", b"now", retain=True)
            await receive(listener)
            assert listener.publish(Outgoing(f"{root}/out", b"2", 1))
            await peer.wait(lambda seen: seen.payload == b"2")
            peer.publish(f"{root}/here", b"", retain=True)


async def test_it_comes_back_after_the_broker_does(own_broker: RunningBroker, root: str) -> None:
    losses: list[str] = []
    async with listening(own_broker, f"{root}/#", on_lost=losses.append) as listener:
        version = own_broker.supports_v5
        async with MqttPeer(own_broker.host, own_broker.port, f"{root}/#", v5=version) as peer:
            peer.publish(f"{root}/x", b"before", retain=True)
            assert (await receive(listener)).payload == b"before"
        await asyncio.to_thread(own_broker.stop)
        await asyncio.to_thread(own_broker.start)
        async with MqttPeer(own_broker.host, own_broker.port, f"{root}/#", v5=version) as peer:
            peer.publish(f"{root}/x", b"after", retain=True)
            async with asyncio.timeout(PATIENCE_S):
                while (await listener.receive()).payload != b"after":
                    pass
    assert losses


async def test_a_broker_without_mqtt_5_is_nothing_to_tell() -> None:
    losses: list[str] = []
    async with ScriptedBroker() as broker:
        broker.answers[5] = b""
        async with listening(broker, "t/#", on_lost=losses.append) as listener, asyncio.timeout(PATIENCE_S):
            assert await listener.subscribed() == "4"
    assert broker.versions == [5, 4, 5, 4]
    assert losses == []


async def test_a_broker_that_answers_no_version_is_told_of() -> None:
    losses: asyncio.Queue[str] = asyncio.Queue()
    async with ScriptedBroker() as broker:
        broker.answers = {5: b"", 4: b""}
        async with listening(broker, "t/#", on_lost=losses.put_nowait), asyncio.timeout(PATIENCE_S):
            await losses.get()
    assert broker.versions[:2] == [5, 4]


async def test_it_listens_to_more_later_and_again_after_a_restart(
    own_broker: RunningBroker, root: str
) -> None:
    async with MqttPeer(own_broker.host, own_broker.port, root, v5=own_broker.supports_v5) as peer:
        peer.publish(f"{root}/kept", {"n": 1}, retain=True)
        async with listening(own_broker, f"{root}/first") as listener, asyncio.timeout(PATIENCE_S):
            await listener.subscribed()
            for _ in range(2):  # asked once more, what is retained comes once more
                await listener.subscribe(f"{root}/kept")
                assert (await receive_on(listener, f"{root}/kept")).retain
    lost = asyncio.Event()
    async with (
        listening(own_broker, f"{root}/first", on_lost=lambda _: lost.set()) as listener,
        asyncio.timeout(PATIENCE_S),
    ):
        await listener.subscribe(f"{root}/later")
        await listener.subscribed()
        await asyncio.to_thread(own_broker.stop)
        await lost.wait()
        await asyncio.to_thread(own_broker.start)
        await listener.subscribed()
        assert listener.publish(Outgoing(f"{root}/later", b"x", qos=1))
        assert (await receive_on(listener, f"{root}/later")).payload == b"x"


async def test_a_flood_is_held_back_and_nothing_of_it_is_lost(broker: RunningBroker, root: str) -> None:
    count = 5000
    async with (
        listening(broker, f"{root}/+") as listener,
        MqttPeer(broker.host, broker.port, f"{root}/none", v5=broker.supports_v5) as peer,
    ):
        peer.publish(f"{root}/here", b"-1", retain=True)
        await receive(listener)
        peer.publish(f"{root}/here", b"", retain=True)
        for number in range(count):
            peer.publish(f"{root}/n", b"%d" % number)
        seen: list[int] = []
        while len(seen) < count:
            message = await receive(listener)
            if message.topic.endswith("/n"):
                seen.append(int(message.payload))
    assert seen == list(range(count))
