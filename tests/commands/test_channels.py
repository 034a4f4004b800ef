"""Every verb of a channel, on every channel: the tester hears of that channel and of no other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.macnet.protocol.framing import Header
from macnet_bridge.simulator import SimulatedCycler
from macnet_bridge.topics import Scope
from tests.commands.lab import lab
from tests.commands.samples import BEHAVIOUR, DIRECT, SAMPLES

CHANNELS = 128


def test_every_verb_has_a_sample() -> None:
    assert SAMPLES.keys() == VERBS.keys()


def wire_channels(simulated: SimulatedCycler) -> list[int | None]:
    """The channel of every request from now on, out of its own bytes; None where it names none.

    Client and simulator share their codec, so an offset in it would cancel out.
    """
    heard: list[int | None] = []
    service: Any = simulated._service
    take_json, take_binary = service.take_json, service.take_binary

    def hear_json(text: bytes, *rest: Any) -> None:
        heard.append(json.loads(text)["params"].get("Chan"))
        take_json(text, *rest)

    def hear_binary(header: Header, *rest: Any) -> None:
        heard.append(int.from_bytes(header.pack()[4:6], "little"))
        take_binary(header, *rest)

    service.take_json, service.take_binary = hear_json, hear_binary
    return heard


@pytest.mark.parametrize("verb", [name for scope, name in VERBS if scope is Scope.CHANNEL])
async def test_a_verb_addresses_its_channel_alone(verb: str) -> None:
    sample = SAMPLES[Scope.CHANNEL, verb]
    async with lab(CHANNELS, behaviour=BEHAVIOUR) as it:
        heard = wire_channels(it.simulated)
        for channel in range(1, CHANNELS + 1):
            sample.prepare(it.simulated, channel)
            lease = None
            if sample.needs_direct:
                lease = (await it.ask("start_direct", DIRECT, channel=channel))["result"]["lease"]
            it.simulated.received.clear()
            heard.clear()
            answer = await it.ask(verb, sample.arguments(lease), channel=channel, id=f"{verb}-{channel}")
            assert (answer["status"], answer["channel"]) == ("done", channel), answer
            received = list(it.simulated.received)
            assert set(sample.asks) <= {record.number for record in received}
            addressed = {channel - 1} if sample.asks else set()
            assert {record.wire_channel for record in received} == addressed
            assert set(heard) == addressed
