"""Two bridges with the same cycler in their configuration: one of them serves it, and says who."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from macnet_bridge.app.bridge import Bridge
from macnet_bridge.simulator import SimulatedCycler
from tests.bridge.cable import Cable
from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import MqttPeer
from tests.bridge.running import BridgeProcess, cycler_table, running_bridge

SOON_S = 1.0


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bridges of this process take over after a moment."""
    monkeypatch.setattr("macnet_bridge.app.bridge.TAKEOVER_S", SOON_S)


def text(lab: Lab, cycler: SimulatedCycler, name: str) -> str:
    """The configuration of a bridge of this name, with a folder of its own."""
    text = lab.config(cycler_table(cycler))
    return text.replace('name = "lab"\n', f'name = "{name}"\n').replace("/data'", f"/data-{name}'")


async def bridge(lab: Lab, cycler: SimulatedCycler, name: str) -> Bridge:
    return await lab.stack.enter_async_context(running_bridge(text(lab, cycler, name)))


def process(lab: Lab, cycler: SimulatedCycler, name: str) -> BridgeProcess:
    process = BridgeProcess(text(lab, cycler, name), lab.folder)
    lab.processes.append(process)
    return process


async def says(lab: Lab, peer: MqttPeer, name: str, not_served: Any, after: int = 0) -> None:
    """Wait until a bridge's status says what it leaves to others."""
    topic = f"{lab.root}/bridge/{name}/status"

    def is_it(seen: Any) -> bool:
        return bool(
            seen.topic == topic
            and seen.json["state"] == "online"
            and seen.json.get("not_served") == not_served
        )

    await peer.wait(is_it, after)


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - bridges set no event
            await asyncio.sleep(0.02)


async def set_variables(lab: Lab, peer: MqttPeer, word: str, count: int = 10) -> None:
    """Commands without which nobody would notice that both carry them out."""
    for number in range(count):
        args = {"variable": 1, "value": number}
        answer = await peer.command(
            f"{lab.root}/lab1/1/cmd/set_variable", {"id": f"{word}-{number}", "args": args}
        )
        assert answer["status"] == "done"


async def test_the_second_leaves_the_cycler_to_the_first(lab: Lab) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    await bridge(lab, cycler, "first")
    online = await lab.online(peer)
    second = await bridge(lab, cycler, "second")
    await says(lab, peer, "second", {"lab1": "first"})
    await set_variables(lab, peer, "a")
    await peer.command(f"{lab.root}/all/cmd/suspend", {"id": "all"})
    assert (await peer.command(f"{lab.root}/bridge/second/cmd/ping", {"id": "p"}))["status"] == "done"
    answers = [seen.topic for seen in peer.seen if seen.topic.endswith("/ack") and seen.json["id"] == "all"]
    assert f"{lab.root}/bridge/first/ack" in answers
    assert f"{lab.root}/bridge/second/ack" not in answers, "it has nothing to stop"
    # Its answer came, so whatever it would have said to what came before is here, too.
    assert all(len(peer.finals(f"a-{number}")) == 1 for number in range(10))
    assert len(cycler.received.of(6, 9)) == 10
    assert second.testers["lab1"].survey is None
    assert second.testers["lab1"].cycler.channels is None
    sessions = {s.json["session"] for s in peer.seen if s.topic == f"{lab.root}/lab1/status" and s.payload}
    assert sessions == {online["session"]}
    await until(lambda: '"fact":"left"' in _audit(lab, "second"))


def _audit(lab: Lab, name: str) -> str:
    return (lab.folder / f"data-{name}" / "audit.jsonl").read_text("utf-8")


@pytest.mark.usefixtures("soon")
@pytest.mark.needs_real_broker
async def test_the_second_takes_over_when_the_first_is_killed(lab: Lab) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    first = process(lab, cycler, "first")
    first.start()
    await lab.online(peer)
    await bridge(lab, cycler, "second")
    await says(lab, peer, "second", {"lab1": "first"})
    await set_variables(lab, peer, "a")
    after = len(peer.seen)
    first.kill()
    await says(lab, peer, "second", None, after)
    await lab.online(peer, after=after)
    await set_variables(lab, peer, "b")
    assert len(cycler.received.of(6, 9)) == 20
    # The first comes back, and finds that the second serves.
    first.start()
    await says(lab, peer, "first", {"lab1": "second"})
    await set_variables(lab, peer, "c")
    assert len(cycler.received.of(6, 9)) == 30


@pytest.mark.usefixtures("soon")
async def test_the_second_takes_over_when_the_first_is_stopped(lab: Lab) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    async with running_bridge(text(lab, cycler, "first")):
        await lab.online(peer)
        await bridge(lab, cycler, "second")
        await says(lab, peer, "second", {"lab1": "first"})
        after = len(peer.seen)
    await says(lab, peer, "second", None, after)
    await lab.online(peer, after=after)
    await set_variables(lab, peer, "a")
    assert len(cycler.received.of(6, 9)) == 10


@pytest.mark.needs_real_broker
async def test_a_restart_of_the_first_changes_nothing(lab: Lab) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    first = process(lab, cycler, "first")
    first.start()
    await lab.online(peer)
    second = await bridge(lab, cycler, "second")
    await says(lab, peer, "second", {"lab1": "first"})
    for _ in range(2):
        after = len(peer.seen)
        first.kill()
        first.start()
        await lab.online(peer, after=after)
        await says(lab, peer, "first", None, after)
        await set_variables(lab, peer, f"r{after}", 3)
    assert second.testers["lab1"].cycler.channels is None
    assert len(cycler.received.of(6, 9)) == 6


@pytest.mark.usefixtures("soon")
@pytest.mark.needs_real_broker
async def test_what_waited_for_a_bridge_is_left_to_who_took_over_meanwhile(lab: Lab) -> None:
    """The first one is away, the second one carries a command out, and the first has it in its session."""
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    cable = await lab.stack.enter_async_context(Cable(lab.broker.host, lab.broker.port))
    await lab.stack.enter_async_context(running_bridge(cable.put_into(text(lab, cycler, "first"))))
    await lab.online(peer)
    await bridge(lab, cycler, "second")
    await says(lab, peer, "second", {"lab1": "first"})
    after = len(peer.seen)
    cable.pull()
    # Too early for the second one, so that it is the first one's to carry out, however late.
    peer.publish(f"{lab.root}/lab1/2/cmd/suspend", {"id": "s", "expires_at": in_half_a_minute()})
    await says(lab, peer, "second", None, after)
    await lab.online(peer, after=after)
    command = {"id": "v", "args": {"variable": 1, "value": 1}, "expires_at": in_half_a_minute()}
    assert (await peer.command(f"{lab.root}/lab1/1/cmd/set_variable", command))["status"] == "done"
    after = len(peer.seen)
    cable.put_back()
    await says(lab, peer, "second", {"lab1": "first"}, after)
    await set_variables(lab, peer, "b", 1)
    assert len(cycler.received.of(6, 9)) == 2
    assert len(peer.finals("v")) == 1
    await until(lambda: '"fact":"left"' in _audit(lab, "first"))
    assert (await peer.final("s"))["status"] == "done"


def in_half_a_minute() -> str:
    return (datetime.now(UTC) + timedelta(seconds=30)).isoformat()


@pytest.mark.parametrize("attempt", range(3))
async def test_two_that_start_at_once(lab: Lab, attempt: int) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    bridges = [await bridge(lab, cycler, name) for name in ("one", "two")]
    await until(lambda: all(it.broker.ready for it in bridges))
    await until(lambda: sum(bool(it.not_served) for it in bridges) == 1)
    (owner,) = [it for it in bridges if not it.not_served]
    await lab.online(peer)
    await set_variables(lab, peer, "a")
    assert len(cycler.received.of(6, 9)) == 10
    assert {owner.identity.bridge} == {name for it in bridges for name in it.not_served.values()}


async def test_a_claim_of_a_bridge_that_is_gone_is_nothing(lab: Lab) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    peer.publish(f"{lab.root}/lab1/info", {"bridge": "old", "session": "s"}, retain=True)
    peer.publish(
        f"{lab.root}/bridge/old/status", {"state": "offline", "session": "s", "since": 1}, retain=True
    )
    await peer.wait(lambda seen: seen.topic.endswith("old/status"))
    it = await bridge(lab, cycler, "new")
    assert (await lab.online(peer, after=2))["bridge"] == "new"
    assert it.not_served == {}


@pytest.mark.parametrize("payload", [b"", b"5", b"\xff", b"{}", b'{"bridge":5,"session":"s"}', b"[" * 9999])
async def test_claims_that_are_none(lab: Lab, payload: bytes) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    it = await bridge(lab, cycler, "new")
    await lab.online(peer)
    for leaf in ("lab1/status", "lab1/info", "bridge/x/status"):
        peer.publish(f"{lab.root}/{leaf}", payload)
    assert (await peer.command(f"{lab.root}/lab1/1/cmd/read_status", {"id": "a"}))["status"] == "done"
    assert it.not_served == {}
