"""`suspend_all` where several bridges serve, each some cyclers."""

from __future__ import annotations

import pytest

from macnet_bridge.client import NotAllStopped
from macnet_bridge.client.bridges import Bridges
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.simulator import Behaviour, Fault, SimulatedCycler
from macnet_bridge.topics import Source, read_published
from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import MqttPeer
from tests.bridge.running import cycler_table, running_bridge
from tests.cli.test_send import send
from tests.client.conftest import client_of
from tests.commands.samples import running


def text(lab: Lab, name: str, **cyclers: SimulatedCycler) -> str:
    """The configuration of a bridge of this name, with a folder of its own."""
    text = lab.config(*(cycler_table(cycler, of) for of, cycler in cyclers.items()))
    return text.replace('name = "lab"\n', f'name = "{name}"\n').replace("/data'", f"/data-{name}'")


async def bridge(lab: Lab, name: str, **cyclers: SimulatedCycler) -> None:
    await lab.stack.enter_async_context(running_bridge(text(lab, name, **cyclers)))


async def leaves(peer: MqttPeer, root: str, name: str, left: dict[str, str]) -> None:
    topic = f"{root}/bridge/{name}/status"
    await peer.wait(lambda seen: seen.topic == topic and seen.json.get("not_served") == left)


async def two_bridges(lab: Lab) -> tuple[SimulatedCycler, SimulatedCycler]:
    """Bridge `east` serves lab2, bridge `west` serves lab1 and leaves lab2 to the other one."""
    at_once = Behaviour(starting_second=0.0)
    one, two = await lab.cycler(2, behaviour=at_once), await lab.cycler(2, behaviour=at_once)
    running(one, 1)
    running(two, 1)
    peer = await lab.peer()
    await bridge(lab, "east", lab2=two)
    await lab.online(peer, "lab2")
    await bridge(lab, "west", lab1=one, lab2=two)
    await lab.online(peer, "lab1")
    await leaves(peer, lab.root, "west", {"lab2": "east"})
    return one, two


async def test_a_bridge_that_leaves_some_cyclers_to_another_one_is_waited_for(lab: Lab) -> None:
    one, two = await two_bridges(lab)
    one.faults.add(Fault("delay", on=(6, 3), second=1.0))  # east is done long before west
    async with client_of(lab) as client:
        answers = await client.suspend_all()
    assert {name: answer.status for name, answer in answers.items()} == {"east": "done", "west": "done"}
    assert [each.channel(1).state for each in (one, two)] == [ChannelState.SUSPENDED] * 2


async def test_all_say_what_they_stopped_when_one_of_them_could_not(lab: Lab) -> None:
    one, _ = await two_bridges(lab)
    await one.stop()
    async with client_of(lab) as client:
        with pytest.raises(NotAllStopped) as caught:
            await client.suspend_all()
    assert caught.value.answers["east"].status == "done"
    assert caught.value.answers["west"].status != "done"
    assert caught.value.silent == set()
    assert "east says done, west says" in str(caught.value)
    code, out, err = await send(lab, "all", "suspend")
    assert (code, err) == (1, "")
    said = {line.split()[0]: line.split()[1] for line in out.splitlines()}
    assert said["lab2/1"] == "done"
    assert said["lab1/1"] != "done"


@pytest.mark.parametrize(
    ("not_served", "cyclers", "is_waited_for"),
    [
        (None, '["lab1"]', True),
        ('"lab1":"east"', '["lab1"]', False),
        ('"lab1":"east"', '["lab1","lab2"]', True),
        ('"lab1":"east"', None, True),
    ],
)
def test_who_serves_nothing_is_not_waited_for(
    not_served: str, cyclers: str | None, is_waited_for: bool
) -> None:
    bridges = Bridges("macnet")
    left = f',"not_served":{{{not_served}}}' if not_served else ""
    bridges.take(told("status"), f'{{"state":"online","session":"s","since":1{left}}}'.encode())
    if cyclers is not None:
        bridges.take(told("info"), f'{{"cyclers":{cyclers}}}'.encode())
    assert bridges.serving == ({"west"} if is_waited_for else set())
    bridges.take(told("status"), b'{"state":"offline","session":"s","since":2}')
    assert bridges.serving == set()


def test_a_cycler_that_nobody_has_is_told() -> None:
    bridges = Bridges("macnet")
    assert bridges.about("macnet/lab1/1/cmd/reset") == "no bridge is online below macnet/"
    bridges.take(told("status"), b'{"state":"online","session":"s","since":1}')
    assert bridges.about("macnet/lab1/cmd/ping") == ""  # it has not said yet
    bridges.take(told("info"), b'{"cyclers":["lab1","lab2"],"protocol":"5"}')
    assert bridges.about("macnet/lab1/1/cmd/reset") == ""
    told_of_lab9 = "no bridge that is online has a cycler lab9; there are lab1, lab2"
    assert bridges.about("macnet/lab9/1/cmd/reset") == told_of_lab9
    assert bridges.about("macnet/lab9/cmd/ping") == told_of_lab9


def test_a_bridge_that_is_not_online_is_told() -> None:
    bridges = Bridges("factory/macnet")
    bridges.take(told("status"), b'{"state":"online","session":"s","since":1}')
    assert bridges.about("factory/macnet/bridge/west/cmd/ping") == ""
    assert bridges.about("factory/macnet/all/cmd/suspend") == ""
    assert bridges.about("factory/macnet/bridge/lab/cmd/ping") == "no bridge lab is online; there are west"


@pytest.mark.parametrize(("protocol", "all_know"), [("5", True), ("3.1.1", False)])
def test_whether_response_topics_reach_every_bridge(protocol: str, all_know: bool) -> None:
    bridges = Bridges("macnet")
    bridges.take(told("info"), f'{{"cyclers":["lab1"],"protocol":"{protocol}"}}'.encode())
    assert bridges.all_know_replies  # while it is away it does not matter
    bridges.take(told("status"), b'{"state":"online","session":"s","since":1}')
    assert bridges.all_know_replies is all_know


def told(leaf: str) -> Source:
    source = read_published("macnet", f"macnet/bridge/west/{leaf}")
    assert source is not None
    return source
