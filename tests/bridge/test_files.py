"""Files through a real broker, in both directions and as large as they may be."""

from __future__ import annotations

import base64
import random

from macnet_bridge.commands.files import MAX_FILE_BYTES
from macnet_bridge.payloads.envelope import MAX_FILE_PAYLOAD_BYTES
from tests.bridge.conftest import Lab
from tests.bridge.running import cycler_table


async def test_the_largest_file_there_and_back(lab: Lab) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    data = random.Random(1).randbytes(MAX_FILE_BYTES)
    args = {"type": "waveform", "name": "drive cycle.mwf"}
    base = f"{lab.root}/lab1/cmd"
    sent = {"id": "put", "args": args | {"data_base64": base64.b64encode(data).decode()}}
    put = await peer.command(f"{base}/put_file", sent)
    assert (put["status"], put["verified"], put["result"]["size"]) == ("done", "read_back", len(data))
    got = await peer.command(f"{base}/get_file", {"id": "get", "args": args})
    assert got["status"] == "done"
    assert base64.b64decode(got["result"]["data_base64"]) == data
    assert max(len(seen.payload) for seen in peer.seen) <= MAX_FILE_PAYLOAD_BYTES
    listed = await peer.command(f"{base}/list_files", {"id": "list", "args": {"type": "waveform"}})
    assert [(each["name"], each["size"]) for each in listed["result"]["files"]] == [(args["name"], len(data))]


async def test_other_verbs_stay_small(lab: Lab) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    args = {"procedure": "CCCV_1C", "c_rate_ah": 2.5, "comment": "x" * 100_000}
    answer = await peer.command(f"{lab.root}/lab1/1/cmd/start_test", {"id": "big", "args": args})
    assert (answer["status"], answer["error"]["code"]) == ("rejected", "TOO_LARGE")
    assert not cycler.received.of(6, 2)
