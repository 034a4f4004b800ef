"""Commands of the client over a real broker, and every category of error."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import Any

import pytest

from macnet_bridge.client import (
    BadCommand,
    BridgeClient,
    BridgeFailed,
    CommandFailed,
    DeviceRefused,
    LimitExceeded,
    NoAnswer,
    NotAllowed,
    PreconditionFailed,
    TesterUnreachable,
    UnknownOutcome,
)
from macnet_bridge.client import link as link_module
from macnet_bridge.errors import BrokerError, ConfigError, InvalidRequest
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.payloads.arguments import Safety
from macnet_bridge.payloads.envelope import Expect
from macnet_bridge.simulator import Fault, SimulatedCycler
from tests.bridge.conftest import Lab
from tests.bridge.running import FAST, cycler_table
from tests.client.conftest import client_of
from tests.patience import PATIENCE_S

LIMITS = """
[cycler.limits]
voltage_max_volt = 4.25
voltage_min_volt = 2.5
charge_max_ampere = 5
discharge_max_ampere = 5
power_max_watt = 25
"""


async def served(lab: Lab, cycler: SimulatedCycler, **options: Any) -> None:
    await lab.bridge(cycler_table(cycler, more=LIMITS), **options)
    await lab.online(await lab.peer())


async def test_a_start_is_done_on_the_channel_named(lab: Lab, protocol: str) -> None:
    cycler = await lab.cycler(8)
    await served(lab, cycler)
    async with client_of(lab, protocol=protocol) as client:
        answer = await client["lab1"][5].start_test(
            procedure="CCCV_1C", c_rate_ah=2.5, test_name="cell-17 a", safety=Safety(charge_max_ampere=3)
        )
    assert (answer.status, answer.channel, answer.verified) == ("done", 5, "read_back")
    assert answer.result == {"test_name": "cell-17 a"}
    assert len(cycler.received.of(6, 2, 5)) == 1


async def test_a_bridge_without_mqtt_5_answers_a_client_that_has_it(lab: Lab) -> None:
    if not lab.broker.supports_v5:
        pytest.skip("this broker knows MQTT 3.1.1 only")
    cycler = await lab.cycler(4)
    await served(lab, cycler, mqtt='protocol = "4"')
    async with client_of(lab, protocol="5") as client:
        answer = await client["lab1"][3].start_test(procedure="CCCV_1C", c_rate_ah=2.5)
        assert (answer.status, answer.channel) == ("done", 3)
        assert (await client["lab1"][3].suspend()).status == "done"
        assert (await client.bridge("lab").ping()).status == "done"
    assert len(cycler.received.of(6, 2, 3)) == 1


@pytest.mark.parametrize(("verb", "times"), [("reset", 1), ("suspend", 2)])
async def test_what_a_bridge_has_accepted_is_not_sent_again_soon_but_a_stop_is(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, verb: str, times: int
) -> None:
    """With 96 channels started at once at a slow tester, most would be sent three times."""
    monkeypatch.setattr(link_module, "_FIRST_PAUSE_S", 3.5)
    monkeypatch.setattr(link_module, "_LONGEST_PAUSE_S", 60.0)
    cycler = await lab.cycler(1)
    await served(lab, cycler)
    peer = await lab.peer()
    topic = f"{lab.root}/lab1/1/cmd/{verb}"
    cycler.faults.add(Fault("delay", on=(6, 5) if verb == "reset" else (6, 3), second=4.5))
    async with client_of(lab) as client:
        channel = client["lab1"][1]
        assert (await (channel.reset() if verb == "reset" else channel.suspend())).status == "done"
    assert len([seen for seen in peer.seen if seen.topic == topic]) == times


async def test_cycler_bridge_and_group(lab: Lab, protocol: str) -> None:
    cycler = await lab.cycler(4)
    await served(lab, cycler)
    async with client_of(lab, protocol=protocol) as client:
        assert (await client["lab1"].procedure_exists(name="CCCV_1C")).result == {"exists": True}
        assert (await client.bridge("lab").ping()).status == "done"
        changed = await client.bridge("lab").set_log_level(level="error")
        assert (changed.result or {})["level"] == "error"
        group = client["lab1"].channels("1-3")
        summary = await group.start_test(procedure="CCCV_1C", c_rate_ah=2.5, test_name="b {channel}", id="b1")
        assert [(part.channel, part.status) for part in summary.results or []] == [
            (1, "done"),
            (2, "done"),
            (3, "done"),
        ]
        found = (await client.bridge("lab").query(id="b1")).result
        assert found
        assert found["state"] == "final"
        with pytest.raises(PreconditionFailed) as caught:
            await client["lab1"].channels([3, 4]).start_test(procedure="CCCV_1C", c_rate_ah=2.5)
        assert caught.value.code == "CHANNEL_BUSY"
        assert [(part.channel, part.status) for part in caught.value.acknowledgement.results or []] == [
            (3, "rejected"),
            (4, "done"),
        ]
        assert (await client.suspend_all())["lab"].status == "done"
    assert [cycler.channel(channel).state for channel in range(1, 5)] == [ChannelState.SUSPENDED] * 4


async def test_the_user_is_the_principal(lab: Lab, protocol: str) -> None:
    await served(lab, await lab.cycler(1))
    async with client_of(lab, protocol=protocol, username="alice", password="x") as client:
        assert (await client["lab1"][1].read_status()).principal == "alice"


async def test_dry_run_changes_nothing_and_an_id_runs_nothing_twice(lab: Lab) -> None:
    cycler = await lab.cycler(2)
    await served(lab, cycler)
    async with client_of(lab) as client:
        channel = client["lab1"][1]
        start = {"procedure": "CCCV_1C", "c_rate_ah": 2.5}
        assert (await channel.command("start_test", start, dry_run=True)).dry_run is True
        assert cycler.received.of(6, 2, 1) == []
        first = await channel.command("start_test", start, id="once")
        again = await channel.command("start_test", start, id="once")
    assert (first.duplicate, again.duplicate) == (False, True)
    assert len(cycler.received.of(6, 2, 1)) == 1


async def test_every_category_of_refusal_has_its_error(lab: Lab, protocol: str) -> None:
    cycler = await lab.cycler(2)
    more = '[[commands.allow]]\nprincipal = "*"\ncommands = ["start_test", "set_variable", "put_file"]\n'
    await served(lab, cycler, more=more + FAST)
    async with client_of(lab, protocol=protocol) as client:
        channel = client["lab1"][1]
        with pytest.raises(BadCommand) as bad:
            await channel.set_variable(variable=16, value=1.0)
        assert (bad.value.code, bad.value.field) == ("BAD_ARGS", "args.variable")
        assert bad.value.message == "args.variable: Expected `int` <= 15"
        with pytest.raises(NotAllowed) as denied:
            await channel.lock(reason="mine")
        assert denied.value.code == "NOT_ALLOWED"
        with pytest.raises(PreconditionFailed) as differs:
            await channel.set_variable(variable=1, value=1.0, expect=Expect(state="active"))
        assert (differs.value.code, differs.value.status) == ("EXPECT_FAILED", "rejected")
        with pytest.raises(LimitExceeded) as outside:
            await channel.start_test(procedure="CCCV_1C", c_rate_ah=2.5, safety=Safety(voltage_max_volt=4.3))
        assert outside.value.code == "OUT_OF_LIMITS"
        with pytest.raises(DeviceRefused) as refused:
            await channel.start_test(procedure="NONE_SUCH", c_rate_ah=2.5)
        assert refused.value.macnet is not None
        assert refused.value.category == "device"
        with pytest.raises(PreconditionFailed) as not_served:
            await client["lab1"][77].read_status()
        assert not_served.value.code == "NOT_SERVED"
        await cycler.__aexit__(None, None, None)
        with pytest.raises(TesterUnreachable) as offline:
            await channel.read_status()
        assert offline.value.category == "transport"
        assert isinstance(offline.value, CommandFailed)


async def test_faults_of_the_bridge_and_open_outcomes(lab: Lab, protocol: str) -> None:
    cycler = await lab.cycler(2)
    bridge = await lab.bridge(cycler_table(cycler, more=LIMITS))
    await lab.online(await lab.peer())
    async with client_of(lab, protocol=protocol) as client:
        cycler.faults.drop_replies(6, 9)
        cycler.faults.drop_replies(4, 8)  # nor does a read-back tell
        with pytest.raises(UnknownOutcome) as unknown:
            await client["lab1"][1].set_variable(variable=2, value=1.0, id="open", expires_s=30)
        assert (unknown.value.status, unknown.value.category) == ("unknown", "unknown")
        assert (unknown.value.code, unknown.value.acknowledgement.id) == ("NO_REPLY", "open")
        bridge._journal.close()
        with pytest.raises(BridgeFailed) as failed:
            await client["lab1"][2].start_test(procedure="CCCV_1C", c_rate_ah=2.5)
        assert (failed.value.code, failed.value.retryable) == ("JOURNAL_UNAVAILABLE", True)


async def test_nobody_stops_everything_where_there_is_no_bridge(lab: Lab) -> None:
    async with client_of(lab, margin_s=0.0) as client:
        with pytest.raises(NoAnswer):
            await client.suspend_all(expires_s=0.5)


async def test_nobody_answers_for_a_cycler_without_bridge(lab: Lab, protocol: str) -> None:
    async with client_of(lab, protocol=protocol, margin_s=0.5) as client:
        with pytest.raises(NoAnswer, match="outcome is unknown") as caught:
            await client["nobody"][1].suspend(expires_s=1.0, id="stop-1")
    assert caught.value.id == "stop-1"
    assert caught.value.deliveries == 2
    assert "query(id='stop-1')" in str(caught.value)
    assert "no bridge is online" in str(caught.value)


async def test_who_waits_in_vain_is_told_why_before_the_end(
    lab: Lab, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "_FIRST_PAUSE_S", 0.05)
    caplog.set_level(logging.INFO, "macnet_bridge.client")
    topic = f"{lab.root}/nobody/1/cmd/suspend"
    peer = await lab.peer()
    async with client_of(lab, margin_s=3600) as client:
        waits = asyncio.create_task(client["nobody"][1].suspend())
        await peer.wait(lambda _: sum(seen.topic == topic for seen in peer.seen) >= 3)
    with pytest.raises(NoAnswer):
        await waits
    told = f"no answer yet to {topic}: no bridge is online below {lab.root}/; it is sent again"
    assert caplog.messages.count(told) == 1


async def test_a_client_that_is_closed_sends_nothing_and_says_so_at_once(lab: Lab) -> None:
    peer = await lab.peer()
    async with client_of(lab, margin_s=3600) as client:
        waits = asyncio.create_task(client["nobody"][1].suspend(id="stop-1"))
        await peer.wait(lambda seen: seen.topic.endswith("/nobody/1/cmd/suspend"))
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(NoAnswer, match=r"sent \d times?: the outcome is unknown"):
            await waits
        with pytest.raises(NoAnswer, match="was not sent") as never:
            await client["nobody"][1].suspend(id="stop-2")
    assert never.value.deliveries == 0


@pytest.mark.parametrize("username", ["Anna", "anna smith", "anna/smith", "anna+"])
async def test_a_user_whom_no_bridge_can_hear_is_told_so_at_once(lab: Lab, username: str) -> None:
    async with client_of(lab, username=username) as client:
        with pytest.raises(InvalidRequest, match="takes commands of username") as caught:
            await client["lab1"][1].read_status()
    assert caught.value.field == "username"


@pytest.mark.parametrize("root", ["", "/macnet", "macnet/", "macnet/#", "+"])
async def test_a_root_that_cannot_be_is_told_at_once(root: str) -> None:
    with pytest.raises(ConfigError, match="is no root: levels of a topic"):
        async with BridgeClient("mqtt://127.0.0.1:1", root=root):
            pass


async def test_what_no_command_can_be_is_said_at_once(lab: Lab) -> None:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(client_of(lab))
        with pytest.raises(InvalidRequest, match="1 to 128"):
            await client["lab1"][1].rest(id="")
        with pytest.raises(InvalidRequest, match="count from 1"):
            client["lab1"][0]
        with pytest.raises(InvalidRequest, match="no cycler"):
            client["all"]


async def test_a_broker_that_is_not_there_is_one_line() -> None:
    with pytest.raises(BrokerError, match=r"127\.0\.0\.1:1"):
        async with BridgeClient("mqtt://127.0.0.1:1", connect_timeout_s=2.0):
            pass
