"""The bridge before a tester that nobody here wrote: pymacnet's MaccorSpoofer.

It answers eleven functions with fixed values and keeps no state, so most of what a command
brings about cannot be known. The bridge has to notice, and to say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import MqttPeer
from tests.bridge.spoofer import Spoofer

LACKING = {"0,0", "3,1", "4,2", "4,3", "4,5", "4,6", "4,8", "4,9", "6,11"}


@pytest.fixture
def spoofer() -> Iterator[Spoofer]:
    with Spoofer(8) as spoofer:
        yield spoofer


@pytest.fixture
async def peer(lab: Lab, spoofer: Spoofer) -> MqttPeer:
    peer = await lab.peer()
    await lab.bridge(spoofer.table)
    await lab.online(peer, "spoofed")
    return peer


async def command(lab: Lab, peer: MqttPeer, verb: str, **payload: Any) -> dict[str, Any]:
    return await peer.command(f"{lab.root}/spoofed/5/cmd/{verb}", {"id": verb, **payload})


async def test_readings_of_all_channels(lab: Lab, peer: MqttPeer) -> None:
    for channel in range(1, 9):
        topic = f"{lab.root}/spoofed/{channel}/telemetry/reading"
        first = await peer.wait(lambda seen, topic=topic: seen.topic == topic)  # type: ignore[misc]
        after = peer.seen.index(first) + 1
        second = await peer.wait(lambda seen, topic=topic: seen.topic == topic, after)  # type: ignore[misc]
        assert second.json["seq"] == first.json["seq"] + 1
        for reading in (first.json, second.json):
            assert reading["voltage_volt"] == 3.85
            assert reading["record_index"] == 4225
            assert reading["tester_time"] == "2022-10-13T12:32:56"


async def test_status_names_what_is_missing_and_odd(lab: Lab, peer: MqttPeer) -> None:
    status = await lab.online(peer, "spoofed")
    assert status["state"] == "degraded"
    assert status["missing_functions"].keys() >= LACKING
    # It has (4, 1), with two records whatever is asked.
    assert "2 items for 3 channels" in status["missing_functions"]["4,1"]
    assert any("1987" in oddity for oddity in status["oddities"])
    assert any("clock stands still" in oddity for oddity in status["oddities"])
    # It does not say its DLL's minor version, so nothing can be wrong with it.
    assert len(status["oddities"]) == 2
    assert status["missing_functions"]["3,1"].endswith('neither result nor error: { "err": 1 }')


async def test_set_variable_is_done_by_its_reply(lab: Lab, peer: MqttPeer) -> None:
    answer = await command(lab, peer, "set_variable", args={"variable": 1, "value": 0.5})
    assert (answer["status"], answer["verified"]) == ("done", "reply")


async def test_a_start_that_cannot_be_confirmed_is_unknown(lab: Lab, peer: MqttPeer) -> None:
    answer = await command(lab, peer, "start_test", args={"procedure": "P", "c_rate_ah": 1})
    assert (answer["status"], answer["error"]["code"]) == ("unknown", "NOT_CONFIRMED")


async def test_a_function_it_lacks_is_not_done(lab: Lab, peer: MqttPeer) -> None:
    suspend = await command(lab, peer, "suspend")
    assert (suspend["status"], suspend["error"]["code"]) == ("unknown", "BAD_REPLY")
    resume = await command(lab, peer, "resume")
    assert (resume["status"], resume["error"]["code"]) == ("unknown", "BAD_REPLY")
    check = await command(lab, peer, "check_start", args={"procedure": "P", "c_rate_ah": 1})
    assert (check["status"], check["error"]["code"]) == ("failed", "BAD_REPLY")
    variables = await command(lab, peer, "read_variables")
    assert (variables["status"], variables["error"]["code"]) == ("failed", "BAD_REPLY")


async def test_what_it_has_is_done_but_proves_no_more_than_its_reply(lab: Lab, peer: MqttPeer) -> None:
    reset = await command(lab, peer, "reset")
    assert (reset["status"], reset["verified"]) == ("done", "reply")
    limits = await command(lab, peer, "set_safety_limits", args={"safety": {"voltage_max_volt": 4.2}})
    assert limits["status"] == "done"
    assert limits["result"]["safety"]["voltage_max_volt"] == 4.2
    aux = await peer.command(f"{lab.root}/spoofed/5/cmd/read_status", {"id": "status"})
    assert aux["result"]["voltage_volt"] == 3.85


async def test_without_the_quirk_it_is_not_served_and_the_status_says_what_to_do(
    lab: Lab, spoofer: Spoofer
) -> None:
    peer = await lab.peer()
    await lab.bridge(spoofer.table.replace('quirks = ["constant_id"]', ""))
    topic = f"{lab.root}/spoofed/status"
    status = await peer.wait(lambda seen: seen.topic == topic and "1987" in (seen.json["reason"] or ""))
    assert status.json["state"] == "offline"
    assert 'quirks = ["constant_id"]' in status.json["reason"]
