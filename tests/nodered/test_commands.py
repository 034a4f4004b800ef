"""The command node in a real Node-RED, with a real broker, a bridge and a simulated tester."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from macnet_bridge.macnet.protocol.codes import RUNNING
from macnet_bridge.simulator import Fault, SimulatedCycler
from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import Seen
from tests.bridge.running import ALLOW_ALL, FAST, cycler_table
from tests.bridge.test_roles import PASSWORDS, Site, place
from tests.brokers import NO_MOSQUITTO, AmqttBroker
from tests.node_red import NodeRed, needs_node_red
from tests.nodered.conftest import (
    StartNodeRed,
    commands,
    connection,
    function,
    placed,
    served,
    tab,
)
from tests.patience import PATIENCE_S
from tests.test_broker import certificate, tls_in_front_of

__all__ = ["certificate", "place"]
pytestmark = needs_node_red

START = {
    "cycler": "lab1",
    "channel": 1,
    "verb": "start_test",
    "args": {"procedure": "CCCV_1C", "c_rate_ah": 2.5},
    "expires_in": 20,
}


def variable(channel: object, number: int = 2, **more: Any) -> dict[str, Any]:
    args = {"variable": number, "value": 1.5}
    return {"cycler": "lab1", "channel": channel, "verb": "set_variable", "args": args, **more}


async def starts(cycler: SimulatedCycler, count: int = 1) -> None:
    """Until the tester got so many starts."""
    async with asyncio.timeout(20):
        while len(cycler.received.of(6, 2, 1)) < count:  # noqa: ASYNC110 - the log wakes for one at a time
            await asyncio.sleep(0.01)


async def test_what_a_tester_did_and_what_it_did_not(lab: Lab, start_node_red: StartNodeRed) -> None:
    cycler = await served(lab)
    node_red = await start_node_red([tab(), connection(lab), *commands()])
    done = await node_red.ask("/command", variable(3))
    assert (done["output"], done["answer"]["status"], done["answer"]["verified"]) == (1, "done", "read_back")
    assert done["answer"]["deliveries"] >= 1
    assert done["kept"] == {"deep": [1, 2]}

    refused = await node_red.ask("/command", variable(3, number=99))
    assert (refused["output"], refused["answer"]["status"]) == (2, "rejected")
    assert refused["answer"]["error"]["code"] == "BAD_ARGS"
    assert refused["kept"] == {"deep": [1, 2]}

    group = await node_red.ask("/command", variable("1-2, 5"))
    assert (group["output"], group["answer"]["status"]) == (1, "done")
    assert [part["channel"] for part in group["answer"]["results"]] == [1, 2, 5]

    before = len(cycler.received.of(6, 2, 1))
    dry = await node_red.ask("/command", START | {"dry_run": True})
    assert (dry["output"], dry["answer"]["status"], dry["answer"]["dry_run"]) == (1, "done", True)
    assert len(cycler.received.of(6, 2, 1)) == before

    own = [await node_red.ask("/command", START | {"command_id": "mine"}) for _ in range(2)]
    assert [each["answer"]["status"] for each in own] == ["done", "done"]
    assert [each["answer"]["duplicate"] for each in own] == [False, True]
    assert len(cycler.received.of(6, 2, 1)) == before + 1


async def test_who_hears_of_what(lab: Lab, start_node_red: StartNodeRed) -> None:
    """Complete nodes hear of what a bridge has answered, catch nodes of what none has."""
    await served(lab, 1)
    count = "flow.set('%s', (flow.get('%s') || 0) + 1);"
    nodes = [
        {"id": "complete1", "type": "complete", "scope": ["commands"], "wires": [["completed"]]},
        function("completed", count % ("completed", "completed")),
        {"id": "catch1", "type": "catch", "scope": ["commands"], "wires": [["caught"]]},
        function("caught", count % ("caught", "caught")),
        {"id": "counts", "type": "http in", "url": "/counts", "method": "get", "wires": [["tell"]]},
        function("tell", "msg.payload = flow.get(['completed', 'caught']); return msg;", "out"),
    ]
    node_red = await start_node_red([tab(), connection(lab), *placed(nodes), *commands()])
    statuses = []
    for wish in (variable(1), variable(1, number=99), variable(77), variable("nonsense")):
        statuses.append((await node_red.ask("/command", wish))["answer"]["status"])
    assert statuses == ["done", "rejected", "rejected", "rejected"]
    async with asyncio.timeout(PATIENCE_S):
        while await node_red.ask("/counts") != [3, 1]:  # noqa: ASYNC110 - they hear of it a moment later
            await asyncio.sleep(0.05)


async def test_a_start_of_which_nobody_knows_what_became(lab: Lab, start_node_red: StartNodeRed) -> None:
    """The tester carries it out, its reply is lost, and so is whatever is read to find out."""
    cycler = await lab.cycler(1)
    patience = f"{ALLOW_ALL}[commands]\ntimeout_s = 2.0\n{FAST}"
    await lab.bridge(cycler_table(cycler), more=patience)
    peer = await lab.peer()
    await lab.online(peer)
    dots = [
        {"id": "dot", "type": "status", "scope": ["commands"], "wires": [["keep"]]},
        function("keep", "flow.set('dot', msg.status);"),
        {"id": "shown", "type": "http in", "url": "/dot", "method": "get", "wires": [["show"]]},
        function("show", "msg.payload = flow.get('dot') || {}; return msg;", "out"),
    ]
    node_red = await start_node_red([tab(), connection(lab), *placed(dots), *commands()])
    lost = Fault("reset", on=(4, 6))
    cycler.faults.add(Fault("reset", on=(6, 2), times=1))
    cycler.faults.add(lost)
    told = await node_red.ask("/command", START)
    answer = told["answer"]
    assert (told["output"], answer["status"], answer["final"]) == (2, "unknown", True)
    assert (answer["error"]["code"], answer["error"]["retryable"]) == ("NO_REPLY", False)
    assert told["kept"] == {"deep": [1, 2]}
    dot = {"fill": "yellow", "shape": "dot", "text": "lab1/1 start_test unknown NO_REPLY"}
    async with asyncio.timeout(PATIENCE_S):
        while not dot.items() <= (await node_red.ask("/dot")).items():  # noqa: ASYNC110 - it comes a moment later
            await asyncio.sleep(0.05)

    cycler.faults.remove(lost)
    later = await node_red.ask("/command", {"cycler": "lab1", "channel": 1, "verb": "read_status"})
    assert later["answer"]["final"]
    published = [seen.json["id"] for seen in peer.seen if seen.topic.endswith("/cmd/start_test")]
    assert published == [answer["id"]] * answer["deliveries"]
    assert len(cycler.received.of(6, 2, 1)) == 1
    assert cycler.channel(1).state in RUNNING


async def test_everything_stops(lab: Lab, start_node_red: StartNodeRed) -> None:
    await served(lab, 3)
    nodes = commands(scope="all", verb="suspend")
    node_red = await start_node_red([tab(), connection(lab), *nodes])
    told = await node_red.ask("/command", {"args": "a button's own words"})
    assert (told["output"], told["answer"]["status"]) == (1, "done")
    assert list(told["answer"]["bridges"]) == ["lab"]


@pytest.mark.parametrize("protocol", ["auto", "4"])
async def test_an_mqtt_3_1_1_broker(protocol: str, tmp_path: Path, start_node_red: StartNodeRed) -> None:
    pytest.importorskip("amqtt")
    broker = AmqttBroker()
    broker.start()
    try:
        async with AsyncExitStack() as stack:
            lab = Lab(broker, "three", tmp_path, stack)
            await served(lab, 2)
            node_red = await start_node_red([tab(), connection(lab, protocol=protocol), *commands()])
            told = await node_red.ask("/command", variable(1, expires_in=30))
            assert (told["output"], told["answer"]["status"]) == (1, "done")
            await asyncio.to_thread(node_red.wait_for_log, "by MQTT 3.1.1")
    finally:
        broker.stop()


@pytest.mark.needs_real_broker
@pytest.mark.parametrize("protocol", ["5", "4"])
async def test_the_broker_is_restarted_while_a_start_is_under_way(
    own_lab: Lab, protocol: str, start_node_red: StartNodeRed
) -> None:
    """The tester keeps what it did to itself until Node-RED is back and has asked again."""
    cycler = await own_lab.cycler(2)
    await own_lab.bridge(
        cycler_table(cycler), more=f"{ALLOW_ALL}[commands]\ntimeout_s = {PATIENCE_S}\n{FAST}"
    )
    peer = await own_lab.peer()
    await own_lab.online(peer)
    node_red = await start_node_red([tab(), connection(own_lab, protocol=protocol), *commands()])
    unseen = Fault("reset", on=(4, 6))
    cycler.faults.add(unseen)
    task = asyncio.create_task(node_red.ask("/command", START | {"expires_in": PATIENCE_S}))
    await starts(cycler)
    await asyncio.to_thread(own_lab.broker.stop)
    before = len(peer.seen)
    await asyncio.to_thread(own_lab.broker.start)
    await peer.wait(lambda seen: seen.topic.endswith("/cmd/start_test"), before)
    cycler.faults.remove(unseen)
    told = await task
    assert (told["output"], told["answer"]["status"]) == (1, "done")
    assert told["answer"]["deliveries"] > 1
    assert len(cycler.received.of(6, 2, 1)) == 1


@pytest.mark.needs_real_broker
async def test_what_the_broker_was_away_for_too_long_for_never_runs(
    own_lab: Lab, start_node_red: StartNodeRed
) -> None:
    cycler = await served(own_lab, 2)
    node_red = await start_node_red([tab(), connection(own_lab), *commands()])
    assert (await node_red.ask("/command", variable(1)))["output"] == 1
    await asyncio.to_thread(own_lab.broker.stop)
    await asyncio.to_thread(node_red.wait_for_log, "no connection to mqtt://")
    late = await node_red.ask("/command", START | {"expires_in": 0.3})
    assert (late["output"], late["answer"]["status"], late["answer"]["deliveries"]) == (2, "expired", 0)
    kept = asyncio.create_task(node_red.ask("/command", variable(2, expires_in=20)))
    await asyncio.to_thread(own_lab.broker.start)
    assert (await kept)["answer"]["status"] == "done"
    assert cycler.received.of(6, 2, 1) == []


async def test_without_a_bridge_nothing_is_known(lab: Lab, start_node_red: StartNodeRed) -> None:
    peer = await lab.peer()
    node_red = await start_node_red([tab(), connection(lab), *commands()])
    await asyncio.to_thread(node_red.wait_for_log, "connected to mqtt://")
    told = await node_red.ask("/command", START | {"expires_in": 0.5})
    answer = told["answer"]
    assert (told["output"], answer["status"], answer["final"]) == (2, "no_answer", False)
    assert answer["error"]["code"] == "NO_ANSWER"
    sent = [seen.json for seen in peer.seen if "/cmd/" in seen.topic]
    assert len(sent) == answer["deliveries"] > 1
    assert {json["id"] for json in sent} == {answer["id"]}


async def test_a_deployment_ends_what_waits(lab: Lab, start_node_red: StartNodeRed) -> None:
    peer = await lab.peer()
    nodes = [tab(), connection(lab), *commands()]
    node_red = await start_node_red(nodes)
    task = asyncio.create_task(node_red.ask("/command", START))
    await peer.wait(lambda seen: "/cmd/start_test" in seen.topic)
    changed = [node | {"name": "other"} if node["id"] == "commands" else node for node in nodes]
    await asyncio.to_thread(node_red.deploy, changed, "nodes")
    told = await task
    assert (told["output"], told["answer"]["status"]) == (2, "no_answer")
    assert told["answer"]["error"]["message"].startswith("the flow was stopped while")
    before = len(peer.seen)
    again = await node_red.ask("/command", START | {"expires_in": 0.1})
    assert again["answer"]["id"] != told["answer"]["id"]
    later = {seen.json["id"] for seen in peer.seen[before:] if "/cmd/" in seen.topic}
    assert later == {again["answer"]["id"]}


async def test_ids_are_new_after_a_restart(lab: Lab, start_node_red: StartNodeRed) -> None:
    peer = await lab.peer()
    begin = {"id": "begin", "type": "inject", "props": [], "once": True, "wires": [["commands"]]}
    command = {"cycler": "lab1", "cyclerType": "str", "channels": "1", "channelsType": "str"}
    nodes = commands(verb="read_status", **command)
    node_red = await start_node_red([tab(), connection(lab), *placed([begin]), *nodes])

    def is_command(message: Seen) -> bool:
        return message.topic.endswith("/cmd/read_status")

    first = (await peer.wait(is_command)).json["id"]
    await asyncio.to_thread(node_red.kill)
    before = len(peer.seen)
    await asyncio.to_thread(node_red.start)
    second = (await peer.wait(is_command, before)).json["id"]
    assert (len(first), len(second)) == (32, 32)
    assert first != second


async def test_another_version_of_the_contract(lab: Lab, start_node_red: StartNodeRed) -> None:
    peer = await lab.peer()
    base = f"{lab.root}/bridge/new"
    info = {"bridge": "new", "session": "s", "version": "9.0", "schema_version": 2, "cyclers": ["lab1"]}
    peer.publish(f"{base}/status", {"state": "online", "session": "s", "since": 1.0}, retain=True)
    peer.publish(f"{base}/info", info, retain=True)
    await peer.wait(lambda seen: seen.topic == f"{base}/info")
    try:
        node_red = await start_node_red([tab(), connection(lab), *commands()])
        for text in ("connected to mqtt://", "bridge new (9.0) speaks version 2"):
            await asyncio.to_thread(node_red.wait_for_log, text)
        told = await node_red.ask("/command", START)
        assert (told["output"], told["answer"]["error"]["code"]) == (2, "OTHER_VERSION")
        stop = {"cycler": "lab1", "channel": 1, "verb": "suspend", "expires_in": 0.1}
        assert (await node_red.ask("/command", stop))["answer"]["status"] == "no_answer"
        assert {seen.topic for seen in peer.seen if "/cmd/" in seen.topic} == {
            f"{lab.root}/lab1/1/cmd/suspend"
        }
    finally:
        for leaf in ("status", "info"):
            peer.publish(f"{base}/{leaf}", b"", retain=True)


async def test_tls(lab: Lab, start_node_red: StartNodeRed, certificate: Path) -> None:
    await served(lab, 1)
    async with tls_in_front_of(lab.broker, certificate) as port:
        node = connection(lab, tls="tls") | {"url": f"mqtts://127.0.0.1:{port}"}
        tls = {"id": "tls", "type": "tls-config", "ca": str(certificate), "verifyservercert": True}
        node_red = await start_node_red([tab(), tls, node, *commands()])
        assert (await node_red.ask("/command", variable(1)))["output"] == 1


@pytest.mark.skipif(shutil.which("mosquitto") is None, reason=NO_MOSQUITTO)
@pytest.mark.parametrize("protocol", ["5", "4"])
async def test_a_user_commands_under_its_name(place: Site, tmp_path: Path, protocol: str) -> None:
    node = {
        "id": "connection",
        "type": "macnet-connection",
        "url": f"mqtt://{place.broker.host}:{place.broker.port}",
        "root": "macnet",
        "protocol": protocol,
    }
    user = {"username": "service", "password": PASSWORDS["service"]}
    node_red = NodeRed(tmp_path / "node-red", [tab(), node, *commands()], {"connection": user})
    try:
        await asyncio.to_thread(node_red.start)
        done = await node_red.ask("/command", variable(3))
        assert (done["output"], done["answer"]["principal"]) == (1, "service")
        denied = await node_red.ask(
            "/command", {"cycler": "lab1", "channel": 3, "verb": "lock", "args": {"reason": "mine"}}
        )
        assert (denied["output"], denied["answer"]["error"]["code"]) == (2, "NOT_ALLOWED")
    finally:
        node_red.close()
