"""A look at the broker before the bridge connects: brokers that do not let it look, or are away."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from macnet_bridge.app.own_name import OwnName
from macnet_bridge.broker import BrokerSettings, ProtocolChoice
from macnet_bridge.topics import Topics
from tests.brokers import RunningBroker
from tests.patience import PATIENCE_S
from tests.scripted_broker import ScriptedBroker

BLIND = "whether another bridge is called lab cannot be seen: "


class Asked:
    """An OwnName, and what it told."""

    def __init__(self, broker: RunningBroker | ScriptedBroker, protocol: Any = "5") -> None:
        self.reasons: list[str] = []
        self.waiting: list[bool] = []
        self.choice = ProtocolChoice(protocol)
        self._name = OwnName(
            Topics("t", "lab"),
            "ours",
            BrokerSettings(f"mqtt://{broker.host}:{broker.port}", "macnet-bridge-lab", protocol=protocol),
            self.choice,
            on_lost=self.reasons.append,
            on_waiting=self.waiting.append,
        )

    async def free(self, absent_s: float = math.inf) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self._name.free(absent_s)


async def test_nobody_has_the_name() -> None:
    async with ScriptedBroker() as broker:
        it = Asked(broker)
        await it.free()
        assert broker.versions == [5]
        assert (it.reasons, it.waiting) == ([], [])
        assert broker.published == [], "it publishes nothing"


async def test_a_broken_connection_costs_no_look() -> None:
    async with ScriptedBroker() as broker:
        await Asked(broker).free(9.9)
        assert broker.versions == []


@pytest.mark.parametrize(
    ("answer", "grant", "says"),
    [
        (b"\x20\x03\x00\x87\x00", 1, "the broker turns clients without a user name away"),
        (b"\x20\x03\x00\x85\x00", 1, "the broker refuses the connection: Client identifier not valid"),
        (b"\x20\x03\x00\x00\x00", 0x87, "the broker refuses the subscription to t/bridge/lab/status"),
        (b"", 1, "the broker closed the connection before it answered"),
    ],
)
async def test_a_broker_that_does_not_let_it_look_is_used_as_it_is(
    answer: bytes, grant: int, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with ScriptedBroker() as broker:
        broker.answers[5], broker.grant = answer, grant
        it = Asked(broker)
        for _ in range(2):
            await it.free()
        assert it.waiting == []
    (said,) = [record.getMessage() for record in caplog.records if BLIND in record.getMessage()]
    assert says in said, "and it is said once"


async def test_the_version_of_mqtt_need_not_be_found_out_twice() -> None:
    async with ScriptedBroker() as broker:
        broker.answers[5] = b"\x20\x03\x00\x84\x00"
        it = Asked(broker, "auto")
        await it.free()
        assert broker.versions == [5, 4, 5, 4]
        assert (it.choice.current, it.choice.answer_s) == ("4", math.inf)


async def test_a_broker_that_is_away_is_waited_for(own_broker: RunningBroker) -> None:
    if not own_broker.supports_v5:
        pytest.skip("amqtt comes back at another port")
    own_broker.stop()
    it = Asked(own_broker)
    asking = asyncio.create_task(it.free())
    async with asyncio.timeout(PATIENCE_S):
        while not it.reasons:  # noqa: ASYNC110 - it sets no event
            await asyncio.sleep(0.01)
    assert not asking.done()
    own_broker.start()
    await asking
    assert "nothing listens at" in it.reasons[0]
