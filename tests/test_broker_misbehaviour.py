"""The broker driver against a broker that does what real ones do only on a bad day."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from macnet_bridge.broker import Lane, Outgoing
from macnet_bridge.broker.messages import LinkLost
from macnet_bridge.errors import BrokerError
from tests.brokers import RunningBroker
from tests.scripted_broker import ScriptedBroker, publish_packet
from tests.test_broker import Driver, driving, until

TAKEN_OVER = b"\xe0\x02\x8e\x00"
SHUTTING_DOWN = b"\xe0\x02\x8b\x00"


@pytest.fixture
async def scripted() -> AsyncIterator[Any]:
    async with ScriptedBroker() as broker:
        yield broker


async def begin(scripted: Any, **changes: Any) -> Driver:
    driver = Driver(cast(RunningBroker, scripted), "s", **changes)
    driver.task = asyncio.create_task(driver.broker.run())
    return driver


async def outcome(driver: Driver) -> BrokerError:
    assert driver.task is not None
    with pytest.raises(BrokerError) as caught:
        await asyncio.wait_for(driver.task, 20)
    return caught.value


async def test_a_topic_that_is_not_text_is_thrown_away(scripted: Any) -> None:
    async with driving(scripted, "s") as driver:
        scripted.send(publish_packet(b"macnet/s/cmd/\xff", b"bad", mid=901))
        scripted.send(publish_packet(b"macnet/s/cmd/x", b"good", mid=902))
        assert (await driver.receive()).payload == b"good"
        await until(lambda: 901 in scripted.acknowledged)
        assert driver.broker.counters.unreadable == 1
        assert driver.reasons == []


@pytest.mark.parametrize(
    "packet", [b"\x00\x00", b"\x32\x01\x00", b"\x32\xff\xff\xff\xff\x7f", b"\x40\x00", b"\x90\x01\x00"]
)
async def test_bytes_that_are_no_mqtt_cost_one_connection(scripted: Any, packet: bytes) -> None:
    async with driving(scripted, "s") as driver:
        scripted.send(packet)
        await until(lambda: len(driver.sessions) == 2)
        assert "cannot be read" in driver.reasons[0]


async def test_a_subscription_that_stops_delivering_is_noticed(scripted: Any) -> None:
    async with driving(scripted, "s") as driver:
        scripted.echoes = False
        await until(lambda: driver.reasons)
        assert "delivers nothing" in driver.reasons[0]
        scripted.echoes = True
        await until(lambda: len(driver.sessions) == 2)


async def test_a_canary_held_back_by_our_own_silence_is_no_loss(scripted: Any) -> None:
    async with driving(scripted, "s") as driver:
        scripted.send(publish_packet(b"macnet/s/cmd/x", b"x", mid=901))
        message = await driver.receive()
        scripted.echoes = False
        seen = len(scripted.published)
        await until(lambda: len(scripted.published) >= seen + 6)  # three rounds of two canaries: 4 to 6 s
        assert driver.reasons == []
        driver.broker.acknowledge(message)
        await until(lambda: driver.reasons)


async def test_a_refused_subscription_is_named(scripted: Any) -> None:
    scripted.grant = 0x87
    driver = await begin(scripted)
    await until(lambda: driver.reasons)
    await driver.crash()
    assert "refuses the subscription to macnet/s/cmd/#" in driver.reasons[0]


@pytest.mark.parametrize("refusal", [b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00", b""])
async def test_3_1_1_is_settled_after_a_second_refusal(scripted: Any, refusal: bytes) -> None:
    scripted.answers[5] = refusal
    async with driving(scripted, "s", protocol="auto") as driver:
        assert driver.broker.protocol == "4"
        assert scripted.versions == [5, 4, 5, 4]
        scripted.hang_up()
        await until(lambda: len(driver.sessions) == 2)
        assert scripted.versions == [5, 4, 5, 4, 4]


async def test_a_named_takeover_ends_the_run_at_once(scripted: Any) -> None:
    driver = await begin(scripted)
    await until(lambda: driver.broker.ready)
    scripted.send(TAKEN_OVER)
    error = await outcome(driver)
    assert "another client uses the client id bridge-s" in str(error)
    assert not isinstance(error, LinkLost)
    assert len(driver.sessions) == 1


async def test_three_young_losses_in_a_row_end_the_run(scripted: Any) -> None:
    driver = await begin(scripted)
    for count in (1, 2, 3):
        await until(lambda count=count: len(driver.sessions) == count and driver.broker.ready)  # type: ignore[misc]
        scripted.hang_up()
    assert "another client" in str(await outcome(driver))
    assert len(driver.sessions) == 3


async def test_a_broker_that_says_it_shuts_down_is_believed(scripted: Any) -> None:
    async with driving(scripted, "s") as driver:
        for count in range(1, 6):
            scripted.send(SHUTTING_DOWN)
            await until(lambda count=count: len(driver.sessions) == count + 1)  # type: ignore[misc]
            await until(lambda: driver.broker.ready)
        assert "shutting down" in driver.reasons[0].lower()


async def test_no_more_is_under_way_than_the_broker_can_take(scripted: Any) -> None:
    scripted.answers[5] = b"\x20\x06\x00\x00\x03\x21\x00\x04"  # Receive Maximum 4
    async with driving(scripted, "s") as driver:
        scripted.confirms = False
        before = len(scripted.published)
        for number in range(10):
            driver.broker.publish(Outgoing("macnet/s/x", b"t%d" % number, 1))
        for number in range(10):
            driver.broker.publish(Outgoing("macnet/s/x", b"a%d" % number, 1), Lane.ACKNOWLEDGEMENT)
        await until(lambda: len(scripted.published) >= before + 4)
        payloads = [packet[-2:] for packet in scripted.published[before:]]
        assert payloads == [b"t0", b"t1", b"a0", b"a1"]


async def test_a_broker_with_qos_0_only_is_named(scripted: Any) -> None:
    scripted.answers[5] = b"\x20\x05\x00\x00\x02\x24\x00"  # Maximum QoS 0
    driver = await begin(scripted)
    await until(lambda: driver.reasons)
    await driver.crash()
    assert "QoS 1" in driver.reasons[0]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "the broker closed the connection before it answered"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "a packet from the broker cannot be read"),
    ],
)
async def test_what_worked_before_is_not_said_to_be_no_broker(
    scripted: Any, answer: bytes, words: str
) -> None:
    async with driving(scripted, "s") as driver:
        scripted.answers[5] = answer
        scripted.hang_up()
        await until(lambda: len(driver.reasons) >= 2)
        assert driver.reasons == ["the broker closed the connection", words]


async def test_what_never_worked_may_be_no_broker(scripted: Any) -> None:
    scripted.answers[5] = b""
    driver = await begin(scripted)
    await until(lambda: driver.reasons)
    assert driver.reasons == [
        "the broker closed the connection before it answered; "
        "perhaps it is no MQTT broker: see host, port and, for TLS, mqtts:// of mqtt.url"
    ]
    await driver.broker.close()
