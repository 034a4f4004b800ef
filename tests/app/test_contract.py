"""The schemas at the broker: sent at each connection, and never again to one that does not take them."""

from __future__ import annotations

import msgspec
import pytest

from macnet_bridge.app.contract import Contract, schema_payload
from macnet_bridge.broker import Outgoing
from macnet_bridge.payloads.status import SCHEMA_VERSION

TOPIC = "macnet/bridge/lab/schema"


class Link:
    """A connection that takes what it is given, or says no at once."""

    def __init__(self, takes: bool = True) -> None:
        self.sent: list[Outgoing] = []
        self._takes = takes

    def send(self, message: Outgoing) -> bool:
        self.sent.append(message)
        return self._takes

    def settle(self, is_taken: bool) -> None:
        settled = self.sent[-1].settled
        assert settled is not None
        settled(is_taken)


def test_the_schemas_are_retained_and_have_their_version() -> None:
    link = Link()
    Contract(TOPIC, link.send).publish()
    (message,) = link.sent
    assert (message.topic, message.qos, message.retain) == (TOPIC, 1, True)
    assert msgspec.json.decode(message.payload)["x-schema-version"] == SCHEMA_VERSION


def test_they_are_small_enough_for_most_brokers() -> None:
    assert len(schema_payload()) < 100_000


def test_they_come_with_each_connection() -> None:
    link = Link()
    contract = Contract(TOPIC, link.send)
    for _ in range(3):
        contract.publish()
        link.settle(True)
    assert len(link.sent) == 3


def test_a_connection_that_is_lost_with_them_is_enough(caplog: pytest.LogCaptureFixture) -> None:
    link = Link()
    contract = Contract(TOPIC, link.send)
    contract.publish()
    link.settle(False)
    contract.publish()
    assert len(link.sent) == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_refusal_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    link = Link(takes=False)
    contract = Contract(TOPIC, link.send)
    for _ in range(5):
        contract.publish()
    assert len(link.sent) == 1
    (said,) = caplog.messages
    assert TOPIC in said
