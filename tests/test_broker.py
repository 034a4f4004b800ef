"""The broker driver against real brokers."""

from __future__ import annotations

import asyncio
import itertools
import math
import shutil
import ssl
import subprocess
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from macnet_bridge.broker import Broker, BrokerSettings, Incoming, Lane, Outgoing, Subscription
from macnet_bridge.broker.connection import Connection
from macnet_bridge.broker.inbox import Inbox
from macnet_bridge.broker.messages import Cause, LinkLost
from macnet_bridge.broker.outbox import OutboxLimits
from macnet_bridge.embedded_broker import EmbeddedBroker
from macnet_bridge.errors import BrokerError
from tests.brokers import SHIPPED, RunningBroker, Setup
from tests.patience import PATIENCE_S

StartBroker = Callable[..., RunningBroker]
REAL = pytest.mark.needs_real_broker
_numbers = itertools.count()


async def until(holds: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Wait for a fact."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - facts about sockets and other threads set no event
            await asyncio.sleep(0.005)


@pytest.fixture
def root() -> str:
    """A topic level of this test alone."""
    return f"t{uuid.uuid4().hex[:8]}"


class Driver:
    """A Broker that runs, and what it reported."""

    def __init__(self, broker: RunningBroker, root: str, **changes: Any) -> None:
        self.sessions: list[bool] = []
        self.reasons: list[str] = []
        self.root = root
        extras = {name: changes.pop(name) for name in ("limits", "inbox", "permit") if name in changes}
        settings = BrokerSettings(
            url=f"mqtt://{broker.host}:{broker.port}",
            client_id=f"bridge-{root}",
            protocol="5" if broker.supports_v5 else "4",
        )
        self.broker = Broker(
            replace(settings, **changes),
            [
                Subscription(f"macnet/{root}/cmd/#", f"macnet/{root}/cmd/canary"),
                Subscription(f"macnet/{root}/+/cmd/#", f"macnet/{root}/1/cmd/canary"),
            ],
            will=Outgoing(f"macnet/bridge/{root}/status", b"offline", 1),
            on_ready=self.sessions.append,
            on_lost=self.reasons.append,
            **extras,
        )
        self.task: asyncio.Task[None] | None = None

    async def start(self) -> Driver:
        self.task = asyncio.create_task(self.broker.run())
        await until(lambda: self.broker.ready)
        return self

    async def crash(self) -> None:
        """End without goodbye."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    async def receive(self) -> Incoming:
        async with asyncio.timeout(PATIENCE_S):
            return await self.broker.receive()


@asynccontextmanager
async def driving(broker: RunningBroker, root: str, **changes: Any) -> AsyncIterator[Driver]:
    driver = Driver(broker, root, **changes)
    try:
        yield await driver.start()
    finally:
        await driver.crash()


class Peer:
    """An ordinary MQTT client, with its own thread."""

    def __init__(self, host: str, port: int, *, v5: bool, user: str = "", password: str = "") -> None:
        self.messages: list[paho.MQTTMessage] = []
        self.verdicts: dict[int, int] = {}
        self._granted = 0
        version = paho.MQTTv5 if v5 else paho.MQTTv311
        self.client = paho.Client(CallbackAPIVersion.VERSION2, f"peer-{next(_numbers)}", protocol=version)
        if user:
            self.client.username_pw_set(user, password)
        self.client.on_message = lambda _c, _u, message: self.messages.append(message)
        self.client.on_publish = lambda _c, _u, mid, reason, _p: self.verdicts.update({mid: reason.value})
        self.client.on_subscribe = lambda *_: self._count()
        self.client.connect(host, port)
        self.client.loop_start()

    def _count(self) -> None:
        self._granted += 1

    async def listen(self, topic_filter: str) -> None:
        before = self._granted
        self.client.subscribe(topic_filter, 1)
        await until(lambda: self._granted > before)

    async def send(
        self, topic: str, payload: bytes, qos: int = 1, retain: bool = False, **properties: Any
    ) -> int:
        """Publish and wait for the broker's verdict."""
        values = None
        if properties:
            values = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            for name, value in properties.items():
                setattr(values, name, value)
        info = self.client.publish(topic, payload, qos, retain, values)
        await until(lambda: info.mid in self.verdicts)
        return self.verdicts[info.mid]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def make_peer() -> Iterator[Callable[..., Peer]]:
    peers: list[Peer] = []

    def make(broker: RunningBroker, **access: str) -> Peer:
        peers.append(Peer(broker.host, broker.port, v5=broker.supports_v5, **access))
        return peers[-1]

    yield make
    for peer in peers:
        peer.close()


MakePeer = Callable[..., Peer]


# -- messages


async def test_it_becomes_ready_and_receives_commands(
    broker: RunningBroker, root: str, make_peer: MakePeer
) -> None:
    async with driving(broker, root) as driver:
        assert driver.sessions == [False]
        await make_peer(broker).send(f"macnet/{root}/3/cmd/ping", b'{"id":"1"}')
        message = await driver.receive()
        driver.broker.acknowledge(message)
        assert (message.topic, message.payload, message.qos) == (
            f"macnet/{root}/3/cmd/ping",
            b'{"id":"1"}',
            1,
        )
        assert not message.waited
        assert not message.retain
        assert not message.duplicate
        assert driver.broker.waiting == 0  # the canaries did not show up
        assert driver.reasons == []


@pytest.mark.parametrize("payload", [b"\xff\xfe{", b"", b"[" * 1000, b"\0" * 100_000])
async def test_any_payload_arrives_as_it_is(
    broker: RunningBroker, root: str, make_peer: MakePeer, payload: bytes
) -> None:
    async with driving(broker, root) as driver:
        await make_peer(broker).send(f"macnet/{root}/cmd/x", payload)
        assert (await driver.receive()).payload == payload
        assert driver.broker.ready


@REAL
async def test_mqtt_5_properties_arrive(broker: RunningBroker, root: str, make_peer: MakePeer) -> None:
    async with driving(broker, root) as driver:
        await make_peer(broker).send(
            f"macnet/{root}/cmd/x",
            b"1",
            ResponseTopic="macnet/reply/me",
            CorrelationData=b"\xff\x00",
            MessageExpiryInterval=30,
        )
        message = await driver.receive()
    assert (message.response_topic, message.correlation_data) == ("macnet/reply/me", b"\xff\x00")
    assert message.message_expiry_s == 30


@REAL
async def test_a_retained_command_is_flagged_and_an_old_one_does_not_come(
    broker: RunningBroker, root: str, make_peer: MakePeer
) -> None:
    peer = make_peer(broker)
    await peer.send(f"macnet/{root}/cmd/old", b"old", retain=True)
    async with driving(broker, root) as driver:
        await peer.send(f"macnet/{root}/cmd/new", b"new", retain=True)
        message = await driver.receive()
    assert (message.payload, message.retain) == (b"new", True)
    for verb in ("old", "new"):
        await peer.send(f"macnet/{root}/cmd/{verb}", b"", retain=True)


async def test_messages_go_out_in_both_lanes_with_correlation_data(
    broker: RunningBroker, root: str, make_peer: MakePeer
) -> None:
    peer = make_peer(broker)
    await peer.listen(f"macnet/{root}/telemetry/#")
    async with driving(broker, root) as driver:
        sent = [
            (
                Outgoing(f"macnet/{root}/telemetry/ack", b"a", 1, correlation_data=b"\x01"),
                Lane.ACKNOWLEDGEMENT,
            ),
            (Outgoing(f"macnet/{root}/telemetry/sweep", b"s", 0), Lane.TELEMETRY),
            (Outgoing(f"macnet/{root}/telemetry/state", b"r", 1), Lane.TELEMETRY),
        ]
        assert all(driver.broker.publish(message, lane) for message, lane in sent)
        assert await driver.broker.flush(PATIENCE_S)
        await until(lambda: len(peer.messages) == 3)
        await until(lambda: driver.broker.counters.confirmed == 3)
    assert {message.payload for message in peer.messages} == {b"a", b"s", b"r"}
    if broker.supports_v5:
        first = next(message for message in peer.messages if message.payload == b"a")
        assert first.properties is not None
        assert first.properties.CorrelationData == b"\x01"  # type: ignore[attr-defined, unused-ignore]


async def test_many_messages_arrive_once_each_and_in_order(
    broker: RunningBroker, root: str, make_peer: MakePeer
) -> None:
    peer = make_peer(broker)
    await peer.listen(f"macnet/{root}/telemetry/#")
    async with driving(broker, root) as driver:
        for number in range(3000):
            assert driver.broker.publish(Outgoing(f"macnet/{root}/telemetry/x", b"%d" % number, 1))
        await until(lambda: driver.broker.counters.confirmed == 3000)
        await until(lambda: len(peer.messages) >= 3000)
    assert [int(message.payload) for message in peer.messages] == list(range(3000))


# -- sessions


@REAL
async def test_a_command_that_was_not_acknowledged_comes_again(
    broker: RunningBroker, root: str, make_peer: MakePeer
) -> None:
    peer = make_peer(broker)
    async with driving(broker, root) as driver:
        await peer.send(f"macnet/{root}/cmd/kept", b"kept")
        await peer.send(f"macnet/{root}/cmd/done", b"done")
        kept, done = await driver.receive(), await driver.receive()
        driver.broker.acknowledge(done)
        driver.broker.publish(Outgoing(f"macnet/{root}/after", b""), Lane.ACKNOWLEDGEMENT)
        assert await driver.broker.flush(PATIENCE_S)  # so the acknowledgement, written before, has left
        await driver.crash()
        await peer.send(f"macnet/{root}/cmd/away", b"away")
        async with driving(broker, root) as second:
            again, away = await second.receive(), await second.receive()
            assert second.sessions == [True]
            assert (again.payload, again.duplicate, again.waited) == (b"kept", True, True)
            assert (away.payload, away.duplicate, away.waited) == (b"away", False, True)
            await peer.send(f"macnet/{root}/cmd/live", b"live")
            assert not (await second.receive()).waited
    assert kept.payload == b"kept"


@REAL
async def test_an_acknowledgement_from_before_the_reconnect_is_ignored(
    own_broker: RunningBroker, root: str, make_peer: MakePeer
) -> None:
    async with driving(own_broker, root) as driver:
        peer = make_peer(own_broker)
        await peer.send(f"macnet/{root}/cmd/x", b"first")
        stale = await driver.receive()
        peer.close()
        own_broker.stop()
        await until(lambda: driver.reasons)
        own_broker.start()
        fresh = await driver.receive()
        driver.broker.acknowledge(stale)
        await driver.crash()
        async with driving(own_broker, root) as second:
            assert (await second.receive()).payload == b"first"
    assert fresh.epoch > stale.epoch


async def test_close_forgets_the_session_and_leaves_no_will(
    broker: RunningBroker, root: str, make_peer: MakePeer
) -> None:
    peer = make_peer(broker)
    await peer.listen(f"macnet/bridge/{root}/status")
    async with driving(broker, root) as driver:
        await driver.broker.close()
        assert driver.task is not None
        await driver.task
        assert not driver.broker.ready
    async with driving(broker, root) as driver:
        assert driver.sessions == [False]
        assert peer.messages == []
    await until(lambda: [message.payload for message in peer.messages] == [b"offline"])


async def test_cancellation_leaves_no_task_and_no_socket(broker: RunningBroker, root: str) -> None:
    loop: Any = asyncio.get_running_loop()
    before = set(loop._selector.get_map())
    async with driving(broker, root) as driver:
        assert set(loop._selector.get_map()) != before
    assert set(loop._selector.get_map()) == before
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert not driver.broker.ready
    assert not driver.broker.publish(Outgoing("macnet/x", b""))


async def test_close_ends_an_attempt_that_gets_no_answer(root: str) -> None:
    silent = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    broker = Broker(
        BrokerSettings(f"mqtt://127.0.0.1:{port}", root),
        [],
        will=Outgoing("w", b""),
        on_ready=lambda _session: None,
        on_lost=lambda _reason: None,
    )
    task = asyncio.create_task(broker.run())
    await asyncio.sleep(0)
    async with asyncio.timeout(8.0):  # less than a connection may take
        await broker.close()
        await task
    silent.close()


# -- limits


@REAL
async def test_a_message_larger_than_the_broker_takes_is_refused(broker: RunningBroker, root: str) -> None:
    async with driving(broker, root) as driver:
        assert not driver.broker.publish(Outgoing(f"macnet/{root}/x", bytes(1_048_576)), Lane.ACKNOWLEDGEMENT)
        largest = 1_048_576 - len(f"macnet/{root}/x") - 2 - 2 - 1 - 4
        assert driver.broker.publish(Outgoing(f"macnet/{root}/x", bytes(largest), 1))
        await until(lambda: driver.broker.counters.confirmed == 1)
        assert driver.broker.counters.refused == 1
        assert driver.reasons == []


async def test_a_flood_is_held_back_at_the_socket(
    broker: RunningBroker, root: str, make_peer: MakePeer
) -> None:
    async with driving(broker, root, inbox=Inbox(max_messages=100)) as driver:
        peer = make_peer(broker)
        for number in range(2000):
            peer.client.publish(f"macnet/{root}/cmd/x", b"%d" % number, 0)
        await until(lambda: driver.broker.counters.pauses)
        assert driver.broker.waiting <= 101
        received = [int((await driver.receive()).payload) for _ in range(500)]
        assert received == sorted(received)
        assert driver.reasons == []


async def test_a_pause_longer_than_the_silence_limit_is_no_loss(
    broker: RunningBroker, root: str, make_peer: MakePeer
) -> None:
    async with driving(broker, root, inbox=Inbox(max_messages=2)) as driver:
        peer = make_peer(broker)
        for number in range(8):
            await peer.send(f"macnet/{root}/cmd/x", b"%d" % number)
        await until(lambda: driver.broker.counters.pauses)
        await asyncio.sleep(5)  # the point of the test: longer than a canary may take
        for number in range(8):
            message = await driver.receive()
            driver.broker.acknowledge(message)
            assert message.payload == b"%d" % number
        assert driver.broker.ready
        assert driver.reasons == []


@REAL
async def test_telemetry_does_not_pile_up_in_front_of_a_frozen_broker(
    own_broker: RunningBroker, root: str
) -> None:
    limits = OutboxLimits(telemetry_messages=50, unwritten_bytes=100_000)
    async with driving(own_broker, root, limits=limits) as driver:
        own_broker.freeze()
        try:
            accepted = 0
            while driver.broker.publish(Outgoing(f"macnet/{root}/x", bytes(50_000))):
                accepted += 1
                await asyncio.sleep(0)
        finally:
            own_broker.thaw()
        assert accepted < 1000  # what the kernel buffers, and 52
        assert driver.broker.counters.refused == 1


class Clogged:
    """A socket whose system takes nothing for a while."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self.is_clogged = True
        self.tries = 0

    def send(self, data: bytes) -> int:
        if self.is_clogged:
            self.tries += 1
            raise BlockingIOError
        return int(self._sock.send(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def clog(driver: Driver) -> tuple[Connection, Clogged]:
    """Let the system take nothing from the connection that there is."""
    link = driver.broker._link
    assert link is not None
    assert link.wire.socket is not None
    link.wire.socket.raw = clogged = Clogged(link.wire.socket.raw)
    return link, clogged


async def test_qos_0_counts_as_written_when_the_system_took_it(broker: RunningBroker, root: str) -> None:
    async with driving(broker, root) as driver:
        _, clogged = clog(driver)
        told: list[bool] = []
        for _ in range(3):
            assert driver.broker.publish(Outgoing(f"macnet/{root}/x", b"x", settled=told.append))
        await until(lambda: clogged.tries)
        await asyncio.sleep(0)
        assert told == []
        clogged.is_clogged = False
        await until(lambda: told == [True] * 3)
        assert driver.broker._outbox.unwritten_bytes == 0


async def test_qos_0_that_only_was_gathered_is_given_up_with_the_connection(
    broker: RunningBroker, root: str
) -> None:
    async with driving(broker, root) as driver:
        link, clogged = clog(driver)
        told: list[bool] = []
        assert driver.broker.publish(Outgoing(f"macnet/{root}/x", b"x", settled=told.append))
        await until(lambda: clogged.tries)
        link.end()
        await until(lambda: told)
        assert told == [False]


@REAL
async def test_a_property_that_paho_cannot_read_costs_one_connection(
    broker: RunningBroker, root: str, make_peer: MakePeer
) -> None:
    async with driving(broker, root) as driver:
        peer = make_peer(broker)
        await peer.send(f"macnet/{root}/cmd/x", b"fine", ResponseTopic="a\ufeffb")
        assert (await driver.receive()).response_topic == "a\ufeffb"
        await peer.send(f"macnet/{root}/cmd/x", b"bad", ContentType="a\ufeffb")
        await until(lambda: len(driver.sessions) == 2)
        assert "cannot be read" in driver.reasons[0]
        assert driver.sessions[1] is False  # else the broker would send it again, for ever
        await peer.send(f"macnet/{root}/cmd/x", b"good")
        assert (await driver.receive()).payload == b"good"


# -- losses


async def test_acknowledgements_survive_a_broker_that_is_away(own_broker: RunningBroker, root: str) -> None:
    async with driving(own_broker, root) as driver:
        own_broker.stop()
        await until(lambda: driver.reasons)
        assert not driver.broker.publish(Outgoing(f"macnet/{root}/cmd/t", b"telemetry", 1))
        for number in range(20):
            message = Outgoing(f"macnet/{root}/cmd/a", b"%d" % number, 1)
            assert driver.broker.publish(message, Lane.ACKNOWLEDGEMENT)
        assert not await driver.broker.flush(0.01)
        own_broker.start()
        assert [int((await driver.receive()).payload) for _ in range(20)] == list(range(20))
        assert await driver.broker.flush(PATIENCE_S)


@REAL
async def test_a_broker_killed_three_times_is_no_takeover(own_broker: RunningBroker, root: str) -> None:
    async with driving(own_broker, root) as driver:
        for round_number in range(1, 5):
            own_broker.kill()
            await until(lambda: "nothing listens" in driver.reasons[-1] if driver.reasons else False)
            driver.reasons.clear()
            own_broker.start()
            await until(lambda count=round_number: len(driver.sessions) == count + 1)  # type: ignore[misc]
        assert driver.task is not None
        assert not driver.task.done()


async def test_it_connects_when_it_is_permitted_and_asks_with_how_long_it_was_away(
    broker: RunningBroker, root: str
) -> None:
    asked: list[float] = []
    permission = asyncio.Event()

    async def permit(absent_s: float) -> None:
        asked.append(absent_s)
        await permission.wait()

    driver = Driver(broker, root, permit=permit)
    driver.task = asyncio.create_task(driver.broker.run())
    await until(lambda: asked)
    assert (asked, driver.broker.counters.attempts) == ([math.inf], 0)
    permission.set()
    await until(lambda: driver.broker.ready)
    permission.clear()
    assert driver.broker._link is not None
    driver.broker._link.end(LinkLost(Cause.BY_BROKER, "cut"))
    await until(lambda: len(asked) == 2)
    assert 0 <= asked[1] < PATIENCE_S
    async with asyncio.timeout(PATIENCE_S):
        await driver.broker.close()
        await driver.task
    assert driver.broker.counters.attempts == 1


@REAL
@pytest.mark.parametrize("protocol", ["5", "4"])
async def test_a_second_client_with_our_id_is_not_fought(
    broker: RunningBroker, root: str, protocol: str
) -> None:
    first = Driver(broker, root, protocol=protocol)
    second = Driver(broker, root, protocol=protocol)
    await first.start()
    await second.start()
    assert first.task is not None
    assert second.task is not None
    done, _ = await asyncio.wait(
        {first.task, second.task}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED
    )
    assert [str(task.exception()) for task in done if "client id" in str(task.exception())]
    assert len(done) == 1
    survivor = second if first.task in done else first
    await until(lambda: survivor.broker.ready)
    await first.crash()
    await second.crash()


@REAL
async def test_a_frozen_broker_is_noticed_and_found_again(own_broker: RunningBroker, root: str) -> None:
    async with driving(own_broker, root) as driver:
        own_broker.freeze()
        try:
            await until(lambda: driver.reasons, 8)
        finally:
            own_broker.thaw()
        await until(lambda: driver.broker.ready)


async def test_a_broker_that_is_down_is_reported_once(root: str, own_broker: RunningBroker) -> None:
    own_broker.stop()
    driver = Driver(own_broker, root)
    driver.task = asyncio.create_task(driver.broker.run())
    await until(lambda: driver.broker.counters.attempts > 4)
    assert len(driver.reasons) == 1
    assert "nothing listens" in driver.reasons[0]
    own_broker.start()
    await until(lambda: driver.broker.ready)
    await driver.crash()


# -- versions


@REAL
async def test_3_1_1_on_request(broker: RunningBroker, root: str, make_peer: MakePeer) -> None:
    async with driving(broker, root, protocol="4") as driver:
        assert driver.broker.protocol == "4"
        await make_peer(broker).send(f"macnet/{root}/cmd/x", b"x")
        message = await driver.receive()
        driver.broker.acknowledge(message)
        assert (message.response_topic, message.correlation_data, message.waited) == (None, None, False)


async def test_auto_finds_what_the_broker_speaks(broker: RunningBroker, root: str) -> None:
    async with driving(broker, root, protocol="auto") as driver:
        assert driver.broker.protocol == ("5" if broker.supports_v5 else "4")


@REAL
async def test_auto_does_not_fall_back_because_the_broker_was_down(
    own_broker: RunningBroker, root: str
) -> None:
    own_broker.stop()
    driver = Driver(own_broker, root, protocol="auto")
    driver.task = asyncio.create_task(driver.broker.run())
    await until(lambda: driver.broker.counters.attempts > 3)
    own_broker.start()
    await until(lambda: driver.broker.ready)
    assert driver.broker.protocol == "5"
    await driver.crash()


async def test_auto_falls_back_for_amqtt(root: str) -> None:
    pytest.importorskip("amqtt")
    async with EmbeddedBroker(engine="amqtt") as embedded:
        driver = Driver(_as_running(embedded), root, protocol="auto")
        await driver.start()
        assert driver.broker.protocol == "4"
        await driver.crash()


def _as_running(embedded: EmbeddedBroker) -> Any:
    return embedded


# -- users and the shipped access list

USERS = {"bridge": "b-secret", "alice": "a-secret", "bob": "o-secret"}


@REAL
async def test_wrong_password_is_named(start_broker: StartBroker, root: str) -> None:
    secured = start_broker(Setup(USERS))
    driver = Driver(secured, root, username="bridge", password="not-this")
    driver.task = asyncio.create_task(driver.broker.run())
    await until(lambda: driver.reasons)
    await driver.crash()
    assert "user bridge" in driver.reasons[0]
    assert "password" in driver.reasons[0]
    assert "not-this" not in driver.reasons[0] + repr(BrokerSettings("mqtt://h", "c", password="not-this"))


@REAL
async def test_the_shipped_acl_lets_nobody_command_under_another_name(
    start_broker: StartBroker, root: str, make_peer: MakePeer
) -> None:
    secured = start_broker(Setup(USERS))
    async with driving(secured, root, username="bridge", password=USERS["bridge"]) as driver:
        alice = make_peer(secured, user="alice", password=USERS["alice"])
        await alice.listen(f"macnet/{root}/#")
        await alice.listen(f"macnet/{root}/+/telemetry/#")
        for topic in ("1/cmd/suspend/bob", "1/cmd/suspend", "cmd/suspend/bob", "1/telemetry/ack", "status"):
            assert await alice.send(f"macnet/{root}/{topic}", b"forged") == 0x87
        for topic in ("1/cmd/suspend/alice", "cmd/suspend/alice"):
            assert await alice.send(f"macnet/{root}/{topic}", b"mine") == 0
            assert (await driver.receive()).payload == b"mine"
        assert driver.broker.publish(Outgoing(f"macnet/{root}/1/telemetry/reading", b"r", 1))
        await until(lambda: alice.messages)
        assert {message.topic for message in alice.messages} == {f"macnet/{root}/1/telemetry/reading"}
        assert driver.broker.waiting == 0


@REAL
async def test_the_shipped_files_without_users_serve_a_rehearsal(
    start_broker: StartBroker, root: str, make_peer: MakePeer
) -> None:
    rehearsal = start_broker(Setup(keep_acl=True))
    async with driving(rehearsal, root, username="bridge") as driver:
        peer = make_peer(rehearsal)
        await peer.listen(f"macnet/{root}/+/telemetry/#")
        assert await peer.send(f"macnet/{root}/1/cmd/ping", b"p") == 0
        assert (await driver.receive()).payload == b"p"
        for topic in ("1/cmd/suspend/alice", "1/telemetry/ack", "status"):
            assert await peer.send(f"macnet/{root}/{topic}", b"forged") == 0x87
        assert driver.broker.publish(Outgoing(f"macnet/{root}/1/telemetry/reading", b"r", 1))
        await until(lambda: peer.messages)


@REAL
async def test_an_acl_that_forbids_the_commands_is_named(start_broker: StartBroker, root: str) -> None:
    acl = f"user bridge\ntopic readwrite macnet/{root}/cmd/#\ntopic write macnet/#\n"
    secured = start_broker(Setup(USERS, acl))
    driver = Driver(secured, root, username="bridge", password=USERS["bridge"])
    driver.task = asyncio.create_task(driver.broker.run())
    await until(lambda: driver.reasons)
    await driver.crash()
    assert f"subscription to macnet/{root}/+/cmd/#" in driver.reasons[0]
    assert "ACL lets user bridge" in driver.reasons[0]
    assert driver.sessions == []


async def test_certificate_files_that_are_missing_end_the_run(root: str) -> None:
    broker = Broker(
        BrokerSettings("mqtts://127.0.0.1", root, ca_file="/nowhere/ca.crt"),
        [],
        will=Outgoing("w", b""),
        on_ready=lambda _session: None,
        on_lost=lambda _reason: None,
    )
    with pytest.raises(BrokerError, match=r"mqtt\.ca_file"):
        await broker.run()


# -- TLS


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and its self-signed certificate for 127.0.0.1."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -addext subjectAltName=IP:127.0.0.1"
    )
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    subprocess.run(
        [*command.split(), "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True
    )
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@asynccontextmanager
async def tls_in_front_of(broker: RunningBroker, certificate: Path) -> AsyncIterator[int]:
    """A TLS proxy; yields its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ssl.SSLError):
            back_reader, back_writer = await asyncio.open_connection(broker.host, broker.port)
            await asyncio.gather(pump(reader, back_writer), pump(back_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_tls_delivers_all_that_it_reads_ahead(
    broker: RunningBroker, root: str, make_peer: MakePeer, certificate: Path
) -> None:
    inbox = Inbox(max_messages=50)
    async with tls_in_front_of(broker, certificate) as port:
        url = f"mqtts://127.0.0.1:{port}"
        async with driving(broker, root, url=url, ca_file=str(certificate), inbox=inbox) as driver:
            peer = make_peer(broker)
            for number in range(500):
                peer.client.publish(f"macnet/{root}/cmd/x", b"%d" % number, 0)
            received = [int((await driver.receive()).payload) for _ in range(500)]
            assert received == list(range(500))
            for number in range(500):
                assert driver.broker.publish(Outgoing(f"macnet/{root}/x", b"%d" % number + bytes(2000), 1))
            await until(lambda: driver.broker.counters.confirmed == 500)
            assert driver.reasons == []


async def test_a_certificate_that_is_not_trusted_is_named(
    broker: RunningBroker, root: str, certificate: Path
) -> None:
    async with tls_in_front_of(broker, certificate) as port:
        driver = Driver(broker, root, url=f"mqtts://127.0.0.1:{port}")
        driver.task = asyncio.create_task(driver.broker.run())
        await until(lambda: driver.reasons)
        await driver.crash()
    assert "set mqtt.ca_file" in driver.reasons[0]


def test_the_shipped_files_are_there() -> None:
    assert {"mosquitto.conf", "acl"} <= {path.name for path in SHIPPED.iterdir()}
