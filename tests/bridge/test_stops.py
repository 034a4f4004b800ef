"""Stops go before everything else, on a tester as slow as a real one."""

from __future__ import annotations

import asyncio

from macnet_bridge.macnet.protocol.codes import RUNNING
from tests.bridge.conftest import Lab
from tests.bridge.running import ALLOW_ALL, cycler_table

LATENCY_MS = 34.0
FLAT_OUT = """
[telemetry]
sweep_interval_s = 0.001
active_interval_s = 0.001
idle_interval_s = 0.001
"""


async def test_a_suspend_overtakes_a_waiting_start_while_polling_flat_out(lab: Lab) -> None:
    cycler = await lab.cycler(128, latency_ms=LATENCY_MS)
    peer = await lab.peer(f"{lab.root}/+/+/telemetry/ack", f"{lab.root}/+/status", f"{lab.root}/bridge/#")
    await lab.bridge(cycler_table(cycler), more=ALLOW_ALL + FLAT_OUT)
    await lab.online(peer)
    base = f"{lab.root}/lab1/64/cmd"
    # A read is being carried out and two starts wait behind it when the stop comes.
    peer.publish(f"{base}/read_aux", {"id": "before"})
    for name in ("first", "second"):
        peer.publish(f"{base}/start_test", {"id": name, "args": {"procedure": "CCCV_1C", "c_rate_ah": 2}})
    await cycler.wait_for(lambda record: record.number == (4, 4), 10)
    suspend = await peer.command(f"{base}/suspend", {"id": "stop"})

    assert suspend["status"] == "done"
    assert suspend["verified"] == "read_back"
    for name in ("first", "second"):
        start = await peer.final(name)
        assert (start["status"], start["error"]["code"]) == ("superseded", "STOPPED")
    assert not [record for record in cycler.received if record.number == (6, 2)]
    assert cycler.channel(64).state not in RUNNING


async def test_a_start_in_flight_is_answered_first_and_then_stopped(lab: Lab) -> None:
    cycler = await lab.cycler(8, latency_ms=LATENCY_MS)
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    base = f"{lab.root}/lab1/2/cmd"
    peer.publish(f"{base}/start_test", {"id": "go", "args": {"procedure": "CCCV_1C", "c_rate_ah": 2}})
    await cycler.wait_for(lambda record: record.number == (6, 2), 10)
    suspend = await peer.command(f"{base}/suspend", {"id": "stop"})

    assert (suspend["status"], suspend["result"]) == ("done", {"state": "suspended"})
    start = await peer.final("go")
    assert start["status"] == "done", "it did start, and was then suspended"
    order = [record.number for record in cycler.received if record.number in ((6, 2), (6, 3))]
    assert order[0] == (6, 2)
    assert order.count((6, 2)) == 1
    assert order[-1] == (6, 3)


async def test_stops_of_all_channels_at_once(lab: Lab) -> None:
    cycler = await lab.cycler(8, latency_ms=5)
    peer = await lab.peer(f"{lab.root}/+/+/telemetry/ack", f"{lab.root}/+/status")
    await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    args = {"procedure": "CCCV_1C", "c_rate_ah": 2}
    for channel in range(1, 9):
        peer.publish(f"{lab.root}/lab1/{channel}/cmd/start_test", {"id": f"go{channel}", "args": args})
    await asyncio.gather(*(peer.final(f"go{channel}") for channel in range(1, 9)))
    for channel in range(1, 9):
        peer.publish(f"{lab.root}/lab1/{channel}/cmd/suspend", {"id": f"stop{channel}"})
    stops = await asyncio.gather(*(peer.final(f"stop{channel}") for channel in range(1, 9)))
    assert [stop["result"] for stop in stops] == [{"state": "suspended"}] * 8
