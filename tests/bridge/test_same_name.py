"""Two bridges of one name at one broker: the second one waits, and the first one notices nothing."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from macnet_bridge.app.bridge import Bridge
from macnet_bridge.simulator import SimulatedCycler
from tests.bridge.cable import Cable
from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import MqttPeer
from tests.bridge.running import BridgeProcess, cycler_table, running_bridge
from tests.brokers import free_port
from tests.patience import PATIENCE_S

SOON_S = 1.0
TAKEN = "another bridge is called lab and runs"


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bridges of this process take the place of one that is gone after a moment."""
    monkeypatch.setattr("macnet_bridge.app.own_name.TAKEOVER_S", SOON_S)
    monkeypatch.setattr("macnet_bridge.app.bridge.TAKEOVER_S", SOON_S)


def text(lab: Lab, cycler: SimulatedCycler, folder: str) -> str:
    """The configuration of a bridge called `lab`, with a data directory of this name."""
    return lab.config(cycler_table(cycler)).replace("/data'", f"/{folder}'")


async def bridge(lab: Lab, cycler: SimulatedCycler, folder: str) -> Bridge:
    return await lab.stack.enter_async_context(running_bridge(text(lab, cycler, folder)))


def process(lab: Lab, configuration: str) -> BridgeProcess:
    process = BridgeProcess(configuration, lab.folder)
    lab.processes.append(process)
    return process


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - bridges and logs set no event
            await asyncio.sleep(0.02)


async def online(lab: Lab, peer: MqttPeer, after: int = 0) -> dict[str, Any]:
    """Wait for the status of a bridge that is there."""
    topic = f"{lab.root}/bridge/lab/status"
    seen = await peer.wait(lambda it: it.topic == topic and it.json["state"] == "online", after)
    status: dict[str, Any] = seen.json
    return status


def statuses(lab: Lab, peer: MqttPeer) -> list[Any]:
    return [seen.json for seen in peer.seen if seen.topic == f"{lab.root}/bridge/lab/status"]


def not_ready(http: str) -> str:
    """What `/readyz` says of a bridge that is not ready."""
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(f"http://{http}/readyz", timeout=PATIENCE_S)
    with refusal.value as answer:
        assert answer.code == 503
        return answer.read().decode()


async def ping(lab: Lab, peer: MqttPeer, command_id: str) -> None:
    answer = await peer.command(f"{lab.root}/bridge/lab/cmd/ping", {"id": command_id})
    assert answer["status"] == "done"


async def test_the_second_waits_and_the_first_notices_nothing(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    first = await bridge(lab, cycler, "one")
    await online(lab, peer)
    await lab.online(peer)
    http = f"127.0.0.1:{free_port()}"
    waiting = text(lab, cycler, "two").replace('http = ""', f'http = "{http}"')
    second = await lab.stack.enter_async_context(running_bridge(waiting))
    await until(lambda: TAKEN in caplog.text)
    assert "another bridge has it" in await asyncio.to_thread(not_ready, http)
    for number in range(3):
        await ping(lab, peer, f"p{number}")
    args = {"variable": 1, "value": 2}
    answer = await peer.command(f"{lab.root}/lab1/1/cmd/set_variable", {"id": "v", "args": args})
    assert answer["status"] == "done"
    assert (first.broker.counters.connects, first.broker.counters.losses) == (1, 0)
    assert second.broker.counters.attempts == 0
    assert second.testers["lab1"].cycler.channels is None, "it does not poll either"
    assert len(cycler.received.of(6, 9)) == 1
    assert [status["state"] for status in statuses(lab, peer)] == ["online"]
    (said,) = [record.getMessage() for record in caplog.records if TAKEN in record.getMessage()]
    assert "give one of them another bridge.name, or stop one" in said


@pytest.mark.usefixtures("soon")
async def test_it_takes_the_place_of_one_that_was_stopped(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    async with running_bridge(text(lab, cycler, "one")):
        told = await online(lab, peer)
        await bridge(lab, cycler, "two")
        await until(lambda: TAKEN in caplog.text)
        after = len(peer.seen)
    assert (await online(lab, peer, after))["session"] != told["session"]
    await lab.online(peer, after=after)
    await ping(lab, peer, "p")
    assert "the other bridge called lab is gone or silent: this one takes its place" in caplog.text


@pytest.mark.usefixtures("soon")
@pytest.mark.needs_real_broker
async def test_one_that_comes_back_after_the_other_was_killed_waits_in_its_turn(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    first = process(lab, text(lab, cycler, "one"))
    first.start()
    told = await online(lab, peer)
    second = await bridge(lab, cycler, "two")
    await until(lambda: TAKEN in caplog.text)
    after = len(peer.seen)
    first.kill()
    assert (await online(lab, peer, after))["instance"] != told["instance"]
    first.start()
    await until(lambda: TAKEN in first.log)
    await ping(lab, peer, "p")
    assert second.broker.counters.losses == 0
    assert first.interrupt() == 0, "Ctrl-C ends the waiting"


@pytest.mark.usefixtures("soon")
async def test_one_whose_cable_was_pulled_does_not_throw_out_who_has_taken_its_place(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    cable = await lab.stack.enter_async_context(Cable(lab.broker.host, lab.broker.port))
    first = await lab.stack.enter_async_context(running_bridge(cable.put_into(text(lab, cycler, "one"))))
    told = await online(lab, peer)
    second = await bridge(lab, cycler, "two")
    await until(lambda: TAKEN in caplog.text)
    after = len(peer.seen)
    cable.pull()
    assert (await online(lab, peer, after))["instance"] != told["instance"]
    await until(lambda: first.broker.counters.losses == 1)
    caplog.clear()
    cable.put_back()
    await until(lambda: TAKEN in caplog.text)
    await ping(lab, peer, "p")
    assert (first.broker.counters.connects, second.broker.counters.losses) == (1, 0)
    assert first.broker.counters.losses == 1


@pytest.mark.needs_real_broker
async def test_a_restart_after_a_crash_does_not_wait(lab: Lab) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    first = process(lab, text(lab, cycler, "one"))
    first.start()
    told = await online(lab, peer)
    first.kill()
    await until(lambda: statuses(lab, peer)[-1]["state"] == "offline")
    # As a broker has it that was killed with the bridge: an online that nobody takes back.
    peer.publish(f"{lab.root}/bridge/lab/status", told, retain=True)
    await until(lambda: statuses(lab, peer)[-1] == told)
    after = len(peer.seen)
    first.start()
    again = await online(lab, peer, after)
    assert again["session"] != told["session"]
    assert again["instance"] == told["instance"]
    assert TAKEN not in first.log


async def test_an_online_that_nobody_takes_back_is_waited_for_and_no_longer(
    lab: Lab, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("macnet_bridge.app.own_name.SILENCE_S", SOON_S)
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    dead = {"state": "online", "session": "dead", "since": 1.0, "instance": "lost"}
    peer.publish(f"{lab.root}/bridge/lab/status", dead, retain=True)
    await peer.wait(lambda it: bool(it.json == dead))
    it = await bridge(lab, cycler, "one")
    await peer.wait(
        lambda seen: (
            seen.topic == f"{lab.root}/bridge/lab/status" and seen.json["session"] == it.identity.session
        )
    )
    assert TAKEN in caplog.text
    await lab.online(peer)
