"""The smart battery verbs over a real broker."""

from __future__ import annotations

from macnet_bridge.simulator import Behaviour
from tests.bridge.conftest import Lab
from tests.bridge.running import cycler_table
from tests.commands.samples_smart_battery import SAMPLES


async def test_every_smart_battery_verb(lab: Lab) -> None:
    cycler = await lab.cycler(8, behaviour=Behaviour(smart_batteries=True))
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    cycler.received.clear()
    for verb, args in SAMPLES.items():
        answer = await peer.command(f"{lab.root}/lab1/8/cmd/{verb}", {"id": verb, "args": args})
        assert answer["status"] == "done", answer
    asked = [record for record in cycler.received if record.number and record.number[0] == 7]
    assert {record.wire_channel for record in asked} == {7}
    assert len({record.number for record in asked}) == len(SAMPLES) == 20
    result = (await peer.command(f"{lab.root}/lab1/7/cmd/sb_read_register", {"args": {"smbregaddr": 9}}))[
        "result"
    ]
    assert result["value"] == result["smbregvalue"] / 1000
