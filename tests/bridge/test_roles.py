"""What users of a real Mosquitto may do: by the shipped access list, and by the bridge's allow rules.

An observer with the bridge's rights sees all that the broker lets pass. What is forbidden must not
come by; each is followed by something of the same user that is allowed, and does.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from macnet_bridge.app.bridge import Bridge
from macnet_bridge.simulator import Behaviour, SimulatedCycler
from tests.bridge.mqtt_peer import MqttPeer, Seen
from tests.bridge.running import FAST, config_text, cycler_table, running_bridge
from tests.brokers import NO_MOSQUITTO, MosquittoBroker, Setup

pytestmark = pytest.mark.skipif(shutil.which("mosquitto") is None, reason=NO_MOSQUITTO)

PASSWORDS = {name: f"{name}-secret" for name in ("bridge", "viewer", "alice", "bob", "service")}
RULES = """
[[commands.allow]]
principal = "alice"
commands = ["set_*", "suspend"]
cyclers = ["lab1"]
channels = "1-2"
[[commands.allow]]
principal = "service"
commands = ["set_variable"]
"""
CHANGES = ((5, 1), (6, 3), (6, 5), (6, 9))
"""What the commands of these tests ask of a tester, and nothing else does."""

ARGS = {"variable": 1, "value": 2}


@dataclass
class Site:
    """A bridge at a broker with users, and the observer."""

    broker: MosquittoBroker
    bridge: Bridge
    cycler: SimulatedCycler
    other: SimulatedCycler
    observer: MqttPeer
    stack: AsyncExitStack

    async def user(self, name: str, *filters: str) -> MqttPeer:
        filters = filters or ("macnet/#",)
        peer = MqttPeer(self.broker.host, self.broker.port, *filters, user=name, password=PASSWORDS[name])
        return await self.stack.enter_async_context(peer)

    async def passes(self, peer: MqttPeer, topic: str, payload: Any, **options: Any) -> None:
        """What this user publishes is let through."""
        after = len(self.observer.seen)
        peer.publish(topic, payload, **options)
        await self.observer.wait(lambda seen: seen.topic == topic, after)

    def changes(self) -> int:
        """How often a tester was told to change anything."""
        return sum(record.number in CHANGES for record in self._received())

    def _received(self) -> list[Any]:
        return [*self.cycler.received, *self.other.received]


def is_online(topic: str, seen: Seen) -> bool:
    return bool(seen.topic == topic and seen.json["state"] != "offline")


async def site(folder: Path, more: str) -> AsyncIterator[Site]:
    broker = MosquittoBroker(Setup(PASSWORDS))
    broker.start()
    try:
        async with AsyncExitStack() as stack:
            cyclers = [
                await stack.enter_async_context(SimulatedCycler(4, behaviour=Behaviour(starting_second=0.0)))
                for _ in range(2)
            ]
            tables = [cycler_table(cycler, f"lab{n}") for n, cycler in enumerate(cyclers, 1)]
            text = config_text(
                broker, "macnet", folder / "data", *tables, mqtt='username = "bridge"', more=more + FAST
            )
            bridge = await stack.enter_async_context(running_bridge(text, password=PASSWORDS["bridge"]))
            observer = MqttPeer(
                broker.host, broker.port, "macnet/#", user="bridge", password=PASSWORDS["bridge"]
            )
            await stack.enter_async_context(observer)
            for name in ("lab1", "lab2"):
                await observer.wait(partial(is_online, f"macnet/{name}/status"))
            yield Site(broker, bridge, cyclers[0], cyclers[1], observer, stack)
    finally:
        broker.remove()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Site]:
    async for made in site(tmp_path, RULES):
        yield made


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[Site]:
    """Stops, too, need a rule."""
    async for made in site(tmp_path, "[commands]\nstop_needs_rule = true\n" + RULES):
        yield made


FORBIDDEN = {
    "a command under another's name": "macnet/lab1/1/cmd/set_variable/bob",
    "a command under the bridge's name": "macnet/lab1/1/cmd/set_variable/bridge",
    "a command without a name": "macnet/lab1/1/cmd/set_variable",
    "a command to a cycler without a name": "macnet/lab1/cmd/set_global_flags",
    "a command to the bridge without a name": "macnet/bridge/lab/cmd/ping",
    "a stop of everything without a name": "macnet/all/cmd/suspend",
    "a stop of everything under another's name": "macnet/all/cmd/suspend/bob",
    "a command with a level after the name": "macnet/lab1/1/cmd/set_variable/alice/more",
    "a probe of the bridge": "macnet/lab1/1/cmd/canary",
    "a reading": "macnet/lab1/1/telemetry/reading",
    "a sweep": "macnet/lab1/telemetry/sweep",
    "a state": "macnet/lab1/1/telemetry/state",
    "an acknowledgement of a channel": "macnet/lab1/1/telemetry/ack",
    "an acknowledgement of a cycler": "macnet/lab1/telemetry/ack",
    "an acknowledgement of the bridge": "macnet/bridge/lab/ack",
    "the bridge's status": "macnet/bridge/lab/status",
    "the status of another bridge": "macnet/bridge/evil/status",
    "a cycler's status": "macnet/lab1/status",
    "a claim of a cycler": "macnet/lab1/info",
    "a reply to somebody else": "macnet/reply/bob/1",
    "a reply to himself": "macnet/reply/alice/1",
}


@pytest.mark.parametrize("retain", [False, True], ids=["live", "retained"])
@pytest.mark.parametrize("who", ["alice", "viewer", "service"])
async def test_what_no_user_may_publish(place: Site, who: str, retain: bool) -> None:
    user = await place.user(who)
    before = len(place.observer.seen)
    incoming, changes = place.bridge.broker.counters.incoming, place.changes()
    for topic in FORBIDDEN.values():
        user.publish(topic, {"id": "forbidden", "args": ARGS}, retain=retain)
    # The same connection, so the broker has dealt with all of these once this came by.
    fence = f"macnet/lab1/3/cmd/set_variable/{who}"
    user.publish(fence, {"id": "fence", "args": ARGS})
    bob = await place.user("bob")
    await place.passes(bob, "macnet/lab1/cmd/ping/bob", {"id": "last"})
    await user.wait(lambda seen: seen.topic == "macnet/lab1/telemetry/ack" and seen.json["id"] == "last")
    if who != "viewer":
        await user.final("fence")
    # The broker serves one subscriber after the other; what came before "last" is seen by then.
    await place.observer.wait(
        lambda seen: seen.topic == "macnet/lab1/telemetry/ack" and seen.json["id"] == "last"
    )
    seen = place.observer.seen[before:]
    assert [it.topic for it in seen if b"forbidden" in it.payload] == []
    assert any(it.topic == fence for it in seen) == (who != "viewer")
    assert place.bridge.broker.counters.incoming - incoming == (1 if who == "viewer" else 2)
    assert place.changes() - changes == (1 if who == "service" else 0)
    assert place.bridge.not_served == {}


async def test_nothing_forged_is_kept_for_later(place: Site) -> None:
    alice = await place.user("alice")
    for topic in FORBIDDEN.values():
        alice.publish(topic, {"id": "forbidden", "bridge": "evil", "session": "x"}, retain=True)
    await place.passes(alice, "macnet/lab1/cmd/ping/alice", {"id": "fence"})
    late = await place.user("bridge")
    await late.wait(lambda seen: seen.topic == "macnet/lab2/info" and seen.retain)
    assert [seen.topic for seen in late.seen if b"forbidden" in seen.payload] == []


async def test_a_viewer_reads_and_commands_nothing(place: Site) -> None:
    viewer = await place.user("viewer")
    await viewer.wait(lambda seen: seen.topic == "macnet/lab1/1/telemetry/reading")
    await viewer.wait(lambda seen: seen.topic == "macnet/bridge/lab/status")
    before = len(place.observer.seen)
    for topic in (
        "macnet/lab1/1/cmd/suspend/viewer",
        "macnet/lab1/1/cmd/read_status/viewer",
        "macnet/lab1/cmd/ping/viewer",
        "macnet/bridge/lab/cmd/ping/viewer",
        "macnet/all/cmd/suspend/viewer",
    ):
        viewer.publish(topic, {"id": "v"})
    bob = await place.user("bob")
    await place.passes(bob, "macnet/lab1/1/cmd/suspend/bob", {"id": "b"})
    answer = await bob.final("b")
    assert answer["status"] == "done"
    assert [seen.topic for seen in place.observer.seen[before:] if seen.topic.endswith("/viewer")] == []
    assert len(place.cycler.received.of(6, 3)) == 1


async def test_nobody_reads_the_commands_and_replies_of_others(place: Site) -> None:
    service, alice = await place.user("service"), await place.user("alice", "macnet/#", "macnet/reply/#")
    topic = "macnet/lab1/1/cmd/set_variable/service"
    service.publish(
        topic, {"id": "s", "args": ARGS}, response_topic="macnet/reply/service/7", correlation_data=b"\x00c"
    )
    reply = await service.wait(lambda seen: seen.topic == "macnet/reply/service/7" and seen.json["final"])
    assert (reply.json["status"], reply.correlation_data) == ("done", b"\x00c")
    assert reply.json["principal"] == "service"
    await alice.final("s")  # what is published for all came, so the rest would have
    own = await alice.command("macnet/lab1/1/cmd/set_variable/alice", {"id": "a", "args": ARGS})
    assert own["status"] == "done"
    seen = {seen.topic for seen in alice.seen}
    assert not [topic for topic in seen if "/cmd/" in topic or "/reply/" in topic]


async def test_a_reply_asked_for_elsewhere_is_read_by_nobody_else(place: Site) -> None:
    """The bridge publishes below macnet/reply as asked; who may read there is up to the broker."""
    alice, bob = await place.user("alice"), await place.user("bob")
    alice.publish(
        "macnet/lab1/1/cmd/read_status/alice", {"id": "x"}, response_topic="macnet/bridge/lab/status"
    )
    answer = await alice.final("x")
    assert answer["reply_ignored"] is True
    assert not [seen for seen in bob.seen if seen.topic == "macnet/bridge/lab/status" and "id" in seen.json]


async def refused(place: Site, user: MqttPeer, topic: str, args: Any = ARGS) -> None:
    """The bridge, which got it, says no, and the testers hear nothing of it."""
    before, after = place.changes(), len(user.seen)
    user.publish(topic, {"id": "no", "args": args})
    answer = await user.final("no", after)
    assert (answer["status"], answer["error"]["code"]) == ("rejected", "NOT_ALLOWED")
    assert answer["error"]["category"] == "auth"
    assert place.changes() == before


async def allowed(place: Site, user: MqttPeer, topic: str, args: Any = ARGS) -> None:
    before = place.changes()
    answer = await user.command(topic, {"id": "yes", "args": args})
    assert answer["status"] == "done"
    assert place.changes() == before + 1


async def test_a_principal_without_a_rule(place: Site) -> None:
    bob, alice = await place.user("bob"), await place.user("alice")
    await refused(place, bob, "macnet/lab1/1/cmd/set_variable/bob")
    await allowed(place, alice, "macnet/lab1/1/cmd/set_variable/alice")


async def test_a_cycler_outside_of_the_rule(place: Site) -> None:
    alice = await place.user("alice")
    await refused(place, alice, "macnet/lab2/1/cmd/set_variable/alice")
    await allowed(place, alice, "macnet/lab1/1/cmd/set_variable/alice")
    await allowed(place, await place.user("service"), "macnet/lab2/1/cmd/set_variable/service")


async def test_a_channel_outside_of_the_range(place: Site) -> None:
    alice = await place.user("alice")
    await refused(place, alice, "macnet/lab1/3/cmd/set_variable/alice")
    await allowed(place, alice, "macnet/lab1/2/cmd/set_variable/alice")


async def test_the_whole_cycler_by_a_rule_for_some_channels(place: Site) -> None:
    alice = await place.user("alice")
    await refused(place, alice, "macnet/lab1/cmd/set_global_flags/alice", {"flags": 1})
    await allowed(place, alice, "macnet/lab1/1/cmd/set_variable/alice")


async def test_a_verb_outside_of_the_patterns(place: Site) -> None:
    alice = await place.user("alice")
    await refused(place, alice, "macnet/lab1/1/cmd/reset/alice", {})
    await allowed(place, alice, "macnet/lab1/1/cmd/set_variable/alice")


async def test_stops_and_reads_need_no_rule_unless_that_is_wanted(place: Site) -> None:
    bob = await place.user("bob")
    for verb in ("suspend", "read_status"):
        answer = await bob.command(f"macnet/lab1/1/cmd/{verb}/bob", {"id": verb})
        assert answer["status"] == "done"


async def test_stops_that_need_a_rule(strict: Site) -> None:
    bob, alice = await strict.user("bob"), await strict.user("alice")
    await refused(strict, bob, "macnet/lab1/1/cmd/suspend/bob", {})
    await refused(strict, alice, "macnet/lab1/3/cmd/suspend/alice", {})
    await allowed(strict, alice, "macnet/lab1/1/cmd/suspend/alice", {})
    assert (await bob.command("macnet/lab1/1/cmd/read_status/bob", {"id": "r"}))["status"] == "done"
