"""The journal of a whole bridge: over a restart in good order, damaged, and with a disk that fails."""

from __future__ import annotations

import sys

import pytest

from macnet_bridge.store.journal import FILE
from tests.bridge.conftest import Lab
from tests.bridge.running import cycler_table, running_bridge
from tests.commands.test_journal import leave

START = {"procedure": "CCCV_1C", "c_rate_ah": 2.5}


async def test_the_same_id_after_a_restart_in_good_order(lab: Lab) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    topic, command = f"{lab.root}/lab1/1/cmd/start_test", {"id": "mine", "args": START}
    async with running_bridge(lab.config(cycler_table(cycler))):
        await lab.online(peer)
        first = await peer.command(topic, command)
        assert first["status"] == "done"
    async with running_bridge(lab.config(cycler_table(cycler))):
        await lab.online(peer, after=len(peer.seen))
        assert await peer.command(topic, command) == first | {"duplicate": True}
        asked = {"id": "q", "args": {"id": "mine"}}
        found = await peer.command(f"{lab.root}/bridge/lab/cmd/query", asked)
        assert found["result"]["acknowledgement"] == first
    assert len(cycler.received.of(6, 2)) == 1


async def test_what_a_dead_bridge_left_is_answered_unasked(lab: Lab) -> None:
    data = lab.folder / "data"
    data.mkdir()
    await leave(data, "start_test", sent=False)
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler))
    answer = await peer.final("x")
    assert (answer["status"], answer["error"]["code"]) == ("rejected", "CANCELLED")
    assert (answer["duplicate"], answer["error"]["retryable"]) == (False, True)


async def test_with_a_journal_that_fails_stops_and_telemetry_go_on(lab: Lab) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    bridge = await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    bridge._journal.close()
    refused = await peer.command(f"{lab.root}/lab1/1/cmd/start_test", {"id": "a", "args": START})
    assert (refused["status"], refused["error"]["code"]) == ("rejected", "JOURNAL_UNAVAILABLE")
    assert (await peer.command(f"{lab.root}/lab1/1/cmd/suspend", {"id": "b"}))["status"] == "done"
    await peer.wait(lambda seen: seen.topic == f"{lab.root}/lab1/telemetry/sweep", len(peer.seen))
    assert cycler.received.of(6, 2) == []


@pytest.mark.skipif(sys.platform == "win32", reason="exit codes are those of POSIX")
async def test_a_damaged_journal_is_one_line(lab: Lab) -> None:
    data = lab.folder / "data"
    data.mkdir()
    (data / FILE).write_bytes(b"scrap" * 1000)
    process = lab.process(cycler_table(await lab.cycler(2)))
    process.start()
    assert process.wait() == 1
    assert "journal.sqlite is damaged; move it away" in process.log
    assert "Traceback" not in process.log
