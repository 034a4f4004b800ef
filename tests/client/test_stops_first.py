"""What was given before a stop must not arrive after it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.client import NoAnswer, PreconditionFailed
from macnet_bridge.client.command import Command
from macnet_bridge.client.reach import Reach
from macnet_bridge.client.roles import Role
from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import MqttPeer
from tests.client.conftest import client_of

START = {"procedure": "CCCV_1C", "c_rate_ah": 2.5}
CHANNELS = st.sets(st.integers(1, 40), min_size=1, max_size=6)


async def published(peer: MqttPeer, verb: str, count: int) -> None:
    """Wait until a verb was published so often."""
    await peer.wait(lambda _: len(places(peer, verb)) >= count)


def places(peer: MqttPeer, verb: str) -> list[int]:
    """Where messages of a verb are among those that were seen."""
    return [at for at, seen in enumerate(list(peer.seen)) if seen.topic.endswith(f"/cmd/{verb}")]


async def test_a_start_is_not_repeated_after_a_stop_of_its_channel(lab: Lab, protocol: str) -> None:
    peer = await lab.peer()
    async with client_of(lab, protocol=protocol, margin_s=0.0) as client:
        # There is no bridge: nothing is answered, and all is repeated.
        cycler = client["lab1"]
        start = asyncio.create_task(cycler[1].command("start_test", START, id="a", expires_s=8))
        other = asyncio.create_task(cycler[2].command("start_test", START, id="b", expires_s=8))
        await published(peer, "start_test", 2)
        stop = asyncio.create_task(cycler.channels("1").suspend(id="s", expires_s=8))
        await published(peer, "suspend", 3)
        outcomes = await asyncio.gather(start, other, stop, return_exceptions=True)
    assert all(isinstance(outcome, NoAnswer) for outcome in outcomes), outcomes
    stopped_at = places(peer, "suspend")[0]
    later = [peer.seen[at].json["id"] for at in places(peer, "start_test") if at > stopped_at]
    assert set(later) == {"b"}, "of the channel that was not stopped"


@pytest.mark.needs_real_broker
async def test_what_could_not_be_sent_before_a_stop_is_never_sent(own_lab: Lab) -> None:
    lab = own_lab
    async with client_of(lab) as client:
        await asyncio.to_thread(lab.broker.stop)
        start = asyncio.create_task(client["lab1"][1].command("start_test", START, id="a", expires_s=30))
        stop = asyncio.create_task(client.suspend_all(expires_s=30))
        with pytest.raises(PreconditionFailed, match="before it could be sent") as caught:
            await start
        assert (caught.value.status, caught.value.code) == ("superseded", "STOPPED")
        await asyncio.to_thread(lab.broker.start)
        peer = await lab.peer()
        await published(peer, "suspend", 2)
        stop.cancel()
        assert not [seen for seen in peer.seen if seen.topic.endswith("/cmd/start_test")]


def command(verb: str, reach: Reach | None, **options: Any) -> Command:
    return Command("i", "t", b"", (), 0.0, verb=verb, role=Role.of(verb, **options), reach=reach)


@pytest.mark.parametrize(
    ("earlier", "stop", "is_overtaken"),
    [
        (command("start_test", Reach.of("lab1", [1])), command("suspend", Reach.of("lab1", [1])), True),
        (command("start_test", Reach.of("lab1", [1])), command("rest", Reach.of("lab1", "all")), True),
        (command("set_output", Reach.of("lab1", "1-3")), command("stop_direct", Reach()), True),
        (command("a_newer_verb", Reach.of("lab1", [1])), command("suspend", Reach.of("lab1", "1,2")), True),
        (command("start_test", Reach.of("lab1", [1])), command("suspend", Reach.of("lab1", [2])), False),
        (command("start_test", Reach.of("lab1", [1])), command("suspend", Reach.of("lab2", [1])), False),
        (command("read_status", Reach.of("lab1", [1])), command("suspend", Reach()), False),
        (command("suspend", Reach.of("lab1", [1])), command("suspend", Reach()), False),
        (command("start_test", Reach.of("lab1", [1]), dry_run=True), command("suspend", Reach()), False),
        (command("start_test", Reach.of("lab1", [1])), command("suspend", Reach(), dry_run=True), False),
        (command("set_global_flags", None), command("suspend", Reach()), False),
    ],
)
def test_what_a_stop_overtakes(earlier: Command, stop: Command, is_overtaken: bool) -> None:
    assert earlier.is_overtaken_by(stop) is is_overtaken


@given(CHANNELS, CHANNELS)
def test_channels_meet_as_sets_do(one: set[int], other: set[int]) -> None:
    first, second = Reach.of("c", sorted(one)), Reach.of("c", ",".join(map(str, other)))
    assert first.meets(second) == second.meets(first) == bool(one & other)
    assert (len(first), len(second)) == (len(one), len(other))


@pytest.mark.parametrize("text", ["all", "1-", "x", ""])
def test_what_is_no_list_of_numbers_may_be_any_channel(text: str) -> None:
    assert Reach.of("c", text).meets(Reach.of("c", [40]))
    assert len(Reach.of("c", text)) == 128
