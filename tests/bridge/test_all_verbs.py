"""Every verb that there is, over a real broker, and which MacNet functions the tester was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.topics import Scope
from tests.bridge.conftest import Lab
from tests.bridge.running import ALLOW_ALL, cycler_table
from tests.commands.samples import BEHAVIOUR, DIRECT, SAMPLES
from tests.contract.test_documents import answer_validator

QUIET = """
[telemetry]
sweep_interval_s = 0
active_interval_s = 3600
idle_interval_s = 3600
"""
"""Hardly any reads but those of commands."""


async def test_every_verb(lab: Lab, record_property: Callable[[str, object], None]) -> None:
    assert SAMPLES.keys() == VERBS.keys(), "each verb needs a sample, in tests/commands/samples.py"
    cycler = await lab.cycler(len(VERBS), behaviour=BEHAVIOUR)
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler), more=ALLOW_ALL + QUIET)
    await lab.online(peer)
    for channel, (scope, verb) in enumerate(VERBS, start=1):
        sample = SAMPLES[scope, verb]
        place = {
            Scope.CHANNEL: f"{lab.root}/lab1/{channel}",
            Scope.CYCLER: f"{lab.root}/lab1",
            Scope.BRIDGE: f"{lab.root}/bridge/lab",
            Scope.ALL: f"{lab.root}/all",
        }[scope]
        sample.prepare(cycler, channel)
        lease = None
        if sample.needs_direct:
            start = {"id": f"direct-{channel}", "args": DIRECT}
            lease = (await peer.command(f"{place}/cmd/start_direct", start))["result"]["lease"]
        cycler.received.clear()
        command: dict[str, Any] = {"id": f"{scope.value}-{verb}", "args": sample.arguments(lease) or {}}
        answer = await peer.command(f"{place}/cmd/{verb}", command)
        assert (answer["status"], answer["command"]) == ("done", verb), answer
        answer_validator(VERBS[scope, verb]).validate(answer)
        asked = {record.number for record in cycler.received if record.number}
        record_property(f"{scope.value} {verb}", sorted(asked))
        assert set(sample.asks) <= asked, verb
