"""What a configuration is warned of."""

from __future__ import annotations

import pytest

from macnet_bridge.app import unsafe
from macnet_bridge.app.config import AllowSection, CommandsSection, CyclerSection, MqttSection
from macnet_bridge.commands.limits import Limits

SAFE = CyclerSection(
    name="lab1", host="10.0.0.17", user="bridge", limits=Limits(voltage_max_volt=4.2), direct_watchdog_s=10.0
)


def rule(principal: str, *commands: str) -> CommandsSection:
    return CommandsSection(allow=[AllowSection(principal=principal, commands=list(commands))])


@pytest.mark.parametrize(
    ("commands", "count"),
    [
        (CommandsSection(), 0),
        (rule("*", "*"), 1),
        (rule("*", "read_*", "*"), 1),
        (rule("alice", "*"), 0),
        (rule("*", "start_test"), 0),
        (CommandsSection(stop_needs_rule=True), 1),
    ],
)
def test_rules(commands: CommandsSection, count: int) -> None:
    assert len(list(unsafe.of_commands(commands))) == count


@pytest.mark.parametrize(
    ("url", "username", "words"),
    [
        ("mqtt://127.0.0.1:1883", "bridge", []),
        ("mqtt://127.0.0.1:1883", "", ["no username"]),
        ("mqtt://localhost", "bridge", []),
        ("mqtt://[::1]:1883", "bridge", []),
        ("mqtt://10.0.0.5", "bridge", ["no TLS"]),
        ("mqtt://broker.lab", "", ["no username", "no TLS"]),
        ("mqtts://broker.lab", "bridge", []),
    ],
)
def test_the_broker(url: str, username: str, words: list[str]) -> None:
    found = list(unsafe.of_broker(MqttSection(url=url, username=username)))
    assert [line.split(":")[0].split(" (")[0] for line in found] == words


def test_a_cycler() -> None:
    assert list(unsafe.of_cycler(SAFE)) == []
    bare = list(unsafe.of_cycler(CyclerSection(name="lab1", host="10.0.0.17")))
    assert [line.split(":")[0] for line in bare] == [
        "no [cycler.limits]",
        "direct_watchdog_s is 0",
        "no log-in (user)",
    ]
